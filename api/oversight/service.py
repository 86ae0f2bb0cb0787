"""Sending again what did not arrive."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.core.errors import Problem
from api.outbox.models import State
from api.oversight import queries


class NotResendable(Problem):
    """The message is not one that failed, or what it carries is too old."""

    status, code, title = 409, "not-resendable", "Cannot be sent again"
    fr = "Ce message ne peut pas être renvoyé : il est déjà parti, ou ce qu'il porte est trop ancien."
    en = "This message cannot be sent again: it has left already, or what it carries is too old."


async def resend(db: AsyncSession, agent_id: UUID, message_id: UUID, now: datetime) -> None:
    """Give a dead letter a new day of tries. Raises NotFound, NotResendable."""
    message = await queries.lock_message(db, message_id)
    if message.state is not State.FAILED or (message.expires_at and message.expires_at <= now):
        raise NotResendable
    message.state, message.attempts, message.error = State.PENDING, 0, None
    message.created_at = message.next_attempt_at = now  # the worker gives up a day after
    await db.flush()
    await db.execute(text("SELECT pg_notify('message', '')"))
    await audit.record(db, "message.resent", actor=agent_id, account_id=message.account_id, message=str(message.id))
