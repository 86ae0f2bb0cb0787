"""The days of an enrollment in the database."""

from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, found
from api.enrollments.models import Absence, Enrollment
from api.enrollments.queries import MINE

# The days on which the child of an enrollment `e` is expected: until a change counts, those before it.
EXPECTED = """generate_series(greatest(e.starts_on, {first}), least(e.ends_on, {last}), interval '1 day') AS g(day)"""
IS_EXPECTED = """to_char(g.day, 'dy') = ANY (CASE WHEN g.day < e.days_from THEN e.days_before ELSE e.days END)
    AND e.state IN ('confirmed', 'ended')"""
LIMIT = "((g.day::date - t.absence_days) + t.absence_time) AT TIME ZONE :zone"
BOOKINGS = Read(f"""
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('day', g.day::date, 'limit', {LIMIT},
        'absent', a.day IS NOT NULL, 'in_time', a.in_time) ORDER BY g.day) FILTER (WHERE g.day IS NOT NULL), '[]'))::text
    FROM enrollment e JOIN activity t ON t.id = e.activity_id
    LEFT JOIN {EXPECTED.format(first=":first::date", last=":last::date")} ON {IS_EXPECTED}
    LEFT JOIN absence a ON a.enrollment_id = e.id AND a.day = g.day::date
    WHERE e.id = :id::uuid AND {MINE} GROUP BY e.id
""")
IS_BOOKED = text(f"""
    SELECT EXISTS (SELECT FROM enrollment e, {EXPECTED.format(first=":day", last=":day")} WHERE e.id = :id AND {IS_EXPECTED})
""")


async def is_booked(db: AsyncSession, enrollment: Enrollment, day: date) -> bool:
    """Whether the child is expected on a day."""
    return bool(await db.scalar(IS_BOOKED, {"id": enrollment.id, "day": day}))


async def lock(db: AsyncSession, enrollment_id: UUID, day: date) -> Absence:
    """An absence, locked; raises NotFound."""
    one = select(Absence).where(Absence.enrollment_id == enrollment_id, Absence.day == day)
    return found(await db.scalar(one.with_for_update()))
