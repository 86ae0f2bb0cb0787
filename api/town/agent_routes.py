"""Notices and switches, for agents."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.routing import router as new_router
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope
from api.town import queries, service
from api.town.models import Function
from api.town.schemas import NoticeList, NoticeRead, NoticeWrite, SwitchList, SwitchRead, SwitchWrite

router = new_router("/agent", tag="agent")
NoticesReader = Annotated[Reader, Reads(Scope.AGENT_NOTICES)]
NoticesAgent = Annotated[Principal, Requires(Scope.AGENT_NOTICES)]


@router.get("/notices", responses=answers(200, NoticeList))
async def list_all_notices(caller: NoticesReader) -> Response:
    """Notices, past and to come."""
    return await caller.json(queries.NOTICES)


@router.post("/notices", status_code=201, responses=problems(InvalidField))
async def create_notice(body: NoticeWrite, db: SessionDep, caller: NoticesAgent) -> NoticeRead:
    """Say something on the public home and the dashboard, from one instant to another."""
    return await service.write_notice(db, caller.account_id, body)


@router.put("/notices/{notice_id}", responses=problems(NotFound, InvalidField, Stale, PreconditionRequired))
async def update_notice(
    notice_id: UUID, body: NoticeWrite, db: SessionDep, caller: NoticesAgent, if_match: IfMatch = None
) -> NoticeRead:
    """Change a notice."""
    return await service.write_notice(db, caller.account_id, body, await queries.lock_notice(db, notice_id), if_match)


@router.delete("/notices/{notice_id}", status_code=204, responses=problems(NotFound))
async def delete_notice(notice_id: UUID, db: SessionDep, caller: NoticesAgent) -> None:
    """Take a notice away."""
    await db.delete(await queries.lock_notice(db, notice_id))


@router.get("/functions", responses=answers(200, SwitchList))
async def list_functions(caller: NoticesReader) -> Response:
    """What can be switched off, and what is."""
    return await caller.json(queries.SWITCHES)


@router.put("/functions/{function}", responses=problems(InvalidField))
async def switch_function_off(
    function: Function, body: SwitchWrite, db: SessionDep, caller: NoticesAgent
) -> SwitchRead:
    """Switch a function off: who needs it reads the message, everything else goes on."""
    return await service.switch_off(db, caller.account_id, function, body.message)


@router.delete("/functions/{function}", status_code=204)
async def switch_function_on(function: Function, db: SessionDep, caller: NoticesAgent) -> None:
    """Switch a function on again."""
    await service.switch_on(db, caller.account_id, function)
