"""What comes out of families: for a parent, and for an agent."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.core.schemas import Output, Page
from api.families.models import AdultRole


class ServiceRead(Output):
    """A service that gives out keys."""

    slug: str
    name: str
    opens: str = Field(description="what its key opens, in words")
    how_to_get: str = Field(description="how to get its key")
    contact_email: str
    scopes: list[str]
    attached: bool | None = Field(description="whether the caller holds its key; null when not signed in")


class ServiceList(Page):
    """Services, in the town's order."""

    items: list[ServiceRead]


class OtherAdult(Output):
    """What a parent sees of an adult of the file: of the other one, the name and the role only."""

    first_name: str
    last_name: str
    role: AdultRole
    is_me: bool


class ChildRead(Output):
    """A child of the file."""

    id: UUID
    reference: str
    first_name: str
    last_name: str
    birth_date: date
    school: str
    grade: str
    has_pai: bool = Field(description="a PAI exists; never its content")
    diet: str


class QuotientRead(Output):
    """One's own family quotient and its validity."""

    value: int | None
    valid_from: date | None
    valid_to: date | None


class FamilyRead(Output):
    """A file that the caller holds a key to."""

    id: UUID
    reference: str
    service: str
    label: str
    adults: list[OtherAdult]
    children: list[ChildRead]
    quotient: QuotientRead
    is_payer: bool = Field(description="whether the caller pays for the file and sees its invoices")


class FamilyList(Page):
    """Every file that the caller holds a key to."""

    items: list[FamilyRead]


class AgentAdult(Output):
    """An adult, for an agent."""

    id: UUID
    reference: str
    first_name: str
    last_name: str
    role: AdultRole
    is_payer: bool
    birth_date: date | None
    address: str
    postal_code: str
    city: str
    phone: str | None
    email: str | None
    quotient: int | None
    quotient_to: date | None
    key_state: Literal["none", "issued", "used", "expired", "revoked"] = Field(description="of the newest key")
    linked: bool = Field(description="an account is attached")


class AgentChild(Output):
    """A child, for an agent."""

    id: UUID
    reference: str
    first_name: str
    last_name: str
    birth_date: date
    school: str
    grade: str


class AgentFamily(Output):
    """A family file, for an agent."""

    id: UUID
    reference: str
    adults: list[AgentAdult]
    children: list[AgentChild]


class AgentFamilyList(Page):
    """The files found."""

    items: list[AgentFamily]


class AgentKey(Output):
    """A key in a family's history: its state, never its symbols but the last two."""

    id: UUID
    adult_id: UUID
    deliver_by: str
    state: Literal["issued", "used", "expired", "revoked"]
    last_symbols: str
    created_at: datetime
    expires_at: datetime


class DepartedChild(Output):
    """A child who is in the file no more."""

    id: UUID
    first_name: str
    last_name: str
    left_at: datetime


class AgentFamilyDetail(AgentFamily):
    """A family file with its keys, and the children who are in it no more."""

    keys: list[AgentKey]
    departed: list[DepartedChild]
