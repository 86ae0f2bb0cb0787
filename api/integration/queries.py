"""Clients and events in the database."""

from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import found
from api.integration.models import Client, ClientSecret, IntegrationEvent, Webhook

# What an event tells, by references that the back office knows; nobody's name or contact.
DATA = """json_strip_nulls(json_build_object(
    'family', (SELECT f.reference FROM family f WHERE f.id = e.family_id),
    'adult', (SELECT a.reference FROM adult a WHERE a.id::text = e.facts ->> 'adult'),
    'child', (SELECT c.reference FROM child c WHERE c.id::text = e.facts ->> 'child'),
    'fields', e.facts ->> 'fields',
    'day', e.facts ->> 'day',
    'in_time', (SELECT a.in_time FROM absence a WHERE a.enrollment_id::text = e.facts ->> 'enrollment' AND a.day::text = e.facts ->> 'day'),
    'enrollment', (SELECT json_build_object('reference', n.reference, 'state', n.state, 'child', c.reference, 'activity', t.code,
            'days', n.days, 'starts_on', n.starts_on, 'ends_on', n.ends_on)
        FROM enrollment n JOIN child c ON c.id = n.child_id JOIN activity t ON t.id = n.activity_id
        WHERE n.id::text = e.facts ->> 'enrollment'),
    'invoice', (SELECT json_build_object('number', i.number, 'amount_cents', (e.facts ->> 'amount_cents')::int,
            'transaction', e.facts ->> 'transaction') FROM invoice i WHERE i.id::text = e.facts ->> 'invoice'),
    'request', (SELECT json_build_object('reference', r.reference, 'type', r.type, 'state', r.state)
        FROM request r WHERE r.id::text = e.facts ->> 'request')))"""
EVENTS = text(f"""
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('id', e.number, 'type', e.type, 'at', e.created_at,
            'data', {DATA}) ORDER BY e.number), '[]'), 'next_after', coalesce(max(e.number), CAST(:after AS bigint)))::text
    FROM (SELECT * FROM integration_event WHERE number > :after ORDER BY number LIMIT :limit) e
""")
ENROLLMENTS = text("""
    WITH page AS (
        SELECT e.*, t.code, row_number() OVER (ORDER BY e.id) AS place FROM enrollment e JOIN activity t ON t.id = e.activity_id
        WHERE (CAST(:after AS uuid) IS NULL OR e.id > :after) AND (CAST(:activity AS text) IS NULL OR t.code = :activity)
        ORDER BY e.id LIMIT CAST(:limit AS int) + 1
    )
    SELECT json_build_object('items', coalesce(json_agg(json_build_object('reference', e.reference, 'state', e.state,
            'family', f.reference, 'child', c.reference, 'activity', e.code, 'days', e.days, 'starts_on', e.starts_on,
            'ends_on', e.ends_on, 'created_at', e.created_at) ORDER BY e.place) FILTER (WHERE e.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page e JOIN child c ON c.id = e.child_id JOIN family f ON f.id = e.family_id
""")
# One at a time: the numbers go up in the order of commits, without a gap, because only what is committed is seen here.
NUMBER = text("""
    WITH next AS (
        SELECT id, (SELECT coalesce(max(number), 0) FROM integration_event) + row_number() OVER (ORDER BY id) AS number
        FROM integration_event WHERE number IS NULL
    )
    UPDATE integration_event e SET number = next.number FROM next WHERE next.id = e.id
""")
NUMBERING = 0x6576656E  # an advisory lock of our own
FAMILY = text("""
    SELECT json_build_object('adults', coalesce((SELECT json_agg(json_build_object('reference', a.reference, 'role', a.role, 'title', a.title,
                'first_name', a.first_name, 'last_name', a.last_name, 'birth_date', p.birth_date, 'address', coalesce(p.address, ''),
                'postal_code', coalesce(p.postal_code, ''), 'city', coalesce(p.city, ''), 'phone', coalesce(p.phone, ''),
                'email', coalesce(p.email, ''), 'is_payer', a.is_payer, 'quotient', p.quotient, 'quotient_from', p.quotient_from,
                'quotient_to', p.quotient_to) ORDER BY a.reference)
            FROM adult a LEFT JOIN adult_private p ON p.adult_id = a.id WHERE a.family_id = f.id), '[]'),
        'children', coalesce((SELECT json_agg(json_build_object('reference', c.reference, 'first_name', c.first_name,
                'last_name', c.last_name, 'birth_date', c.birth_date, 'sex', c.sex, 'school', c.school, 'grade', c.grade,
                'has_pai', c.has_pai, 'diet', c.diet) ORDER BY c.reference)
            FROM family_child fc JOIN child c ON c.id = fc.child_id WHERE fc.family_id = f.id), '[]'))::text
    FROM family f JOIN service s ON s.id = f.service_id WHERE s.slug = 'enfance' AND f.reference = :reference
""")


