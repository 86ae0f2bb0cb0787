"""Which software calls: a client's token opens the integrators' routes, and no other; a person's opens none of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import text

from api.core.clock import utcnow
from api.core.database import SessionDep
from api.security import limits, secrets
from api.security.principal import claims_of, recognize, refuse
from api.security.scopes import Scope

MINUTE = timedelta(minutes=1)
CALLS = limits.Limit(1200, MINUTE, MINUTE, MINUTE)
OPEN = text("SELECT client_open(:client, :scope)")


@dataclass(frozen=True, slots=True)
class ClientPrincipal:
    """The client of this request."""

    client_id: UUID
    scope: str


def RequiresClient(scope: Scope) -> Any:
    """A dependency: the client, with the transaction opened for it. Raises NotSignedIn, ScopeMissing, TooManyRequests."""

    async def require(request: Request, db: SessionDep) -> ClientPrincipal:
        claims = claims_of(request)
        refuse(await db.scalar(OPEN, {"client": claims.account_id, "scope": scope.value}), scope)
        pepper = request.app.state.settings.secrets.token_pepper
        bucket = secrets.keyed(pepper, "client", str(claims.account_id))
        await limits.count_or_refuse(request.app.state.database, utcnow(), bucket, CALLS)
        return ClientPrincipal(claims.account_id, scope)

    # Where openapi.py finds the right, and core/routing.py what tells a stranger.
    require.__dict__.update(scope=scope, recognize=recognize)
    return Depends(require, scope="function")
