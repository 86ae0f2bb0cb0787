"""Sending requests. Every change of state is an event. What agents do with them is in api.desk."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.audit import service as audit
from api.core import etags
from api.core.errors import InvalidField
from api.core.settings import Settings
from api.core.uploads import Upload
from api.outbox import service as outbox
from api.requests import forms, queries
from api.requests.models import Request, RequestDocument, RequestEvent, RequestMessage, RequestState, WrongState
from api.requests.schemas import (
    DocumentRead,
    MessageRead,
    RequestCreate,
    RequestRead,
)

EDITABLE = (RequestState.SUBMITTED, RequestState.CORRECTION_REQUESTED)
OPEN = (*EDITABLE, RequestState.IN_REVIEW)
MAX_DOCUMENTS = 10


async def submit(
    db: AsyncSession,
    settings: Settings,
    account_id: UUID,
    new: RequestCreate,
    language: str,
    today: date,
    entered_by: UUID | None = None,
) -> RequestRead:
    """Send a request; `entered_by` is the agent who types for somebody. Raises InvalidField, ScopeMissing."""
    data, before = await forms.check(db, settings, account_id, new.type, new.data)
    number = await db.scalar(text("SELECT nextval('request_number')"))
    request = Request(
        reference=f"D-{today.year}-{number:06d}",
        account_id=account_id,
        type=new.type,
        state=RequestState.SUBMITTED,
        data=data,
        before=before,
        version=1,
    )
    db.add(request)
    await db.flush()
    await record(db, request, entered_by or account_id, by_agent=entered_by is not None)
    await tell(db, settings, request, "request-submitted")
    return RequestRead.model_validate(await written(db, request.id, language))


async def change(
    db: AsyncSession,
    settings: Settings,
    account_id: UUID,
    request_id: UUID,
    data: dict[str, Any],
    if_match: str | None,
    language: str,
) -> RequestRead:
    """Change one's request before an agent takes it, or when a correction is asked for. Raises NotFound, WrongState, Stale, PreconditionRequired, InvalidField."""
    request = await queries.lock(db, account_id, request_id)
    etags.check(request, if_match)
    if request.state not in EDITABLE:
        raise WrongState
    request.data, request.before = await forms.check(db, settings, account_id, request.type, data)
    await db.flush()
    return RequestRead.model_validate(await written(db, request.id, language))


async def withdraw(db: AsyncSession, account_id: UUID, request_id: UUID, language: str) -> RequestRead:
    """Take one's request back. Raises NotFound, WrongState."""
    request = await queries.lock(db, account_id, request_id)
    request.move(RequestState.WITHDRAWN, *OPEN)
    await record(db, request, account_id, by_agent=False)
    return RequestRead.model_validate(await written(db, request.id, language))


async def resubmit(db: AsyncSession, account_id: UUID, request_id: UUID, language: str) -> RequestRead:
    """Send a corrected request again. Raises NotFound, WrongState."""
    request = await queries.lock(db, account_id, request_id)
    request.move(RequestState.SUBMITTED, RequestState.CORRECTION_REQUESTED)
    await record(db, request, account_id, by_agent=False)
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
        await tell(db, settings, request, "request-message")
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


async def record(db: AsyncSession, request: Request, actor_id: UUID, *, by_agent: bool) -> None:
    """Write the request's state into its timeline and the audit."""
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


async def tell(db: AsyncSession, settings: Settings, request: Request, template: str) -> None:
    """Write to whoever asked."""
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
