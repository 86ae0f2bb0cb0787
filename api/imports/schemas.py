"""What comes out of imports."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.core.jobs import JobState
from api.core.schemas import Output, Page


class FileCounts(Output):
    """What became of a file's rows: read = applied + unchanged + rejected."""

    read: int
    applied: int
    unchanged: int
    rejected: int
    warnings: int


class ImportFile(Output):
    """A file that was sent."""

    name: str
    size: int = Field(description="bytes")


class ImportProgress(Output):
    """The file that is being read."""

    file: str
    done: int = Field(description="bytes")
    size: int = Field(description="bytes")


class ImportAccepted(Output):
    """An import that waits for the worker."""

    id: UUID
    state: JobState


class ImportRead(ImportAccepted):
    """An import: where it stands and, when it is done, the counts of each file."""

    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    dry_run: bool
    by: str | None = Field(description="who sent it")
    files: list[ImportFile]
    progress: ImportProgress | None
    counts: dict[str, FileCounts] | None = Field(
        description="by file name; of a dry run, what would become of the rows"
    )
    problem: str | None = Field(description="why it failed, for a person")
    has_rejects: bool
    has_warnings: bool


class ImportList(Page):
    """Imports, the newest first."""

    items: list[ImportRead]
