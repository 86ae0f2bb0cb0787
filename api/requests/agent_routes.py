"""The agents' queue."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.core import pages
from api.core.clock import Now
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, answers, problems
from api.core.idempotency import Idempotent, KeyReused, StillRunning
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.core.uploads import FILE, attachment
from api.requests import queries, service
from api.requests.models import RequestState, WrongState
from api.requests.schemas import (
    Acceptance,
    AcceptedRead,
    AgentRequestList,
    AgentRequestRead,
    CorrectionAsked,
    MessageCreate,
    MessageRead,
    Refusal,
)
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent/requests", tag="agent")
QueueReader = Annotated[Reader, Reads(Scope.AGENT_REQUESTS)]
QueueAgent = Annotated[Principal, Requires(Scope.AGENT_REQUESTS)]


@router.get("", responses=answers(200, AgentRequestList))
async def list_request_queue(
    caller: QueueReader,
    language: ReaderLanguage,
    state: Annotated[RequestState | None, Query()] = None,
    type: Annotated[str | None, Query(max_length=100)] = None,  # noqa: A002 - the contract's name
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """The queue, what waits longest first, with the counts by state."""
    return await caller.json(
        queries.AGENT_PAGE,
        language=language,
        state=state and state.value,
        type=type,
        limit=limit,
        after=pages.uuid_cursor(cursor),
    )


@router.get("/{request_id}", responses=answers(200, AgentRequestRead, NotFound))
async def get_queued_request(
    request_id: UUID, db: SessionDep, audited: QueueAgent, caller: QueueReader, language: ReaderLanguage
) -> Response:
    """One request with who asks. That an agent looked is written down."""
    answer = await caller.versioned(queries.AGENT_ONE, id=request_id, language=language)
    await service.note_view(db, audited.account_id, request_id)
    return answer


@router.post("/{request_id}/review", responses=problems(NotFound, WrongState))
async def review_request(
    request_id: UUID, db: SessionDep, caller: QueueAgent, language: ReaderLanguage
) -> AgentRequestRead:
    """Take a request in hand; the parent can no longer change it."""
    return await service.review(db, caller.account_id, request_id, language)


@router.post("/{request_id}/correction", responses=problems(NotFound, WrongState))
async def ask_request_correction(
    request_id: UUID,
    body: CorrectionAsked,
    db: SessionDep,
    caller: QueueAgent,
    settings: SettingsDep,
    language: ReaderLanguage,
) -> AgentRequestRead:
    """Send a request back to the parent, who sees what to do and may change it again."""
    return await service.ask_correction(db, settings, caller.account_id, request_id, body, language)


@router.post(
    "/{request_id}/messages",
    status_code=201,
    response_model=MessageRead,
    responses=problems(NotFound, WrongState, KeyReused, StillRunning),
)
async def write_to_parent(
    request_id: UUID, body: MessageCreate, db: SessionDep, caller: QueueAgent, settings: SettingsDep, once: Idempotent
) -> Response:
    """Write to the parent, who gets a mail that a message waits."""

    async def send() -> MessageRead:
        request = await queries.lock_for_agent(db, request_id)
        return await service.write(db, settings, caller.account_id, request, body.body, by_agent=True)

    return await once.run(db, caller.account_id, send)


@router.post("/{request_id}/reading", status_code=204, responses=problems(NotFound))
async def mark_parent_messages_read(request_id: UUID, db: SessionDep, caller: QueueAgent, now: Now) -> None:
    """The parent's messages were seen."""
    request = await queries.lock_for_agent(db, request_id)
    await queries.mark_read(db, request.id, by_agent=True, now=now)


@router.get("/{request_id}/documents/{document_id}", response_class=Response, responses=FILE | problems(NotFound))
async def get_queued_document(request_id: UUID, document_id: UUID, db: SessionDep, caller: QueueAgent) -> Response:
    """A parent's file, as an attachment."""
    document, content = await queries.document(db, request_id, document_id, None)
    return attachment(document.name, document.media_type, content)


@router.post("/{request_id}/acceptance", responses=problems(NotFound, WrongState, InvalidField))
async def accept_request(
    request_id: UUID,
    db: SessionDep,
    caller: QueueAgent,
    settings: SettingsDep,
    language: ReaderLanguage,
    now: Now,
    body: Acceptance | None = None,
) -> AcceptedRead:
    """Accept a request and, for a key request, give the key out in the same breath."""
    return await service.accept(db, settings, caller.account_id, request_id, body or Acceptance(), now, language)


@router.post("/{request_id}/refusal", responses=problems(NotFound, WrongState))
async def refuse_request(
    request_id: UUID, body: Refusal, db: SessionDep, caller: QueueAgent, settings: SettingsDep, language: ReaderLanguage
) -> AgentRequestRead:
    """Refuse a request with a reason that the parent reads."""
    return await service.refuse_request(db, settings, caller.account_id, request_id, body.reason, language)
