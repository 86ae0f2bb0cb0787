"""The caller's requests (démarches)."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.core import pages
from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.idempotency import Idempotent, KeyReused, StillRunning
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.core.uploads import FILE, UploadDep, attachment
from api.requests import queries, service
from api.requests.models import WrongState
from api.requests.schemas import (
    DocumentList,
    DocumentRead,
    MessageCreate,
    MessageRead,
    RequestCreate,
    RequestList,
    RequestRead,
    RequestTypeList,
    RequestUpdate,
)
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope
from api.town.gate import Open
from api.town.models import Function, SwitchedOff

router = new_router(tag="requests")
RequestsReader = Annotated[Reader, Reads(Scope.REQUESTS_READ)]
RequestsViewer = Annotated[Principal, Requires(Scope.REQUESTS_READ)]
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
    "/requests",
    status_code=201,
    response_model=RequestRead,
    responses=problems(InvalidField, KeyReused, StillRunning, SwitchedOff),
    dependencies=[Open(Function.REQUESTS)],
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
    settings: SettingsDep,
    language: ReaderLanguage,
    response: Response,
    if_match: IfMatch = None,
) -> RequestRead:
    """Change a request that no agent has taken yet, or that was sent back for a correction."""
    request = await service.change(db, settings, caller.account_id, request_id, body.data, if_match, language)
    response.headers["ETag"] = f'"{request.version}"'
    return request


@router.post("/requests/{request_id}/withdrawal", responses=problems(NotFound, WrongState))
async def withdraw_request(
    request_id: UUID, db: SessionDep, caller: RequestsWriter, language: ReaderLanguage
) -> RequestRead:
    """Take a request back."""
    return await service.withdraw(db, caller.account_id, request_id, language)


@router.post("/requests/{request_id}/submission", responses=problems(NotFound, WrongState))
async def resubmit_request(
    request_id: UUID, db: SessionDep, caller: RequestsWriter, language: ReaderLanguage
) -> RequestRead:
    """Send a request again after the correction that was asked for."""
    return await service.resubmit(db, caller.account_id, request_id, language)


@router.post(
    "/requests/{request_id}/messages",
    status_code=201,
    response_model=MessageRead,
    responses=problems(NotFound, WrongState, KeyReused, StillRunning),
)
async def write_to_service(
    request_id: UUID,
    body: MessageCreate,
    db: SessionDep,
    caller: RequestsWriter,
    settings: SettingsDep,
    once: Idempotent,
) -> Response:
    """Write to the service about a request."""

    async def send() -> MessageRead:
        request = await queries.lock(db, caller.account_id, request_id)
        return await service.write(db, settings, caller.account_id, request, body.body, by_agent=False)

    return await once.run(db, caller.account_id, send)


@router.post("/requests/{request_id}/reading", status_code=204, responses=problems(NotFound))
async def mark_service_messages_read(request_id: UUID, db: SessionDep, caller: RequestsWriter, now: Now) -> None:
    """The service's messages were seen."""
    request = await queries.lock(db, caller.account_id, request_id)
    await queries.mark_read(db, request.id, by_agent=False, now=now)


@router.get("/requests/{request_id}/documents", responses=answers(200, DocumentList, NotFound))
async def list_request_documents(request_id: UUID, caller: RequestsReader) -> Response:
    """The files of a request."""
    return await caller.json(queries.DOCUMENTS, id=request_id)


@router.post(
    "/requests/{request_id}/documents", status_code=201, responses=problems(NotFound, WrongState, InvalidField)
)
async def join_request_document(
    request_id: UUID, db: SessionDep, caller: RequestsWriter, upload: UploadDep
) -> DocumentRead:
    """Join a file: a PDF, or a photo (JPEG, PNG, WebP), of 10 MB at most; told by its content.

    A photo is turned upright, shrunk, and loses its metadata, the place where it was taken among it.
    """
    return await service.join_document(db, caller.account_id, request_id, upload)


@router.get(
    "/requests/{request_id}/documents/{document_id}", response_class=Response, responses=FILE | problems(NotFound)
)
async def get_request_document(request_id: UUID, document_id: UUID, db: SessionDep, caller: RequestsViewer) -> Response:
    """A file of one's request, as an attachment."""
    document, content = await queries.document(db, request_id, document_id, caller.account_id)
    return attachment(document.name, document.media_type, content)


@router.delete(
    "/requests/{request_id}/documents/{document_id}", status_code=204, responses=problems(NotFound, WrongState)
)
async def delete_request_document(request_id: UUID, document_id: UUID, db: SessionDep, caller: RequestsWriter) -> None:
    """Take a file back, as long as no agent has the request."""
    await service.remove_document(db, caller.account_id, request_id, document_id)
