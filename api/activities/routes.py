"""Activities that children can be enrolled in."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.activities import queries
from api.activities.models import DAYS
from api.activities.schemas import ActivityList, ActivityRead, Estimate
from api.core import pages
from api.core.clock import Now, Today
from api.core.errors import NotFound, Responses, answers
from api.core.routing import router as new_router
from api.core.schemas import plain
from api.core.settings import SettingsDep
from api.security.principal import Reader, Reads
from api.security.scopes import Scope

router = new_router("/activities", tag="activities")
EnrollmentsReader = Annotated[Reader, Reads(Scope.ENROLLMENTS_READ)]
ChildId = Annotated[UUID | None, Query(description="one of the caller's children: adds age_fits and price")]
NOT_CHANGED: Responses = {304: {"description": "as If-None-Match has it"}}


@router.get("", responses=answers(200, ActivityList, NotFound) | NOT_CHANGED)
async def list_activities(
    caller: EnrollmentsReader,
    settings: SettingsDep,
    now: Now,
    today: Today,
    child_id: ChildId = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Activities that have not ended, with places left and the price for one child in cents.

    Without a child it is up to a second old (`Age`); with one it is of now, and nobody keeps it. With an `ETag`.
    """
    after = pages.uuid_cursor(cursor)
    given = {
        "now": now,
        "today": today,
        "town": plain(settings.town),
        "child": child_id,
        "limit": limit,
        "after": after,
    }
    if child_id:
        return await caller.tagged(queries.PAGE, **given)
    return await caller.recent(queries.PAGE, (limit, after), **given)


@router.get("/{activity_id}", responses=answers(200, ActivityRead, NotFound) | NOT_CHANGED)
async def get_activity(
    activity_id: UUID,
    caller: EnrollmentsReader,
    settings: SettingsDep,
    now: Now,
    today: Today,
    child_id: ChildId = None,
) -> Response:
    """One activity. Without a child it is up to a second old (`Age`); with one it is of now. With an `ETag`."""
    given = {"id": activity_id, "now": now, "today": today, "town": plain(settings.town), "child": child_id}
    if child_id:
        return await caller.tagged(queries.ONE, **given)
    return await caller.recent(queries.ONE, (activity_id,), **given)


@router.get("/{activity_id}/estimate", responses=answers(200, Estimate, NotFound))
async def get_estimate(
    activity_id: UUID,
    caller: EnrollmentsReader,
    today: Today,
    child_id: Annotated[UUID, Query(description="one of the caller's children")],
    days: Annotated[str, Query(pattern=f"^({'|'.join(DAYS)})(,({'|'.join(DAYS)}))*$", description="as mon,tue")],
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Response:
    """What enrolling this child on these days would cost a month, in cents."""
    return await caller.json(
        queries.ESTIMATE,
        id=activity_id,
        today=today,
        child=child_id,
        days=days.split(","),
        first=starts_on,
        last=ends_on,
    )
