"""The address of a person's calendar."""

from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created


class CalendarFeed(Created, Base):
    """Who holds the token reads the calendar; only its hash is kept."""

    __tablename__ = "calendar_feed"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
