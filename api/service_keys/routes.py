"""The caller's keys."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.accounts.service import LinkSpent
from api.core.clock import Now
from api.core.database import DatabaseDep, PublicSession, SessionDep
from api.core.errors import NotFound, TooManyRequests, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.families.models import ServiceLink
from api.security.addresses import ClientNetwork
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope
from api.service_keys import queries, service
from api.service_keys.schemas import AttachedRead, KeyAttach, KeyChallenge, LinkList, Objection
from api.sessions.routes import TokensDep
from api.sessions.schemas import ChallengeRead
from api.sessions.service import fresh_access
from api.town.gate import Open
from api.town.models import Function, SwitchedOff

router = new_router("/service-keys", tag="service keys")
KeysReader = Annotated[Reader, Reads(Scope.SERVICE_KEYS_READ)]
KeysWriter = Annotated[Principal, Requires(Scope.SERVICE_KEYS_WRITE)]


async def _attached(db: SessionDep, tokens: TokensDep, caller: Principal, link: ServiceLink, now: Now) -> AttachedRead:
    """The family that was found, and a token with the new rights."""
    access = await fresh_access(db, tokens, caller.account_id, caller.session_id, now)
    row = await db.scalar(queries.ONE_LINK, {"viewer": caller.account_id, "id": link.id})
    return AttachedRead.model_validate({**row, **access.model_dump()})


@router.get("", responses=answers(200, LinkList))
async def list_service_keys(caller: KeysReader) -> Response:
    """The keys that the caller's account holds."""
    return await caller.json(queries.LINKS)


@router.post(
    "",
    status_code=201,
    responses=answers(
        202,
        ChallengeRead,
        service.KeyMistyped,
        service.UnknownService,
        service.KeyNotAccepted,
        TooManyRequests,
        SwitchedOff,
    ),
    dependencies=[Open(Function.SERVICE_KEYS)],
)
async def attach_service_key(
    body: KeyAttach,
    db: SessionDep,
    caller: KeysWriter,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    tokens: TokensDep,
    network: ClientNetwork,
    now: Now,
) -> AttachedRead | ChallengeRead:
    """Type a key. 201 with what it opened and a fresh access token; 202 when a second proof is asked for."""
    outcome = await service.attach(db, database, settings, caller.account_id, body.service, body.key, network, now)
    if isinstance(outcome, service.Challenged):
        response.status_code = 202
        return ChallengeRead(challenge=outcome.challenge, kind="child_birth_date")
    return await _attached(db, tokens, caller, outcome, now)


@router.post("/challenge", status_code=201, responses=problems(service.WrongBirthDate, service.KeyNotAccepted))
async def answer_key_challenge(
    body: KeyChallenge, db: SessionDep, caller: KeysWriter, settings: SettingsDep, tokens: TokensDep, now: Now
) -> AttachedRead:
    """The birth date of a child of the file, for a key that travelled on paper."""
    link = await service.answer_challenge(db, settings, caller.account_id, body.challenge, body.birth_date, now)
    return await _attached(db, tokens, caller, link, now)


@router.post("/objections", status_code=204, responses=problems(LinkSpent))
async def object_to_service_key(body: Objection, db: PublicSession, now: Now) -> None:
    """« Ce n'est pas moi »: close the access that a notice told of."""
    await service.object_to(db, body.token, now)


@router.delete("/{link_id:uuid}", status_code=204, responses=problems(NotFound))
async def detach_service_key(link_id: UUID, db: SessionDep, caller: KeysWriter, now: Now) -> None:
    """Give a key up; what it opened is closed at the next request."""
    await service.detach(db, caller.account_id, link_id, now)
