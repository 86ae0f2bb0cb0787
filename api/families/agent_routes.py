"""Finding a family, for agents, and taking a child out of its file."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.audit import service as audit
from api.core import pages
from api.core.clock import Now
from api.core.database import SessionDep
from api.core.errors import NotFound, answers, problems
from api.core.routing import router as new_router
from api.core.schemas import normal_phone
from api.core.settings import SettingsDep
from api.families import queries, service
from api.families.schemas import AgentFamilyDetail, AgentFamilyList
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent/families", tag="agent")
FamiliesAgent = Annotated[Reader, Reads(Scope.AGENT_FAMILIES)]
AuditedFamiliesAgent = Annotated[Principal, Requires(Scope.AGENT_FAMILIES)]
KeysAgent = Annotated[Principal, Requires(Scope.AGENT_KEYS)]
Search = Annotated[
    str, Query(min_length=2, max_length=100, description="a name, a reference, a child, a phone, a mail address")
]


@router.get("", responses=answers(200, AgentFamilyList))
async def search_families(
    caller: FamiliesAgent, search: Search, limit: pages.Limit = 25, cursor: pages.Cursor = None
) -> Response:
    """The family files that match: exactly first, then, when no name begins so, those that are spelled alike.

    By a name they are those of 100 people at most: who has a common name is found by another word, or by the reference.
    """
    score, after = pages.score_cursor(cursor)
    return await caller.json(
        queries.SEARCH,
        search=search.strip(),
        name=queries.search_name(search),
        phone=normal_phone(search) or "",
        limit=limit,
        score=score,
        after=after,
    )


@router.get("/{family_id}", responses=answers(200, AgentFamilyDetail, NotFound))
async def get_family_file(
    family_id: UUID, db: SessionDep, audited: AuditedFamiliesAgent, caller: FamiliesAgent
) -> Response:
    """A family file with its keys. That an agent looked is written down."""
    answer = await caller.json(queries.AGENT_FILE, id=family_id)
    await audit.record(db, "family.viewed", actor=audited.account_id, family_id=family_id)
    return answer


@router.delete("/{family_id}/children/{child_id}", status_code=204, responses=problems(NotFound))
async def remove_family_child(
    family_id: UUID, child_id: UUID, db: SessionDep, caller: KeysAgent, settings: SettingsDep, now: Now
) -> None:
    """Custody has ended: the child is in this file no more, whatever the next import says, and its parents are told."""
    await service.let_child_leave(db, settings, family_id, child_id, agent_id=caller.account_id, now=now)


@router.put("/{family_id}/children/{child_id}", status_code=204, responses=problems(NotFound))
async def restore_family_child(family_id: UUID, child_id: UUID, db: SessionDep, caller: KeysAgent) -> None:
    """Take that back: the child is in the file again."""
    await service.bring_child_back(db, family_id, child_id, caller.account_id)