EVENT = text(f"""
    SELECT json_build_object('type', e.type, 'timestamp', e.created_at, 'data',
        (jsonb_build_object('id', e.number) || CAST({DATA} AS jsonb)))::text FROM integration_event e WHERE e.number = :number
""")
WEBHOOKS = text("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', w.id, 'url', w.url,
        'created_at', w.created_at,
        'pending', (SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.state = 'pending'),
        'failed', (SELECT count(*) FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.state = 'failed')) ORDER BY w.id), '[]'))::text
    FROM webhook w WHERE w.client_id = :client AND w.disabled_at IS NULL
""")
DELIVERIES = text("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('event_id', d.event_number,
        'state', d.state, 'attempts', d.attempts, 'status', d.status, 'problem', d.problem,
        'next_attempt_at', CASE WHEN d.state = 'pending' THEN d.next_attempt_at END, 'finished_at', d.finished_at)
        ORDER BY d.event_number DESC), '[]'))::text
    FROM (SELECT * FROM webhook_delivery WHERE webhook_id = :id ORDER BY event_number DESC LIMIT 100) d
""")


async def of_secret(db: AsyncSession, client_id: UUID, secret_hash: bytes) -> Client | None:
    """The client of a live secret."""
    return await db.scalar(
        select(Client)
        .join(ClientSecret, ClientSecret.client_id == Client.id)
        .where(
            Client.id == client_id,
            Client.disabled_at.is_(None),
            ClientSecret.secret_hash == secret_hash,
            ClientSecret.revoked_at.is_(None),
        )
    )


async def by_name(db: AsyncSession, name: str) -> Client | None:
    """A client by its name, locked."""
    return await db.scalar(select(Client).where(Client.name == name).with_for_update())


async def live_secrets(db: AsyncSession, client_id: UUID) -> list[ClientSecret]:
    """A client's secrets that are good, the oldest first."""
    live = select(ClientSecret).where(ClientSecret.client_id == client_id, ClientSecret.revoked_at.is_(None))
    return list(await db.scalars(live.order_by(ClientSecret.id)))


async def number_events(db: AsyncSession) -> None:
    """Give the events that were committed since their numbers."""
    await db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": NUMBERING})
    await db.execute(NUMBER)


async def family(db: AsyncSession, reference: str) -> str:
    """A family file by its reference, as JSON; raises NotFound."""
    body: str = found(await db.scalar(FAMILY, {"reference": reference}))
    return body


async def event_body(db: AsyncSession, number: int) -> bytes:
    """An event as a webhook carries it."""
    body: str = await db.scalar(EVENT, {"number": number}) or "{}"
    return body.encode()


async def last_number(db: AsyncSession) -> int:
    """The newest event's number; 0 before the first."""
    return await db.scalar(select(func.max(IntegrationEvent.number))) or 0


async def count_webhooks(db: AsyncSession, client_id: UUID) -> int:
    """How many webhooks a client has."""
    live = select(func.count()).where(Webhook.client_id == client_id, Webhook.disabled_at.is_(None))
    return await db.scalar(live) or 0


async def has_webhooks(db: AsyncSession) -> bool:
    """Whether anybody has one."""
    return await db.scalar(select(Webhook.id).where(Webhook.disabled_at.is_(None)).limit(1)) is not None


async def own_webhook(db: AsyncSession, client_id: UUID, webhook_id: UUID) -> Webhook:
    """One of the client's own webhooks; raises NotFound."""
    own = select(Webhook).where(Webhook.client_id == client_id, Webhook.id == webhook_id, Webhook.disabled_at.is_(None))
    return found(await db.scalar(own.with_for_update()))
