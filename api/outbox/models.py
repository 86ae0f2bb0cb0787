"""The message, which is its own queue entry: what an agent sees is what the worker works from."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"


class State(StrEnum):
    """Where a message stands; `pending` is waiting, leased, or waiting for its next try."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


class Message(Identified, Created, Base):
    """One mail or SMS. `secrets` is encrypted and forgotten once sent: the database never reads a key or a link."""

    __tablename__ = "message"
    channel: Mapped[Channel] = mapped_column(values_of(Channel, "channel"))
    recipient: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]]
    secrets: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[UUID | None]
    state: Mapped[State] = mapped_column(values_of(State, "state"), server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    leased_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_time"),
        Index("ix_message_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),
    )
