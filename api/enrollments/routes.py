"""Enrollments of the caller's children."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core import pages
from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.idempotency import Idempotent, KeyReused, StillRunning
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.enrollments import baskets, queries, service
from api.enrollments.models import NoOffer, NoPlaceLeft, NotCancellable, NotChangeable, Overlap, TooLate
from api.enrollments.schemas import (
    Basket,
    BasketRead,
    EnrollmentChange,
    EnrollmentCreate,
    EnrollmentDetail,
    EnrollmentList,
    EnrollmentRead,
)
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
        NotFound,
        service.NotOpen,
        service.AgeDoesNotFit,
        service.OtherSchool,
        service.ResidentsOnly,
        service.AlreadyEnrolled,
        Overlap,
        KeyReused,
        StillRunning,
        SwitchedOff,
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
    who = service.Caller(settings, caller.account_id, today, now)
    return await once.run(db, caller.account_id, lambda: service.enroll(db, who, body))


@router.post(
    "/baskets",
    status_code=201,
    response_model=BasketRead,
    responses=problems(KeyReused, StillRunning, SwitchedOff),
    dependencies=[Open(Function.ENROLLMENTS)],
)
async def create_enrollment_basket(
    body: Basket,
    db: SessionDep,
    caller: EnrollmentsWriter,
    once: Idempotent,
    settings: SettingsDep,
    language: ReaderLanguage,
    today: Today,
    now: Now,
) -> Response:
    """Enroll several children in several activities in one go; the answer says what became of each."""
    who = service.Caller(settings, caller.account_id, today, now)
    return await once.run(db, caller.account_id, lambda: baskets.enroll(db, who, body, language))


@router.get("/{enrollment_id:uuid}", responses=answers(200, EnrollmentDetail, NotFound))
async def get_enrollment(enrollment_id: UUID, caller: EnrollmentsReader, today: Today) -> Response:
    """One enrollment; when it waits or waited, its rank and how it came to be."""
    return await caller.versioned(queries.ONE, id=enrollment_id, today=today)


@router.patch(
    "/{enrollment_id:uuid}",
    responses=problems(
        NotFound,
        Stale,
        PreconditionRequired,
        NotChangeable,
        NoPlaceLeft,
        Overlap,
        service.AlreadyEnrolled,
        InvalidField,
    ),
)
async def change_enrollment(
    enrollment_id: UUID,
    body: EnrollmentChange,
    db: SessionDep,
    caller: EnrollmentsWriter,
    settings: SettingsDep,
    today: Today,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> EnrollmentRead:
    """Change the days, or end earlier; from `changes_from` on. Days given up are offered to who waits once it counts."""
    who = service.Caller(settings, caller.account_id, today, now)
    changed = await service.change(db, who, enrollment_id, body, if_match)
    response.headers["ETag"] = f'"{changed.version}"'
    return changed


@router.post("/{enrollment_id}/cancellation", responses=problems(NotFound, NotCancellable, TooLate))
async def cancel_enrollment(
    enrollment_id: UUID, db: SessionDep, caller: EnrollmentsWriter, settings: SettingsDep, today: Today, now: Now
) -> EnrollmentRead:
    """Give the place up; it is offered to the next family at once."""
    return await service.cancel(db, service.Caller(settings, caller.account_id, today, now), enrollment_id)


@router.post("/{enrollment_id}/acceptance", responses=problems(NotFound, NoOffer, Overlap))
async def accept_enrollment(
    enrollment_id: UUID, db: SessionDep, caller: EnrollmentsWriter, settings: SettingsDep, today: Today, now: Now
) -> EnrollmentRead:
    """Take an offered place."""
    return await service.accept(db, service.Caller(settings, caller.account_id, today, now), enrollment_id)
