"""An activity and the places of each of its days."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Integer, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import instant
from api.core.database import Base, Created, Identified, values_of
from api.core.etags import Versioned
from api.core.schemas import plain

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS_OF_A_DAY = {"matin", "midi", "apres-midi", "soir", "journee"}  # units that say when, where hours are not given
BRACKET = 500  # euros of quotient a bracket: 0-499, 500-999, 1000-1499, 1500 and above


class Decider(StrEnum):
    """Who says yes to an enrollment."""

    PLACES = "places"  # at once, while there are places
    AGENT = "agent"  # a person, later; until then nothing is taken
    DRAW = "draw"  # points and lots, once the window has closed; until then nothing is taken


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
    time_from: Mapped[time | None]
    time_to: Mapped[time | None]
    schools: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # of these only; none: of any
    residents_only: Mapped[bool] = mapped_column(server_default=false())
    notice_days: Mapped[int] = mapped_column(server_default=text("2"))  # before a cancellation or a change counts
    absence_days: Mapped[int] = mapped_column(server_default=text("1"))  # how long before, and until when that day
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'")
    )  # of a draw, as published
    draws_at: Mapped[datetime | None]  # by default when the window closes
    absence_time: Mapped[time] = mapped_column(server_default=text("'10:00'"))

    __table_args__ = (
        UniqueConstraint("service_id", "code"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("age_max >= age_min", name="ages"),
        CheckConstraint("cardinality(prices_cents) = 4", name="four_prices"),
        CheckConstraint("0 <= ALL (prices_cents)", name="prices"),
        CheckConstraint("closes_at >= opens_at", name="opening"),
        CheckConstraint("(time_from IS NULL) = (time_to IS NULL) AND time_to > time_from", name="hours"),
        CheckConstraint("draws_at >= closes_at", name="draws_at"),
        CheckConstraint("notice_days BETWEEN 0 AND 90", name="notice_days"),
        CheckConstraint("absence_days BETWEEN 0 AND 30", name="absence_days"),
    )

    def is_open(self, now: datetime) -> bool:
        """Whether enrollments are taken at this instant."""
        return self.opens_at <= now <= self.closes_at

    def fits_age(self, born: date, on: date) -> bool:
        """Whether a child has the age on a day."""
        age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        return self.age_min <= age <= self.age_max

    def fits_school(self, school: str) -> bool:
        """Whether children of a school are taken, however its name is written."""
        return not self.schools or plain(school) in map(plain, self.schools)

    def fits_town(self, city: str, town: str) -> bool:
        """Whether a family of a city is taken."""
        return not self.residents_only or self.is_home(city, town)

    @staticmethod
    def is_home(city: str, town: str) -> bool:
        """Whether a city is the town, however it is written."""
        return plain(city) == plain(town)

    def shares_hours_with(self, other: "Activity") -> bool:
        """Whether a child cannot be in both on one day: by the hours; without hours by the part of the day."""
        if self.time_from and self.time_to and other.time_from and other.time_to:
            return self.time_from < other.time_to and other.time_from < self.time_to
        unit = plain(self.unit)
        return unit in PARTS_OF_A_DAY and unit == plain(other.unit)

    def absence_limit(self, day: date, zone: ZoneInfo) -> datetime:
        """Until when an absence on a day is told in time."""
        return instant(day - timedelta(days=self.absence_days), self.absence_time, zone)


class ActivityDraw(Base):
    """The lots of an activity: a secret seed whose digest is published before, and once drawn the seed and the result."""

    __tablename__ = "activity_draw"
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    seed: Mapped[str] = mapped_column(Text)
    seed_digest: Mapped[str] = mapped_column(Text)
    drawn_at: Mapped[datetime | None]
    result: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))

    __table_args__ = (CheckConstraint("(drawn_at IS NULL) = (result IS NULL)", name="result"),)


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
