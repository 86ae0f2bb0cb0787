"""The desk in the database."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.core.database import Read, found
from api.core.schemas import plain
from api.desk.models import ReplyTemplate, SavedView

COLLEAGUES = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', a.id,
        'name', trim(a.first_name || ' ' || a.last_name)) ORDER BY a.last_name, a.first_name), '[]'))::text
    FROM account a JOIN role r ON r.slug = a.role
    WHERE r.is_agent AND 'agent:requests' = ANY (r.scopes) AND a.closed_at IS NULL
""")
VIEWS = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', v.id, 'name', v.name,
        'filters', v.filters) ORDER BY v.name, v.id), '[]'))::text FROM saved_view v WHERE v.account_id = :viewer
""")
TEMPLATES = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', t.id, 'name', t.name,
        'body', t.body, 'version', t.version) ORDER BY t.name), '[]'))::text FROM reply_template t
""")


def pattern(search: str) -> str:
    """What is typed, as a pattern: without accents or case, its words anywhere in their order."""
    return "%" + "%".join(part for part in plain(search).split()) + "%"


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
