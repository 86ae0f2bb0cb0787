"""Services and their family files. What only one adult may see of themselves stands in a table of its own."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of


class Service(Identified, Base):
    """A service of the town that gives out keys; Enfance is the first. `scopes` is what its key opens."""

    __tablename__ = "service"
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    opens_fr: Mapped[str] = mapped_column(Text)
    opens_en: Mapped[str] = mapped_column(Text)
    how_to_get_fr: Mapped[str] = mapped_column(Text)
    how_to_get_en: Mapped[str] = mapped_column(Text)
    contact_email: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    position: Mapped[int]


class AdultRole(StrEnum):
    """The place of an adult in a file."""

    RESPONSIBLE = "responsible"
    CO_RESPONSIBLE = "co_responsible"


class Family(Identified, Created, Base):
    """A family file of one service."""

    __tablename__ = "family"
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    reference: Mapped[str] = mapped_column(Text)
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("family.id"))  # it was a duplicate of that one

    __table_args__ = (
        UniqueConstraint("service_id", "reference"),
        Index("ix_family_reference", "reference"),
        Index("ix_family_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )


class Adult(Identified, Created, Base):
    """An adult of a file: what the other parent may see too."""

    __tablename__ = "adult"
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"))
    reference: Mapped[str] = mapped_column(Text)
    role: Mapped[AdultRole] = mapped_column(values_of(AdultRole, "role"))
    title: Mapped[str] = mapped_column(Text, server_default=text("''"))
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    search_name: Mapped[str] = mapped_column(Text)  # lower case without accents
    is_payer: Mapped[bool]

    __table_args__ = (UniqueConstraint("family_id", "reference"), Index("ix_adult_reference", "reference"))


class AdultPrivate(Base):
    """What only the adult and the service see."""

    __tablename__ = "adult_private"
    adult_id: Mapped[UUID] = mapped_column(ForeignKey("adult.id", ondelete="CASCADE"), primary_key=True)
    birth_date: Mapped[date | None]
    address: Mapped[str] = mapped_column(Text, server_default=text("''"))
    postal_code: Mapped[str] = mapped_column(Text, server_default=text("''"))
    city: Mapped[str] = mapped_column(Text, server_default=text("''"))
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    quotient: Mapped[int | None]
    quotient_from: Mapped[date | None]
    quotient_to: Mapped[date | None]

    __table_args__ = (
        CheckConstraint("quotient >= 0", name="quotient"),
        Index("ix_adult_private_phone", "phone"),
        Index("ix_adult_private_email", "email"),
    )


class Child(Identified, Created, Base):
    """A child, once, however many homes there are."""

    __tablename__ = "child"
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    reference: Mapped[str] = mapped_column(Text)
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    search_name: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date]
    sex: Mapped[str] = mapped_column(Text, server_default=text("''"))
    school: Mapped[str] = mapped_column(Text, server_default=text("''"))
    grade: Mapped[str] = mapped_column(Text, server_default=text("''"))
    has_pai: Mapped[bool]
    diet: Mapped[str] = mapped_column(Text, server_default=text("''"))

    __table_args__ = (UniqueConstraint("service_id", "reference"), Index("ix_child_reference", "reference"))


class PersonName(Base):
    """The names of adults and children as they are searched: kept by triggers, read by find_by_name, closed to the application role."""

    __tablename__ = "person_name"
    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("ix_person_name_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index(
            "ix_person_name_words",
            text("array_to_tsvector(string_to_array(btrim(name), ' '))"),
            postgresql_using="gin",
        ),
    )


class FamilyChild(Base):
    """A child's place in a file."""

    __tablename__ = "family_child"
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"), primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), primary_key=True)

    __table_args__ = (Index("ix_family_child_child_id", "child_id"),)


class ChildDeparture(Base):
    """A child is in a file no more: the next import of the children does not bring it back."""

    __tablename__ = "child_departure"
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"), primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"), primary_key=True)
    left_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    told_by: Mapped[UUID | None]  # the agent; None: the back office


class ServiceLink(Identified, Created, Base):
    """A key was accepted: this account is this adult of this file, until the link ends."""

    __tablename__ = "service_link"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"))
    adult_id: Mapped[UUID] = mapped_column(ForeignKey("adult.id"))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("uq_service_link_live", "account_id", "adult_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_service_link_family_id", "family_id"),
    )
