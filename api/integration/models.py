"""A client, its secrets, and the events that it reads in order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified


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
