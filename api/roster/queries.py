"""Activities and their lists in the database, for agents."""

from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.absences.queries import EXPECTED, IS_EXPECTED
from api.activities.models import Activity
from api.activities.queries import DRAW
from api.core.database import Read, found
from api.core.search import PLAIN
from api.enrollments.models import Enrollment, EnrollmentState

COUNTED = ("requested", "confirmed", "offered", "waitlisted")
ACTIVITY = f"""json_build_object('id', t.id, 'code', t.code, 'name', t.name, 'venue', t.venue, 'unit', t.unit,
    'starts_on', t.starts_on, 'ends_on', t.ends_on, 'age_min', t.age_min, 'age_max', t.age_max,
    'opens_at', t.opens_at, 'closes_at', t.closes_at, 'is_open', :now::timestamptz BETWEEN t.opens_at AND t.closes_at,
    'days', (SELECT coalesce(json_agg(json_build_object('day', d.day, 'places', d.places, 'taken', d.taken) ORDER BY o.n), '[]')
        FROM activity_day d JOIN unnest(ARRAY['mon','tue','wed','thu','fri','sat','sun']) WITH ORDINALITY AS o(day, n) USING (day)
        WHERE d.activity_id = t.id),
    'prices_cents', t.prices_cents, 'documents', t.documents, 'decided_by', t.decided_by,
    'time_from', to_char(t.time_from, 'HH24:MI'), 'time_to', to_char(t.time_to, 'HH24:MI'), 'schools', t.schools,
    'residents_only', t.residents_only, 'notice_days', t.notice_days, 'absence_days', t.absence_days,
    'absence_time', to_char(t.absence_time, 'HH24:MI'), 'criteria', t.criteria, 'draws_at', CASE WHEN t.decided_by = 'draw'
        THEN coalesce(t.draws_at, t.closes_at) END, 'draw', {DRAW},
    'counts', (SELECT json_build_object({", ".join(f"'{s}', count(*) FILTER (WHERE e.state = '{s}')" for s in COUNTED)})
        FROM enrollment e WHERE e.activity_id = t.id), 'version', t.version)"""
# What is over is asked for; the rest is what one works with.
PAGE = Read(f"""
    WITH page AS (
        SELECT t.*, row_number() OVER (ORDER BY t.id) AS place FROM activity t
        WHERE (:after::uuid IS NULL OR t.id > :after) AND (t.ends_on < :today::date) = :over::boolean
            AND (:search::text IS NULL OR {PLAIN.format(text="concat_ws(' ', t.code, t.name, t.venue)")} LIKE :search)
        ORDER BY t.id LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce(json_agg({ACTIVITY} ORDER BY t.place) FILTER (WHERE t.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page t
""")
ONE = Read(f"SELECT {ACTIVITY}::text FROM activity t WHERE t.id = :id::uuid")
ONE_WRITTEN = text(f"SELECT {ACTIVITY} FROM activity t WHERE t.id = :id".replace(":now::timestamptz", ":now"))

ENTRY = """json_build_object('id', e.id, 'reference', e.reference, 'state', e.state,
    'rank', CASE WHEN e.state = 'waitlisted' THEN waiting_rank(e.activity_id, e.id) END, 'offered_until', e.offered_until,
    'reason', e.reason, 'declared', e.declared, 'draw', e.draw, 'child', json_build_object('id', c.id, 'first_name', c.first_name, 'last_name', c.last_name,
        'birth_date', c.birth_date, 'school', c.school, 'grade', c.grade),
    'family_id', f.id, 'family_reference', f.reference, 'days', e.days, 'starts_on', e.starts_on, 'ends_on', e.ends_on,
    'created_at', e.created_at)"""
