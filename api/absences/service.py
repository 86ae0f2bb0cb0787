"""Telling an absence, and taking it back."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.absences import queries
from api.absences.schemas import BookingRead
from api.audit import service as audit
from api.core.errors import InvalidField, Problem
from api.enrollments import queries as enrollments
from api.enrollments.models import Absence, Enrollment
from api.enrollments.service import Caller


class AbsenceKept(Problem):
    """The limit has passed: the service counts with the absence."""

    status, code, title = 409, "absence-kept", "Too late to take back"
    fr = "Il est trop tard pour annuler cette absence : le service en a tenu compte. Appelez-le."
    en = "It is too late to take this absence back: the service has counted on it. Call the service."


async def tell(db: AsyncSession, caller: Caller, enrollment_id: UUID, day: date) -> BookingRead:
    """The child does not come on a day; told twice it counts once. Raises NotFound, and InvalidField for another day."""
    enrollment = await enrollments.lock(db, caller.account_id, enrollment_id)
    if day < caller.today or not await queries.is_booked(db, enrollment, day):
        raise InvalidField(
            "/day",
            "not-expected",
            "L'enfant n'est pas attendu ce jour-là, ou ce jour est passé.",
            "The child is not expected on that day, or it has passed.",
        )
    limit = (await enrollments.activity(db, enrollment.activity_id)).absence_limit(day, caller.settings.zone)
    absence = await db.get(Absence, (enrollment_id, day))
    if absence is None:
        in_time = caller.now <= limit
        absence = Absence(
            enrollment_id=enrollment_id, day=day, in_time=in_time, told_at=caller.now, told_by=caller.account_id
        )
        db.add(absence)
        await db.flush()
        await _record(db, "enrollment.absence_told", caller, enrollment, day)
    return BookingRead(day=day, limit=limit, absent=True, in_time=absence.in_time)


async def take_back(db: AsyncSession, caller: Caller, enrollment_id: UUID, day: date) -> None:
    """The child comes after all. Raises NotFound, and AbsenceKept past the limit."""
    enrollment = await enrollments.lock(db, caller.account_id, enrollment_id)
    absence = await queries.lock(db, enrollment_id, day)
    activity = await enrollments.activity(db, enrollment.activity_id)
    if caller.now > activity.absence_limit(day, caller.settings.zone):
        raise AbsenceKept
    await db.delete(absence)
    await _record(db, "enrollment.absence_taken_back", caller, enrollment, day)


async def _record(db: AsyncSession, action: str, caller: Caller, enrollment: Enrollment, day: date) -> None:
    await audit.record(
        db,
        action,
        actor=caller.account_id,
        family_id=enrollment.family_id,
        enrollment=str(enrollment.id),
        day=day.isoformat(),
    )
