"""Sending requests and answering them. Every change of state is an event and, for an answer, a mail."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import jsonschema
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries as accounts
from api.accounts.models import Account
from api.audit import service as audit
from api.core import etags
from api.core.database import found
from api.core.errors import InvalidField
from api.core.settings import Settings
from api.core.uploads import Upload
from api.families import queries as families
from api.outbox import service as outbox
from api.requests import queries
from api.requests.models import Request, RequestDocument, RequestEvent, RequestMessage, RequestState, WrongState
from api.requests.schemas import (
    Acceptance,
    AcceptedRead,
    AgentRequestRead,
    CorrectionAsked,
    DocumentRead,
    MessageRead,
    RequestCreate,
    RequestRead,
)
from api.security.principal import refuse
from api.service_keys import service as service_keys

EDITABLE = (RequestState.SUBMITTED, RequestState.CORRECTION_REQUESTED)
OPEN = (*EDITABLE, RequestState.IN_REVIEW)
MAX_DOCUMENTS = 10
WORDS = {
    "required": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "additionalProperties": ("unknown", "Ce champ n'existe pas.", "This field does not exist."),
    "enum": ("choice", "Choisissez une des valeurs proposées.", "Choose one of the values offered."),
    "format": ("date", "Cette date n'existe pas.", "This date does not exist."),
    "minLength": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "maxLength": ("too-long", "Ce texte est trop long.", "This text is too long."),
    "maxItems": ("too-many", "Il y en a trop.", "There are too many."),
}


async def submit(
    db: AsyncSession, settings: Settings, account_id: UUID, new: RequestCreate, language: str, today: date
) -> RequestRead:
    """Send a request. Raises InvalidField, ScopeMissing."""
    await _check_data(db, account_id, new.type, new.data)
    number = await db.scalar(text("SELECT nextval('request_number')"))
    request = Request(
        reference=f"D-{today.year}-{number:06d}",
        account_id=account_id,
        type=new.type,
        state=RequestState.SUBMITTED,
        data=new.data,
        version=1,
    )
    db.add(request)
    await db.flush()
    await _record(db, request, account_id, by_agent=False)
    await _tell(db, settings, request, "request-submitted")
    return RequestRead.model_validate(await written(db, request.id, language))


async def change(
    db: AsyncSession, account_id: UUID, request_id: UUID, data: dict[str, Any], if_match: str | None, language: str
) -> RequestRead:
    """Change one's request before an agent takes it, or when a correction is asked for. Raises NotFound, WrongState, Stale, PreconditionRequired, InvalidField."""
    request = await queries.lock(db, account_id, request_id)
    etags.check(request, if_match)
    if request.state not in EDITABLE:
        raise WrongState
    await _check_data(db, account_id, request.type, data)
    request.data = data
    await db.flush()
    return RequestRead.model_validate(await written(db, request.id, language))


async def withdraw(db: AsyncSession, account_id: UUID, request_id: UUID, language: str) -> RequestRead:
    """Take one's request back. Raises NotFound, WrongState."""
    request = await queries.lock(db, account_id, request_id)
    request.move(RequestState.WITHDRAWN, *OPEN)
    await _record(db, request, account_id, by_agent=False)
    return RequestRead.model_validate(await written(db, request.id, language))


async def review(db: AsyncSession, agent_id: UUID, request_id: UUID, language: str) -> AgentRequestRead:
    """Take a request in hand: from now on the parent cannot change it. Raises NotFound, WrongState."""
    request = await queries.lock_for_agent(db, request_id)
    request.move(RequestState.IN_REVIEW, RequestState.SUBMITTED)
    request.agent_id = agent_id
    await _record(db, request, agent_id, by_agent=True)
    return AgentRequestRead.model_validate(await written(db, request.id, language))


async def accept(
    db: AsyncSession,
    settings: Settings,
    agent_id: UUID,
    request_id: UUID,
    body: Acceptance,
    now: datetime,
    language: str,
) -> AcceptedRead:
    """Accept a request and, with it, give the key out: both or neither. Raises NotFound, WrongState, InvalidField."""
    request = await queries.lock_for_agent(db, request_id)
    request.move(RequestState.ACCEPTED, *OPEN)
    request.agent_id = agent_id
    issued = await service_keys.issue(db, settings, agent_id, body.service_key, now) if body.service_key else None
    await _record(db, request, agent_id, by_agent=True)
    await _tell(db, settings, request, "request-accepted")
    return AcceptedRead.model_validate({**await written(db, request.id, language), "issued_key": issued})


async def refuse_request(
    db: AsyncSession, settings: Settings, agent_id: UUID, request_id: UUID, reason: str, language: str
) -> AgentRequestRead:
    """Refuse a request with a reason that the parent reads. Raises NotFound, WrongState."""
    request = await queries.lock_for_agent(db, request_id)
    request.move(RequestState.REFUSED, *OPEN, reason=reason)
    request.agent_id = agent_id
    await _record(db, request, agent_id, by_agent=True)
    await _tell(db, settings, request, "request-refused")
    return AgentRequestRead.model_validate(await written(db, request.id, language))


async def note_view(db: AsyncSession, agent_id: UUID, request_id: UUID) -> None:
    """Write down that an agent looked at a request. Raises NotFound."""
    request = found(await db.get(Request, request_id))
    await audit.record(db, "request.viewed", actor=agent_id, account_id=request.account_id, request=str(request.id))


