"""The audit row."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified


class AuditEvent(Identified, Created, Base):
    """One thing that somebody did. The application role may add and read, never change or remove."""

    __tablename__ = "audit_event"
    actor_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(Text)
    account_id: Mapped[UUID | None]
    family_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_audit_event_account_id_id", "account_id", "id"),
        Index("ix_audit_event_family_id_id", "family_id", "id"),
    )
