"""Sessions in the database."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, found
from api.sessions.models import Session

LIST = Read("""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object(
        'id', s.id, 'client', s.client, 'device', s.device, 'created_at', s.created_at, 'last_used_at', s.rotated_at,
        'current', s.id = :session) ORDER BY s.id = :session DESC, s.rotated_at DESC), '[]'))::text
    FROM session s
    WHERE s.account_id = :viewer AND s.ended_at IS NULL AND s.expires_at > now()
        AND s.rotated_at + make_interval(secs => s.idle_seconds) > now()
""")


async def lock(db: AsyncSession, account_id: UUID, session_id: UUID) -> Session:
    """One of one's own sessions, locked."""
    own = select(Session).where(Session.account_id == account_id, Session.id == session_id)
    return found(await db.scalar(own.with_for_update()))


async def lock_presented(db: AsyncSession, session_id: UUID) -> Session | None:
    """The session of a refresh token, locked; its owner is not known before the token is checked."""
    return await db.scalar(select(Session).where(Session.id == session_id).with_for_update())
