"""Oversight in the database: each a read in one statement."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, found
from api.families.queries import KEY_STATE
from api.outbox.models import Message

PAGE_END = """'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text"""
FRESH = "(m.expires_at IS NULL OR m.expires_at > now())"
MESSAGES = Read(f"""
    WITH page AS (
        SELECT m.*, row_number() OVER (ORDER BY m.id DESC) AS place FROM message m
        WHERE (:state::text IS NULL OR m.state = :state) AND (:recipient::text IS NULL OR m.recipient ILIKE :recipient)
            AND (:after::uuid IS NULL OR m.id < :after) ORDER BY m.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('id', m.id, 'channel', m.channel, 'recipient', m.recipient,
            'template', m.template, 'state', m.state, 'attempts', m.attempts, 'error', m.error, 'created_at', m.created_at,
            'sent_at', m.sent_at, 'can_resend', m.state = 'failed' AND {FRESH}) ORDER BY m.place)
            FILTER (WHERE m.place <= :limit), '[]'), {PAGE_END} FROM page m
""")
NAME = "(SELECT trim(a.first_name || ' ' || a.last_name) FROM account a WHERE a.id = {})"
AUDIT = Read(f"""
    WITH page AS (
        SELECT e.*, row_number() OVER (ORDER BY e.id DESC) AS place FROM audit_event e
        WHERE (:family::text IS NULL OR e.family_id IN (SELECT f.id FROM family f WHERE f.reference = :family))
            AND (:agent::uuid IS NULL OR e.actor_id = :agent)
            AND (:action::text IS NULL OR e.action = :action)
            AND (:since::timestamptz IS NULL OR e.created_at >= :since) AND (:until::timestamptz IS NULL OR e.created_at < :until)
            AND (:after::uuid IS NULL OR e.id < :after) ORDER BY e.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('id', e.id, 'at', e.created_at, 'action', e.action,
            'by', {NAME.format("e.actor_id")}, 'by_kind', actor_kind(e.actor_id), 'account', {NAME.format("e.account_id")},
            'family_id', e.family_id, 'family_reference', (SELECT f.reference FROM family f WHERE f.id = e.family_id),
            'facts', e.facts) ORDER BY e.place) FILTER (WHERE e.place <= :limit), '[]'), {PAGE_END} FROM page e
""")
KEYS = Read("""
    WITH page AS (
        SELECT k.*, row_number() OVER (ORDER BY k.expires_at, k.id) AS place FROM service_key k
        WHERE k.used_at IS NULL AND k.revoked_at IS NULL AND k.expires_at > now() AND k.expires_at < now() + make_interval(days => :days::int)
        ORDER BY k.expires_at, k.id LIMIT :limit::int
    )
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', k.id, 'family_id', k.family_id,
        'family_reference', f.reference, 'name', a.first_name || ' ' || a.last_name, 'deliver_by', k.deliver_by,
        'last_symbols', k.last_symbols, 'expires_at', k.expires_at) ORDER BY k.place), '[]'))::text
    FROM page k JOIN family f ON f.id = k.family_id JOIN adult a ON a.id = k.adult_id
""")
ATTEMPTS = Read(f"""
    WITH page AS (
        SELECT e.*, row_number() OVER (ORDER BY e.id DESC) AS place FROM audit_event e
        WHERE e.action IN ('service_key.refused', 'service_key.wrong_date') AND e.created_at > now() - interval '30 days'
            AND (:after::uuid IS NULL OR e.id < :after) ORDER BY e.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('id', e.id, 'at', e.created_at,
            'reason', CASE WHEN e.action = 'service_key.wrong_date' THEN 'wrong-date' ELSE e.facts ->> 'reason' END,
            'account_id', e.account_id, 'name', {NAME.format("e.account_id")}, 'family_id', e.family_id,
            'family_reference', (SELECT f.reference FROM family f WHERE f.id = e.family_id)) ORDER BY e.place)
            FILTER (WHERE e.place <= :limit), '[]'), {PAGE_END} FROM page e
""")
COUNTED = "(SELECT coalesce(json_object_agg(state, n), '{{}}') FROM (SELECT {state} AS state, count(*) AS n FROM {table} GROUP BY 1) c)"
WEEK = "now() - interval '7 days'"
FIGURES = Read(f"""
    SELECT json_build_object(
        'requests', {COUNTED.format(state="r.state", table="request r")},
        'open_by_age', (SELECT json_agg(json_build_object('age', a.age, 'count', (SELECT count(*) FROM request r
                WHERE r.state IN ('submitted', 'in_review', 'correction_requested')
                    AND r.submitted_at > now() - a.most AND r.submitted_at <= now() - a.least)) ORDER BY a.most)
            FROM (VALUES ('day', interval '0', interval '1 day'), ('week', interval '1 day', interval '7 days'),
                ('month', interval '7 days', interval '30 days'), ('older', interval '30 days', interval '100 years')) a(age, least, most)),
        'keys', {COUNTED.format(state=KEY_STATE, table="service_key k")},
        'keys_refused_week', (SELECT count(*) FROM audit_event WHERE action = 'service_key.refused' AND created_at > {WEEK}),
        'accounts', (SELECT count(*) FROM account a JOIN role r ON r.slug = a.role
            WHERE NOT r.is_agent AND a.activated_at IS NOT NULL AND a.closed_at IS NULL),
        'families', (SELECT count(*) FROM family),
        'families_linked', (SELECT count(DISTINCT family_id) FROM service_link WHERE ended_at IS NULL),
        'sign_ins_week', (SELECT count(*) FROM audit_event WHERE action = 'session.opened' AND created_at > {WEEK}),
        'undelivered', (SELECT count(*) FROM message WHERE state = 'failed'),
        'enrollments', {COUNTED.format(state="e.state", table="enrollment e")})::text
""")


async def lock_message(db: AsyncSession, message_id: UUID) -> Message:
    """A message, locked; raises NotFound."""
    return found(await db.scalar(select(Message).where(Message.id == message_id).with_for_update()))
