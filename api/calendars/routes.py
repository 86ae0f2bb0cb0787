"""The calendar of the caller, and its public address."""

from typing import Annotated, Any

from fastapi import Response

from api.calendars import queries, service
from api.calendars.schemas import CalendarCreated, CalendarRead
from api.core.clock import Now, Today
from api.core.database import PublicSession, SessionDep
from api.core.errors import NotFound, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router(tag="calendars")
CalendarReader = Annotated[Reader, Reads(Scope.ENROLLMENTS_READ)]
CalendarOwner = Annotated[Principal, Requires(Scope.ENROLLMENTS_READ)]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "RFC 5545", "content": {"text/calendar": {"schema": {"type": "string"}}}}
}


@router.get("/me/calendar", responses=answers(200, CalendarRead, NotFound))
async def get_calendar(caller: CalendarReader) -> Response:
    """Since when the caller has a calendar; 404 when there is none."""
    return await caller.json(queries.ONE)


@router.post("/me/calendar", status_code=201)
async def create_calendar(db: SessionDep, caller: CalendarOwner, settings: SettingsDep, now: Now) -> CalendarCreated:
    """A private address for the phone's calendar, shown this once; one made before stops."""
    return await service.create(db, settings, caller.account_id, now)


@router.delete("/me/calendar", status_code=204)
async def delete_calendar(db: SessionDep, caller: CalendarOwner) -> None:
    """Revoke the address."""
    await service.revoke(db, caller.account_id)


@router.get("/calendars/{token}.ics", response_class=Response, responses=FILE | problems(NotFound))
async def read_calendar(token: str, db: PublicSession, settings: SettingsDep, today: Today, now: Now) -> Response:
    """The children's days from a month before to four months ahead, for who holds the address."""
    return Response(await service.read(db, settings, token, today, now), media_type="text/calendar; charset=utf-8")
