"""A client, its secrets, the events that it reads in order, and the addresses they are sent to."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of


class Client(Identified, Created, Base):
    """Software that the town registered."""

    __tablename__ = "client"
    name: Mapped[str] = mapped_column(Text, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    disabled_at: Mapped[datetime | None]


class ClientSecret(Identified, Created, Base):
    """One of a client's secrets, as a hash: two live at once, so that one can be changed without a stop."""

    __tablename__ = "client_secret"
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_client_secret_client_id", "client_id"),)


class IntegrationEvent(Identified, Created, Base):
    """Something that other software may have to know. `number` is given after the commit, in order and without a gap."""

    __tablename__ = "integration_event"
    number: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    type: Mapped[str] = mapped_column(Text)
    family_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_integration_event_new", "id", postgresql_where=text("number IS NULL")),)


class Webhook(Identified, Created, Base):
    """An address that events are sent to; `secrets` is encrypted: the signing key and the one before it."""

    __tablename__ = "webhook"
    client_id: Mapped[UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(Text)
    secrets: Mapped[str] = mapped_column(Text)
    entered_until: Mapped[int] = mapped_column(BigInteger)  # the last event that became a delivery
    disabled_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_webhook_client_id", "client_id"),)


class DeliveryState(StrEnum):
    """Where a delivery stands; `failed` is after three days."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Identified, Created, Base):
    """One event on its way to one webhook."""

    __tablename__ = "webhook_delivery"
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event_number: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[DeliveryState] = mapped_column(values_of(DeliveryState, "state"), server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    status: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("webhook_id", "event_number"),
        Index("ix_webhook_delivery_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),
    )
