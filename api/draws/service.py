"""Drawing, and publishing how the lots fell."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.activities.models import Activity, ActivityDraw
from api.audit import service as audit
from api.core.clock import utcnow
from api.core.database import Database
from api.core.settings import Settings
from api.draws import ballot, queries
from api.draws.schemas import DrawEntry, DrawRead
from api.enrollments import places
from api.enrollments import queries as enrollments
from api.enrollments.models import Enrollment, EnrollmentState


async def draw_closed_windows(database: Database, settings: Settings) -> None:
    """The worker's part: the lots whose hour has come. All of an activity in one transaction: drawn once, or not."""
    now = utcnow()

    async def draw(db: AsyncSession, activity_id: UUID) -> None:
        await enrollments.lock_days(db, activity_id)
        if lots := await queries.lock(db, activity_id):
            await _draw(db, settings, lots, await enrollments.activity(db, activity_id), now)

    await database.one_by_one(lambda db: queries.due(db, now), draw)


async def _draw(db: AsyncSession, settings: Settings, lots: ActivityDraw, activity: Activity, now: datetime) -> None:
    waiting = await queries.requested(db, activity.id)
    facts = await queries.facts(db, activity.id, now.astimezone(settings.zone).date())
    criteria = {one.reference: _criteria(activity, one, facts[one.id], settings.town) for one in waiting}
    by_reference = {one.reference: one for one in waiting}
    units = ballot.order(lots.seed, _entries(waiting, criteria))
    result: list[DrawEntry] = []
    for unit in units:
        members = [by_reference[entry.reference] for entry in unit]
        state = await _settle(db, activity, members)
        for entry, enrollment in zip(unit, members, strict=True):
            told = DrawEntry(
                reference=entry.reference,
                unit=entry.unit,
                points=entry.points,
                ticket=ballot.ticket(lots.seed, entry.reference),
                place=len(result) + 1,
                outcome="confirmed" if state is EnrollmentState.CONFIRMED else "waitlisted",
            )
            result.append(told)
            enrollment.position = await enrollments.next_position(db)  # those who wait, wait in the order of the lots
            enrollment.state = state
            enrollment.draw = told.model_dump(include={"place", "points", "ticket"}) | {
                "of": len(waiting),
                "criteria": criteria[entry.reference],
            }
            await db.flush()
            await places.tell(db, settings, enrollment, f"drawn-{told.outcome}")
            await audit.record(
                db,
                f"enrollment.{told.outcome}",
                actor=None,
                family_id=enrollment.family_id,
                enrollment=str(enrollment.id),
            )
    lots.drawn_at, lots.result = now, [entry.model_dump() for entry in result]
    await audit.record(db, "activity.drawn", actor=None, activity=str(activity.id), entries=len(result))
    # Who has a place elsewhere at these hours was not given another: it is offered, to choose.
    await places.offer_places(db, settings, activity.id, now)


async def _settle(db: AsyncSession, activity: Activity, members: list[Enrollment]) -> EnrollmentState:
    """Places for all of a unit, or none."""
    for enrollment in members:
        if await enrollments.held_at_the_same_time(db, enrollment, enrollment.days, activity):
            return EnrollmentState.WAITLISTED
    attempt = await db.begin_nested()
    for enrollment in members:
        if not await places.take(db, activity.id, enrollment.days):
            await attempt.rollback()
            return EnrollmentState.WAITLISTED
    await attempt.commit()
    return EnrollmentState.CONFIRMED


def _entries(waiting: list[Enrollment], criteria: dict[str, list[dict[str, Any]]]) -> list[ballot.Entry]:
    units: dict[Any, str] = {}
    for one in waiting:
        unit = one.group_id or one.id
        units[unit] = min(units.get(unit, one.reference), one.reference)
    return [
        ballot.Entry(
            one.reference,
            units[one.group_id or one.id],
            sum(c["points"] for c in criteria[one.reference] if c["counted"]),
        )
        for one in waiting
    ]


def _criteria(activity: Activity, enrollment: Enrollment, facts: dict[str, Any], town: str) -> list[dict[str, Any]]:
    """Each criterion of the activity, and whether it counts for an enrollment."""

    def counts(criterion: dict[str, Any]) -> bool:
        match criterion["kind"]:
            case "declared":
                return criterion["code"] in enrollment.declared
            case "siblings":
                return bool(facts["siblings"])
            case "residents":
                return activity.is_home(facts["city"] or "", town)
            case _:
                return facts["quotient"] is not None and facts["quotient"] < criterion["below"]

    return [
        {"code": one["code"], "label": one["label"], "points": one["points"], "counted": counts(one)}
        for one in activity.criteria
    ]


def published(lots: ActivityDraw) -> DrawRead:
    """What everybody may check."""
    return DrawRead.model_validate(
        {
            "activity_id": lots.activity_id,
            "seed": lots.seed,
            "seed_digest": lots.seed_digest,
            "drawn_at": lots.drawn_at,
            "entries": lots.result,
        }
    )


def faults(told: DrawRead) -> list[str]:
    """What is wrong with a published draw, drawn again; nothing when it is right."""
    found = []
    if ballot.digest(told.seed) != told.seed_digest:
        found.append("the seed is not the one whose digest was published")
    found += [
        f"{entry.reference}: not its ticket"
        for entry in told.entries
        if entry.ticket != ballot.ticket(told.seed, entry.reference)
    ]
    entries = [ballot.Entry(entry.reference, entry.unit, entry.points) for entry in told.entries]
    right = [entry.reference for unit in ballot.order(told.seed, entries) for entry in unit]
    given = [entry.reference for entry in sorted(told.entries, key=lambda entry: entry.place)]
    found += [f"{given[n]}: place {n + 1} is {right[n]}'s" for n in range(len(given)) if given[n] != right[n]]
    return found
