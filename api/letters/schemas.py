"""What comes out of letters."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.core.jobs import JobState
from api.core.schemas import Output, Page


class LetterBatchRead(Output):
    """A batch of letters."""

    id: UUID
    state: JobState
    created_at: datetime
    finished_at: datetime | None
    by: str | None
    total: int = Field(description="letters to make")
    made: int = Field(description="letters made so far")
    problem: str | None
    pdf_until: datetime | None = Field(description="until when the PDF is there; null: it is not there")


class LetterBatchList(Page):
    """Batches, the newest first, and how many adults would get a letter now."""

    items: list[LetterBatchRead]
    candidates: int = Field(description="adults with an address, without an account and without a key that is good")
    most: int = Field(description="letters a batch")
