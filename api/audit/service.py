"""Write the audit row in the transaction of what it tells."""

from typing import cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit.models import AuditEvent


async def record(
    db: AsyncSession,
    action: str,
    *,
    actor: UUID | None,
    account_id: UUID | None = None,
    family_id: UUID | None = None,
    **facts: str | int,
) -> None:
    """`facts` are ids, codes and counts, never what a person typed."""
    await db.execute(
        cast(Table, AuditEvent.__table__)
        .insert()
        .inline()
        .values(actor_id=actor, action=action, account_id=account_id, family_id=family_id, facts=facts)
    )
