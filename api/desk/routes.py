"""The agents' queue, and the answers to requests."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from api.core import pages
from api.core.batches import BulkRead
from api.core.clock import Now, Today
from api.core.database import SessionDep
from api.core.errors import InvalidField, NotFound, PreconditionRequired, Stale, answers, problems
from api.core.etags import IfMatch
from api.core.idempotency import Idempotent, KeyReused, StillRunning
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.search import pattern as search_pattern
from api.core.settings import SettingsDep
from api.core.uploads import FILE, attachment
from api.desk import queries, service
from api.desk.models import HeldByAnother, SavedView
from api.desk.schemas import (
    Assignment,
    Bulk,
    ColleagueList,
    FileActivity,
    ReplyTemplateList,
    ReplyTemplateRead,
    ReplyTemplateWrite,
    SavedViewCreate,
    SavedViewList,
    SavedViewRead,
)
from api.requests import queries as requests
from api.requests import service as parents
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
    RequestTypeList,
)
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent", tag="agent")
QueueReader = Annotated[Reader, Reads(Scope.AGENT_REQUESTS)]
FamiliesReader = Annotated[Reader, Reads(Scope.AGENT_FAMILIES)]
QueueAgent = Annotated[Principal, Requires(Scope.AGENT_REQUESTS)]


@router.get("/requests", responses=answers(200, AgentRequestList))
async def list_request_queue(
    caller: QueueReader,
    language: ReaderLanguage,
    state: Annotated[RequestState | None, Query()] = None,
    type: Annotated[str | None, Query(max_length=100)] = None,  # noqa: A002 - the contract's name
    assigned: Annotated[Literal["me", "nobody", "others"] | None, Query()] = None,
    unread: Annotated[bool, Query(description="with a message of the parent that no agent saw")] = False,
    search: Annotated[
        str | None, Query(min_length=2, max_length=100, description="a reference, a name, a mail")
    ] = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """The queue, what waits longest first, with the counts by state."""
    return await caller.json(
        requests.AGENT_PAGE,
        language=language,
        state=state and state.value,
        type=type,
        assigned=assigned,
        unread=unread,
        search=search,
        pattern=search_pattern(search),
        limit=limit,
        after=pages.uuid_cursor(cursor),
    )


@router.get("/requests/{request_id}", responses=answers(200, AgentRequestRead, NotFound))
async def get_queued_request(
    request_id: UUID, db: SessionDep, audited: QueueAgent, caller: QueueReader, language: ReaderLanguage
) -> Response:
    """One request with who asks. That an agent looked is written down."""
    answer = await caller.versioned(requests.AGENT_ONE, id=request_id, language=language)
    await service.note_view(db, audited.account_id, request_id)
    return answer


@router.post("/requests/{request_id}/review", responses=problems(NotFound, WrongState, HeldByAnother))
async def review_request(
    request_id: UUID, db: SessionDep, caller: QueueAgent, language: ReaderLanguage
) -> AgentRequestRead:
    """Take a request in hand; the parent can no longer change it."""
    return await service.review(db, caller.account_id, request_id, language)


@router.post("/requests/{request_id}/correction", responses=problems(NotFound, WrongState, HeldByAnother))
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
    "/requests/{request_id}/messages",
    status_code=201,
    response_model=MessageRead,
    responses=problems(NotFound, WrongState, KeyReused, StillRunning),
)
async def write_to_parent(
    request_id: UUID, body: MessageCreate, db: SessionDep, caller: QueueAgent, settings: SettingsDep, once: Idempotent
) -> Response:
    """Write to the parent, who gets a mail that a message waits."""

    async def send() -> MessageRead:
        request = await requests.lock_for_agent(db, caller.account_id, request_id)
        return await parents.write(db, settings, caller.account_id, request, body.body, by_agent=True)

    return await once.run(db, caller.account_id, send)


@router.post("/requests/{request_id}/reading", status_code=204, responses=problems(NotFound))
async def mark_parent_messages_read(request_id: UUID, db: SessionDep, caller: QueueAgent, now: Now) -> None:
    """The parent's messages were seen."""
    request = await requests.lock_for_agent(db, caller.account_id, request_id)
    await requests.mark_read(db, request.id, by_agent=True, now=now)


@router.get(
    "/requests/{request_id}/documents/{document_id}", response_class=Response, responses=FILE | problems(NotFound)
)
async def get_queued_document(request_id: UUID, document_id: UUID, db: SessionDep, caller: QueueAgent) -> Response:
    """A parent's file, as an attachment."""
    await requests.lock_for_agent(db, caller.account_id, request_id)
    document, content = await requests.document(db, request_id, document_id, None)
    return attachment(document.name, document.media_type, content)


