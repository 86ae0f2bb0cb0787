"""What goes in and comes out of enrollments."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from api.activities.schemas import Day
from api.core.schemas import Input, Page
from api.enrollments.models import EnrollmentState


class EnrollmentCreate(Input):
    """A child, an activity, its days."""

    child_id: UUID
    activity_id: UUID
    days: list[Day] = Field(min_length=1, max_length=7)
    starts_on: date | None = Field(None, description="by default the activity's start, or today when it has started")
    ends_on: date | None = Field(None, description="by default the activity's end")


class EnrollmentRead(BaseModel):
    """An enrollment."""

    id: UUID
    reference: str
    state: EnrollmentState
    rank: int | None = Field(description="on the waiting list, 1 is the next")
    offered_until: datetime | None
    reason: str | None = Field(description="why it was refused")
    child_id: UUID
    child_first_name: str
    activity_id: UUID
    activity_name: str
    venue: str
    documents: list[str] = Field(description="what the family must bring")
    days: list[Day]
    starts_on: date
    ends_on: date
    created_at: datetime
    version: int


class EnrollmentList(Page):
    """Enrollments, the newest first."""

    items: list[EnrollmentRead]
