"""One thing done to several rows: each by itself, and the answer says what became of each."""

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.errors import Problem
from api.core.schemas import Output


class BulkOutcome(Output):
    """What became of one."""

    id: UUID
    done: bool
    code: str | None = Field(description="of the refusal, when it was not done")
    detail: str | None = Field(description="the sentence for the agent")


class BulkRead(Output):
    """What became of each, in the order given."""

    items: list[BulkOutcome]


async def each(
    db: AsyncSession, ids: Iterable[UUID], one: Callable[[UUID], Awaitable[object]], language: str
) -> BulkRead:
    """Do one thing with several rows; one that is refused stops no other and leaves nothing half done."""
    outcomes = []
    for row_id in dict.fromkeys(ids):
        refusal: Problem | None = None
        try:
            async with db.begin_nested():
                await one(row_id)
        except Problem as problem:
            refusal = problem
        outcomes.append(
            BulkOutcome(
                id=row_id,
                done=refusal is None,
                code=refusal.code if refusal else None,
                detail=refusal.detail(language) if refusal else None,
            )
        )
    return BulkRead(items=outcomes)
