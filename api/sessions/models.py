"""The session: one device that signed in."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of

GRACE = timedelta(seconds=10)  # two tabs refresh at once


class Client(StrEnum):
    """How the refresh token travels: a cookie, or the body."""

    BROWSER = "browser"
    APP = "app"


class Session(Identified, Created, Base):
    """A device. The n-th refresh token is made from `seed` and the pepper, so nothing to steal is stored."""

    __tablename__ = "session"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    client: Mapped[Client] = mapped_column(values_of(Client, "client"))
    device: Mapped[str] = mapped_column(Text)
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(server_default=text("0"))
    rotated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    idle_seconds: Mapped[int]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_session_account_id", "account_id"),)

    def is_over(self, now: datetime) -> bool:
        """Ended, expired, or unused for too long."""
        idle = now - self.rotated_at > timedelta(seconds=self.idle_seconds)
        return self.ended_at is not None or self.expires_at <= now or idle
