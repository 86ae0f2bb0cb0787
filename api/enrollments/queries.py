"""Enrollments in the database: those of one's own files."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.activities.models import DAYS, Activity, ActivityDay, ActivityDraw, Decider
from api.core.database import Read, as_system, found
from api.enrollments.models import OVER, Enrollment, EnrollmentState
from api.families.models import AdultPrivate, Child, FamilyChild, ServiceLink

ENROLLMENT = """json_build_object('id', e.id, 'reference', e.reference, 'state', e.state,
    'rank', CASE WHEN e.state = 'waitlisted' THEN waiting_rank(e.activity_id, e.id) END, 'offered_until', e.offered_until,
    'reason', e.reason, 'documents', t.documents,
    'cancel_until', CASE WHEN e.state = 'confirmed' THEN e.cancel_until END, 'days_from', e.days_from, 'days_before', e.days_before,
    'group_id', e.group_id, 'declared', e.declared, 'declared_reason', e.declared_reason, 'draw', e.draw,
    'draws_at', CASE WHEN e.state = 'requested' AND t.decided_by = 'draw' THEN coalesce(t.draws_at, t.closes_at) END,
    'child_id', e.child_id, 'child_first_name', c.first_name, 'activity_id', e.activity_id, 'activity_name', t.name, 'venue', t.venue,
    'days', e.days, 'starts_on', e.starts_on, 'ends_on', e.ends_on, 'created_at', e.created_at, 'version', e.version)"""
# In one of one's own files, as long as the child is in it: when custody ends, where and when a child is told no more.
MINE = """(e.family_id, e.child_id) IN (SELECT l.family_id, fc.child_id FROM service_link l JOIN family_child fc ON fc.family_id = l.family_id
        WHERE l.account_id = :viewer AND l.ended_at IS NULL)"""
NAMED = "JOIN child c ON c.id = e.child_id JOIN activity t ON t.id = e.activity_id"
PAGE = Read(f"""
    WITH page AS (
        SELECT e.*, row_number() OVER (ORDER BY e.id DESC) AS place FROM enrollment e
        WHERE {MINE} AND (:after::uuid IS NULL OR e.id < :after) ORDER BY e.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce(json_agg({ENROLLMENT} ORDER BY e.place) FILTER (WHERE e.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page e {NAMED}
""")
# One by one it says how its rank came to be.
ONE = Read(
    f"SELECT ({ENROLLMENT}::jsonb || jsonb_build_object('rank_history', waiting_history(e.id), "
    "'changes_from', greatest(e.starts_on, :today::date + t.notice_days)))::text "
    f"FROM enrollment e {NAMED} WHERE e.id = :id::uuid AND {MINE}"
)
ONE_WRITTEN = text(f"SELECT {ENROLLMENT} FROM enrollment e {NAMED} WHERE e.id = :id AND {MINE}")

WEEKDAYS = text("SELECT day FROM activity_day WHERE activity_id = :activity")
LOCK_DAYS = text(
    "SELECT day FROM activity_day WHERE activity_id = :activity AND day = ANY(:days) ORDER BY day FOR UPDATE"
)
# The guard: all the days or none. (The caller holds them, so that the two looks at a day are one.)
TAKE = text("""
    UPDATE activity_day SET taken = taken + 1 WHERE activity_id = :activity AND day = ANY(:days) AND taken < places AND NOT EXISTS (
        SELECT FROM activity_day full_one WHERE full_one.activity_id = :activity AND full_one.day = ANY(:days) AND full_one.taken >= full_one.places)
    RETURNING day
""")
GIVE_BACK = text("UPDATE activity_day SET taken = taken - 1 WHERE activity_id = :activity AND day = ANY(:days)")

# The first in order who fits, with the siblings who want to be together: there is a place for each of them on each day.
NEXT_WAITING = text("""
    WITH first AS (
        SELECT e.id, e.group_id FROM enrollment e WHERE e.activity_id = :activity AND e.state = 'waitlisted' AND e.days <@ (
            SELECT array_agg(d.day) FROM activity_day d WHERE d.activity_id = :activity AND d.taken < d.places)
        AND (e.group_id IS NULL OR NOT EXISTS (
            SELECT FROM enrollment g, unnest(g.days) AS wanted(day)
            LEFT JOIN activity_day d ON d.activity_id = :activity AND d.day = wanted.day
            WHERE g.group_id = e.group_id AND g.activity_id = :activity AND g.state = 'waitlisted'
            GROUP BY wanted.day, d.places, d.taken HAVING d.taken IS NULL OR d.taken + count(*) > d.places))
        ORDER BY e.position LIMIT 1
    )
    SELECT e.* FROM enrollment e, first WHERE e.activity_id = :activity AND e.state = 'waitlisted'
        AND (e.id = first.id OR e.group_id = first.group_id)
    ORDER BY e.position FOR UPDATE OF e
""")
CHANGES_DUE = text("SELECT id FROM enrollment WHERE days_from <= :today ORDER BY id LIMIT 100")
LOCK_CHILD = text("SELECT pg_advisory_xact_lock(hashtextextended(CAST(:child AS text), 0))")
PAST_THEIR_END = text("""
    SELECT e.id FROM enrollment e WHERE e.ends_on < :today AND e.state IN ('requested', 'confirmed', 'offered', 'waitlisted')
    ORDER BY e.id LIMIT 100
""")

# A file may have raised the places of an activity, or an agent: who waits is offered them.
FREE_FOR_WAITING = text("""
    SELECT DISTINCT e.activity_id FROM enrollment e JOIN activity t ON t.id = e.activity_id
    WHERE e.state = 'waitlisted' AND t.ends_on >= :today AND NOT EXISTS (
        SELECT FROM unnest(e.days) wanted(day) LEFT JOIN activity_day d ON d.activity_id = e.activity_id AND d.day = wanted.day
        WHERE d.taken IS NULL OR d.taken >= d.places)
""")


class Asked(NamedTuple):
    """A child whom a parent wants to enroll, and all that the rules look at."""

    family_id: UUID
    child: Child
    activity: Activity
    account: Account
    city: str | None  # where the parent lives, as the service knows it
    days: list[str]  # on which the activity takes place
    number: int  # of the new enrollment


async def asked(db: AsyncSession, account_id: UUID, child_id: UUID, activity_id: UUID) -> Asked:
    """In one statement: on opening morning every one counts. Of several own files with the child, the newest key's.

    Raises NotFound for a child who is in none of one's own files, and for an activity that does not exist.
    """
    days = select(func.array_agg(ActivityDay.day)).where(ActivityDay.activity_id == activity_id).scalar_subquery()
    one = (
        select(
            ServiceLink.family_id, Child, Activity, Account, AdultPrivate.city, days, func.nextval("enrollment_number")
        )
        .join(FamilyChild, FamilyChild.family_id == ServiceLink.family_id)
        .join(Child, Child.id == FamilyChild.child_id)
        .join(Account, Account.id == ServiceLink.account_id)
        .join(Activity, Activity.id == activity_id)
        .outerjoin(AdultPrivate, AdultPrivate.adult_id == ServiceLink.adult_id)
        .where(ServiceLink.account_id == account_id, ServiceLink.ended_at.is_(None), Child.id == child_id)
        .order_by(ServiceLink.id.desc())
        .limit(1)
    )
    return Asked(*found((await db.execute(one)).one_or_none()))


async def activity(db: AsyncSession, activity_id: UUID) -> Activity:
    """An activity; raises NotFound."""
    return found(await db.get(Activity, activity_id))


async def is_to_be_drawn(db: AsyncSession, activity: Activity) -> bool:
    """Whether lots decide, and are not drawn yet."""
    if activity.decided_by is not Decider.DRAW:
        return False
    draw = await db.get(ActivityDraw, activity.id)
    return draw is None or draw.drawn_at is None


async def is_decided_later(db: AsyncSession, activity: Activity) -> bool:
    """Whether an agent or the lots decide, and not the places at once."""
    return activity.decided_by is Decider.AGENT or await is_to_be_drawn(db, activity)


async def child_of(db: AsyncSession, account_id: UUID, enrollment_id: UUID) -> UUID:
    """Whose enrollment it is; raises NotFound for another family's."""
    return found(await db.scalar(select(Enrollment.child_id).where(_own(account_id), Enrollment.id == enrollment_id)))


def _own(account_id: UUID) -> ColumnElement[bool]:
    children = (
        select(ServiceLink.family_id, FamilyChild.child_id)
        .join(FamilyChild, FamilyChild.family_id == ServiceLink.family_id)
        .where(ServiceLink.account_id == account_id, ServiceLink.ended_at.is_(None))
    )
    return tuple_(Enrollment.family_id, Enrollment.child_id).in_(children)


async def lock(db: AsyncSession, account_id: UUID, enrollment_id: UUID) -> Enrollment:
    """An enrollment of one of one's own files, locked; another family's does not exist for them."""
    own = select(Enrollment).where(_own(account_id), Enrollment.id == enrollment_id)
    found(await lock_days_of(db, enrollment_id))
    return found(await db.scalar(own.with_for_update()))


async def lock_days_of(db: AsyncSession, enrollment_id: UUID) -> UUID | None:
    """Lock the days of an enrollment's activity, whose id is given; None when there is no such enrollment.

    Everybody locks the days first and an enrollment next: agents, parents and the worker cannot block each other.
    """
    activity_id: UUID | None = await db.scalar(select(Enrollment.activity_id).where(Enrollment.id == enrollment_id))
    if activity_id:
        await lock_days(db, activity_id)
    return activity_id


async def lock_days(db: AsyncSession, activity_id: UUID) -> None:
    """Lock all days of an activity: whoever takes, gives back or changes places holds them."""
    await db.execute(LOCK_DAYS, {"activity": activity_id, "days": list(DAYS)})


async def lock_of(db: AsyncSession, activity_id: UUID, enrollment_id: UUID) -> Enrollment:
    """An enrollment of an activity, locked, for agents, who locked the days before; raises NotFound."""
    one = select(Enrollment).where(Enrollment.activity_id == activity_id, Enrollment.id == enrollment_id)
    return found(await db.scalar(one.with_for_update()))


async def next_waiting(db: AsyncSession, activity_id: UUID) -> list[Enrollment]:
    """The first of the waiting list for whom every day has a place, with siblings who wait together; for the system.

    Locked. The caller holds the days.
    """
    fitting = select(Enrollment).from_statement(NEXT_WAITING)
    return list(await db.scalars(fitting, {"activity": activity_id}))


async def next_position(db: AsyncSession) -> int:
    """A place behind everybody in any waiting list."""
    return int(await db.scalar(text("SELECT nextval('enrollment_position')")) or 0)


async def lock_children(db: AsyncSession, children: Iterable[UUID]) -> None:
    """One at a time enrolls a child, so that no two activities at the same hours are both confirmed."""
    for child_id in sorted(set(children)):
        await db.execute(LOCK_CHILD, {"child": str(child_id)})


async def held_at_the_same_time(
    db: AsyncSession, enrollment: Enrollment, days: Collection[str], activity: Activity
) -> Activity | None:
    """Another activity where the child has a place at the same hours of one of these days; None when there is none."""
    held = (
        select(Activity)
        .join(Enrollment, Enrollment.activity_id == Activity.id)
        .where(
            Enrollment.child_id == enrollment.child_id,
            Enrollment.activity_id != activity.id,
            Enrollment.state.in_((EnrollmentState.CONFIRMED, EnrollmentState.OFFERED)),
            Enrollment.starts_on <= enrollment.ends_on,
            Enrollment.ends_on >= enrollment.starts_on,
            Enrollment.days.bool_op("&&")(list(days)),
        )
        .order_by(Enrollment.id)
    )
    async with as_system(db):  # the child's other home may have enrolled them
        return next((one for one in await db.scalars(held) if one.shares_hours_with(activity)), None)


async def lapsed(db: AsyncSession, now: datetime) -> list[UUID]:
    """Offers that nobody accepted in time."""
    late = select(Enrollment.id).where(Enrollment.state == EnrollmentState.OFFERED, Enrollment.offered_until <= now)
    return list(await db.scalars(late.order_by(Enrollment.id).limit(100)))


async def free_for_waiting(db: AsyncSession, today: date) -> list[UUID]:
    """Activities where a place is free for somebody who waits."""
    return list(await db.scalars(FREE_FOR_WAITING, {"today": today}))


async def past_their_end(db: AsyncSession, today: date) -> list[UUID]:
    """Enrollments whose last day has passed."""
    return list(await db.scalars(PAST_THEIR_END, {"today": today}))


async def changes_due(db: AsyncSession, today: date) -> list[UUID]:
    """Enrollments whose change of days counts."""
    return list(await db.scalars(CHANGES_DUE, {"today": today}))


async def lock_lapsed(db: AsyncSession, enrollment_id: UUID, now: datetime) -> Enrollment | None:
    """An offer whose time has passed, locked; None when it was answered meanwhile."""
    late = (Enrollment.state == EnrollmentState.OFFERED) & (Enrollment.offered_until <= now)
    return await _lock_if(db, enrollment_id, late)


async def lock_over(db: AsyncSession, enrollment_id: UUID, today: date) -> Enrollment | None:
    """An enrollment past its last day, locked; None when it is over already."""
    return await _lock_if(db, enrollment_id, (Enrollment.ends_on < today) & Enrollment.state.not_in(OVER))


async def lock_changing(db: AsyncSession, enrollment_id: UUID, today: date) -> Enrollment | None:
    """An enrollment whose change of days counts from today or before, locked; None when that is done."""
    return await _lock_if(db, enrollment_id, Enrollment.days_from <= today)


async def _lock_if(db: AsyncSession, enrollment_id: UUID, still: ColumnElement[bool]) -> Enrollment | None:
    await lock_days_of(db, enrollment_id)
    one: Enrollment | None = await db.scalar(
        select(Enrollment).where(Enrollment.id == enrollment_id, still).with_for_update()
    )
    return one


async def whom_to_tell(db: AsyncSession, enrollment: Enrollment) -> Account | None:
    """Who asked for it, or else another parent, as long as the child is in their file; None when nobody is left. For the system."""
    parents = (
        select(Account)
        .join(ServiceLink, ServiceLink.account_id == Account.id)
        .join(FamilyChild, FamilyChild.family_id == ServiceLink.family_id)
        .where(
            ServiceLink.family_id == enrollment.family_id,
            ServiceLink.ended_at.is_(None),
            FamilyChild.child_id == enrollment.child_id,
        )
    )
    asker_first = (Account.id == enrollment.account_id).desc(), ServiceLink.id
    account: Account | None = await db.scalar(parents.order_by(*asker_first).limit(1))
    return account
