"""An enrollment and the days it asks for."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import instant
from api.core.database import Base, Created, Identified, values_of
from api.core.errors import InvalidField, Problem
from api.core.etags import Versioned

OFFER_LASTS = timedelta(hours=48)
RUNNING_OFFER_LASTS = timedelta(hours=24)  # each day that passes is a day without its place
SHORTEST_OFFER = timedelta(hours=2)


class EnrollmentState(StrEnum):
    """Where an enrollment stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    WAITLISTED = "waitlisted"
    OFFERED = "offered"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    ENDED = "ended"


class NotCancellable(Problem):
    """It has ended or was cancelled already."""

    status, code, title = 409, "not-cancellable", "Cannot be cancelled"
    fr = "Cette inscription est déjà annulée ou terminée."
    en = "This enrollment is already cancelled or over."


class TooLate(Problem):
    """The day that was told for it has passed."""

    status, code, title = 409, "too-late", "Too late"
    fr = "Il fallait le faire au plus tard le {limit}. Vous pouvez encore arrêter l'inscription plus tôt que prévu."
    en = "This was possible until {limit}. You can still end the enrollment earlier than planned."


class NotChangeable(Problem):
    """It is over, offered, or a change is to come already."""

    status, code, title = 409, "not-changeable", "Cannot be changed"
    fr = "Cette inscription ne peut pas être modifiée en ce moment."
    en = "This enrollment cannot be changed at the moment."


class NoPlaceLeft(Problem):
    """One of the days is full."""

    status, code, title = 409, "no-place-left", "No place left"
    fr = "Il n'y a plus de place sur au moins un de ces jours."
    en = "There is no place left on at least one of these days."


class Overlap(Problem):
    """The child has a place in another activity at the same hours of a day."""

    status, code, title = 409, "overlap", "Two activities at the same time"
    fr = "« {wanted} » et « {held} » ont lieu en même temps. {child} a déjà une place dans « {held} »."
    en = "“{wanted}” and “{held}” take place at the same time. {child} has a place in “{held}” already."


class NoOffer(Problem):
    """No place is offered, or the offer has passed."""

    status, code, title = 409, "no-offer", "No place is offered"
    fr = "Aucune place n'est proposée en ce moment pour cette inscription."
    en = "No place is offered for this enrollment at the moment."


class NotDecidable(Problem):
    """It is confirmed, refused, cancelled or over already."""

    status, code, title = 409, "not-decidable", "Cannot be decided"
    fr = "Cette inscription n'attend plus cette réponse."
    en = "This enrollment no longer waits for this answer."


OVER = {EnrollmentState.CANCELLED, EnrollmentState.REFUSED, EnrollmentState.ENDED}
WAITING = {EnrollmentState.REQUESTED, EnrollmentState.WAITLISTED, EnrollmentState.OFFERED}


def offer_lasts(until_the_start: timedelta) -> timedelta:
    """How long a place is held for an answer: 48 h; near the start half of what is left, 2 h at least; 24 h once it runs."""
    if until_the_start <= timedelta():
        return RUNNING_OFFER_LASTS
    return max(SHORTEST_OFFER, min(OFFER_LASTS, until_the_start / 2))


