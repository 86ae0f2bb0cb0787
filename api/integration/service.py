"""Clients, their secrets and their tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.core.database import Database
from api.core.errors import Problem
from api.core.operators import Refused
from api.core.settings import Settings
from api.integration import queries
from api.integration.models import Client, ClientSecret
from api.integration.schemas import ClientAdded
from api.security import limits, secrets
from api.security.scopes import Scope
from api.security.tokens import Claims, Tokens

MOST_SECRETS = 2
NOBODY = UUID(int=0)  # the session of a client's token: there is none
GRANTABLE = sorted(scope for scope in Scope if scope.startswith("integration:"))


class OAuthError(Problem):
    """A refusal of the token endpoint; `error` is the code of RFC 6749, 5.2."""

    status, code, title = 400, "invalid-grant-request", "The token request was refused"
    fr = "Demande de jeton refusée : {reason}."
    en = "Token request refused: {reason}."

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.extra = {"error": error}


class InvalidClient(OAuthError):
    """The client or its secret is not right; which one is not said."""

    status, code, title = 401, "invalid-client", "Unknown client or wrong secret"

    def __init__(self) -> None:
        super().__init__("invalid_client", "client_id, client_secret")


class ClientRefused(Refused):
    """The operator's order cannot be done; the message says why."""


async def grant(
    db: AsyncSession,
    database: Database,
    settings: Settings,
    tokens: Tokens,
    client_id: str,
    client_secret: str,
    scope: str,
    network: str,
    now: datetime,
) -> tuple[str, str]:
    """An access token and its scopes. Raises InvalidClient, OAuthError, TooManyRequests."""
    pepper = settings.secrets.token_pepper
    buckets = [secrets.keyed(pepper, "client-secret", client_id), secrets.keyed(pepper, "client-network", network)]
    await limits.refuse_blocked(database, now, *buckets)
    try:
        client = await queries.of_secret(db, UUID(client_id), secrets.hash_token(client_secret))
    except ValueError:
        client = None
    if client is None:
        for bucket in buckets:
            await limits.count(database, now, bucket, limits.SIGN_IN_NETWORK)
        raise InvalidClient
    wanted = set(scope.split()) or set(client.scopes)
    if not wanted <= set(client.scopes):
        raise OAuthError("invalid_scope", " ".join(sorted(wanted - set(client.scopes))))
    claims = Claims(client.id, NOBODY, 0, frozenset(wanted), 0)
    return tokens.issue(claims, str(client.id), int(now.timestamp())), " ".join(sorted(wanted))


async def add_client(database: Database, name: str, scopes: list[str]) -> ClientAdded:
    """Register a client. Raises ClientRefused for a scope that no client may have, or a name that is taken."""
    if not scopes or (wrong := sorted(set(scopes) - set(GRANTABLE))):
        raise ClientRefused(
            f"Droits possibles : {', '.join(GRANTABLE)}." + (f" Refusé : {wrong[0]}." if scopes else "")
        )
    async with database.transaction() as db:
        if await queries.by_name(db, name):
            raise ClientRefused(f"Un client « {name} » existe déjà. Pour un nouveau secret : foyer clients rotate.")
        client = Client(name=name, scopes=sorted(set(scopes)))
        db.add(client)
        await db.flush()
        secret = await _new_secret(db, client)
        await audit.record(db, "client.added", actor=None, client=str(client.id), scopes=" ".join(client.scopes))
    return ClientAdded(client_id=client.id, client_secret=secret, name=name, scopes=client.scopes)


async def rotate_secret(database: Database, name: str, now: datetime) -> ClientAdded:
    """A new secret beside the last one; an older one dies. Raises ClientRefused."""
    async with database.transaction() as db:
        client = await queries.by_name(db, name)
        if client is None:
            raise ClientRefused(f"Aucun client « {name} ».")
        for old in (await queries.live_secrets(db, client.id))[: -(MOST_SECRETS - 1) or None]:
            old.revoked_at = now
        secret = await _new_secret(db, client)
        await audit.record(db, "client.rotated", actor=None, client=str(client.id))
    return ClientAdded(client_id=client.id, client_secret=secret, name=name, scopes=client.scopes)


async def disable_client(database: Database, name: str, now: datetime) -> None:
    """Shut a client out, from its next request on. Raises ClientRefused."""
    async with database.transaction() as db:
        client = await queries.by_name(db, name)
        if client is None:
            raise ClientRefused(f"Aucun client « {name} ».")
        client.disabled_at = client.disabled_at or now
        await audit.record(db, "client.disabled", actor=None, client=str(client.id))


async def _new_secret(db: AsyncSession, client: Client) -> str:
    secret = secrets.new_token()
    db.add(ClientSecret(client_id=client.id, secret_hash=secrets.hash_token(secret)))
    return secret
