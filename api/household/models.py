"""A declared member of the home."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of
from api.core.etags import Versioned


class Kind(StrEnum):
    """Conjoint, enfant, contact."""

    SPOUSE = "spouse"
    CHILD = "child"
    CONTACT = "contact"


class HouseholdMember(Identified, Created, Versioned, Base):
    """A person whom the parent declared."""

    __tablename__ = "household_member"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(values_of(Kind, "kind"))
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date | None]
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    relationship: Mapped[str | None] = mapped_column(Text)
    may_collect: Mapped[bool] = mapped_column(server_default=text("false"))
    emergency: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        CheckConstraint("kind <> 'child' OR birth_date IS NOT NULL", name="child_has_birth_date"),
        Index("ix_household_member_account_id", "account_id"),
        Index("uq_household_member_spouse", "account_id", unique=True, postgresql_where=text("kind = 'spouse'")),
    )
