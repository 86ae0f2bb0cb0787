"""Long work that waits in a table for a process of its own: any worker of any machine can take it, one takes it at a time."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Created, Identified, values_of


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Identified, Created):
    """A row that is work to do. Who runs it renews `leased_until`; one whose lease has passed was left by a dead process."""

    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))  # who ordered it
    state: Mapped[JobState] = mapped_column(values_of(JobState, "state"), server_default=text("'queued'"))
    problem: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]


Kind = TypeVar("Kind", bound=Job)


def _waiting(kind: type[Job], now: datetime) -> ColumnElement[bool]:
    """Queued, or left behind by a process that died; not before its time."""
    unfinished = kind.state.in_([JobState.QUEUED, JobState.RUNNING])
    return unfinished & (kind.leased_until.is_(None) | (kind.leased_until < now))


async def claim(db: AsyncSession, kind: type[Kind], now: datetime, lease: timedelta) -> Kind | None:
    """The next job of a kind, running from now on; None when none waits."""
    due = select(kind).where(_waiting(kind, now)).order_by(kind.id).limit(1)
    job: Kind | None = await db.scalar(due.with_for_update(skip_locked=True))
    if job:
        job.state, job.leased_until = JobState.RUNNING, now + lease
    return job


async def is_waiting(db: AsyncSession, kind: type[Job], now: datetime) -> bool:
    """Whether a job of a kind waits for a process."""
    return await db.scalar(select(kind.id).where(_waiting(kind, now)).limit(1)) is not None
