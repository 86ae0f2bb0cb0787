"""A request, its type, and the timeline that keeps every change of its state."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of
from api.core.errors import Problem
from api.core.etags import Versioned


class RequestState(StrEnum):
    """Where a request stands."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class WrongState(Problem):
    """The request is not in a state that allows this."""

    status, code, title = 409, "wrong-state", "Not possible in this state"
    fr = "Ce n'est plus possible : l'état de la demande a changé. Rechargez la page."
    en = "This is no longer possible: the state of the request has changed. Reload the page."


class RequestType(Base):
    """A kind of request: data. `form` is the JSON Schema of its `data`; `scope` is what a parent needs to send it."""

    __tablename__ = "request_type"
    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    description_fr: Mapped[str] = mapped_column(Text)
    description_en: Mapped[str] = mapped_column(Text)
    scope: Mapped[str | None] = mapped_column(Text)
    form: Mapped[dict[str, Any]]
    position: Mapped[int]


class Request(Identified, Created, Versioned, Base):
    """What a parent asks."""

    __tablename__ = "request"
    reference: Mapped[str] = mapped_column(Text, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(ForeignKey("request_type.slug"))
    state: Mapped[RequestState] = mapped_column(values_of(RequestState, "state"))
    data: Mapped[dict[str, Any]]
    reason: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="refused_with_reason"),
        Index("ix_request_account_id_id", "account_id", "id"),
        Index("ix_request_state_id", "state", "id"),
    )

    def move(self, to: RequestState, *allowed: RequestState) -> None:
        """Change the state; raises WrongState unless it is one of `allowed`."""
        if self.state not in allowed:
            raise WrongState
        self.state = to


class RequestEvent(Identified, Created, Base):
    """One change of a request's state: who, when, why."""

    __tablename__ = "request_event"
    request_id: Mapped[UUID] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))  # whose request it is
    by_agent: Mapped[bool]
    actor_id: Mapped[UUID]
    state: Mapped[RequestState] = mapped_column(values_of(RequestState, "event_state"))
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_request_event_request_id", "request_id"),)
