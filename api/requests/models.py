"""A request, its type, and the timeline that keeps every change of its state."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
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
    CORRECTION_REQUESTED = "correction_requested"


class Correction(StrEnum):
    """What the parent is asked to do about the request."""

    INCOMPLETE = "incomplete"
    INCORRECT = "incorrect"
    OUTDATED = "outdated"


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
    handled_by: Mapped[str] = mapped_column(
        Text, server_default=text("'agent:requests'")
    )  # the right of who handles it


class Request(Identified, Created, Versioned, Base):
    """What a parent asks."""

    __tablename__ = "request"
    reference: Mapped[str] = mapped_column(Text, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(ForeignKey("request_type.slug"))
    state: Mapped[RequestState] = mapped_column(values_of(RequestState, "state"))
    data: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]  # what a change of details would replace, as it was when it was asked for
    reason: Mapped[str | None] = mapped_column(Text)
    correction: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    agent_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        CheckConstraint(
            "(state IN ('refused', 'correction_requested')) = (reason IS NOT NULL)", name="answer_with_reason"
        ),
        CheckConstraint(
            "(state = 'correction_requested') = (correction IS NOT NULL) AND correction IN ('incomplete', 'incorrect', 'outdated')",
            name="correction",
        ),
        Index("ix_request_account_id_id", "account_id", "id"),
        Index("ix_request_state_id", "state", "id"),
        Index("ix_request_agent_id", "agent_id"),
    )

    def move(
        self, to: RequestState, *allowed: RequestState, reason: str | None = None, correction: Correction | None = None
    ) -> None:
        """Change the state, with the reason that the parent reads; raises WrongState unless it is one of `allowed`."""
        if self.state not in allowed:
            raise WrongState
        self.state, self.reason, self.correction = to, reason, correction.value if correction else None


class EventKind(StrEnum):
    """What an event tells: a state is for the parent too, the rest among agents."""

    STATE = "state"
    ASSIGNMENT = "assignment"


class RequestEvent(Identified, Created, Base):
    """One change of a request: who, when, why."""

    __tablename__ = "request_event"
    request_id: Mapped[UUID] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))  # whose request it is
    by_agent: Mapped[bool]
    actor_id: Mapped[UUID]
    kind: Mapped[EventKind] = mapped_column(values_of(EventKind, "kind"), server_default=text("'state'"))
    state: Mapped[RequestState] = mapped_column(values_of(RequestState, "event_state"))
    assignee_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_request_event_request_id", "request_id"),)


class RequestMessage(Identified, Created, Base):
    """What the parent or the service wrote on a request; `read_at` is when the other side saw it."""

    __tablename__ = "request_message"
    request_id: Mapped[UUID] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))  # whose request it is
    by_agent: Mapped[bool]
    author_id: Mapped[UUID]
    body: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_request_message_request_id", "request_id"),)


class RequestDocument(Identified, Created, Base):
    """A file joined to a request, as it is given out again."""

    __tablename__ = "request_document"
    request_id: Mapped[UUID] = mapped_column(ForeignKey("request.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))  # whose request it is
    by_agent: Mapped[bool]
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = (Index("ix_request_document_request_id", "request_id"),)
