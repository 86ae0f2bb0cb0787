"""What a parent does with enrollments."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.activities.models import DAYS, Activity, Decider
from api.audit import service as audit
from api.core.errors import InvalidField, NotFound, Problem
from api.core.settings import Settings
from api.enrollments import places, queries
from api.enrollments.models import Enrollment, EnrollmentDay, EnrollmentState
from api.enrollments.schemas import EnrollmentCreate, EnrollmentRead
from api.families import queries as families
from api.families.models import Child


class NotOpen(Problem):
    """Enrollments are not open yet, or no longer."""

    status, code, title = 409, "not-open", "Enrollments are closed"
    fr = "Les inscriptions à cette activité sont ouvertes du {opens} au {closes}."
    en = "Enrollments for this activity are open from {opens} to {closes}."


class AgeDoesNotFit(Problem):
    """The child is too young or too old on the first day."""

    status, code, title = 409, "age-does-not-fit", "The age does not fit"
    fr = "Cette activité est pour les enfants de {low} à {high} ans."
    en = "This activity is for children from {low} to {high} years old."


class AlreadyEnrolled(Problem):
    """The child is in this activity on one of these days already."""

    status, code, title = 409, "already-enrolled", "Enrolled already"
    fr = "Cet enfant est déjà inscrit à cette activité pour au moins un de ces jours."
    en = "This child is enrolled in this activity already for at least one of these days."


async def enroll(
    db: AsyncSession, settings: Settings, account_id: UUID, new: EnrollmentCreate, today: date, now: datetime
) -> EnrollmentRead:
    """Take the places, or a rank on the waiting list when one of the days is full.

    Raises NotFound, NotOpen, AgeDoesNotFit, AlreadyEnrolled, InvalidField.
    """
    place = await families.own_child(db, account_id, new.child_id)
    child = await db.get_one(Child, new.child_id)
    activity = await queries.activity(db, new.activity_id)
    if not activity.opens_at <= now <= activity.closes_at:
        raise NotOpen(opens=_when(activity.opens_at, settings), closes=_when(activity.closes_at, settings))
    starts_on, ends_on = _dates(new, activity, today)
    age = (
        starts_on.year
        - child.birth_date.year
        - ((starts_on.month, starts_on.day) < (child.birth_date.month, child.birth_date.day))
    )
    if not activity.age_min <= age <= activity.age_max:
        raise AgeDoesNotFit(low=activity.age_min, high=activity.age_max)
    days: list[str] = sorted(set(new.days), key=DAYS.index)
    known = (await db.scalars(queries.LOCK_DAYS, {"activity": activity.id, "days": days})).all()
    if set(known) != set(days):
        raise InvalidField(
            "/days",
            "day",
            "Cette activité n'a pas lieu tous ces jours.",
            "This activity does not take place on all these days.",
        )
    number = await db.scalar(text("SELECT nextval('enrollment_number')"))
    enrollment = Enrollment(
        reference=f"I-{today.year}-{number:06d}",
        account_id=account_id,
        family_id=place.family_id,
        child_id=child.id,
        activity_id=activity.id,
        days=days,
        starts_on=starts_on,
        ends_on=ends_on,
        version=1,
        state=await _first_state(db, activity, days),
    )
    db.add(enrollment)
    await db.flush()
    db.add_all(
        EnrollmentDay(
            enrollment_id=enrollment.id, day=day, child_id=child.id, activity_id=activity.id, family_id=place.family_id
        )
        for day in days
    )
    try:
        await db.flush()
    except IntegrityError as error:
        raise AlreadyEnrolled from error
    await places.tell(db, settings, enrollment)
    await audit.record(
        db,
        f"enrollment.{enrollment.state.value}",
        actor=account_id,
        family_id=place.family_id,
        enrollment=str(enrollment.id),
    )
    return await read(db, account_id, enrollment.id)


async def _first_state(db: AsyncSession, activity: Activity, days: list[str]) -> EnrollmentState:
    if activity.decided_by is Decider.AGENT:
        return EnrollmentState.REQUESTED
    return EnrollmentState.CONFIRMED if await places.take(db, activity.id, days) else EnrollmentState.WAITLISTED


async def cancel(
    db: AsyncSession, settings: Settings, account_id: UUID, enrollment_id: UUID, today: date, now: datetime
) -> EnrollmentRead:
    """Give the places back, and offer them to the waiting list in the same transaction. Raises NotFound, NotCancellable."""
    enrollment = await queries.lock(db, account_id, enrollment_id)
    held = enrollment.holds_places
    enrollment.cancel(today)
    await places.leave(db, settings, enrollment, held=held, now=now)
    await audit.record(
        db, "enrollment.cancelled", actor=account_id, family_id=enrollment.family_id, enrollment=str(enrollment_id)
    )
    return await read(db, account_id, enrollment_id)


async def accept(
    db: AsyncSession, settings: Settings, account_id: UUID, enrollment_id: UUID, now: datetime
) -> EnrollmentRead:
    """Take an offered place. Raises NotFound, NoOffer."""
    enrollment = await queries.lock(db, account_id, enrollment_id)
    enrollment.accept(now)
    await places.tell(db, settings, enrollment)
    await audit.record(
        db, "enrollment.accepted", actor=account_id, family_id=enrollment.family_id, enrollment=str(enrollment_id)
    )
    return await read(db, account_id, enrollment_id)


async def read(db: AsyncSession, account_id: UUID, enrollment_id: UUID) -> EnrollmentRead:
    """An enrollment as it was just written."""
    await db.flush()
    row = await db.scalar(queries.ONE_WRITTEN, {"viewer": account_id, "id": enrollment_id})
    if row is None:
        raise NotFound
    return EnrollmentRead.model_validate(row)


def _dates(new: EnrollmentCreate, activity: Activity, today: date) -> tuple[date, date]:
    """From when to when, within the activity and not in the past; raises InvalidField."""
    starts_on = new.starts_on or max(activity.starts_on, today)
    ends_on = new.ends_on or activity.ends_on
    if not max(activity.starts_on, today) <= starts_on <= activity.ends_on:
        raise InvalidField(
            "/starts_on",
            "date",
            "Cette date est hors de l'activité, ou passée.",
            "This date is outside the activity, or past.",
        )
    if not starts_on <= ends_on <= activity.ends_on:
        raise InvalidField(
            "/ends_on",
            "date",
            "La fin doit être après le début, et dans l'activité.",
            "The end must be after the start, and within the activity.",
        )
    return starts_on, ends_on


def _when(instant: datetime, settings: Settings) -> str:
    return f"{instant.astimezone(settings.zone):%d/%m/%Y %H:%M}"
