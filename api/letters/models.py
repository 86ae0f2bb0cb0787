"""A batch of letters. Its PDF is the only place where the keys stand; it is encrypted, and gone after a day."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base
from api.core.jobs import Job


class LetterBatch(Job, Base):
    """Letters made together."""

    __tablename__ = "letter_batch"
    total: Mapped[int] = mapped_column(server_default=text("0"))
    made: Mapped[int] = mapped_column(server_default=text("0"))
    pdf_until: Mapped[datetime | None]
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = (Index("ix_letter_batch_state", "state"),)
