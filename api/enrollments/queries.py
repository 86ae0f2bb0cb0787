"""Enrollments in the database: those of one's own files."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.activities.models import Activity
from api.core.database import Read, found
from api.enrollments.models import Enrollment, EnrollmentState
from api.families.models import ServiceLink

ENROLLMENT = """json_build_object('id', e.id, 'reference', e.reference, 'state', e.state,
    'rank', CASE WHEN e.state = 'waitlisted' THEN waiting_rank(e.activity_id, e.id) END, 'offered_until', e.offered_until,
    'child_id', e.child_id, 'child_first_name', c.first_name, 'activity_id', e.activity_id, 'activity_name', t.name, 'venue', t.venue,
    'days', e.days, 'starts_on', e.starts_on, 'ends_on', e.ends_on, 'created_at', e.created_at, 'version', e.version)"""
MINE = "e.family_id IN (SELECT l.family_id FROM service_link l WHERE l.account_id = :viewer AND l.ended_at IS NULL)"
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
ONE = Read(f"SELECT {ENROLLMENT}::text FROM enrollment e {NAMED} WHERE e.id = :id::uuid AND {MINE}")
ONE_WRITTEN = text(f"SELECT {ENROLLMENT} FROM enrollment e {NAMED} WHERE e.id = :id AND {MINE}")

LOCK_DAYS = text(
    "SELECT day FROM activity_day WHERE activity_id = :activity AND day = ANY(:days) ORDER BY day FOR UPDATE"
)
# The guard: a day without a place left is not updated, and the caller sees that a day is missing.
TAKE = text(
    "UPDATE activity_day SET taken = taken + 1 WHERE activity_id = :activity AND day = ANY(:days) AND taken < places RETURNING day"
)
GIVE_BACK = text("UPDATE activity_day SET taken = taken - 1 WHERE activity_id = :activity AND day = ANY(:days)")


async def activity(db: AsyncSession, activity_id: UUID) -> Activity:
    """An activity; raises NotFound."""
    return found(await db.get(Activity, activity_id))


async def lock(db: AsyncSession, account_id: UUID, enrollment_id: UUID) -> Enrollment:
    """An enrollment of one of one's own files, locked; another family's does not exist for them."""
    families = select(ServiceLink.family_id).where(ServiceLink.account_id == account_id, ServiceLink.ended_at.is_(None))
    own = select(Enrollment).where(Enrollment.family_id.in_(families), Enrollment.id == enrollment_id)
    return found(await db.scalar(own.with_for_update()))


async def waiting(db: AsyncSession, activity_id: UUID) -> list[Enrollment]:
    """The waiting list of an activity in its order, locked; for the system."""
    ordered = (
        select(Enrollment)
        .where(Enrollment.activity_id == activity_id, Enrollment.state == EnrollmentState.WAITLISTED)
        .order_by(Enrollment.id)
        .with_for_update()
    )
    return list(await db.scalars(ordered))


async def lapsed(db: AsyncSession, now: datetime) -> list[Enrollment]:
    """Offers that nobody accepted in time, locked; those that another worker holds are skipped."""
    late = (
        select(Enrollment)
        .where(Enrollment.state == EnrollmentState.OFFERED, Enrollment.offered_until <= now)
        .limit(100)
    )
    return list(await db.scalars(late.with_for_update(skip_locked=True)))


async def whom_to_tell(db: AsyncSession, enrollment: Enrollment) -> Account | None:
    """Who asked for it; another parent of the file when that account is closed; None when nobody is left."""
    linked = (
        select(Account)
        .join(ServiceLink, ServiceLink.account_id == Account.id)
        .where(ServiceLink.family_id == enrollment.family_id, ServiceLink.ended_at.is_(None))
    )
    asker = await db.get_one(Account, enrollment.account_id)
    return asker if asker.closed_at is None else await db.scalar(linked.order_by(ServiceLink.id).limit(1))
