"""The counter, for agents."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, answers, problems
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.core.uploads import FILE, attachment
from api.counter import queries, service
from api.counter.models import HasMailbox
from api.counter.schemas import (
    CounterAccountCreate,
    CounterAccountList,
    CounterAccountRead,
    CounterRequestCreate,
)
from api.requests.schemas import RequestRead
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent/accounts", tag="agent")
CounterReader = Annotated[Reader, Reads(Scope.AGENT_COUNTER)]
CounterAgent = Annotated[Principal, Requires(Scope.AGENT_COUNTER)]
MOST = 20


@router.get("", responses=answers(200, CounterAccountList))
async def search_accounts(
    caller: CounterReader,
    search: Annotated[
        str | None, Query(min_length=2, max_length=100, description="a name, a mail, a sign-in name")
    ] = None,
) -> Response:
    """Parents' accounts, the newest first; twenty at most. Without a search, those of the counter that wait for their person."""
    return await caller.json(queries.SEARCH, limit=MOST, **queries.patterns(search))


@router.post("", status_code=201, responses=problems(InvalidField))
async def open_account(body: CounterAccountCreate, db: SessionDep, caller: CounterAgent) -> CounterAccountRead:
    """Open the account of a person without mail. They choose the password from the printed letter."""
    return await service.open_account(db, caller.account_id, body)


@router.get("/{account_id}", responses=answers(200, CounterAccountRead, NotFound))
async def get_account(account_id: UUID, caller: CounterReader) -> Response:
    """One account, with its files and its newest requests."""
    return await caller.json(queries.ONE, id=account_id)


@router.post("/{account_id}/activations", response_class=Response, responses=FILE | problems(NotFound, HasMailbox))
async def print_activation(
    account_id: UUID, db: SessionDep, caller: CounterAgent, settings: SettingsDep, now: Now
) -> Response:
    """The letter to print, PDF/A: the sign-in name and a link to choose a password. The one before is no longer good."""
    pdf = await service.print_activation(db, settings, caller.account_id, account_id, now)
    return attachment("activation.pdf", "application/pdf", pdf)


@router.post("/{account_id}/requests", status_code=201, responses=problems(NotFound, InvalidField))
async def enter_request(
    account_id: UUID,
    body: CounterRequestCreate,
    db: SessionDep,
    caller: CounterAgent,
    settings: SettingsDep,
    language: ReaderLanguage,
    today: Today,
) -> RequestRead:
    """Enter a request for that person; its timeline says which agent did."""
    return await service.enter_request(db, settings, caller.account_id, account_id, body, language, today)
