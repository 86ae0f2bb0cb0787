"""The caller's requests (démarches)."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core import pages
from api.core.clock import Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.idempotency import Idempotent, KeyReused, StillRunning
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.requests import queries, service
from api.requests.models import WrongState
from api.requests.schemas import RequestCreate, RequestList, RequestRead, RequestTypeList, RequestUpdate
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router(tag="requests")
RequestsReader = Annotated[Reader, Reads(Scope.REQUESTS_READ)]
RequestsWriter = Annotated[Principal, Requires(Scope.REQUESTS_WRITE)]


@router.get("/request-types", responses=answers(200, RequestTypeList))
async def list_request_types(caller: RequestsReader, language: ReaderLanguage) -> Response:
    """The kinds of request that the caller may send, each with its form."""
    return await caller.json(queries.TYPES, language=language)


@router.get("/requests", responses=answers(200, RequestList))
async def list_requests(
    caller: RequestsReader, language: ReaderLanguage, limit: pages.Limit = 25, cursor: pages.Cursor = None
) -> Response:
    """The caller's requests, the newest first."""
    return await caller.json(queries.PAGE, language=language, limit=limit, after=pages.uuid_cursor(cursor))


@router.post(
    "/requests", status_code=201, response_model=RequestRead, responses=problems(InvalidField, KeyReused, StillRunning)
)
async def create_request(
    body: RequestCreate,
    db: SessionDep,
    caller: RequestsWriter,
    once: Idempotent,
    settings: SettingsDep,
    language: ReaderLanguage,
    today: Today,
) -> Response:
    """Send a request; the answer has its reference, and a mail follows."""
    return await once.run(
        db, caller.account_id, lambda: service.submit(db, settings, caller.account_id, body, language, today)
    )


@router.get("/requests/{request_id}", responses=answers(200, RequestRead, NotFound))
async def get_request(request_id: UUID, caller: RequestsReader, language: ReaderLanguage) -> Response:
    """One request with its timeline."""
    return await caller.versioned(queries.ONE, id=request_id, language=language)


@router.patch(
    "/requests/{request_id}", responses=problems(NotFound, WrongState, Stale, PreconditionRequired, InvalidField)
)
async def update_request(
    request_id: UUID,
    body: RequestUpdate,
    db: SessionDep,
    caller: RequestsWriter,
    language: ReaderLanguage,
    response: Response,
    if_match: IfMatch = None,
) -> RequestRead:
    """Change a request that no agent has taken yet."""
    request = await service.change(db, caller.account_id, request_id, body.data, if_match, language)
    response.headers["ETag"] = f'"{request.version}"'
    return request


@router.post("/requests/{request_id}/withdrawal", responses=problems(NotFound, WrongState))
async def withdraw_request(
    request_id: UUID, db: SessionDep, caller: RequestsWriter, language: ReaderLanguage
) -> RequestRead:
    """Take a request back."""
    return await service.withdraw(db, caller.account_id, request_id, language)
