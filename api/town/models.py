"""What the town says to everybody: dated notices, and functions that are switched off for a while."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of
from api.core.errors import Problem
from api.core.etags import Versioned


class Notice(Identified, Created, Versioned, Base):
    """A message on the public home and the dashboard, from one instant to another; `body` by language."""

    __tablename__ = "notice"
    body: Mapped[dict[str, Any]]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("ends_at > starts_at", name="times"), Index("ix_notice_ends_at", "ends_at"))


class Function(StrEnum):
    """What a town can switch off by itself, while the rest goes on."""

    SIGN_UP = "sign-up"
    SERVICE_KEYS = "service-keys"
    REQUESTS = "requests"
    ENROLLMENTS = "enrollments"


class SwitchedOffFunction(Created, Base):
    """A function that is off, with the kind word for who needs it."""

    __tablename__ = "switched_off"
    function: Mapped[Function] = mapped_column(values_of(Function, "function"), primary_key=True)
    message: Mapped[dict[str, Any]]


class SwitchedOff(Problem):
    """The town has switched this off for a while; the sentence is the town's."""

    status, code, title = 503, "switched-off", "Switched off for a while"
    retry_after = 600

    def __init__(self, message: dict[str, Any]) -> None:
        super().__init__()
        self.message = message

    def detail(self, language: str) -> str:
        """The town's words, in French where there are no others."""
        return str(self.message.get(language) or self.message["fr"])
