"""Parents' accounts in the database, for the counter."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import PARENT, Account
from api.core.database import Read, found
from api.core.schemas import NO_MAILBOX, plain
from api.core.search import PLAIN, pattern

ACCOUNT = f"""json_build_object('id', a.id, 'first_name', a.first_name, 'last_name', a.last_name,
    'login', replace(a.email, '{NO_MAILBOX}', ''), 'has_mailbox', a.email NOT LIKE '%{NO_MAILBOX}',
    'activated', a.activated_at IS NOT NULL, 'opened_at_counter', a.opened_by IS NOT NULL, 'created_at', a.created_at,
    'families', (SELECT coalesce(json_agg(json_build_object('id', f.id, 'reference', f.reference) ORDER BY l.id), '[]')
        FROM service_link l JOIN family f ON f.id = l.family_id WHERE l.account_id = a.id AND l.ended_at IS NULL),
    'requests', (SELECT coalesce(json_agg(json_build_object('id', r.id, 'reference', r.reference, 'type', r.type,
            'state', r.state) ORDER BY r.id DESC), '[]')
        FROM (SELECT * FROM request WHERE account_id = a.id ORDER BY id DESC LIMIT 10) r))"""
PARENTS = f"a.role = '{PARENT}' AND a.closed_at IS NULL"
# The newest first: who comes to the counter again was there lately.
SEARCH = Read(f"""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg({ACCOUNT} ORDER BY a.id DESC), '[]'))::text
    FROM (SELECT * FROM account a WHERE {PARENTS} AND CASE WHEN :pattern::text IS NULL THEN a.opened_by IS NOT NULL AND a.activated_at IS NULL
        ELSE (a.email_key LIKE :start OR {PLAIN.format(text="a.first_name || ' ' || a.last_name || ' ' || a.first_name")} LIKE :pattern) END
        ORDER BY a.id DESC LIMIT :limit::int) a
""")
ONE = Read(f"SELECT {ACCOUNT}::text FROM account a WHERE {PARENTS} AND a.id = :id::uuid")
ONE_WRITTEN = text(f"SELECT {ACCOUNT} FROM account a WHERE a.id = :id")


def patterns(search: str | None) -> dict[str, str | None]:
    """What is typed: words of a name, or how a mail address or a sign-in name begins."""
    return {"pattern": pattern(search), "start": f"{plain(search)}%" if search else None}


async def parent(db: AsyncSession, account_id: UUID) -> Account:
    """A parent's account; raises NotFound."""
    parents = select(Account).where(Account.id == account_id, Account.role == PARENT, Account.closed_at.is_(None))
    return found(await db.scalar(parents))