LIST = Read(f"""
    WITH page AS (
        SELECT e.*, row_number() OVER (ORDER BY e.position) AS place FROM enrollment e
        WHERE e.activity_id = :id::uuid AND (:after::uuid IS NULL OR e.position > (SELECT position FROM enrollment WHERE id = :after))
            AND (:state::text IS NULL OR e.state = :state) AND (:day::text IS NULL OR :day = ANY (e.days))
        ORDER BY e.position LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce(json_agg({ENTRY} ORDER BY e.place) FILTER (WHERE e.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page e JOIN child c ON c.id = e.child_id JOIN family f ON f.id = e.family_id
    HAVING EXISTS (SELECT FROM activity WHERE id = :id)
""")
# For files: everybody of an activity, and nothing that the list on the wall does not need.
PEOPLE = text("""
    SELECT e.reference, e.state, CASE WHEN e.state = 'waitlisted' THEN waiting_rank(e.activity_id, e.id) END AS rank,
        c.last_name, c.first_name, c.birth_date, c.school, c.grade, c.has_pai, f.reference AS family, e.days,
        e.starts_on, e.ends_on, e.created_at
    FROM enrollment e JOIN child c ON c.id = e.child_id JOIN family f ON f.id = e.family_id
    WHERE e.activity_id = :id
    ORDER BY c.last_name, c.first_name, e.id
""")
# Who is expected on which days of a month; a change of days to come, and ends, are those of each day.
ATTENDANCE = text(f"""
    SELECT c.last_name, c.first_name, c.birth_date, c.grade, c.has_pai, array_agg(g.day::date) AS expected,
        array_agg(a.day) FILTER (WHERE a.day IS NOT NULL) AS absent
    FROM enrollment e JOIN child c ON c.id = e.child_id
    JOIN {EXPECTED.format(first=":first", last=":last")} ON {IS_EXPECTED}
    LEFT JOIN absence a ON a.enrollment_id = e.id AND a.day = g.day::date
    WHERE e.activity_id = :id GROUP BY c.id, e.id ORDER BY c.last_name, c.first_name, e.id
""")
WAITING = text("SELECT id, position FROM enrollment WHERE activity_id = :id AND state = 'waitlisted' ORDER BY position")
REORDER = text("""
    UPDATE enrollment e SET position = o.position
    FROM unnest(CAST(:ids AS uuid[]), CAST(:positions AS bigint[])) AS o(id, position) WHERE e.id = o.id
""")
SET_DAY = text("""
    INSERT INTO activity_day AS d (activity_id, day, places) VALUES (:id, :day, :places)
    ON CONFLICT (activity_id, day) DO UPDATE SET places = excluded.places WHERE d.taken <= excluded.places
    RETURNING taken
""")
# A day that somebody has, or waits for, stays.
WEEKDAYS = text("SELECT day FROM activity_day WHERE activity_id = :id")
DROP_DAYS = text("""
    DELETE FROM activity_day d WHERE d.activity_id = :id AND d.day <> ALL (CAST(:days AS text[]))
        AND NOT EXISTS (SELECT FROM enrollment_day e WHERE e.activity_id = d.activity_id AND e.day = d.day)
""")
DAYS_LEFT = text("SELECT day FROM activity_day WHERE activity_id = :id AND day <> ALL (CAST(:days AS text[]))")
LIVE = (
    EnrollmentState.REQUESTED,
    EnrollmentState.CONFIRMED,
    EnrollmentState.OFFERED,
    EnrollmentState.WAITLISTED,
)


async def lock(db: AsyncSession, activity_id: UUID) -> Activity:
    """An activity, locked; raises NotFound."""
    return found(await db.scalar(select(Activity).where(Activity.id == activity_id).with_for_update()))


async def span(db: AsyncSession, activity_id: UUID) -> tuple[object, object]:
    """From when to when somebody is enrolled; nulls when nobody is."""
    of = select(func.min(Enrollment.starts_on), func.max(Enrollment.ends_on)).where(
        Enrollment.activity_id == activity_id, Enrollment.state.in_(LIVE)
    )
    first, last = (await db.execute(of)).one()
    return first, last
