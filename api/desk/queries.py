"""The desk in the database."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.core.database import Read, found
from api.desk.models import ReplyTemplate, SavedView
from api.invoices import queries as invoices
from api.requests import queries as requests

COLLEAGUES = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', a.id,
        'name', trim(a.first_name || ' ' || a.last_name)) ORDER BY a.last_name, a.first_name), '[]'))::text
    FROM account a JOIN role r ON r.slug = a.role
    WHERE r.is_agent AND 'agent:requests' = ANY (r.scopes) AND a.closed_at IS NULL
""")
# Of each kind the newest; a town hall's question is about this year.
ACTIVITY = Read(f"""
    SELECT json_build_object(
        'links', (SELECT coalesce(json_agg(json_build_object('id', l.id, 'adult_id', l.adult_id, 'name',
                trim(a.first_name || ' ' || a.last_name), 'email', a.email, 'since', l.created_at) ORDER BY l.id), '[]')
            FROM service_link l JOIN account a ON a.id = l.account_id WHERE l.family_id = f.id AND l.ended_at IS NULL),
        'invoices', (SELECT coalesce(json_agg(json_build_object('id', i.id, 'number', i.number, 'issued_on', i.issued_on,
                'due_on', i.due_on, 'total_cents', i.total_cents, 'balance_cents', i.balance_cents, 'state', {invoices.STATE})
                ORDER BY i.issued_on DESC, i.id DESC), '[]')
            FROM (SELECT * FROM invoice WHERE family_id = f.id ORDER BY issued_on DESC, id DESC LIMIT 24) i),
        'enrollments', (SELECT coalesce(json_agg(json_build_object('id', e.id, 'reference', e.reference, 'state', e.state,
                'child_first_name', c.first_name, 'activity_name', t.name, 'days', e.days, 'starts_on', e.starts_on,
                'ends_on', e.ends_on) ORDER BY e.id DESC), '[]')
            FROM (SELECT * FROM enrollment WHERE family_id = f.id ORDER BY id DESC LIMIT 50) e
            JOIN child c ON c.id = e.child_id JOIN activity t ON t.id = e.activity_id),
        'requests', (SELECT coalesce(json_agg(json_build_object('id', r.id, 'reference', r.reference, 'type', r.type,
                'state', r.state, 'submitted_at', r.submitted_at) ORDER BY r.id DESC), '[]')
            FROM request r WHERE {requests.HANDLED} AND r.account_id IN (SELECT l.account_id FROM service_link l
                WHERE l.family_id = f.id AND l.ended_at IS NULL)),
        'history', (SELECT coalesce(json_agg(json_build_object('at', e.created_at, 'action', e.action,
                'by', (SELECT trim(a.first_name || ' ' || a.last_name) FROM account a WHERE a.id = e.actor_id)) ORDER BY e.id DESC), '[]')
            FROM (SELECT * FROM audit_event WHERE family_id = ANY (array(SELECT f.id UNION SELECT m.id FROM family m WHERE m.merged_into = f.id))
                ORDER BY id DESC LIMIT 50) e))::text
    FROM family old JOIN family f ON f.id = coalesce(old.merged_into, old.id) WHERE old.id = :id::uuid
""")
VIEWS = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', v.id, 'name', v.name,
        'filters', v.filters) ORDER BY v.name, v.id), '[]'))::text FROM saved_view v WHERE v.account_id = :viewer
""")
TEMPLATES = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', t.id, 'name', t.name,
        'body', t.body, 'version', t.version) ORDER BY t.name), '[]'))::text FROM reply_template t
""")


async def name_of(db: AsyncSession, agent_id: UUID) -> str:
    """An agent's name, for their colleagues."""
    account = await db.get_one(Account, agent_id)
    return f"{account.first_name} {account.last_name}".strip()


async def own_view(db: AsyncSession, account_id: UUID, view_id: UUID) -> SavedView:
    """One of one's own views; raises NotFound."""
    return found(await db.scalar(select(SavedView).where(SavedView.account_id == account_id, SavedView.id == view_id)))


async def lock_template(db: AsyncSession, template_id: UUID) -> ReplyTemplate:
    """A text, locked; raises NotFound."""
    return found(await db.scalar(select(ReplyTemplate).where(ReplyTemplate.id == template_id).with_for_update()))
