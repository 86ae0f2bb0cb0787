"""Activities in the database, with the price for one child."""

from api.core.database import Read
from api.core.search import PLAIN

SCHOOL_FITS = f"""(t.schools = '{{}}' OR EXISTS (SELECT FROM unnest(t.schools) AS s(name)
    WHERE {PLAIN.format(text="s.name")} = {PLAIN.format(text="c.school")}))"""
# Before the draw only the digest of its seed; the seed itself once it is drawn.
DRAW = """(SELECT json_build_object('seed_digest', w.seed_digest, 'drawn_at', w.drawn_at,
    'seed', CASE WHEN w.drawn_at IS NOT NULL THEN w.seed END) FROM activity_draw w WHERE w.activity_id = t.id AND t.decided_by = 'draw')"""
# The quotient is the caller's own, of the file where the child stands; out of date or missing, the highest price applies.
ACTIVITY = f"""json_build_object(
    'id', t.id, 'code', t.code, 'name', t.name, 'venue', t.venue, 'unit', t.unit, 'starts_on', t.starts_on, 'ends_on', t.ends_on,
    'age_min', t.age_min, 'age_max', t.age_max, 'opens_at', t.opens_at, 'closes_at', t.closes_at,
    'is_open', :now::timestamptz BETWEEN t.opens_at AND t.closes_at, 'documents', t.documents, 'decided_by', t.decided_by,
    'time_from', to_char(t.time_from, 'HH24:MI'), 'time_to', to_char(t.time_to, 'HH24:MI'), 'schools', t.schools,
    'residents_only', t.residents_only, 'notice_days', t.notice_days, 'absence_days', t.absence_days,
    'absence_time', to_char(t.absence_time, 'HH24:MI'), 'criteria', t.criteria, 'draws_at', CASE WHEN t.decided_by = 'draw'
        THEN coalesce(t.draws_at, t.closes_at) END, 'draw', {DRAW}, 'days', d.days, 'day_places', d.day_places,
    'places', d.places, 'places_left', d.places_left, 'waiting', waiting_count(t.id),
    'age_fits', CASE WHEN c.birth_date IS NOT NULL
        THEN extract(year FROM age(greatest(t.starts_on, :today::date), c.birth_date)) BETWEEN t.age_min AND t.age_max END,
    'school_fits', CASE WHEN c.birth_date IS NOT NULL THEN {SCHOOL_FITS} END,
    'town_fits', CASE WHEN c.birth_date IS NOT NULL THEN NOT t.residents_only OR {PLAIN.format(text="c.city")} = :town::text END,
    'price', CASE WHEN c.birth_date IS NOT NULL THEN json_build_object(
        'unit_price_cents', t.prices_cents[c.bracket], 'bracket', c.bracket,
        'quotient_from', (c.bracket - 1) * 500, 'quotient_to', CASE WHEN c.bracket < 4 THEN c.bracket * 500 - 1 END, 'reason', c.reason) END)"""
DAYS = """LATERAL (
    SELECT json_agg(ad.day ORDER BY o.n) AS days, coalesce(min(ad.places), 0) AS places, coalesce(min(ad.places - ad.taken), 0) AS places_left,
        json_agg(json_build_object('day', ad.day, 'places', ad.places, 'places_left', ad.places - ad.taken) ORDER BY o.n) AS day_places
    FROM activity_day ad JOIN unnest(ARRAY['mon','tue','wed','thu','fri','sat','sun']) WITH ORDINALITY AS o(day, n) USING (day)
    WHERE ad.activity_id = t.id) d"""
CHILD = """LATERAL (
    SELECT (SELECT c.birth_date FROM child c JOIN family_child fc ON fc.child_id = c.id
            WHERE c.id = :child::uuid AND fc.family_id IN (SELECT family_id FROM service_link WHERE account_id = :viewer AND ended_at IS NULL)
            LIMIT 1) AS birth_date,
        (SELECT c.school FROM child c WHERE c.id = :child) AS school, coalesce(q.city, '') AS city,
        CASE WHEN q.quotient IS NULL OR NOT q.valid THEN 4 ELSE least(4, q.quotient / 500 + 1) END AS bracket,
        CASE WHEN q.quotient IS NULL THEN 'no-quotient' WHEN NOT q.valid THEN 'quotient-expired' ELSE 'quotient' END AS reason
    FROM (SELECT 1) one LEFT JOIN LATERAL (
        SELECT p.city, p.quotient, coalesce(p.quotient_to >= :today, true) AS valid
        FROM service_link l JOIN adult_private p ON p.adult_id = l.adult_id JOIN family_child fc ON fc.family_id = l.family_id
        WHERE l.account_id = :viewer AND l.ended_at IS NULL AND fc.child_id = :child ORDER BY l.id DESC LIMIT 1) q ON true) c"""
# A child who is not the caller's does not exist for them.
KNOWN_CHILD = "(:child::uuid IS NULL OR c.birth_date IS NOT NULL)"
PAGE = Read(f"""
    WITH page AS (
        SELECT t.*, row_number() OVER (ORDER BY t.id) AS place FROM activity t
        WHERE (:after::uuid IS NULL OR t.id > :after) AND t.ends_on >= :today ORDER BY t.id LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce(json_agg({ACTIVITY} ORDER BY t.place) FILTER (WHERE t.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page t, {DAYS}, {CHILD} WHERE {KNOWN_CHILD}
    HAVING :child IS NULL OR count(*) > 0 OR NOT EXISTS (SELECT FROM page)
""")
ONE = Read(f"SELECT {ACTIVITY}::text FROM activity t, {DAYS}, {CHILD} WHERE t.id = :id::uuid AND {KNOWN_CHILD}")
# One session each time the activity takes place: what a month will cost at most, before absences told in time.
ESTIMATE = Read(f"""
    SELECT json_build_object('unit_price_cents', t.prices_cents[c.bracket], 'months', coalesce((
        SELECT json_agg(json_build_object('month', m.month, 'sessions', m.sessions, 'total_cents', m.sessions * t.prices_cents[c.bracket])
            ORDER BY m.month)
        FROM (SELECT to_char(g.day, 'YYYY-MM') AS month, count(*) AS sessions
            FROM generate_series(greatest(t.starts_on, :today::date, :first::date), least(t.ends_on, :last::date), interval '1 day') AS g(day)
            WHERE to_char(g.day, 'dy') = ANY (:days::text[]) GROUP BY 1) m), '[]'))::text
    FROM activity t, {CHILD} WHERE t.id = :id::uuid AND c.birth_date IS NOT NULL
""")
