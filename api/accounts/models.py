"""The account of a person, and the one-time proofs sent to its mailbox."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of
from api.core.etags import Versioned

PARENT = "parent"


class Role(Base):
    """What a kind of account may do: data, so that a town can change it."""

    __tablename__ = "role"
    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    is_agent: Mapped[bool]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Account(Identified, Created, Versioned, Base):
    """A person who signs in: a parent or an agent."""

    __tablename__ = "account"
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text, unique=True)  # lower case: what two people cannot share
    password_hash: Mapped[str] = mapped_column(Text)
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date | None]
    phone: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    postal_code: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, server_default=text("'fr'"))
    role: Mapped[str] = mapped_column(ForeignKey("role.slug"), server_default=text("'parent'"))
    authorization_version: Mapped[int] = mapped_column(server_default=text("1"))
    activated_at: Mapped[datetime | None]
    opened_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))  # at the counter
    closes_on: Mapped[date | None]  # nobody used it for years: its owner was told this day
    closed_at: Mapped[datetime | None]  # erased: the row stays, empty, for what refers to it

    __table_args__ = (
        CheckConstraint("locale ~ '^[a-z]{2,3}$'", name="locale"),
        Index("ix_account_opened_by", "opened_by", postgresql_where=text("opened_by IS NOT NULL")),
    )


class Purpose(StrEnum):
    """What a proof is good for."""

    ACTIVATION = "activation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, not a password
    SECOND_FACTOR = "second_factor"
    KEY_OBJECTION = "key_objection"
    EMAIL_CHANGE = "email_change"


class Proof(Identified, Created, Base):
    """A one-time token that somebody received: its hash, what it is good for, until when."""

    __tablename__ = "proof"
    purpose: Mapped[Purpose] = mapped_column(values_of(Purpose, "purpose"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (Index("ix_proof_account_id_purpose", "account_id", "purpose"),)