@router.post("/requests/{request_id}/acceptance", responses=problems(NotFound, WrongState, HeldByAnother, InvalidField))
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


@router.post("/requests/{request_id}/refusal", responses=problems(NotFound, WrongState, HeldByAnother))
async def refuse_request(
    request_id: UUID, body: Refusal, db: SessionDep, caller: QueueAgent, settings: SettingsDep, language: ReaderLanguage
) -> AgentRequestRead:
    """Refuse a request with a reason that the parent reads."""
    return await service.refuse_request(db, settings, caller.account_id, request_id, body.reason, language)


@router.put(
    "/requests/{request_id}/assignee",
    responses=problems(NotFound, WrongState, Stale, PreconditionRequired, InvalidField),
)
async def assign_request(
    request_id: UUID,
    body: Assignment,
    db: SessionDep,
    caller: QueueAgent,
    language: ReaderLanguage,
    response: Response,
    if_match: IfMatch = None,
) -> AgentRequestRead:
    """Give an open request to a colleague, take it over, or give it back to the queue."""
    request = await service.assign(db, caller.account_id, request_id, body.agent_id, if_match, language)
    response.headers["ETag"] = f'"{request.version}"'
    return request


@router.post("/request-batches", responses=problems(InvalidField))
async def handle_requests(
    body: Bulk, db: SessionDep, caller: QueueAgent, settings: SettingsDep, language: ReaderLanguage, now: Now
) -> BulkRead:
    """Do one thing with several requests, each by itself: the answer says what became of each."""
    return await service.handle_many(db, settings, caller.account_id, body, now, language)


@router.get("/request-types", responses=answers(200, RequestTypeList))
async def list_handled_request_types(caller: QueueReader, language: ReaderLanguage) -> Response:
    """The kinds of request that the agent's rights handle, each with its form."""
    return await caller.json(requests.HANDLED_TYPES, language=language)


@router.get("/colleagues", responses=answers(200, ColleagueList))
async def list_colleagues(caller: QueueReader) -> Response:
    """The agents who handle requests."""
    return await caller.json(queries.COLLEAGUES)


@router.get("/families/{family_id}/activity", responses=answers(200, FileActivity, NotFound))
async def get_family_activity(family_id: UUID, caller: FamiliesReader, today: Today) -> Response:
    """What happened in a family file: its accounts, the newest invoices, enrollments, requests and events."""
    return await caller.json(queries.ACTIVITY, id=family_id, today=today)


@router.get("/request-views", responses=answers(200, SavedViewList))
async def list_request_views(caller: QueueReader) -> Response:
    """One's own views of the queue."""
    return await caller.json(queries.VIEWS)


@router.post("/request-views", status_code=201)
async def create_request_view(body: SavedViewCreate, db: SessionDep, caller: QueueAgent) -> SavedViewRead:
    """Keep filters under a name."""
    view = SavedView(account_id=caller.account_id, name=body.name, filters=body.filters.model_dump(mode="json"))
    db.add(view)
    await db.flush()
    return SavedViewRead.model_validate(view, from_attributes=True)


@router.delete("/request-views/{view_id}", status_code=204, responses=problems(NotFound))
async def delete_request_view(view_id: UUID, db: SessionDep, caller: QueueAgent) -> None:
    """Forget a view."""
    await db.delete(await queries.own_view(db, caller.account_id, view_id))


@router.get("/reply-templates", responses=answers(200, ReplyTemplateList))
async def list_reply_templates(caller: QueueReader) -> Response:
    """Texts that agents write often."""
    return await caller.json(queries.TEMPLATES)


@router.post("/reply-templates", status_code=201, responses=problems(InvalidField))
async def create_reply_template(body: ReplyTemplateWrite, db: SessionDep, caller: QueueAgent) -> ReplyTemplateRead:
    """Keep a text for all agents."""
    return await service.write_template(db, body)


@router.put("/reply-templates/{template_id}", responses=problems(NotFound, InvalidField, Stale, PreconditionRequired))
async def update_reply_template(
    template_id: UUID, body: ReplyTemplateWrite, db: SessionDep, caller: QueueAgent, if_match: IfMatch = None
) -> ReplyTemplateRead:
    """Change a text."""
    return await service.write_template(db, body, await queries.lock_template(db, template_id), if_match)


@router.delete("/reply-templates/{template_id}", status_code=204, responses=problems(NotFound))
async def delete_reply_template(template_id: UUID, db: SessionDep, caller: QueueAgent) -> None:
    """Remove a text."""
    await db.delete(await queries.lock_template(db, template_id))
