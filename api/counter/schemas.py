"""What goes in and comes out of the counter."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.accounts.schemas import Locale
from api.core.schemas import BirthDate, Input, Name, OptionalText, Output, Page, Phone
from api.requests.models import RequestState


class CounterAccountCreate(Input):
    """A person without a mail address."""

    first_name: Name
    last_name: Name
    birth_date: BirthDate | None = None
    phone: Phone | None = None
    address: OptionalText = ""
    postal_code: OptionalText = ""
    city: OptionalText = ""
    locale: Locale = "fr"


class CounterFamily(Output):
    """A file that the account is in."""

    id: UUID
    reference: str


class CounterRequest(Output):
    """A request of the account."""

    id: UUID
    reference: str
    type: str
    state: RequestState


class CounterAccountRead(Output):
    """A parent's account as the counter sees it."""

    id: UUID
    first_name: str
    last_name: str
    login: str = Field(description="the mail address, or the name to sign in with")
    has_mailbox: bool
    activated: bool
    opened_at_counter: bool
    created_at: datetime
    families: list[CounterFamily]
    requests: list[CounterRequest] = Field(description="the newest ten")


class CounterAccountList(Page):
    """The first accounts that fit."""

    items: list[CounterAccountRead]


class CounterRequestCreate(Input):
    """A request that a person makes at the counter."""

    type: str = Field(max_length=100)
    data: dict[str, Any]
