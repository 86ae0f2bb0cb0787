"""Activities and enrollments, for agents."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.activities.schemas import Day
from api.core import pages
from api.core.batches import BulkRead
from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.search import pattern
from api.core.settings import SettingsDep
from api.core.uploads import FILE, attachment
from api.enrollments.models import EnrollmentState, NotDecidable
from api.roster import queries, service
from api.roster.schemas import (
    ActivityWrite,
    AgentActivityList,
    AgentActivityRead,
    Decision,
    DeclaredWrite,
    RosterList,
    WaitingMove,
)
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent/activities", tag="agent")
ListsReader = Annotated[Reader, Reads(Scope.AGENT_ENROLLMENTS)]
ListsAgent = Annotated[Principal, Requires(Scope.AGENT_ENROLLMENTS)]
Publisher = Annotated[Principal, Requires(Scope.AGENT_ACTIVITIES)]
Month = Annotated[
    str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="as `2026-12`; this one by default")
]


@router.get("", responses=answers(200, AgentActivityList))
async def list_managed_activities(
    caller: ListsReader,
    now: Now,
    today: Today,
    search: Annotated[str | None, Query(max_length=100, description="words of the name, the venue or the code")] = None,
    over: Annotated[bool, Query(description="those that have ended, instead of the others")] = False,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Activities with their places and the number of enrollments in each state."""
    return await caller.json(
        queries.PAGE,
        now=now,
        today=today,
        search=pattern(search),
        over=over,
        limit=limit,
        after=pages.uuid_cursor(cursor),
    )


@router.post("", status_code=201, responses=problems(InvalidField))
async def create_activity(body: ActivityWrite, db: SessionDep, caller: Publisher, now: Now) -> AgentActivityRead:
    """Publish an activity; parents see it at once, and enroll from its opening time."""
    return await service.create(db, caller.account_id, body, now)


@router.get("/{activity_id}", responses=answers(200, AgentActivityRead, NotFound))
async def get_managed_activity(activity_id: UUID, caller: ListsReader, now: Now) -> Response:
    """One activity."""
    return await caller.versioned(queries.ONE, id=activity_id, now=now)


@router.put("/{activity_id}", responses=problems(NotFound, InvalidField, Stale, PreconditionRequired))
async def update_activity(
    activity_id: UUID,
    body: ActivityWrite,
    db: SessionDep,
    caller: Publisher,
    settings: SettingsDep,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> AgentActivityRead:
    """Change an activity. Places that become free are offered to who waits; nobody's enrollment is cut off."""
    activity = await service.change(db, settings, caller.account_id, activity_id, body, if_match, now)
    response.headers["ETag"] = f'"{activity.version}"'
    return activity


@router.post("/{activity_id}/closing", responses=problems(NotFound))
async def close_activity(activity_id: UUID, db: SessionDep, caller: Publisher, now: Now) -> AgentActivityRead:
    """Take no more enrollments from now on; those that are there stay."""
    return await service.close(db, caller.account_id, activity_id, now)


@router.get("/{activity_id}/enrollments", responses=answers(200, RosterList, NotFound))
async def list_activity_enrollments(
    activity_id: UUID,
    caller: ListsReader,
    state: Annotated[EnrollmentState | None, Query()] = None,
    day: Annotated[Day | None, Query()] = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Who is enrolled and who waits, in the order they came."""
    return await caller.json(
        queries.LIST, id=activity_id, state=state, day=day, limit=limit, after=pages.uuid_cursor(cursor)
    )


@router.post("/{activity_id}/decisions", responses=problems(NotFound, InvalidField))
async def decide_enrollments(
    activity_id: UUID,
    body: Decision,
    db: SessionDep,
    caller: ListsAgent,
    settings: SettingsDep,
    language: ReaderLanguage,
    today: Today,
    now: Now,
) -> BulkRead:
    """Confirm, put on the waiting list or refuse several enrollments, each by itself; parents are told."""
    return await service.decide(db, settings, caller.account_id, activity_id, body, today, now, language)


@router.post("/{activity_id}/waiting-list", status_code=204, responses=problems(NotFound, NotDecidable))
async def move_in_waiting_list(activity_id: UUID, body: WaitingMove, db: SessionDep, caller: ListsAgent) -> None:
    """Give one who waits another rank, with a reason; what each rank was before is kept."""
    await service.move(db, caller.account_id, activity_id, body)


@router.put(
    "/{activity_id}/enrollments/{enrollment_id}/declared",
    status_code=204,
    responses=problems(NotFound, NotDecidable, InvalidField),
)
async def set_declared_criteria(
    activity_id: UUID, enrollment_id: UUID, body: DeclaredWrite, db: SessionDep, caller: ListsAgent
) -> None:
    """Correct what a family declared for a draw, after its documents were checked; until the lots are drawn."""
    await service.set_declared(db, caller.account_id, activity_id, enrollment_id, body)


@router.get("/{activity_id}/enrollments.csv", response_class=Response, responses=FILE | problems(NotFound))
async def export_activity_enrollments(
    activity_id: UUID, db: SessionDep, caller: ListsAgent, settings: SettingsDep
) -> Response:
    """Everybody of an activity, for a spreadsheet: semicolons, no cell that runs as a formula. The export is written down."""
    name, content = await service.people_sheet(db, settings, caller.account_id, activity_id)
    return attachment(name, "text/csv; charset=utf-8", content)


@router.get("/{activity_id}/attendance.pdf", response_class=Response, responses=FILE | problems(NotFound))
async def get_attendance_sheet(
    activity_id: UUID, db: SessionDep, caller: ListsAgent, settings: SettingsDep, today: Today, month: Month = None
) -> Response:
    """The list to print and tick during a month: who is confirmed, and on which days."""
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    name, content = await service.attendance_sheet(db, settings, caller.account_id, activity_id, first)
    return attachment(name, "application/pdf", content)
