"""An import that was sent over HTTP: its files wait in the database, so that any worker of any machine can take it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of


class ImportState(StrEnum):
    """Where an import stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportRun(Identified, Created, Base):
    """One import; `account_id` is the agent who sent it."""

    __tablename__ = "import_run"
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    state: Mapped[ImportState] = mapped_column(values_of(ImportState, "state"), server_default=text("'queued'"))
    dry_run: Mapped[bool]
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # name and size in bytes
    progress: Mapped[dict[str, Any] | None]  # the file in hand, bytes read and in all
    counts: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]

    __table_args__ = (Index("ix_import_run_state", "state"),)


class ImportChunk(Base):
    """A piece of a file: what was sent until the import is over, then what it reports."""

    __tablename__ = "import_chunk"
    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
