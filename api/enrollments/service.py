"""What a parent does with enrollments."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.activities.models import DAYS, Activity
from api.audit import service as audit
from api.core import etags
from api.core.errors import InvalidField, NotFound, Problem
from api.core.settings import Settings
from api.enrollments import places, queries
from api.enrollments.models import Enrollment, EnrollmentDay, EnrollmentState, NoPlaceLeft, NotChangeable, Overlap
from api.enrollments.schemas import EnrollmentChange, EnrollmentCreate, EnrollmentRead
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


class OtherSchool(Problem):
    """The activity is for children of other schools."""

    status, code, title = 409, "other-school", "For other schools"
    fr = "Cette activité est réservée aux enfants de : {schools}."
    en = "This activity is for the children of: {schools}."


class ResidentsOnly(Problem):
    """The family lives in another town, as far as the service knows."""

    status, code, title = 409, "residents-only", "For residents"
    fr = "Cette activité est réservée aux habitants de {town}. Votre adresse a changé ? Dites-le au service."
    en = "This activity is for residents of {town}. Has your address changed? Tell the service."


CHANGEABLE = {EnrollmentState.CONFIRMED, EnrollmentState.WAITLISTED, EnrollmentState.REQUESTED}


class AlreadyEnrolled(Problem):
    """The child is in this activity on one of these days already."""

    status, code, title = 409, "already-enrolled", "Enrolled already"
    fr = "Cet enfant est déjà inscrit à cette activité pour au moins un de ces jours."
    en = "This child is enrolled in this activity already for at least one of these days."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who enrolls, from where, when."""

    settings: Settings
    account_id: UUID
    today: date
    now: datetime


async def enroll(db: AsyncSession, caller: Caller, new: EnrollmentCreate) -> EnrollmentRead:
    """Take the places, or a rank on the waiting list when one of the days is full.

    Raises NotFound, NotOpen, AgeDoesNotFit, OtherSchool, ResidentsOnly, AlreadyEnrolled, Overlap, InvalidField.
    """
    await queries.lock_children(db, [new.child_id])
    enrollment, activity = await prepare(db, caller, new)
    # All that can be known is known before the days are locked: everybody who enrolls waits for them.
    overlap = await find_overlap(db, enrollment, enrollment.days, activity)
    await queries.lock_days(db, activity.id)
    return await enter(db, caller, enrollment, activity, await place(db, enrollment, activity, overlap))


async def prepare(db: AsyncSession, caller: Caller, new: EnrollmentCreate) -> tuple[Enrollment, Activity]:
    """An enrollment that fits all rules, not yet in the database, and its activity. The child is locked by the caller.

    Raises NotFound, NotOpen, AgeDoesNotFit, OtherSchool, ResidentsOnly, InvalidField.
    """
    asked = await queries.asked(db, caller.account_id, new.child_id, new.activity_id)
    child, activity = asked.child, asked.activity
    if not activity.is_open(caller.now):
        opens, closes = (_when(at, caller.settings) for at in (activity.opens_at, activity.closes_at))
        raise NotOpen(opens=opens, closes=closes)
    starts_on, ends_on = _dates(new, activity, caller.today)
    if not activity.fits_age(child.birth_date, starts_on):
        raise AgeDoesNotFit(low=activity.age_min, high=activity.age_max)
    if not activity.fits_school(child.school):
        raise OtherSchool(schools=", ".join(activity.schools))
    if not activity.fits_town(asked.city or "", caller.settings.town):
        raise ResidentsOnly(town=caller.settings.town)
    return Enrollment(
        reference=f"I-{caller.today.year}-{asked.number:06d}",
        account_id=caller.account_id,
        family_id=asked.family_id,
        child_id=child.id,
        activity_id=activity.id,
        days=_known_days(asked.days, new.days),
        starts_on=starts_on,
        ends_on=ends_on,
        # Who changes their mind at once may, however near the start.
        declared=_declared(new, activity),
        cancel_until=max(starts_on - timedelta(days=activity.notice_days), caller.today + timedelta(days=1)),
        version=1,
    ), activity


async def place(
    db: AsyncSession, enrollment: Enrollment, activity: Activity, overlap: Overlap | None
) -> EnrollmentState:
    """Where a new enrollment begins; its places are taken when it is confirmed. The days are locked by the caller.

    Raises the overlap when there is one: but one may wait for a full activity.
    """
    if await queries.is_decided_later(db, activity):
        if overlap:
            raise overlap
        return EnrollmentState.REQUESTED
    if not await places.take(db, activity.id, enrollment.days):
        return EnrollmentState.WAITLISTED
    if overlap:
        raise overlap
    return EnrollmentState.CONFIRMED


async def enter(
    db: AsyncSession, caller: Caller, enrollment: Enrollment, activity: Activity, state: EnrollmentState
) -> EnrollmentRead:
    """Write it down and tell the family. Raises AlreadyEnrolled."""
    enrollment.state = state
    db.add(enrollment)
    await db.flush()
    await _write_days(db, enrollment, enrollment.days)
    await places.tell(db, caller.settings, enrollment, asker=await db.get(Account, caller.account_id))
    await _record(db, f"enrollment.{state.value}", caller.account_id, enrollment)
    return await read(db, caller.account_id, enrollment.id)


async def find_overlap(
    db: AsyncSession, enrollment: Enrollment, days: Collection[str], activity: Activity
) -> Overlap | None:
    """The refusal, with the names of both activities, when the child has a place elsewhere at these hours."""
    if held := await queries.held_at_the_same_time(db, enrollment, days, activity):
        child = await db.get_one(Child, enrollment.child_id)
        return Overlap(wanted=activity.name, held=held.name, child=child.first_name)
    return None


