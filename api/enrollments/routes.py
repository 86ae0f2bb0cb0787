"""Enrollments of the caller's children."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core import pages
from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import NotFound, answers, problems
from api.core.idempotency import Idempotent, KeyReused, StillRunning
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.enrollments import queries, service
from api.enrollments.models import NoOffer, NotCancellable
from api.enrollments.schemas import EnrollmentCreate, EnrollmentDetail, EnrollmentList, EnrollmentRead
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope
from api.town.gate import Open
from api.town.models import Function, SwitchedOff

router = new_router("/enrollments", tag="enrollments")
EnrollmentsReader = Annotated[Reader, Reads(Scope.ENROLLMENTS_READ)]
EnrollmentsWriter = Annotated[Principal, Requires(Scope.ENROLLMENTS_WRITE)]


@router.get("", responses=answers(200, EnrollmentList))
async def list_enrollments(caller: EnrollmentsReader, limit: pages.Limit = 25, cursor: pages.Cursor = None) -> Response:
    """The enrollments of the caller's children, the newest first."""
    return await caller.json(queries.PAGE, limit=limit, after=pages.uuid_cursor(cursor))


@router.post(
    "",
    status_code=201,
    response_model=EnrollmentRead,
    responses=problems(
        NotFound, service.NotOpen, service.AgeDoesNotFit, service.AlreadyEnrolled, KeyReused, StillRunning, SwitchedOff
    ),
    dependencies=[Open(Function.ENROLLMENTS)],
)
async def create_enrollment(
    body: EnrollmentCreate,
    db: SessionDep,
    caller: EnrollmentsWriter,
    once: Idempotent,
    settings: SettingsDep,
    today: Today,
    now: Now,
) -> Response:
    """Enroll a child: confirmed when every day has a place, else on the waiting list with a rank."""
    return await once.run(
        db, caller.account_id, lambda: service.enroll(db, settings, caller.account_id, body, today, now)
    )


@router.get("/{enrollment_id}", responses=answers(200, EnrollmentDetail, NotFound))
async def get_enrollment(enrollment_id: UUID, caller: EnrollmentsReader) -> Response:
    """One enrollment; when it waits or waited, its rank and how it came to be."""
    return await caller.versioned(queries.ONE, id=enrollment_id)


@router.post("/{enrollment_id}/cancellation", responses=problems(NotFound, NotCancellable))
async def cancel_enrollment(
    enrollment_id: UUID, db: SessionDep, caller: EnrollmentsWriter, settings: SettingsDep, today: Today, now: Now
) -> EnrollmentRead:
    """Give the place up; it is offered to the next family at once."""
    return await service.cancel(db, settings, caller.account_id, enrollment_id, today, now)


@router.post("/{enrollment_id}/acceptance", responses=problems(NotFound, NoOffer))
async def accept_enrollment(
    enrollment_id: UUID, db: SessionDep, caller: EnrollmentsWriter, settings: SettingsDep, now: Now
) -> EnrollmentRead:
    """Take an offered place."""
    return await service.accept(db, settings, caller.account_id, enrollment_id, now)
