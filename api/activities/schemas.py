"""What comes out of activities."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StrictInt

from api.activities.models import Decider
from api.core.schemas import Output, Page

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


Hour = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="as 16:30")]


class DayPlaces(Output):
    """The places of one weekday."""

    day: Day
    places: int
    places_left: int


class Price(Output):
    """The unit price for this child, and why."""

    unit_price_cents: int
    bracket: int = Field(description="1 to 4: quotient 0-499, 500-999, 1000-1499, 1500 and above")
    quotient_from: int = Field(description="the quotients of this bracket")
    quotient_to: int | None = Field(description="null: without a limit")
    reason: Literal["quotient", "no-quotient", "quotient-expired"] = Field(description="why this bracket")


class Criterion(Output):
    """What gives points in a draw, as the town publishes it."""

    model_config = ConfigDict(extra="forbid")
    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    kind: Literal["siblings", "quotient-below", "residents", "declared"] = Field(
        description="siblings: another child of the file asks for the same activity; quotient-below: a valid quotient "
        "under `below`; residents: lives in the town; declared: the parent says so, an agent may check"
    )
    label: Annotated[str, Field(min_length=1, max_length=200)]
    points: Annotated[StrictInt, Field(ge=1, le=1000)]
    below: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None


class DrawFacts(Output):
    """The lots: the digest binds the town to a seed before anybody asks; the seed is told once drawn."""

    seed_digest: str = Field(description="SHA-256 of the seed, in hex")
    drawn_at: datetime | None
    seed: str | None


class ActivityFacts(Output):
    """What parents and agents read of an activity alike."""

    id: UUID
    code: str
    name: str
    venue: str
    unit: str
    starts_on: date
    ends_on: date
    age_min: int
    age_max: int
    opens_at: datetime
    closes_at: datetime
    is_open: bool
    documents: list[str] = Field(description="what the family must bring")
    decided_by: Decider = Field(
        description="places: confirmed at once while there are places; agent: a person decides; draw: points and lots after the window"
    )
    criteria: list[Criterion] = Field(description="of a draw")
    draws_at: datetime | None = Field(description="when the lots are drawn; null without a draw")
    draw: DrawFacts | None
    time_from: Hour | None = Field(
        description="the hours of a session, in the town's zone; null when they are not known"
    )
    time_to: Hour | None
    schools: list[str] = Field(description="for the children of these schools only; empty: of any")
    residents_only: bool = Field(description="for families who live in the town")
    notice_days: int = Field(description="days before a cancellation or a change counts")
    absence_days: int = Field(description="an absence is told in time this many days before, until absence_time")
    absence_time: Hour


class ActivityRead(ActivityFacts):
    """An activity. `places_left` is that of its fullest day."""

    days: list[Day]
    day_places: list[DayPlaces]
    places: int
    places_left: int
    waiting: int = Field(description="how many are on the waiting list")
    age_fits: bool | None = Field(description="whether this child has the age; null without child_id")
    school_fits: bool | None = Field(description="whether this child's school is taken; null without child_id")
    town_fits: bool | None = Field(description="whether this family's town is taken; null without child_id")
    price: Price | None = Field(description="for this child; null without child_id")


class ActivityList(Page):
    """Activities, by name and venue."""

    items: list[ActivityRead]


class MonthEstimate(Output):
    """What one month costs when the child comes each time."""

    month: str = Field(description="as 2026-12")
    sessions: int
    total_cents: int


class Estimate(Output):
    """What an enrollment costs a month at most. Days without the activity, such as holidays, are not known here."""

    unit_price_cents: int
    months: list[MonthEstimate]
