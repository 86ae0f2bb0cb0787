"""What surrounds every answer, as pure ASGI: request id, security headers, body limit, log line, metrics, last resort."""

import asyncio
import time
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.admission import WaitingRoom
from api.core.errors import Busy, Problem, answer_to, internal_error, refusal_of
from api.core.routing import StrictRoute

BODY_WAIT = 30.0  # seconds for a body, and
SLOWEST = 4_000  # bytes in each second more
MAX_BODY = 1_000_000  # bytes
MAX_FILE_BODY = 10_200_000  # bytes: a file of 10 MB in its multipart envelope
MAX_IMPORT_BODY = 512_000_000  # bytes: the files of a region; read only after the right was proved
LONG_BODIES = {"/documents": MAX_FILE_BODY, "/imports": MAX_IMPORT_BODY}
log = structlog.get_logger("foyer.http")
ANSWERS = Counter("foyer_http_answers_total", "Answers", ["method", "route", "status"])
SECONDS = Histogram("foyer_http_seconds", "Time to answer", ["route"], buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 1, 5))
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"x-frame-options", b"DENY"),
    (b"x-xss-protection", b"0"),  # the filter of old browsers could be turned against a page
]
NOT_KEPT = (b"cache-control", b"no-store")  # what does not say otherwise of itself
API_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class TooLarge(HTTPException):
    """The body passed the limit while it was read. FastAPI lets only its own kind of exception through there."""

    def __init__(self) -> None:
        super().__init__(413)


class TooSlow(HTTPException):
    """The body comes more slowly than on the worst of telephones: somebody only holds the connection."""

    def __init__(self) -> None:
        super().__init__(408, headers={"Connection": "close"})


class Surroundings:
    """The one middleware. Logs carry ids and route templates, never addresses with data, names, tokens or bodies."""

    def __init__(
        self, app: ASGIApp, waiting: Mapping[tuple[str, str], StrictRoute], body_wait: float = BODY_WAIT
    ) -> None:
        self.app, self.waiting, self.body_wait = app, waiting, body_wait
        self.sent_away, self.told_at = 0, 0.0  # answers 503 since the last line about them, and when that was

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["request_id"] = token_hex(8)
        started, status, read, whole = time.perf_counter(), 0, 0, False
        is_api = scope["path"].startswith("/api/")
        most = LONG_BODIES.get(scope["path"][scope["path"].rfind("/") :], MAX_BODY) if is_api else MAX_BODY

        async def bounded() -> Message:
            nonlocal read, whole
            if whole:  # what is waited for now is only whether the client goes
                return await receive()
            try:
                async with asyncio.timeout(self.body_wait + read / SLOWEST - (time.perf_counter() - started)):
                    message = await receive()
            except TimeoutError:
                raise TooSlow from None
            read += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if read > most:
                raise TooLarge
            return message

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers: list[tuple[bytes, bytes]] = message.setdefault("headers", [])
                headers += HEADERS
                headers.append((b"x-request-id", request_id.encode()))
                if is_api:
                    headers += API_HEADERS
                    if all(name != NOT_KEPT[0] for name, _ in headers):
                        headers.append(NOT_KEPT)
            await send(message)

        try:
            length = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
            if length.isdigit() and int(length) > most:
                raise TooLarge  # noqa: TRY301 - answered with the one below
            if refusal := self._turn_away(scope, is_api=is_api):
                await refusal(scope, receive, dressed)
                return
            await self.app(scope, bounded, dressed)
        except (TooLarge, TooSlow) as refused:
            await refusal_of(Request(scope), refused)(scope, receive, dressed)
        except Exception as error:
            log.error(  # noqa: TRY400 - exception() would log the message
                "unexpected", request_id=request_id, kind=type(error).__name__, places=_places(error)
            )
            if status:
                raise
            await internal_error(Request(scope))(scope, receive, dressed)
        finally:
            self._count(scope, status, time.perf_counter() - started, request_id)

    def _turn_away(self, scope: Scope, *, is_api: bool) -> Response | None:
        """The answer to who is told at once to come back, before anything else is done for them; None when it is worth staying."""
        if is_api and scope["method"] == "GET" and scope["app"].state.database.is_full:
            return answer_to(Request(scope), Busy())
        route = self.waiting.get((scope["method"], scope["path"]))
        return _turned_away(route, scope) if route else None

    def _count(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route: Any = scope.get("route")
        name = getattr(route, "path", "-")
        answers, took = _series(scope["method"], name, status)
        answers.inc()
        took.observe(seconds)
        if status == 503:
            self._tell_of_crowd(request_id)
        elif status >= 500:
            log.warning("answered", method=scope["method"], route=name, status=status, request_id=request_id)

    def _tell_of_crowd(self, request_id: str) -> None:
        """One line a second: a line for each who is sent away would cost more than the answer."""
        self.sent_away += 1
        if (now := time.monotonic()) > self.told_at + 1:
            log.warning("unavailable", answers=self.sent_away, request_id=request_id)
            self.sent_away, self.told_at = 0, now


def _turned_away(route: StrictRoute, scope: Scope) -> Response | None:
    """The answer to who must wait longer than with an open request; None when it is worth it, or when the route must tell."""
    request = Request(scope)
    try:
        route.come(request)
    except WaitingRoom as told:
        scope["route"] = route
        return answer_to(request, told)
    except Problem:
        return None
    return None


@cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of an answer; looking them up by label costs more than counting."""
    return ANSWERS.labels(method, route, status), SECONDS.labels(route)


def _places(error: BaseException) -> list[str]:
    """Where an exception went through our code. Its message is left out: it may quote what a person sent."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames if "/api/" in f.filename][-6:]
