"""What comes out of activities."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.activities.models import Decider
from api.core.schemas import Page

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class DayPlaces(BaseModel):
    """The places of one weekday."""

    day: Day
    places: int
    places_left: int


class Price(BaseModel):
    """The unit price for this child, and why."""

    unit_price_cents: int
    bracket: int = Field(description="1 to 4: quotient 0-499, 500-999, 1000-1499, 1500 and above")
    reason: Literal["quotient", "no-quotient", "quotient-expired"] = Field(description="why this bracket")


class ActivityFacts(BaseModel):
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
    decided_by: Decider = Field(description="places: confirmed at once while there are places; agent: a person decides")


class ActivityRead(ActivityFacts):
    """An activity. `places_left` is that of its fullest day."""

    days: list[Day]
    day_places: list[DayPlaces]
    places: int
    places_left: int
    waiting: int = Field(description="how many are on the waiting list")
    age_fits: bool | None = Field(description="whether this child has the age; null without child_id")
    price: Price | None = Field(description="for this child; null without child_id")


class ActivityList(Page):
    """Activities, by name and venue."""

    items: list[ActivityRead]
