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
from api.core.errors import NotFound, answers
from api.core.routing import router as new_router
from api.core.schemas import plain
from api.core.settings import SettingsDep
from api.security.principal import Reader, Reads
from api.security.scopes import Scope

router = new_router("/activities", tag="activities")
EnrollmentsReader = Annotated[Reader, Reads(Scope.ENROLLMENTS_READ)]
ChildId = Annotated[UUID | None, Query(description="one of the caller's children: adds age_fits and price")]


@router.get("", responses=answers(200, ActivityList, NotFound))
async def list_activities(
    caller: EnrollmentsReader,
    settings: SettingsDep,
    now: Now,
    today: Today,
    child_id: ChildId = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Activities that have not ended, with places left and the price for one child in cents."""
    return await caller.json(
        queries.PAGE,
        now=now,
        today=today,
        town=plain(settings.town),
        child=child_id,
        limit=limit,
        after=pages.uuid_cursor(cursor),
    )


@router.get("/{activity_id}", responses=answers(200, ActivityRead, NotFound))
async def get_activity(
    activity_id: UUID,
    caller: EnrollmentsReader,
    settings: SettingsDep,
    now: Now,
    today: Today,
    child_id: ChildId = None,
) -> Response:
    """One activity."""
    return await caller.json(
        queries.ONE, id=activity_id, now=now, today=today, town=plain(settings.town), child=child_id
    )


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
