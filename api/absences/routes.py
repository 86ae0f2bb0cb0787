"""The days of an enrollment, and the absences of the child."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.absences import queries, service
from api.absences.schemas import AbsenceCreate, BookingList, BookingRead
from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.enrollments.service import Caller
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/enrollments/{enrollment_id}", tag="enrollments")
EnrollmentsReader = Annotated[Reader, Reads(Scope.ENROLLMENTS_READ)]
EnrollmentsWriter = Annotated[Principal, Requires(Scope.ENROLLMENTS_WRITE)]
LONGEST = timedelta(days=92)


@router.get("/bookings", responses=answers(200, BookingList, NotFound))
async def list_bookings(
    enrollment_id: UUID,
    caller: EnrollmentsReader,
    settings: SettingsDep,
    today: Today,
    first: Annotated[date | None, Query(alias="from", description="today by default")] = None,
    last: Annotated[date | None, Query(alias="to", description="four weeks later by default; 92 days at most")] = None,
) -> Response:
    """The days on which the child is expected, each with the limit for telling an absence, and the absences told."""
    begin = first or today
    end = min(last or begin + timedelta(days=27), begin + LONGEST)
    return await caller.json(queries.BOOKINGS, id=enrollment_id, first=begin, last=end, zone=settings.timezone)


@router.post("/absences", status_code=201, responses=problems(NotFound, InvalidField))
async def create_absence(
    enrollment_id: UUID,
    body: AbsenceCreate,
    db: SessionDep,
    caller: EnrollmentsWriter,
    settings: SettingsDep,
    today: Today,
    now: Now,
) -> BookingRead:
    """Say that the child does not come on a day; `in_time` says whether it was before the limit."""
    return await service.tell(db, Caller(settings, caller.account_id, today, now), enrollment_id, body.day)


@router.delete("/absences/{day}", status_code=204, responses=problems(NotFound, service.AbsenceKept))
async def delete_absence(
    enrollment_id: UUID,
    day: date,
    db: SessionDep,
    caller: EnrollmentsWriter,
    settings: SettingsDep,
    today: Today,
    now: Now,
) -> None:
    """The child comes after all; until the limit of that day."""
    await service.take_back(db, Caller(settings, caller.account_id, today, now), enrollment_id, day)
