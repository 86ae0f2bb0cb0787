"""What goes in and comes out of requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.core.schemas import Input, LongText, Page, Text
from api.requests.models import RequestState
from api.service_keys.schemas import IssuedRead, KeyIssue


class RequestTypeRead(BaseModel):
    """A kind of request that the caller may send."""

    type: str
    name: str
    description: str
    form: dict[str, Any] = Field(description="JSON Schema of `data`")


class RequestTypeList(Page):
    """The kinds of request, in the town's order."""

    items: list[RequestTypeRead]


class RequestCreate(Input):
    """A new request; `data` fits the form of its type."""

    type: Text
    data: dict[str, Any]


class RequestUpdate(Input):
    """The data again, as long as no agent has taken the request into review."""

    data: dict[str, Any]


class Event(BaseModel):
    """A change of state."""

    state: RequestState
    at: datetime
    by_agent: bool
    reason: str | None


class RequestRead(BaseModel):
    """A request with its timeline."""

    id: UUID
    reference: str
    type: str
    type_name: str
    state: RequestState
    data: dict[str, Any]
    reason: str | None = Field(description="of a refusal")
    submitted_at: datetime
    timeline: list[Event]
    version: int


class RequestList(Page):
    """Requests, the newest first."""

    items: list[RequestRead]


class Requester(BaseModel):
    """Who asks, for an agent."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    phone: str | None
    birth_date: str | None


class AgentRequestRead(RequestRead):
    """A request, for an agent."""

    requester: Requester


class AgentRequestList(Page):
    """The queue: what waits longest is first."""

    items: list[AgentRequestRead]
    counts: dict[str, int] = Field(description="how many requests in each state")


class Acceptance(Input):
    """Accept a request; for a key request, with the key to give out."""

    service_key: KeyIssue | None = None


class AcceptedRead(AgentRequestRead):
    """The accepted request, and the key that was given out with it."""

    issued_key: IssuedRead | None = None


class Refusal(Input):
    """Refuse a request; the parent reads the reason."""

    reason: LongText
