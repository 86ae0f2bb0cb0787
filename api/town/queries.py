"""Notices and switches in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, Sql, found
from api.town.models import Function, Notice, SwitchedOffFunction

CURRENT = Sql("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', n.id,
        'body', coalesce(n.body ->> :language::text, n.body ->> 'fr'), 'starts_at', n.starts_at, 'ends_at', n.ends_at)
        ORDER BY n.starts_at DESC, n.id), '[]'))::text AS body
    FROM notice n WHERE n.starts_at <= :now::timestamptz AND n.ends_at > :now
""")
SWITCHED = Sql("SELECT s.message::text AS message FROM switched_off s WHERE s.function = :function")
NOTICES = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('id', n.id, 'body', n.body,
        'starts_at', n.starts_at, 'ends_at', n.ends_at, 'version', n.version) ORDER BY n.ends_at DESC, n.id), '[]'))::text
    FROM (SELECT * FROM notice ORDER BY ends_at DESC LIMIT 100) n
""")
SWITCHES = Read(f"""
    SELECT json_build_object('next_cursor', NULL, 'items', json_agg(json_build_object('function', f.name, 'message', s.message,
        'since', s.created_at) ORDER BY f.place))::text
    FROM unnest(ARRAY[{", ".join(f"'{f.value}'" for f in Function)}]) WITH ORDINALITY AS f(name, place)
    LEFT JOIN switched_off s ON s.function = f.name
""")


async def lock_notice(db: AsyncSession, notice_id: UUID) -> Notice:
    """A notice, locked; raises NotFound."""
    return found(await db.scalar(select(Notice).where(Notice.id == notice_id).with_for_update()))


async def switch(db: AsyncSession, function: Function) -> SwitchedOffFunction | None:
    """A function that is off; None while it is on."""
    return await db.get(SwitchedOffFunction, function)


def current(language: str, now: datetime) -> tuple[str, list[object]]:
    """The statement for the notices of this moment, with its arguments."""
    return CURRENT.text, CURRENT.values({"language": language, "now": now})