async def refuse_overlap(db: AsyncSession, enrollment: Enrollment, days: Collection[str], activity: Activity) -> None:
    """Raises Overlap."""
    if overlap := await find_overlap(db, enrollment, days, activity):
        raise overlap


async def change(
    db: AsyncSession, caller: Caller, enrollment_id: UUID, wanted: EnrollmentChange, if_match: str | None
) -> EnrollmentRead:
    """Other days, or an earlier end. What is confirmed changes after the notice of its activity, what waits at once.

    Raises NotFound, Stale, PreconditionRequired, NotChangeable, NoPlaceLeft, AlreadyEnrolled, Overlap, InvalidField.
    """
    await queries.lock_children(db, [await queries.child_of(db, caller.account_id, enrollment_id)])
    enrollment = await queries.lock(db, caller.account_id, enrollment_id)
    etags.check(enrollment, if_match)
    activity = await queries.activity(db, enrollment.activity_id)
    if enrollment.state not in CHANGEABLE or enrollment.ends_on < caller.today or enrollment.days_before:
        raise NotChangeable
    earliest = enrollment.changes_from(activity.notice_days, caller.today)
    if wanted.ends_on and wanted.ends_on > activity.ends_on:
        raise InvalidField(
            "/ends_on", "date", "L'activité est terminée ce jour-là.", "The activity is over on that day."
        )
    if wanted.ends_on:
        enrollment.end_on(wanted.ends_on, earliest)
    if wanted.days:
        days = _known_days((await db.scalars(queries.WEEKDAYS, {"activity": activity.id})).all(), wanted.days)
        await _change_days(db, caller, enrollment, activity, days, earliest)
    await places.tell(db, caller.settings, enrollment, "changed")
    await _record(db, "enrollment.changed", caller.account_id, enrollment)
    return await read(db, caller.account_id, enrollment_id)


async def _change_days(
    db: AsyncSession, caller: Caller, enrollment: Enrollment, activity: Activity, days: list[str], earliest: date
) -> None:
    """The days are locked. Those given up are held until the change counts."""
    before = enrollment.days
    added, gone = sorted(set(days) - set(before)), sorted(set(before) - set(days))
    if enrollment.holds_places and added:
        if not await places.take(db, activity.id, added):
            raise NoPlaceLeft
        await refuse_overlap(db, enrollment, added, activity)
    enrollment.days = days
    await db.flush()
    await _write_days(db, enrollment, added)
    if not enrollment.holds_places:
        await places.give_days_back(db, caller.settings, enrollment, gone, caller.now, held=False)
        await places.offer_places(db, caller.settings, activity.id, caller.now)  # with these days there may be a place
    elif earliest <= enrollment.starts_on:
        await places.give_days_back(db, caller.settings, enrollment, gone, caller.now)
    else:
        enrollment.days_from, enrollment.days_before = earliest, before


def _declared(new: EnrollmentCreate, activity: Activity) -> list[str]:
    """The criteria that the family declares; raises InvalidField for one that is none."""
    known = {one["code"] for one in activity.criteria if one["kind"] == "declared"}
    if not set(new.declared) <= known:
        raise InvalidField("/declared", "choice", "Ce critère n'existe pas.", "This criterion does not exist.")
    return sorted(set(new.declared))


def _known_days(known: Collection[str], wanted: Collection[str]) -> list[str]:
    """The days in the order of the week; raises InvalidField for one that is not among the known."""
    days = sorted(set(wanted), key=DAYS.index)
    if not set(days) <= set(known):
        raise InvalidField(
            "/days",
            "day",
            "Cette activité n'a pas lieu tous ces jours.",
            "This activity does not take place on all these days.",
        )
    return days


async def _write_days(db: AsyncSession, enrollment: Enrollment, days: Collection[str]) -> None:
    db.add_all(
        EnrollmentDay(
            enrollment_id=enrollment.id,
            day=day,
            child_id=enrollment.child_id,
            activity_id=enrollment.activity_id,
            family_id=enrollment.family_id,
        )
        for day in days
    )
    try:
        await db.flush()
    except IntegrityError as error:
        raise AlreadyEnrolled from error


async def cancel(db: AsyncSession, caller: Caller, enrollment_id: UUID) -> EnrollmentRead:
    """Give the places back, and offer them to the waiting list in the same transaction. Raises NotFound, NotCancellable, TooLate."""
    enrollment = await queries.lock(db, caller.account_id, enrollment_id)
    held = enrollment.holds_places
    enrollment.cancel(caller.today)
    await places.leave(db, caller.settings, enrollment, held=held, now=caller.now)
    await _record(db, "enrollment.cancelled", caller.account_id, enrollment)
    return await read(db, caller.account_id, enrollment_id)


async def accept(db: AsyncSession, caller: Caller, enrollment_id: UUID) -> EnrollmentRead:
    """Take an offered place. Raises NotFound, NoOffer, Overlap."""
    await queries.lock_children(db, [await queries.child_of(db, caller.account_id, enrollment_id)])
    enrollment = await queries.lock(db, caller.account_id, enrollment_id)
    enrollment.accept(caller.now, caller.today)
    activity = await queries.activity(db, enrollment.activity_id)
    await refuse_overlap(db, enrollment, enrollment.days, activity)
    await places.tell(db, caller.settings, enrollment)
    await _record(db, "enrollment.accepted", caller.account_id, enrollment)
    return await read(db, caller.account_id, enrollment_id)


async def _record(db: AsyncSession, action: str, actor: UUID, enrollment: Enrollment) -> None:
    await audit.record(db, action, actor=actor, family_id=enrollment.family_id, enrollment=str(enrollment.id))


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
