"""The key as the town keeps it: a hash, a state, the last two symbols."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of

LIFETIME_DAYS = {"sms": 7, "email": 14, "counter": 30, "letter": 30}
MAX_WRONG_DATES = 3


class Delivery(StrEnum):
    """How a key reaches its adult."""

    SMS = "sms"
    EMAIL = "email"
    COUNTER = "counter"
    LETTER = "letter"


class ServiceKey(Identified, Created, Base):
    """One key for one adult of one file, good once."""

    __tablename__ = "service_key"
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"))
    adult_id: Mapped[UUID] = mapped_column(ForeignKey("adult.id"))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    last_symbols: Mapped[str] = mapped_column(Text)
    deliver_by: Mapped[Delivery] = mapped_column(values_of(Delivery, "deliver_by"))
    issued_by: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[UUID | None]
    revoked_at: Mapped[datetime | None]
    # A key that travelled on paper asks for the birth date of a child of the file.
    challenge_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    challenged_by: Mapped[UUID | None]
    challenged_at: Mapped[datetime | None]
    wrong_dates: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name="used_by_someone"),
        CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name="used_or_revoked"),
        Index(
            "uq_service_key_open",
            "adult_id",
            unique=True,
            postgresql_where=text("used_at IS NULL AND revoked_at IS NULL"),
        ),
        Index("ix_service_key_challenge_hash", "challenge_hash"),
        Index("ix_service_key_adult_id_id", "adult_id", "id"),
    )

    @property
    def asks_second_proof(self) -> bool:
        """Paper may have been read by somebody else; a phone or mailbox on record was not."""
        return self.deliver_by in {Delivery.COUNTER, Delivery.LETTER}
