"""Activities that children can be enrolled in."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.activities import queries
from api.activities.schemas import ActivityList, ActivityRead
from api.core import pages
from api.core.clock import Now, Today
from api.core.errors import NotFound, answers
from api.core.routing import router as new_router
from api.security.principal import Reader, Reads
from api.security.scopes import Scope

router = new_router("/activities", tag="activities")
EnrollmentsReader = Annotated[Reader, Reads(Scope.ENROLLMENTS_READ)]
ChildId = Annotated[UUID | None, Query(description="one of the caller's children: adds age_fits and price")]


@router.get("", responses=answers(200, ActivityList, NotFound))
async def list_activities(
    caller: EnrollmentsReader,
    now: Now,
    today: Today,
    child_id: ChildId = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Activities that have not ended, with places left and the price for one child in cents."""
    return await caller.json(
        queries.PAGE, now=now, today=today, child=child_id, limit=limit, after=pages.uuid_cursor(cursor)
    )


@router.get("/{activity_id}", responses=answers(200, ActivityRead, NotFound))
async def get_activity(
    activity_id: UUID, caller: EnrollmentsReader, now: Now, today: Today, child_id: ChildId = None
) -> Response:
    """One activity."""
    return await caller.json(queries.ONE, id=activity_id, now=now, today=today, child=child_id)
