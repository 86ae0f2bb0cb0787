"""An import that was sent over HTTP: its files wait in the database, so that any worker of any machine can take it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base
from api.core.jobs import Job


class ImportRun(Job, Base):
    """One import; `account_id` is the agent who sent it."""

    __tablename__ = "import_run"
    dry_run: Mapped[bool]
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # name and size in bytes
    progress: Mapped[dict[str, Any] | None]  # the file in hand, bytes read and in all
    counts: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_import_run_state", "state"),)


class ImportChunk(Base):
    """A piece of a file: what was sent until the import is over, then what it reports."""

    __tablename__ = "import_chunk"
    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
