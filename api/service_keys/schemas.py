"""What goes in and comes out of service keys."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.core.schemas import CalendarDay, Input, Opaque, Output, Page, Text
from api.service_keys.models import Delivery
from api.sessions.schemas import TokenRead


class KeyAttach(Input):
    """A key as it was typed: any case, spaces and dashes."""

    service: Text = Field(description="slug, as `enfance`")
    key: Opaque


class KeyChallenge(Input):
    """The second proof of a key that travelled on paper."""

    challenge: Opaque
    birth_date: CalendarDay = Field(description="of a child of the file")


class Objection(Input):
    """The token of « ce n'est pas moi »."""

    token: Opaque


class ServiceName(Output):
    """A service, in short."""

    slug: str
    name: str


class AttachedFamily(Output):
    """The family that a key opened."""

    id: UUID
    label: str
    children: list[str] = Field(description="first names")


class LinkRead(Output):
    """A key that was accepted."""

    id: UUID
    service: ServiceName
    family: AttachedFamily
    attached_at: datetime


class LinkList(Page):
    """The caller's accepted keys."""

    items: list[LinkRead]


class AttachedRead(LinkRead, TokenRead):
    """What the key opened, and an access token with the new rights: no new sign-in."""


class KeyIssue(Input):
    """A key for one adult of a file."""

    adult_id: UUID
    deliver_by: Literal[Delivery.SMS, Delivery.EMAIL, Delivery.COUNTER] = Field(
        description="letters are made in batches"
    )


class IssuedRead(Output):
    """A key that was given out. `key` is shown once, and only at the counter."""

    id: UUID
    adult_id: UUID
    deliver_by: Delivery
    state: Literal["issued"] = "issued"
    last_symbols: str
    expires_at: datetime
    sent_to: str | None = Field(description="the contact on record, masked")
    key: str | None = Field(None, description="with deliver_by `counter` only")
