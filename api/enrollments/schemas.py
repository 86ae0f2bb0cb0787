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


class RankChange(BaseModel):
    """A rank on the waiting list, since when, and why."""

    at: datetime
    rank: int | None = Field(description="null once it has left the list")
    cause: str = Field(
        description="joined, others-left, others-joined, moved (by an agent, with a reason), reordered (another was "
        "moved), or the state it left the list for"
    )
    reason: str | None


class EnrollmentDetail(EnrollmentRead):
    """An enrollment with how its rank came to be, the newest last; the last 50 changes."""

    rank_history: list[RankChange]


class EnrollmentList(Page):
    """Enrollments, the newest first."""

    items: list[EnrollmentRead]