class Enrollment(Identified, Created, Versioned, Base):
    """A child in an activity on some weekdays. Confirmed and offered ones hold their places."""

    __tablename__ = "enrollment"
    reference: Mapped[str] = mapped_column(Text, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"))
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"))
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    days: Mapped[list[str]] = mapped_column(ARRAY(Text))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[EnrollmentState] = mapped_column(values_of(EnrollmentState, "state"))
    offered_until: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)  # of a refusal, as the parent reads it
    group_id: Mapped[UUID | None]  # siblings who want a place together or none
    cancel_until: Mapped[date]  # the last day to give up a confirmed place, as it was told
    # A change of days that is to come: until the day before, the former days count, and their places are held.
    days_from: Mapped[date | None]
    days_before: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    declared: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'")
    )  # criteria the parent says are met
    declared_reason: Mapped[str | None] = mapped_column(Text)  # why an agent changed them
    draw: Mapped[dict[str, Any] | None]  # how the lots fell, for the parent: place, points, criteria
    # The order of the waiting list: that of arrival, until an agent changes it.
    position: Mapped[int] = mapped_column(
        BigInteger, Sequence("enrollment_position"), server_default=text("nextval('enrollment_position')")
    )

    __table_args__ = (
        CheckConstraint("(state = 'offered') = (offered_until IS NOT NULL)", name="offered_until"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="refused_with_reason"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("cardinality(days) > 0", name="days"),
        CheckConstraint("(days_before IS NULL) = (days_from IS NULL)", name="days_before"),
        Index("ix_enrollment_family_id_id", "family_id", "id"),
        Index("ix_enrollment_activity_id_state_id", "activity_id", "state", "id"),
        Index("ix_enrollment_activity_id_state_position", "activity_id", "state", "position"),
        Index("ix_enrollment_group_id", "group_id", postgresql_where=text("group_id IS NOT NULL")),
        Index("ix_enrollment_child_id", "child_id"),
        Index("ix_enrollment_days_from", "days_from", postgresql_where=text("days_from IS NOT NULL")),
    )

    @property
    def holds_places(self) -> bool:
        """Whether its days are counted as taken."""
        return self.state in {EnrollmentState.CONFIRMED, EnrollmentState.OFFERED}

    @property
    def held_days(self) -> list[str]:
        """The days whose places it holds, those of a change to come among them."""
        return sorted({*self.days, *(self.days_before or ())})

    def cancel(self, today: date) -> None:
        """Give it up; raises NotCancellable when it is over, TooLate past the day that was told for a confirmed one."""
        if self.state in OVER or self.ends_on < today:
            raise NotCancellable
        if self.state is EnrollmentState.CONFIRMED and today > self.cancel_until:
            raise TooLate(limit=f"{self.cancel_until:%d/%m/%Y}")
        self.state, self.offered_until = EnrollmentState.CANCELLED, None

    def accept(self, now: datetime, today: date) -> None:
        """Take the offered place; raises NoOffer when there is none or it has passed."""
        if self.state is not EnrollmentState.OFFERED or self.offered_until is None or self.offered_until <= now:
            raise NoOffer
        self.state, self.offered_until = EnrollmentState.CONFIRMED, None
        self.cancel_until = max(self.cancel_until, today + timedelta(days=1))

    def changes_from(self, notice_days: int, today: date) -> date:
        """The first day on which a change counts."""
        return max(self.starts_on, today + timedelta(days=notice_days))

    def end_on(self, day: date, earliest: date) -> None:
        """End earlier, or later again; raises InvalidField for a day before `earliest`."""
        if day < earliest:
            raise InvalidField(
                "/ends_on",
                "too-early",
                f"Choisissez le {earliest:%d/%m/%Y} ou un jour plus tard.",
                f"Choose {earliest:%d/%m/%Y} or a later day.",
            )
        self.ends_on = day

    def confirm(self) -> None:
        """An agent says yes; raises NotDecidable when it does not wait."""
        if self.state not in WAITING:
            raise NotDecidable
        self.state, self.offered_until = EnrollmentState.CONFIRMED, None

    def wait(self) -> None:
        """An agent puts a requested one on the waiting list; raises NotDecidable when it was not just requested."""
        if self.state is not EnrollmentState.REQUESTED:
            raise NotDecidable
        self.state = EnrollmentState.WAITLISTED

    def refuse(self, reason: str, today: date) -> None:
        """An agent says no, or takes a place back; raises NotDecidable when it is over."""
        if self.state in OVER or self.ends_on < today:
            raise NotDecidable
        self.state, self.offered_until, self.reason = EnrollmentState.REFUSED, None, reason

    def offer(self, now: datetime, zone: ZoneInfo) -> None:
        """Hold a freed place for it, for a set time."""
        first = instant(self.starts_on, time(), zone)
        self.state, self.offered_until = EnrollmentState.OFFERED, now + offer_lasts(first - now)


class EnrollmentDay(Base):
    """A weekday of a live enrollment: a child is once in an activity on a day."""

    __tablename__ = "enrollment_day"
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollment.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[str] = mapped_column(Text, primary_key=True)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("child.id"))
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"))

    __table_args__ = (UniqueConstraint("child_id", "activity_id", "day"),)


class Absence(Base):
    """A day on which a child does not come. In time, it is not billed; the bill is the back office's."""

    __tablename__ = "absence"
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollment.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    in_time: Mapped[bool]
    told_at: Mapped[datetime] = mapped_column(index=True)
    told_by: Mapped[UUID]


class WaitingEvent(Base):
    """Something that changed a waiting list's ranks. The database writes who joins and leaves, an agent's move is written with it."""

    __tablename__ = "waiting_event"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollment.id"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    kind: Mapped[str] = mapped_column(String(40))  # joined, left, moved
    from_rank: Mapped[int | None]
    to_rank: Mapped[int | None]
    became: Mapped[str | None] = mapped_column(Text)  # the state it left the list for
    reason: Mapped[str | None] = mapped_column(Text)  # of a move, as the parent reads it
    actor_id: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("kind IN ('joined', 'left', 'moved')", name="kind"),
        CheckConstraint("(kind = 'moved') = (reason IS NOT NULL)", name="moved_with_reason"),
        Index("ix_waiting_event_activity_id_id", "activity_id", "id"),
    )
