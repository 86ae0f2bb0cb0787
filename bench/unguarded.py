"""The control: the portal with the guard of its places taken away, looked at first and taken then. For `bench.opening`."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.enrollments import places, queries

DAYS = "FROM activity_day WHERE activity_id = :activity AND day = ANY(:days)"
LOOK = text(f"SELECT bool_or(taken >= places) {DAYS}")
COUNT = text("UPDATE activity_day SET taken = taken + 1 WHERE activity_id = :activity AND day = ANY(:days)")


async def take(db: AsyncSession, activity_id: UUID, days: list[str]) -> bool:
    """What looks right, and is not, when two do it at once."""
    wanted = {"activity": activity_id, "days": days}
    if await db.scalar(LOOK, wanted):
        return False
    await db.execute(COUNT, wanted)
    return True


queries.LOCK_DAYS = text(f"SELECT day {DAYS}")
places.take = take

if __name__ == "__main__":
    from api.cli import main

    main()
