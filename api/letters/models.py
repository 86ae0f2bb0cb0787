"""A batch of letters. Its PDF is the only place where the keys stand; it is encrypted, and gone after a day."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of


class BatchState(StrEnum):
    """Where a batch stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class LetterBatch(Identified, Created, Base):
    """Letters made together."""

    __tablename__ = "letter_batch"
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    state: Mapped[BatchState] = mapped_column(values_of(BatchState, "state"), server_default=text("'queued'"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    made: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    pdf_until: Mapped[datetime | None]
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = (Index("ix_letter_batch_state", "state"),)
