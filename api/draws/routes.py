"""The published result of a draw, for everybody."""

from uuid import UUID

from api.core.database import PublicSession
from api.core.errors import NotFound, problems
from api.core.routing import router as new_router
from api.draws import queries, service
from api.draws.schemas import DrawRead

router = new_router("/activities", tag="activities")


@router.get("/{activity_id}/draw", responses=problems(NotFound))
async def get_draw(activity_id: UUID, db: PublicSession) -> DrawRead:
    """Seed, points and order, by reference alone: anybody can draw again. 404 until the lots are drawn."""
    return service.published(await queries.drawn(db, activity_id))
