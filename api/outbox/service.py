"""Write a message in the business transaction: it leaves if, and only if, the transaction commits."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.schemas import NO_MAILBOX
from api.core.settings import Settings
from api.outbox.models import Channel, Message
from api.security import secrets


async def enqueue(
    db: AsyncSession,
    settings: Settings,
    template: str,
    to: str,
    *,
    channel: Channel = Channel.EMAIL,
    language: str = "fr",
    account_id: UUID | None = None,
    secret: dict[str, str] | None = None,
    expires_at: datetime | None = None,
    **params: Any,
) -> None:
    """Enqueue a message. `secret` values are encrypted until sent; past `expires_at` it is never sent.

    A plain INSERT without RETURNING: the writer of a message may not read messages.
    """
    if channel is Channel.EMAIL and to.endswith(NO_MAILBOX):
        return  # the counter gives this person paper
    hidden = secrets.encrypt(settings.secrets.encryption_keys, orjson.dumps(secret).decode()) if secret else None
    await db.execute(
        cast(Table, Message.__table__)
        .insert()
        .inline()
        .values(
            channel=channel,
            recipient=to,
            language=language,
            template=template,
            params=params,
            secrets=hidden,
            account_id=account_id,
            expires_at=expires_at,
        )
    )
