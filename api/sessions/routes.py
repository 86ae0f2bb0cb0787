"""Signing in and out, and the list of devices."""

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Cookie, Depends, Header, Request, Response

from api.core.clock import Now
from api.core.database import DatabaseDep, SessionDep
from api.core.errors import NotFound, Problem, TooManyRequests, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.second_factors import service as second_factors
from api.second_factors.schemas import PasskeyOptions
from api.security.addresses import ClientNetwork
from api.security.principal import NotSignedIn, Principal, Reader, Reads, Requires
from api.security.scopes import Scope
from api.security.tokens import Tokens
from api.sessions import queries, service
from api.sessions.models import Client
from api.sessions.schemas import (
    ChallengeRead,
    PasskeySession,
    RefreshCreate,
    SecondFactorCreate,
    SessionCreate,
    SessionList,
    TokenRead,
)

router = new_router("/sessions", tag="sessions")
REFRESH_COOKIE = "__Host-foyer_refresh"
DEVICE_COOKIE = "__Host-foyer_device"
DEVICE_REMEMBERED = 180 * 86400  # seconds
AccountReader = Annotated[Reader, Reads(Scope.ACCOUNT_READ)]
AccountWriter = Annotated[Principal, Requires(Scope.ACCOUNT_WRITE)]
RefreshCookie = Annotated[str | None, Cookie(alias=REFRESH_COOKIE, include_in_schema=False)]
DeviceCookie = Annotated[str | None, Cookie(alias=DEVICE_COOKIE, include_in_schema=False)]


class CrossSite(Problem):
    """The request came from a page of another site."""

    status, code, title = 403, "cross-site", "From another site"
    fr = "Cette demande vient d'un autre site. Ouvrez le portail et recommencez."
    en = "This request comes from another site. Open the portal and try again."


async def refuse_cross_site(
    request: Request,
    origin: Annotated[str | None, Header(include_in_schema=False)] = None,
    sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> None:
    """A cookie is only taken from our own pages, or from what is no browser."""
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or sec_fetch_site not in {None, "same-origin", "none"}:
        raise CrossSite


async def get_tokens(request: Request) -> Tokens:
    """The application's maker of access tokens."""
    tokens: Tokens = request.app.state.tokens
    return tokens


async def get_device(user_agent: Annotated[str | None, Header(include_in_schema=False)] = None) -> str:
    """What a person recognises a device by, from its User-Agent: « Chrome · Android »."""
    agent = user_agent or ""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    )
    names = [next((name for mark, name in kind if mark in agent), "") for kind in (browsers, systems)]
    return " · ".join(n for n in names if n) or "Application"


TokensDep = Annotated[Tokens, Depends(get_tokens)]
Device = Annotated[str, Depends(get_device)]


def _answer(signed_in: service.SignedIn, response: Response) -> TokenRead:
    """The access token in the body; the refresh token there too for an app, in a cookie for a browser."""
    if signed_in.client is Client.APP:
        return signed_in.access.model_copy(update={"refresh_token": signed_in.refresh_token})
    for name, value, lasts in (
        (REFRESH_COOKIE, signed_in.refresh_token, int(signed_in.lasts.total_seconds())),
        (DEVICE_COOKIE, signed_in.device, DEVICE_REMEMBERED),
    ):
        if value:
            response.set_cookie(name, value, max_age=lasts, path="/", secure=True, httponly=True, samesite="strict")
    return signed_in.access


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(refuse_cross_site)],
    responses=answers(202, ChallengeRead, service.WrongCredentials, service.NotActivated, CrossSite, TooManyRequests),
)
async def create_session(
    body: SessionCreate,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    tokens: TokensDep,
    network: ClientNetwork,
    device: Device,
    now: Now,
    mark: DeviceCookie = None,
) -> TokenRead | ChallengeRead:
    """Sign in. 202 with a challenge when a second factor is asked for."""
    outcome = await service.sign_in(
        database, settings, tokens, body, network=network, device=device, mark=mark or "", now=now
    )
    if isinstance(outcome, service.Challenged):
        response.status_code = 202
        return ChallengeRead(challenge=outcome.challenge, kind="totp")
    return _answer(outcome, response)


@router.post(
    "/second-factor",
    status_code=201,
    dependencies=[Depends(refuse_cross_site)],
    responses=problems(service.WrongCode, CrossSite, TooManyRequests),
)
async def pass_second_factor(
    body: SecondFactorCreate,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    tokens: TokensDep,
    device: Device,
    now: Now,
) -> TokenRead:
    """Finish signing in with the code of the authenticator or a recovery code."""
    signed_in = await service.pass_second_factor(
        database, settings, tokens, body.challenge, body.code, device=device, now=now
    )
    return _answer(signed_in, response)


@router.post("/passkey-options")
async def begin_passkey_session(settings: SettingsDep, now: Now) -> PasskeyOptions:
    """What the browser needs to present a passkey; the same for everybody, good for 5 minutes and once."""
    from api.second_factors import passkeys

    return PasskeyOptions(options=passkeys.request_options(settings, now))


@router.post(
    "/passkey",
    status_code=201,
    dependencies=[Depends(refuse_cross_site)],
    responses=problems(second_factors.PasskeyRefused, CrossSite),
)
async def create_passkey_session(
    body: PasskeySession,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    tokens: TokensDep,
    device: Device,
    now: Now,
) -> TokenRead:
    """Sign in with a passkey, without an address or a password."""
    signed_in = await service.pass_passkey(
        database, settings, tokens, body.credential, body.client, device=device, now=now
    )
    return _answer(signed_in, response)


@router.post("/refresh", dependencies=[Depends(refuse_cross_site)], responses=problems(NotSignedIn, CrossSite))
async def refresh_session(
    body: RefreshCreate,
    response: Response,
    database: DatabaseDep,
    settings: SettingsDep,
    tokens: TokensDep,
    now: Now,
    cookie: RefreshCookie = None,
) -> TokenRead:
    """A new access token and a new refresh token. A spent refresh token ends the session."""
    presented = body.refresh_token or cookie
    if not presented:
        raise NotSignedIn
    return _answer(await service.refresh(database, settings, tokens, presented, now), response)


@router.get("", responses=answers(200, SessionList))
async def list_sessions(caller: AccountReader) -> Response:
    """The devices that are signed in."""
    return await caller.json(queries.LIST)


@router.delete("/current", status_code=204)
async def end_current_session(db: SessionDep, caller: AccountWriter, response: Response, now: Now) -> None:
    """Sign out."""
    await service.end(db, caller.account_id, caller.session_id, now)
    response.delete_cookie(REFRESH_COOKIE, path="/", secure=True, httponly=True, samesite="strict")


@router.delete("/{session_id:uuid}", status_code=204, responses=problems(NotFound))
async def end_session(session_id: UUID, db: SessionDep, caller: AccountWriter, now: Now) -> None:
    """Sign another device out."""
    await service.end(db, caller.account_id, session_id, now)
