"""What goes in and comes out of agents' activities and lists."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, model_validator

from api.activities.models import Decider
from api.activities.schemas import ActivityFacts, Criterion, Day, Hour
from api.core.errors import FieldRefused
from api.core.schemas import CalendarDay, Input, LongText, Moment, OptionalText, Output, Page, Text
from api.enrollments.models import EnrollmentState
from api.enrollments.schemas import DrawOutcome

Cents = Annotated[StrictInt, Field(ge=0, le=1_000_000)]
Age = Annotated[StrictInt, Field(ge=0, le=25)]


class DayWrite(Input):
    """A weekday and its places."""

    day: Day
    places: StrictInt = Field(ge=0, le=100_000)


class ActivityWrite(Input):
    """An activity as it shall be."""

    code: Annotated[Text, Field(max_length=40)] = Field(
        description="as the back office knows it; unique in its service"
    )
    name: Text
    venue: Text
    unit: OptionalText = Field("", description="what a place is counted by: midi, matin, semaine…")
    starts_on: CalendarDay
    ends_on: CalendarDay
    age_min: Age
    age_max: Age
    opens_at: Moment
    closes_at: Moment
    days: list[DayWrite] = Field(min_length=1, max_length=7)
    prices_cents: list[Cents] = Field(
        min_length=4,
        max_length=4,
        description="unit prices by quotient, lowest first: 0-499, 500-999, 1000-1499, 1500 up",
    )
    documents: list[Text] = Field([], max_length=20, description="what a family must bring")
    decided_by: Decider = Decider.PLACES
    criteria: list[Criterion] = Field([], max_length=10, description="of a draw; fixed once somebody has asked")
    draws_at: Moment | None = Field(None, description="by default when the window closes")
    time_from: Hour | None = Field(None, description="the hours of a session: two at the same hours overlap")
    time_to: Hour | None = None
    schools: list[Text] = Field([], max_length=50, description="for the children of these schools only; empty: of any")
    residents_only: StrictBool = Field(False, description="for families who live in the town")
    notice_days: StrictInt = Field(2, ge=0, le=90, description="before a cancellation or a change counts")
    absence_days: StrictInt = Field(1, ge=0, le=30, description="how many days before an absence is told in time")
    absence_time: Hour = Field("10:00", description="and until when on that day")

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """What ends is after what begins; a day stands once."""
        if len({one.day for one in self.days}) < len(self.days):
            raise FieldRefused("day", "Un jour est donné deux fois.", "A day is given twice.", "days")
        if (self.time_from is None) != (self.time_to is None) or (self.time_from or "") > (self.time_to or ""):
            fr, en = (
                "Donnez l'heure de début et, plus tard, celle de fin.",
                "Give the hour of the start and, later, that of the end.",
            )
            raise FieldRefused("order", fr, en, "time_to")
        if self.draws_at and self.draws_at < self.closes_at:
            raise FieldRefused(
                "order", "Le tirage est avant la clôture.", "The draw is before the closing.", "draws_at"
            )
        if len({one.code for one in self.criteria}) < len(self.criteria):
            raise FieldRefused(
                "code", "Un code de critère est donné deux fois.", "A criterion's code is given twice.", "criteria"
            )
        if any(one.kind == "quotient-below" and one.below is None for one in self.criteria):
            fr, en = (
                "Donnez le quotient sous lequel les points comptent.",
                "Give the quotient below which the points count.",
            )
            raise FieldRefused("below", fr, en, "criteria")
        for later, earlier, fr, en in (
            ("ends_on", "starts_on", "La fin est avant le début.", "The end is before the start."),
            ("age_max", "age_min", "L'âge maximal est sous l'âge minimal.", "The highest age is below the lowest."),
            ("closes_at", "opens_at", "La clôture est avant l'ouverture.", "The closing is before the opening."),
        ):
            if getattr(self, later) < getattr(self, earlier):
                raise FieldRefused("order", fr, en, later)
        return self


class RosterDay(Output):
    """A weekday: its places, and how many are taken or offered."""

    day: Day
    places: int
    taken: int


class RosterCounts(Output):
    """Enrollments by state."""

    requested: int
    confirmed: int
    offered: int
    waitlisted: int


class AgentActivityRead(ActivityFacts):
    """An activity with all that agents know of it."""

    days: list[RosterDay]
    prices_cents: list[int]
    counts: RosterCounts
    version: int


class AgentActivityList(Page):
    """Activities, by name and venue."""

    items: list[AgentActivityRead]


class RosterChild(Output):
    """A child of a list."""

    id: UUID
    first_name: str
    last_name: str
    birth_date: date
    school: str
    grade: str


class RosterEntry(Output):
    """An enrollment as agents see it."""

    id: UUID
    reference: str
    state: EnrollmentState
    rank: int | None = Field(description="on the waiting list, 1 is the next")
    offered_until: datetime | None
    reason: str | None
    declared: list[str] = Field(description="codes of criteria that the parent declares")
    draw: DrawOutcome | None
    child: RosterChild
    family_id: UUID
    family_reference: str
    days: list[Day]
    starts_on: date
    ends_on: date
    created_at: datetime


class RosterList(Page):
    """Enrollments in an activity, in the order they came, or that an agent gave the waiting list."""

    items: list[RosterEntry]


class Decision(Input):
    """One answer to several enrollments of an activity. `reason` is needed for a refusal; the parent reads it."""

    action: Literal["confirmation", "waiting-list", "refusal"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=100)]
    reason: LongText | None = None


class WaitingMove(Input):
    """Another rank for one who waits. The family reads the reason; the others only that the order was changed."""

    enrollment_id: UUID
    rank: StrictInt = Field(ge=1, le=100_000, description="1 is the next; past the end is the last")
    reason: LongText


class DeclaredWrite(Input):
    """The declared criteria as the service has checked them. The family reads the reason."""

    declared: list[Annotated[str, Field(max_length=40)]] = Field(max_length=10)
    reason: LongText
