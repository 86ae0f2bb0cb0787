"""What agents keep for their work: views of the queue, and sentences that they write often."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified
from api.core.errors import Problem
from api.core.etags import Versioned
from api.requests.models import WrongState


class HeldByAnother(Problem):
    """Another agent has the request in hand; `agent` is their name."""

    status, code, title = 409, "held-by-another", "Another agent has this request"
    fr = "{agent} a cette demande en charge. Reprenez-la à votre nom pour y répondre."
    en = "{agent} has this request in hand. Take it over to answer it."

    def __init__(self, agent: str) -> None:
        super().__init__(agent=agent)
        self.extra = {"agent": agent}


class AnsweredByAnother(WrongState):
    """Another agent was quicker."""

    fr = "{agent} a déjà répondu à cette demande. Rechargez la page."
    en = "{agent} has answered this request already. Reload the page."

    def __init__(self, agent: str) -> None:
        super().__init__(agent=agent)
        self.extra = {"agent": agent}


class SavedView(Identified, Created, Base):
    """A name for filters of the queue, one agent's own."""

    __tablename__ = "saved_view"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    filters: Mapped[dict[str, Any]]

    __table_args__ = (Index("ix_saved_view_account_id", "account_id"),)


class ReplyTemplate(Identified, Created, Versioned, Base):
    """A text that agents put into messages, corrections and refusals; everybody's."""

    __tablename__ = "reply_template"
    name: Mapped[str] = mapped_column(Text, unique=True)
    body: Mapped[str] = mapped_column(Text)
