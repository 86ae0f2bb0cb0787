"""What agents do with requests. A request that one agent has in hand is not answered by another."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries as accounts
from api.audit import service as audit
from api.core import etags
from api.core.batches import BulkRead, each
from api.core.database import as_system
from api.core.errors import InvalidField
from api.core.settings import Settings
from api.desk import queries
from api.desk.models import AnsweredByAnother, HeldByAnother, ReplyTemplate
from api.desk.schemas import Bulk, ReplyTemplateRead, ReplyTemplateWrite
from api.families import queries as families
from api.families.models import AdultPrivate
from api.requests import forms
from api.requests import queries as requests
from api.requests.models import EventKind, Request, RequestEvent, RequestState, WrongState
from api.requests.schemas import Acceptance, AcceptedRead, AgentRequestRead, CorrectionAsked
from api.requests.service import OPEN, record, tell, written
from api.security.scopes import Scope
from api.service_keys import service as service_keys

SERVICE_KEY = "service-key"


async def _in_hand(db: AsyncSession, agent_id: UUID, request_id: UUID) -> Request:
    """A request that this agent may answer, locked. Raises NotFound, HeldByAnother, WrongState."""
    request = await requests.lock_for_agent(db, agent_id, request_id)
    another = request.agent_id if request.agent_id not in {None, agent_id} else None
    if another and request.state in OPEN:
        raise HeldByAnother(await queries.name_of(db, another))
    if another:
        raise AnsweredByAnother(await queries.name_of(db, another))
    return request


async def review(db: AsyncSession, agent_id: UUID, request_id: UUID, language: str) -> AgentRequestRead:
    """Take a request in hand: from now on the parent cannot change it. Raises NotFound, HeldByAnother, WrongState."""
    request = await _in_hand(db, agent_id, request_id)
    request.move(RequestState.IN_REVIEW, RequestState.SUBMITTED)
    request.agent_id = agent_id
    await record(db, request, agent_id, by_agent=True)
    return AgentRequestRead.model_validate(await written(db, request.id, language))


async def assign(
    db: AsyncSession, agent_id: UUID, request_id: UUID, to: UUID | None, if_match: str | None, language: str
) -> AgentRequestRead:
    """Give an open request to a colleague, to oneself, or back to the queue: also out of another's hands.

    Raises NotFound, WrongState, Stale, PreconditionRequired, and InvalidField for who does not handle requests.
    """
    request = await requests.lock_for_agent(db, agent_id, request_id)
    etags.check(request, if_match)
    await _assign(db, agent_id, request, to)
    return AgentRequestRead.model_validate(await written(db, request.id, language))


async def _assign(db: AsyncSession, agent_id: UUID, request: Request, to: UUID | None) -> None:
    if request.state not in OPEN:
        raise WrongState
    if to and Scope.AGENT_REQUESTS not in await accounts.scopes(db, to):
        raise InvalidField(
            "/agent_id", "agent", "Cette personne ne traite pas les demandes.", "This person does not handle requests."
        )
    if request.agent_id == to:
        return
    request.agent_id = to
    if to is None and request.state is RequestState.IN_REVIEW:
        request.state = RequestState.SUBMITTED  # nobody reviews it any more
    db.add(
        RequestEvent(
            request_id=request.id,
            account_id=request.account_id,
            by_agent=True,
            actor_id=agent_id,
            kind=EventKind.ASSIGNMENT,
            state=request.state,
            assignee_id=to,
        )
    )
    await audit.record(
        db,
        "request.assigned",
        actor=agent_id,
        account_id=request.account_id,
        request=str(request.id),
        assignee=str(to or ""),
    )


async def ask_correction(
    db: AsyncSession, settings: Settings, agent_id: UUID, request_id: UUID, asked: CorrectionAsked, language: str
) -> AgentRequestRead:
    """Send a request back: the parent may change it again, and reads what to do. Raises NotFound, HeldByAnother, WrongState."""
    request = await _in_hand(db, agent_id, request_id)
    request.move(
        RequestState.CORRECTION_REQUESTED,
        RequestState.SUBMITTED,
        RequestState.IN_REVIEW,
        reason=asked.reason,
        correction=asked.kind,
    )
    request.agent_id = agent_id
    await record(db, request, agent_id, by_agent=True)
    await tell(db, settings, request, "request-correction")
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
    """Accept a request and do what it asks in the same breath: both or neither.

    A key request gives the key out, a change of details is written into the file.
    Raises NotFound, HeldByAnother, WrongState, InvalidField.
    """
    request = await _in_hand(db, agent_id, request_id)
    request.move(RequestState.ACCEPTED, *OPEN)
    request.agent_id = agent_id
    issued = await service_keys.issue(db, settings, agent_id, body.service_key, now) if body.service_key else None
    if request.type == forms.FAMILY_CHANGE:
        await _change_details(db, agent_id, request)
    await record(db, request, agent_id, by_agent=True)
    await tell(db, settings, request, "request-accepted")
    return AcceptedRead.model_validate({**await written(db, request.id, language), "issued_key": issued})


async def _change_details(db: AsyncSession, agent_id: UUID, request: Request) -> None:
    """The new values go into the file of whoever asked. The back office hears of it as an event."""
    family_id = UUID(request.data["family_id"])
    adult_id = await families.own_adult(db, request.account_id, family_id)
    if adult_id is None:
        raise InvalidField(
            "/id",
            "not-linked",
            "Ce parent n'est plus relié à ce dossier. Refusez la demande avec ce motif.",
            "This parent is no longer in this file. Refuse the request with this reason.",
        )
    changes = {name: request.data[name] for name in forms.DETAILS if name in request.data}
    async with as_system(db):  # an agent reads files; only the import and an accepted request write them
        await db.execute(update(AdultPrivate).where(AdultPrivate.adult_id == adult_id).values(**changes))
    await audit.record(
        db,
        "family.changed",
        actor=agent_id,
        account_id=request.account_id,
        family_id=family_id,
        adult=str(adult_id),
        fields=" ".join(sorted(changes)),
    )


async def refuse_request(
    db: AsyncSession, settings: Settings, agent_id: UUID, request_id: UUID, reason: str, language: str
) -> AgentRequestRead:
    """Refuse a request with a reason that the parent reads. Raises NotFound, HeldByAnother, WrongState."""
    request = await _in_hand(db, agent_id, request_id)
    request.move(RequestState.REFUSED, *OPEN, reason=reason)
    request.agent_id = agent_id
    await record(db, request, agent_id, by_agent=True)
    await tell(db, settings, request, "request-refused")
    return AgentRequestRead.model_validate(await written(db, request.id, language))


async def note_view(db: AsyncSession, agent_id: UUID, request_id: UUID) -> None:
    """Write down that an agent looked at a request. Raises NotFound."""
    request = await requests.lock_for_agent(db, agent_id, request_id)
    await audit.record(db, "request.viewed", actor=agent_id, account_id=request.account_id, request=str(request.id))


async def handle_many(
    db: AsyncSession, settings: Settings, agent_id: UUID, order: Bulk, now: datetime, language: str
) -> BulkRead:
    """Do one thing with several requests; one that cannot be done stops no other. Raises InvalidField without a reason."""
    if order.action == "refusal" and not order.reason:
        raise InvalidField("/reason", "missing", "Ce champ est nécessaire.", "This field is needed.")
    return await each(
        db,
        order.ids,
        lambda request_id: _handle_one(db, settings, agent_id, request_id, order, now, language),
        language,
    )


async def _handle_one(
    db: AsyncSession, settings: Settings, agent_id: UUID, request_id: UUID, order: Bulk, now: datetime, language: str
) -> None:
    if order.action == "review":
        await review(db, agent_id, request_id, language)
    elif order.action == "refusal":
        await refuse_request(db, settings, agent_id, request_id, order.reason or "", language)
    elif order.action == "assignment":
        await _assign(db, agent_id, await requests.lock_for_agent(db, agent_id, request_id), order.agent_id)
    else:
        request = await requests.lock_for_agent(db, agent_id, request_id)
        if request.type == SERVICE_KEY:
            raise InvalidField(
                "/action",
                "one-by-one",
                "Une demande de clé s'accepte une par une : il faut choisir la personne.",
                "A key request is accepted one by one: its person must be chosen.",
            )
        await accept(db, settings, agent_id, request_id, Acceptance(), now, language)


async def write_template(
    db: AsyncSession, wanted: ReplyTemplateWrite, template: ReplyTemplate | None = None, if_match: str | None = None
) -> ReplyTemplateRead:
    """Keep a text, new or changed. Raises InvalidField for a name that is taken, Stale, PreconditionRequired."""
    if template:
        etags.check(template, if_match)
        template.name, template.body = wanted.name, wanted.body
    else:
        template = ReplyTemplate(name=wanted.name, body=wanted.body, version=1)
        db.add(template)
    try:
        await db.flush()
    except IntegrityError:
        raise InvalidField(
            "/name", "taken", "Un autre modèle a déjà ce nom.", "Another text has this name already."
        ) from None
    return ReplyTemplateRead.model_validate(template, from_attributes=True)
