"""Taking and giving back places. Whatever happens at once, confirmed and offered never pass the places."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.activities.models import DAYS, Activity, Decider
from api.audit import service as audit
from api.core.clock import utcnow
from api.core.database import Database, as_system
from api.core.errors import InvalidField, NotFound, Problem
from api.core.settings import Settings
from api.enrollments import queries
from api.enrollments.models import Enrollment, EnrollmentDay, EnrollmentState
from api.enrollments.schemas import EnrollmentCreate, EnrollmentRead
from api.families import queries as families
from api.families.models import Child
from api.outbox import service as outbox


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
    await tell(db, settings, enrollment)
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
    return EnrollmentState.CONFIRMED if await take(db, activity.id, days) else EnrollmentState.WAITLISTED


async def cancel(
    db: AsyncSession, settings: Settings, account_id: UUID, enrollment_id: UUID, today: date, now: datetime
) -> EnrollmentRead:
    """Give the places back, and offer them to the waiting list in the same transaction. Raises NotFound, NotCancellable."""
    enrollment = await queries.lock(db, account_id, enrollment_id)
    held = enrollment.holds_places
    enrollment.cancel(today)
    await leave(db, settings, enrollment, held=held, now=now)
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
    await tell(db, settings, enrollment)
    await audit.record(
        db, "enrollment.accepted", actor=account_id, family_id=enrollment.family_id, enrollment=str(enrollment_id)
    )
    return await read(db, account_id, enrollment_id)


async def pass_lapsed_offers_on(database: Database, settings: Settings) -> None:
    """The worker's part: an offer that nobody took in time goes to the next family."""
    now = utcnow()
    async with database.transaction() as db:
        late = await queries.lapsed(db, now)
    for enrollment_id in late:
        async with database.transaction() as db:
            if enrollment := await queries.lock_lapsed(db, enrollment_id, now):
                enrollment.state, enrollment.offered_until = EnrollmentState.CANCELLED, None
                await leave(db, settings, enrollment, held=True, now=now)


async def offer_free_places(database: Database, settings: Settings) -> None:
    """The worker's part: places that an import has added go to who waits."""
    now = utcnow()
    async with database.transaction() as db:
        found = (await db.scalars(queries.FREE_FOR_WAITING, {"today": now.astimezone(settings.zone).date()})).all()
    for activity_id in found:
        async with database.transaction() as db:
            await queries.lock_days(db, activity_id)
            await offer_places(db, settings, activity_id, now)


async def read(db: AsyncSession, account_id: UUID, enrollment_id: UUID) -> EnrollmentRead:
    """An enrollment as it was just written."""
    await db.flush()
    row = await db.scalar(queries.ONE_WRITTEN, {"viewer": account_id, "id": enrollment_id})
    if row is None:
        raise NotFound
    return EnrollmentRead.model_validate(row)


async def take(db: AsyncSession, activity_id: UUID, days: list[str]) -> bool:
    """Take one place on every day, or none at all. The rows are locked by LOCK_DAYS or by a place just given back."""
    async with db.begin_nested() as attempt:
        taken = (await db.scalars(queries.TAKE, {"activity": activity_id, "days": days})).all()
        if len(taken) < len(days):
            await attempt.rollback()
            return False
    return True


async def leave(db: AsyncSession, settings: Settings, enrollment: Enrollment, *, held: bool, now: datetime) -> None:
    """Take a cancelled or refused enrollment off its days, tell the family, and offer what it held to who waits.

    The days are locked by the caller.
    """
    await db.execute(delete(EnrollmentDay).where(EnrollmentDay.enrollment_id == enrollment.id))
    await tell(db, settings, enrollment)
    if not held:
        return
    await db.execute(queries.GIVE_BACK, {"activity": enrollment.activity_id, "days": enrollment.days})
    await offer_places(db, settings, enrollment.activity_id, now)


async def offer_places(db: AsyncSession, settings: Settings, activity_id: UUID, now: datetime) -> None:
    """Offer the places that are free to who waits, in their order. The days are locked by the caller."""
    async with as_system(db):  # the waiting list is other families'
        for waiting in await queries.waiting(db, activity_id):
            if await take(db, waiting.activity_id, waiting.days):
                waiting.offer(now)
                await tell(db, settings, waiting)


async def tell(db: AsyncSession, settings: Settings, enrollment: Enrollment) -> None:
    """Where it stands now: a mail without the child's name or an amount, to who asked; to another parent of the file once that account is closed."""
    async with as_system(db):  # the other parent may have asked
        account = await queries.whom_to_tell(db, enrollment)
    if account is None:
        return
    until = f"{enrollment.offered_until.astimezone(settings.zone):%d/%m/%Y à %Hh%M}" if enrollment.offered_until else ""
    await outbox.enqueue(
        db,
        settings,
        f"enrollment-{enrollment.state.value}",
        account.email,
        language=account.locale,
        account_id=account.id,
        reference=enrollment.reference,
        enrollment_id=str(enrollment.id),
        until=until,
    )


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
