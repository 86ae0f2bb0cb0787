"""What goes in and comes out of requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.core.schemas import Input, LongText, Output, Page, Text
from api.requests.models import Correction, EventKind, RequestState
from api.service_keys.schemas import IssuedRead, KeyIssue


class RequestTypeRead(Output):
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


class Event(Output):
    """A change of state."""

    state: RequestState
    at: datetime
    by_agent: bool
    reason: str | None


class MessageCreate(Input):
    """What one writes to the other side."""

    body: LongText


class MessageRead(Output):
    """A message; `read_at` is when the other side saw it."""

    id: UUID
    body: str
    by_agent: bool
    created_at: datetime
    read_at: datetime | None


class DocumentRead(Output):
    """A file of a request. A photo is given out as an upright JPEG without its metadata."""

    id: UUID
    name: str
    media_type: str
    size: int = Field(description="bytes")
    by_agent: bool
    created_at: datetime


class DocumentList(Page):
    """The files of a request, in the order they came."""

    items: list[DocumentRead]


class RequestSummary(Output):
    """A request with its timeline."""

    id: UUID
    reference: str
    type: str
    type_name: str
    state: RequestState
    data: dict[str, Any]
    reason: str | None = Field(description="of a refusal, or of a correction that is asked for")
    correction: Correction | None = Field(description="what is asked for in `correction_requested`")
    submitted_at: datetime
    timeline: list[Event]
    unread: int = Field(description="messages of the other side that were not seen yet")
    version: int


class RequestRead(RequestSummary):
    """A request with its timeline, messages and documents."""

    messages: list[MessageRead]
    documents: list[DocumentRead]
    form: dict[str, Any] = Field(description="JSON Schema of `data`, with the words for its fields")
    about: dict[str, str] = Field(description="number of the `invoice`, reference of the `family` that the data names")
    before: dict[str, Any] | None = Field(description="what a change of details would replace")


class RequestList(Page):
    """Requests, the newest first."""

    items: list[RequestSummary]


class Requester(Output):
    """Who asks, for an agent."""

    id: UUID
    first_name: str
    last_name: str
    email: str
    phone: str | None
    birth_date: str | None


class Assignee(Output):
    """The agent who has a request in hand."""

    id: UUID
    name: str


class HistoryEvent(Event):
    """A change of a request, with the names, for agents."""

    kind: EventKind
    by: str | None
    assignee: str | None = Field(description="who got it, in an assignment; null: nobody")


class AgentRequestSummary(RequestSummary):
    """A request in the queue."""

    requester: Requester
    assignee: Assignee | None


class AgentRequestRead(RequestRead):
    """A request, for an agent."""

    requester: Requester
    assignee: Assignee | None
    history: list[HistoryEvent]


class AgentRequestList(Page):
    """The queue: what waits longest is first."""

    items: list[AgentRequestSummary]
    counts: dict[str, int] = Field(description="how many requests in each state")


class Acceptance(Input):
    """Accept a request; for a key request, with the key to give out."""

    service_key: KeyIssue | None = None


class AcceptedRead(AgentRequestRead):
    """The accepted request, and the key that was given out with it."""

    issued_key: IssuedRead | None = None


class CorrectionAsked(Input):
    """Send a request back to the parent, who reads what to do."""

    kind: Correction
    reason: LongText


class Refusal(Input):
    """Refuse a request; the parent reads the reason."""

    reason: LongText
