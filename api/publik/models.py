"""Publik's people."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified


class PublikUser(Identified, Created, Base):
    """Whom Publik names by a NameID, and the account whose files they see."""

    __tablename__ = "publik_user"
    name_id: Mapped[str] = mapped_column(Text, unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))

    __table_args__ = (Index("ix_publik_user_account_id", "account_id"),)
