"""What goes in and comes out of the household."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import StrictBool, model_validator

from api.core.errors import FieldRefused
from api.core.schemas import BirthDate, Email, Input, Name, OptionalText, Output, Page, Phone
from api.household.models import Kind


class MemberFields(Input):
    """What can be said of a member."""

    birth_date: BirthDate | None = None
    phone: Phone | None = None
    email: Email | None = None
    relationship: OptionalText | None = None
    may_collect: StrictBool = False
    emergency: StrictBool = False


class MemberCreate(MemberFields):
    """A new member. A child needs a birth date, a contact a phone."""

    kind: Kind
    first_name: Name
    last_name: Name

    @model_validator(mode="after")
    def complete(self) -> Self:
        """What its kind needs."""
        check_complete(self.kind, self.birth_date, self.phone)
        return self


def check_complete(kind: Kind, birth_date: date | None, phone: str | None) -> None:
    """Raises FieldRefused for what a kind of member cannot do without."""
    if kind is Kind.CHILD and birth_date is None:
        raise FieldRefused(
            "birth-date-missing",
            "La date de naissance de l'enfant est nécessaire.",
            "The child's date of birth is needed.",
            "birth_date",
        )
    if kind is Kind.CONTACT and phone is None:
        raise FieldRefused(
            "phone-missing", "Le téléphone du contact est nécessaire.", "The contact's phone is needed.", "phone"
        )


class MemberUpdate(MemberFields):
    """The fields to change; those left out stay."""

    first_name: Name = ""
    last_name: Name = ""


class MemberRead(Output):
    """A declared member."""

    id: UUID
    kind: Kind
    first_name: str
    last_name: str
    birth_date: date | None
    phone: str | None
    email: str | None
    relationship: str | None
    may_collect: bool
    emergency: bool
    version: int


class MemberList(Page):
    """The household."""

    items: list[MemberRead]
