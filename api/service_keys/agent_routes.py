"""Giving keys out, for agents."""

from typing import Annotated
from uuid import UUID

from api.core.clock import Now
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.security.principal import Principal, Requires
from api.security.scopes import Scope
from api.service_keys import service
from api.service_keys.schemas import IssuedRead, KeyIssue

router = new_router("/agent/service-keys", tag="agent")
KeysAgent = Annotated[Principal, Requires(Scope.AGENT_KEYS)]


@router.post("", status_code=201, responses=problems(NotFound, InvalidField))
async def issue_service_key(
    body: KeyIssue, db: SessionDep, caller: KeysAgent, settings: SettingsDep, now: Now
) -> IssuedRead:
    """Give a key to one adult. It is sent to the contact on record; at the counter it is shown, once."""
    return await service.issue(db, settings, caller.account_id, body, now)


@router.post("/{key_id}/revocation", status_code=204, responses=problems(NotFound))
async def revoke_service_key(key_id: UUID, db: SessionDep, caller: KeysAgent, settings: SettingsDep, now: Now) -> None:
    """Kill a key; what one that was used already has opened is closed at the next request, and its holder is told."""
    await service.revoke(db, settings, caller.account_id, key_id, now)


@router.delete("/links/{link_id}", status_code=204, responses=problems(NotFound))
async def close_file_access(link_id: UUID, db: SessionDep, caller: KeysAgent, settings: SettingsDep, now: Now) -> None:
    """Take an account out of a family file: refused from its next request on, and its holder is told."""
    await service.close_access(db, settings, caller.account_id, link_id, now)
