"""What goes in and comes out of enrollments."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, model_validator

from api.activities.schemas import Day
from api.core.errors import FieldRefused
from api.core.schemas import CalendarDay, Input, Output, Page
from api.enrollments.models import EnrollmentState


class EnrollmentCreate(Input):
    """A child, an activity, its days."""

    child_id: UUID
    activity_id: UUID
    days: list[Day] = Field(min_length=1, max_length=7)
    starts_on: CalendarDay | None = Field(
        None, description="by default the activity's start, or today when it has started"
    )
    ends_on: CalendarDay | None = Field(None, description="by default the activity's end")
    declared: list[Annotated[str, Field(max_length=40)]] = Field(
        [], max_length=10, description="codes of the draw's criteria that the family declares"
    )


class EnrollmentChange(Input):
    """Other days, another end, or both."""

    days: list[Day] | None = Field(None, min_length=1, max_length=7)
    ends_on: CalendarDay | None = None

    @model_validator(mode="after")
    def something(self) -> Self:
        """A change changes something."""
        if self.days is None and self.ends_on is None:
            fr, en = "Choisissez d'autres jours, ou un autre dernier jour.", "Choose other days, or another last day."
            raise FieldRefused("missing", fr, en, "days")
        return self


class CriterionOutcome(Output):
    """A criterion, and whether its points counted."""

    code: str
    label: str
    points: int
    counted: bool


class DrawOutcome(Output):
    """How the lots fell for one enrollment."""

    place: int = Field(description="in the order of the draw, 1 is the first")
    of: int
    points: int
    ticket: str = Field(description="SHA-256 of `seed:reference`, in hex: among equal points the smallest is first")
    criteria: list[CriterionOutcome]


class EnrollmentRead(Output):
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
    cancel_until: date | None = Field(description="the last day to give up a confirmed place; null while it waits")
    days_from: date | None = Field(description="when a change of days counts; until then, those of `days_before`")
    days_before: list[Day] | None
    draws_at: datetime | None = Field(description="when the lots are drawn, while it waits for them")
    declared: list[str]
    declared_reason: str | None = Field(description="why the service changed what was declared")
    draw: DrawOutcome | None
    group_id: UUID | None = Field(description="the same for siblings who want a place together")
    days: list[Day]
    starts_on: date
    ends_on: date
    created_at: datetime
    version: int


class RankChange(Output):
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
    changes_from: date = Field(description="the first day on which a change or an earlier end would count")


class EnrollmentList(Page):
    """Enrollments, the newest first."""

    items: list[EnrollmentRead]


class Basket(Input):
    """Several enrollments. All-or-nothing goes by child: a place in each activity, or none; else each by itself."""

    items: list[EnrollmentCreate] = Field(min_length=1, max_length=20)
    mode: Literal["best-effort", "all-or-nothing"] = "best-effort"
    together: StrictBool = Field(
        False, description="siblings in the same activity get places together, or wait together"
    )


class BasketOutcome(Output):
    """What became of one of the basket."""

    child_id: UUID
    activity_id: UUID
    enrollment: EnrollmentRead | None = Field(description="null when it was refused")
    code: str | None = Field(description="of the refusal")
    detail: str | None = Field(description="the sentence for the person")


class BasketRead(Output):
    """What became of each, in the order given."""

    items: list[BasketOutcome]
