"""What comes out of oversight."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.core.schemas import Output, Page
from api.outbox.models import Channel, State


class OutboxMessage(Output):
    """A mail or SMS, without its words and its secrets."""

    id: UUID
    channel: Channel
    recipient: str
    template: str = Field(description="what it is, as `service-key`")
    state: State
    attempts: int
    error: str | None = Field(description="what the mail server or the gateway said")
    created_at: datetime
    sent_at: datetime | None
    can_resend: bool = Field(description="false once what it carries is too old")


class OutboxMessageList(Page):
    """Messages, the newest first."""

    items: list[OutboxMessage]


class AuditRead(Output):
    """Something that somebody did. Facts are ids, codes and counts."""

    id: UUID
    at: datetime
    action: str = Field(description="as `family.viewed`; new ones may come")
    by: str | None = Field(description="a name; null: the portal itself")
    by_kind: Literal["agent", "parent", "portal"]
    account: str | None = Field(description="the name of whom it is about")
    family_id: UUID | None
    family_reference: str | None
    facts: dict[str, str | int]


class AuditList(Page):
    """The audit, the newest first."""

    items: list[AuditRead]


class KeyAttempt(Output):
    """A key that was typed and refused."""

    id: UUID
    at: datetime
    reason: Literal["unknown", "spent", "revoked", "expired", "wrong-date"] = Field(
        description="unknown: no such key; spent: used before; wrong-date: no child of the file was born that day"
    )
    account_id: UUID | None
    name: str | None = Field(description="who typed it")
    family_id: UUID | None
    family_reference: str | None = Field(description="of the key, when there is one")


class KeyAttemptList(Page):
    """Refused keys, the newest first."""

    items: list[KeyAttempt]


class StaleKey(Output):
    """A key that was given out and is not used yet, near its end."""

    id: UUID
    family_id: UUID
    family_reference: str
    name: str
    deliver_by: str
    last_symbols: str
    expires_at: datetime


class KeyList(Page):
    """Keys, those that end first."""

    items: list[StaleKey]


class AgeCount(Output):
    """Open requests of one age."""

    age: Literal["day", "week", "month", "older"] = Field(description="received within a day, a week, a month, before")
    count: int


class Figures(Output):
    """The desk in figures; `*_week` are of the last seven days."""

    requests: dict[str, int] = Field(description="by state")
    open_by_age: list[AgeCount]
    keys: dict[str, int] = Field(description="by state: issued, used, expired, revoked")
    keys_refused_week: int
    accounts: int
    families: int
    families_linked: int = Field(description="files that at least one account is in")
    sign_ins_week: int
    undelivered: int
    enrollments: dict[str, int] = Field(description="by state")
