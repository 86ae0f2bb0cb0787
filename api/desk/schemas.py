"""What goes in and comes out of the desk."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from api.core.schemas import Input, LongText, Name, OptionalText, Output, Page
from api.enrollments.models import EnrollmentState
from api.invoices.schemas import InvoiceState
from api.requests.models import RequestState
from api.requests.schemas import Assignee


class Assignment(Input):
    """Who gets the request; null gives it back to the queue."""

    agent_id: UUID | None


class ColleagueList(Page):
    """The agents who handle requests, by name."""

    items: list[Assignee]


class Bulk(Input):
    """One thing to do with several requests. `reason` is needed for a refusal, `agent_id` for an assignment."""

    action: Literal["review", "acceptance", "refusal", "assignment"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    reason: LongText | None = None
    agent_id: UUID | None = None


class FileLink(Output):
    """An account that is in the file."""

    id: UUID
    adult_id: UUID
    name: str
    email: str
    since: datetime


class FileInvoice(Output):
    """An invoice of the file, in short."""

    id: UUID
    number: str
    issued_on: date
    due_on: date
    total_cents: int
    balance_cents: int
    state: InvoiceState


class FileEnrollment(Output):
    """An enrollment of the file, in short."""

    id: UUID
    reference: str
    state: EnrollmentState
    child_first_name: str
    activity_name: str
    days: list[str]
    starts_on: date
    ends_on: date


class FileRequest(Output):
    """A request of an account of the file, in short."""

    id: UUID
    reference: str
    type: str
    state: RequestState
    submitted_at: datetime


class FileEvent(Output):
    """Something that somebody did with the file."""

    at: datetime
    action: str = Field(description="what, as `family.viewed`; new ones may come")
    by: str | None = Field(description="a name; null: the portal itself")


class FileActivity(Output):
    """What happened in a family file, the newest first: 24 invoices, 50 enrollments, 50 events at most."""

    links: list[FileLink]
    invoices: list[FileInvoice]
    enrollments: list[FileEnrollment]
    requests: list[FileRequest]
    history: list[FileEvent]


class Filters(Input):
    """The filters of the queue, as its query parameters."""

    state: RequestState | None = None
    type: OptionalText | None = None
    assigned: Literal["me", "nobody", "others"] | None = None
    unread: StrictBool = False
    search: OptionalText | None = None


class SavedViewCreate(Input):
    """A view to keep."""

    name: Name
    filters: Filters


class SavedViewRead(SavedViewCreate):
    """A view that was kept."""

    id: UUID


class SavedViewList(Page):
    """One's views, by name."""

    items: list[SavedViewRead]


class ReplyTemplateWrite(Input):
    """A text that is written often."""

    name: Name
    body: LongText


class ReplyTemplateRead(ReplyTemplateWrite):
    """A text that is written often."""

    id: UUID
    version: int


class ReplyTemplateList(Page):
    """The texts, by name."""

    items: list[ReplyTemplateRead]
