"""What is read of a person, always one's own."""

from api.accounts import queries as accounts
from api.core.database import Read
from api.enrollments import queries as enrollments
from api.families import queries as families
from api.household import queries as household
from api.invoices import queries as invoices
from api.requests import queries as requests
from api.second_factors import queries as second_factors
from api.service_keys import queries as service_keys
from api.sessions import queries as sessions

MINE = """(e.account_id = :viewer OR e.family_id IN
    (SELECT l.family_id FROM service_link l WHERE l.account_id = :viewer AND l.ended_at IS NULL))"""
ACCESS = Read(f"""
    WITH page AS (
        SELECT e.*, row_number() OVER (ORDER BY e.id DESC) AS place FROM audit_event e
        WHERE {MINE} AND (:after::uuid IS NULL OR e.id < :after) ORDER BY e.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce(json_agg(json_build_object('id', e.id, 'at', e.created_at, 'action', e.action,
            'by', CASE WHEN e.actor_id = :viewer THEN 'me' ELSE actor_kind(e.actor_id) END,
            'about', CASE WHEN e.family_id IS NULL THEN 'account' ELSE 'family' END,
            'request_reference', (SELECT r.reference FROM request r WHERE r.account_id = :viewer AND r.id::text = e.facts ->> 'request'))
            ORDER BY e.place) FILTER (WHERE e.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page e
""")
CONTACTS = Read("""
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('family_id', l.family_id, 'birth_date', p.birth_date,
        'address', p.address, 'postal_code', p.postal_code, 'city', p.city, 'phone', p.phone, 'email', p.email,
        'quotient', p.quotient, 'quotient_from', p.quotient_from, 'quotient_to', p.quotient_to)), '[]'))::text
    FROM service_link l JOIN adult_private p ON p.adult_id = l.adult_id WHERE l.account_id = :viewer AND l.ended_at IS NULL
""")
REQUESTS = Read(f"""
    SELECT json_build_object('items', coalesce(json_agg(json_build_object(
        {requests.FIELDS.replace(":language", "'fr'")}, {requests.CONVERSATION}) ORDER BY r.id), '[]'))::text
    FROM request r WHERE r.account_id = :viewer
""")
INVOICES = Read(f"""
    SELECT json_build_object('items', coalesce(json_agg(json_build_object({invoices.SUMMARY.format(state=invoices.STATE)},
        'lines', (SELECT json_agg(json_build_object('label', l.label, 'quantity', l.quantity, 'unit_price_cents', l.unit_price_cents,
            'amount_cents', l.amount_cents) ORDER BY l.position) FROM invoice_line l WHERE l.invoice_id = i.id)) ORDER BY i.id), '[]'))::text
    FROM invoice i WHERE {invoices.MINE}
""")
ABSENCES = Read(f"""
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('enrollment_id', a.enrollment_id, 'day', a.day,
        'in_time', a.in_time, 'told_at', a.told_at) ORDER BY a.told_at, a.day), '[]'))::text
    FROM absence a JOIN enrollment e ON e.id = a.enrollment_id WHERE {enrollments.MINE}
""")
# Each part of the export, by its name: the very reads of the resources, whole.
EXPORT = {
    "profile": accounts.PROFILE,
    "second_factors": second_factors.ALL,
    "sessions": sessions.LIST,
    "household_members": household.PAGE,
    "service_keys": service_keys.LINKS,
    "families": families.FILES,
    "family_contacts": CONTACTS,
    "invoices": INVOICES,
    "requests": REQUESTS,
    "enrollments": enrollments.PAGE,
    "absences": ABSENCES,
    "access": ACCESS,
}
EVERYTHING = 100_000  # rows of a part