async def ask_correction(
    db: AsyncSession, settings: Settings, agent_id: UUID, request_id: UUID, asked: CorrectionAsked, language: str
) -> AgentRequestRead:
    """Send a request back: the parent may change it again, and reads what to do. Raises NotFound, WrongState."""
    request = await queries.lock_for_agent(db, request_id)
    request.move(
        RequestState.CORRECTION_REQUESTED,
        RequestState.SUBMITTED,
        RequestState.IN_REVIEW,
        reason=asked.reason,
        correction=asked.kind,
    )
    request.agent_id = agent_id
    await _record(db, request, agent_id, by_agent=True)
    await _tell(db, settings, request, "request-correction")
    return AgentRequestRead.model_validate(await written(db, request.id, language))


async def resubmit(db: AsyncSession, account_id: UUID, request_id: UUID, language: str) -> RequestRead:
    """Send a corrected request again. Raises NotFound, WrongState."""
    request = await queries.lock(db, account_id, request_id)
    request.move(RequestState.SUBMITTED, RequestState.CORRECTION_REQUESTED)
    await _record(db, request, account_id, by_agent=False)
    return RequestRead.model_validate(await written(db, request.id, language))


async def write(
    db: AsyncSession, settings: Settings, author_id: UUID, request: Request, body: str, *, by_agent: bool
) -> MessageRead:
    """Write to the other side; a parent gets a mail that says so, without the words. Raises WrongState."""
    if request.state is RequestState.WITHDRAWN:
        raise WrongState
    message = RequestMessage(
        request_id=request.id, account_id=request.account_id, by_agent=by_agent, author_id=author_id, body=body
    )
    db.add(message)
    await db.flush()
    if by_agent:
        await _tell(db, settings, request, "request-message")
    return MessageRead.model_validate(message, from_attributes=True)


async def join_document(db: AsyncSession, account_id: UUID, request_id: UUID, upload: Upload) -> DocumentRead:
    """Join a file to one's open request; the same file again is the one that is there. Raises NotFound, WrongState, InvalidField."""
    request = await queries.lock(db, account_id, request_id)
    if request.state not in OPEN:
        raise WrongState
    document = await queries.same_document(db, request_id, upload.content)
    if document is None:
        if await queries.count_documents(db, request_id) >= MAX_DOCUMENTS:
            raise InvalidField(
                "/file",
                "too-many",
                f"Une demande peut avoir {MAX_DOCUMENTS} documents au plus.",
                f"A request can have {MAX_DOCUMENTS} documents at most.",
            )
        document = RequestDocument(
            request_id=request.id,
            account_id=account_id,
            by_agent=False,
            name=upload.name,
            media_type=upload.media_type,
            size=len(upload.content),
            content=upload.content,
        )
        db.add(document)
        await db.flush()
    return DocumentRead.model_validate(document, from_attributes=True)


async def remove_document(db: AsyncSession, account_id: UUID, request_id: UUID, document_id: UUID) -> None:
    """Take back a file before an agent has the request. Raises NotFound, WrongState."""
    request = await queries.lock(db, account_id, request_id)
    document, _ = await queries.document(db, request_id, document_id, account_id)
    if request.state not in EDITABLE:
        raise WrongState
    await db.delete(document)


async def written(db: AsyncSession, request_id: UUID, language: str) -> dict[str, Any]:
    """A request as it was just written."""
    await db.flush()
    row: dict[str, Any] = (await db.execute(queries.WRITTEN, {"id": request_id, "language": language})).scalar_one()
    return row


async def _check_data(db: AsyncSession, account_id: UUID, slug: str, data: dict[str, Any]) -> None:
    """The data fits the form of its type; raises InvalidField at the first place that does not."""
    kind = await queries.type_of(db, slug)
    if kind is None:
        raise InvalidField(
            "/type", "unknown-type", "Cette démarche n'existe pas.", "This kind of request does not exist."
        )
    if kind.scope and kind.scope not in await accounts.scopes(db, account_id):
        refuse("scope-missing", kind.scope)
    validator = jsonschema.Draft202012Validator(
        kind.form, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    if error := next(iter(sorted(validator.iter_errors(data), key=lambda e: list(map(str, e.path)))), None):
        place = [str(p) for p in error.absolute_path]
        if error.validator == "required":
            place += [name for name in error.validator_value if name not in error.instance][:1]
        code, fr, en = WORDS.get(
            str(error.validator), ("value", "Cette valeur ne convient pas.", "This value does not fit.")
        )
        raise InvalidField("/".join(["", "data", *place]), code, fr, en)
    if "service" in data and await families.service_by_slug(db, data["service"]) is None:
        raise InvalidField(
            "/data/service", "unknown-service", "Ce service n'existe pas.", "This service does not exist."
        )


async def _record(db: AsyncSession, request: Request, actor_id: UUID, *, by_agent: bool) -> None:
    db.add(
        RequestEvent(
            request_id=request.id,
            account_id=request.account_id,
            by_agent=by_agent,
            actor_id=actor_id,
            state=request.state,
            reason=request.reason,
        )
    )
    await audit.record(
        db, f"request.{request.state.value}", actor=actor_id, account_id=request.account_id, request=str(request.id)
    )


async def _tell(db: AsyncSession, settings: Settings, request: Request, template: str) -> None:
    account = await db.get_one(Account, request.account_id)
    await outbox.enqueue(
        db,
        settings,
        template,
        account.email,
        language=account.locale,
        account_id=account.id,
        reference=request.reference,
        request_id=str(request.id),
    )
