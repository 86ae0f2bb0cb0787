"""The household."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core import pages
from api.core.database import SessionDep
from api.core.errors import NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.routing import router as new_router
from api.household import queries, service
from api.household.models import HouseholdMember
from api.household.schemas import MemberCreate, MemberList, MemberRead, MemberUpdate
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/household/members", tag="household")
HouseholdReader = Annotated[Reader, Reads(Scope.HOUSEHOLD_READ)]
HouseholdWriter = Annotated[Principal, Requires(Scope.HOUSEHOLD_WRITE)]


@router.get("", responses=answers(200, MemberList))
async def list_household_members(
    caller: HouseholdReader, limit: pages.Limit = 25, cursor: pages.Cursor = None
) -> Response:
    """The declared members, in the order they were declared."""
    return await caller.json(queries.PAGE, limit=limit, after=pages.uuid_cursor(cursor))


@router.post("", status_code=201, response_model=MemberRead, responses=problems(service.SpouseDeclared))
async def create_household_member(
    body: MemberCreate, db: SessionDep, caller: HouseholdWriter, response: Response
) -> HouseholdMember:
    """Declare a spouse, a child or a contact."""
    member = await service.add(db, caller.account_id, body)
    response.headers["ETag"] = member.etag
    return member


@router.get("/{member_id}", responses=answers(200, MemberRead, NotFound))
async def get_household_member(member_id: UUID, caller: HouseholdReader) -> Response:
    """One declared member."""
    return await caller.versioned(queries.ONE, id=member_id)


@router.patch("/{member_id}", response_model=MemberRead, responses=problems(NotFound, Stale, PreconditionRequired))
async def update_household_member(
    member_id: UUID,
    body: MemberUpdate,
    db: SessionDep,
    caller: HouseholdWriter,
    response: Response,
    if_match: IfMatch = None,
) -> HouseholdMember:
    """Change a declared member."""
    member = await service.change(db, caller.account_id, member_id, body, if_match)
    response.headers["ETag"] = member.etag
    return member


@router.delete("/{member_id}", status_code=204, responses=problems(NotFound, Stale, PreconditionRequired))
async def delete_household_member(
    member_id: UUID, db: SessionDep, caller: HouseholdWriter, if_match: IfMatch = None
) -> None:
    """Remove a declared member."""
    await service.remove(db, caller.account_id, member_id, if_match)
