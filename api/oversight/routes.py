"""Messages that did not arrive, keys near their end, figures, the audit."""

from datetime import date, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.core import pages
from api.core.clock import Now, instant
from api.core.database import SessionDep
from api.core.errors import NotFound, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.outbox.models import State
from api.oversight import queries, service
from api.oversight.schemas import AuditList, Figures, KeyAttemptList, KeyList, OutboxMessageList
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent", tag="agent")
DeskReader = Annotated[Reader, Reads(Scope.AGENT_REQUESTS)]
DeskAgent = Annotated[Principal, Requires(Scope.AGENT_REQUESTS)]
KeysReader = Annotated[Reader, Reads(Scope.AGENT_KEYS)]
Auditor = Annotated[Reader, Reads(Scope.AGENT_AUDIT)]


@router.get("/messages", responses=answers(200, OutboxMessageList))
async def list_messages(
    caller: DeskReader,
    state: Annotated[State | None, Query(description="`failed`: what did not arrive")] = None,
    recipient: Annotated[
        str | None, Query(min_length=3, max_length=254, description="a part of an address or number")
    ] = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Mails and SMS, the newest first; never their words."""
    escaped = recipient and recipient.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return await caller.json(
        queries.MESSAGES,
        state=state and state.value,
        recipient=escaped and f"%{escaped}%",
        limit=limit,
        after=pages.uuid_cursor(cursor),
    )


@router.post("/messages/{message_id}/resending", status_code=204, responses=problems(NotFound, service.NotResendable))
async def resend_message(message_id: UUID, db: SessionDep, caller: DeskAgent, now: Now) -> None:
    """Send a message again that did not arrive."""
    await service.resend(db, caller.account_id, message_id, now)


@router.get("/service-keys", responses=answers(200, KeyList))
async def list_expiring_keys(
    caller: KeysReader,
    days: Annotated[int, Query(ge=1, le=60, description="that end within so many days")] = 7,
    limit: pages.Limit = 25,
) -> Response:
    """Keys that were given out, are not used yet and end soon: those that end first."""
    return await caller.json(queries.KEYS, days=days, limit=limit)


@router.get("/service-key-attempts", responses=answers(200, KeyAttemptList))
async def list_refused_keys(caller: KeysReader, limit: pages.Limit = 25, cursor: pages.Cursor = None) -> Response:
    """Keys that were typed and refused in the last 30 days, the newest first: who needs help, or who is guessing."""
    return await caller.json(queries.ATTEMPTS, limit=limit, after=pages.uuid_cursor(cursor))


@router.get("/figures", responses=answers(200, Figures))
async def get_figures(caller: DeskReader) -> Response:
    """The desk in figures."""
    return await caller.json(queries.FIGURES)


@router.get("/audit", responses=answers(200, AuditList))
async def search_audit(
    caller: Auditor,
    settings: SettingsDep,
    family: Annotated[str | None, Query(max_length=100, description="the reference of a file")] = None,
    agent: Annotated[UUID | None, Query(description="who did it")] = None,
    action: Annotated[str | None, Query(max_length=100, description="what, as family.viewed")] = None,
    day: Annotated[date | None, Query(description="in the town's zone")] = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Who saw or changed what, the newest first."""
    since = instant(day, time(), settings.zone) if day else None
    return await caller.json(
        queries.AUDIT,
        family=family,
        agent=agent,
        action=action,
        since=since,
        until=since and since + timedelta(days=1),
        limit=limit,
        after=pages.uuid_cursor(cursor),
    )
