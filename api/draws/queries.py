"""What a draw needs of the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.activities.models import Activity, ActivityDraw, Decider
from api.core.database import found
from api.enrollments.models import Enrollment, EnrollmentState

# Of each enrollment that waits for the lots: the quotient and the town of the adult who asked, and whether a sibling asks too.
FACTS = text("""
    SELECT e.id, p.city, CASE WHEN coalesce(p.quotient_to >= :today, true) THEN p.quotient END AS quotient, EXISTS (
        SELECT FROM enrollment s WHERE s.activity_id = e.activity_id AND s.family_id = e.family_id AND s.child_id <> e.child_id
            AND s.state IN ('requested', 'confirmed')) AS siblings
    FROM enrollment e LEFT JOIN LATERAL (
        SELECT a.* FROM service_link l JOIN adult_private a ON a.adult_id = l.adult_id
        WHERE l.account_id = e.account_id AND l.family_id = e.family_id ORDER BY l.ended_at IS NULL DESC, l.id DESC LIMIT 1) p ON true
    WHERE e.activity_id = :activity AND e.state = 'requested'
""")


async def due(db: AsyncSession, now: datetime) -> list[UUID]:
    """Activities whose lots are to be drawn now."""
    at = func.coalesce(Activity.draws_at, Activity.closes_at)
    waiting = (
        select(Activity.id)
        .join(ActivityDraw, ActivityDraw.activity_id == Activity.id)
        .where(Activity.decided_by == Decider.DRAW, ActivityDraw.drawn_at.is_(None), at < now)
    )
    return list(await db.scalars(waiting.order_by(Activity.id)))


async def lock(db: AsyncSession, activity_id: UUID) -> ActivityDraw | None:
    """The lots of an activity, locked; None when they are drawn."""
    draw: ActivityDraw | None = await db.scalar(
        select(ActivityDraw)
        .where(ActivityDraw.activity_id == activity_id, ActivityDraw.drawn_at.is_(None))
        .with_for_update()
    )
    return draw


async def requested(db: AsyncSession, activity_id: UUID) -> list[Enrollment]:
    """Who waits for the lots, locked."""
    all_of_them = (
        select(Enrollment)
        .where(Enrollment.activity_id == activity_id, Enrollment.state == EnrollmentState.REQUESTED)
        .order_by(Enrollment.id)
        .with_for_update()
    )
    return list(await db.scalars(all_of_them))


async def facts(db: AsyncSession, activity_id: UUID, today: Any) -> dict[UUID, dict[str, Any]]:
    """What the computed criteria look at, by enrollment."""
    rows = await db.execute(FACTS, {"activity": activity_id, "today": today})
    return {row["id"]: dict(row) for row in rows.mappings()}


async def drawn(db: AsyncSession, activity_id: UUID) -> ActivityDraw:
    """The lots of an activity once drawn; raises NotFound."""
    return found(
        await db.scalar(
            select(ActivityDraw).where(ActivityDraw.activity_id == activity_id, ActivityDraw.drawn_at.is_not(None))
        )
    )
