"""An activity and the places of each of its days."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of
from api.core.etags import Versioned

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BRACKET = 500  # euros of quotient a bracket: 0-499, 500-999, 1000-1499, 1500 and above


class Decider(StrEnum):
    """Who says yes to an enrollment."""

    PLACES = "places"  # at once, while there are places
    AGENT = "agent"  # a person, later; until then nothing is taken


class Activity(Identified, Created, Versioned, Base):
    """A session of an activity at a venue."""

    __tablename__ = "activity"
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    venue: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    age_min: Mapped[int]
    age_max: Mapped[int]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    prices_cents: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # by quotient bracket, lowest first
    documents: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # what a family must bring
    decided_by: Mapped[Decider] = mapped_column(values_of(Decider, "decided_by"), server_default=Decider.PLACES.value)

    __table_args__ = (
        UniqueConstraint("service_id", "code"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("age_max >= age_min", name="ages"),
        CheckConstraint("cardinality(prices_cents) = 4", name="four_prices"),
        CheckConstraint("0 <= ALL (prices_cents)", name="prices"),
        CheckConstraint("closes_at >= opens_at", name="opening"),
    )


class ActivityDay(Base):
    """The places of one weekday: the guarded update of `taken` is what never oversells."""

    __tablename__ = "activity_day"
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[str] = mapped_column(Text, primary_key=True)
    places: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= places", name="never_oversold"),
        CheckConstraint("day IN ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')", name="day"),
    )
