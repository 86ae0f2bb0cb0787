"""Who calls: a right is named in a route's signature, and the database has the last word on it.

`Requires(Scope.X)` opens the request's transaction (writes); `Reads(Scope.X)` verifies the token and lets the check ride
on the one statement of the read. In both, a token that lacks the scope or is older than the account's last change of
rights is settled by the rights as they are now: a change is in force at the next request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from fastapi import Depends, Request, Response
from sqlalchemy import text

from api.core.clock import utcnow
from api.core.database import Database, Read, SessionDep, found
from api.core.errors import Problem
from api.core.recent import FRESH, etag_of
from api.security.scopes import Scope
from api.security.tokens import Claims, InvalidAccessToken

ALLOWED = Read("''")
UNKNOWN_VERSION = -1  # makes the database compare with the rights as they are now


class NotSignedIn(Problem):
    """The access token is missing, expired, or its session has ended."""

    status, code, title = 401, "not-signed-in", "Sign in"
    fr = "Votre session est terminée. Connectez-vous de nouveau : ce que vous avez saisi est conservé."
    en = "Your session has ended. Sign in again: what you typed is kept."


class ScopeMissing(Problem):
    """The account does not hold the right; `service` names the service whose key would grant it."""

    status, code, title = 403, "scope-missing", "A right is missing"
    fr = "Il manque la clé du service {service} : saisissez-la dans Profil, « Je modifie mon Espace »."
    en = "The key of the service {service} is missing: enter it in Profile, “Edit my space”."


class AgentsOnly(ScopeMissing):
    """The account does not hold the right, and no key grants it."""

    fr = "Votre compte n'a pas ce droit."
    en = "Your account does not have this right."


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of this request."""

    account_id: UUID
    session_id: UUID
    version: int
    scope: str  # the right this request needs


@dataclass(frozen=True, slots=True)
class Reader(Principal):
    """A caller that reads: gives JSON straight from the database."""

    database: Database
    known: str | None = None  # the ETag that the caller has

    async def json(self, read: Read, **args: object) -> Response:
        """The answer of a read; NotFound when there is no row."""
        return Response(found(await self.body(read, **args)), media_type="application/json")

    async def versioned(self, read: Read, **args: object) -> Response:
        """The answer of a read of one row, its `version` as the ETag; NotFound when there is no row."""
        body = found(await self.body(read, **args))
        return Response(body, media_type="application/json", headers={"ETag": f'"{orjson.loads(body)["version"]}"'})

    async def tagged(self, read: Read, **args: object) -> Response:
        """The answer of a read with an ETag of its content; NotFound when there is no row."""
        body = found(await self.body(read, **args))
        return self.unless_known(body, etag_of(body))

    async def recent(self, read: Read, key: tuple[object, ...], **args: object) -> Response:
        """The answer of a read that is the same for whoever may read it: at most a second old, with its age.

        The caller's session and right are looked at for each of them. `key` tells one answer from another.
        """
        await self.body(ALLOWED)
        kept = await self.database.recent.get((id(read), *key), lambda: self.body(read, **args))
        age = {"Cache-Control": f"private, max-age={FRESH:.0f}", "Age": f"{kept.age:.0f}"}
        return self.unless_known(found(kept.body), kept.etag, **age)

    def unless_known(self, body: str, etag: str, **headers: str) -> Response:
        """The answer, or 304 when the caller has it."""
        tags = {"ETag": etag} | headers
        if self.known and etag in (tag.strip().removeprefix("W/") for tag in self.known.split(",")):
            return Response(status_code=304, headers=tags)
        return Response(body, media_type="application/json", headers=tags)

    async def body(self, read: Read, **args: object) -> str | None:
        """The JSON text of a read; None when there is no row, raises NotSignedIn or ScopeMissing."""
        given: dict[str, Any] = {
            "viewer": self.account_id,
            "session": self.session_id,
            "version": self.version,
            "scope": self.scope,
        }
        row = await self.database.fetchrow(read.text, *read.values(given | args))
        assert row is not None  # noqa: S101 - the statement always answers
        refuse(row["verdict"], self.scope)
        body: str | None = row["body"]
        return body


def refuse(verdict: str, scope: str) -> None:
    """Raise what foyer_open's verdict means; nothing for `ok`."""
    if verdict == "ok":
        return
    if verdict == "ended":
        raise NotSignedIn
    service = verdict.removeprefix("scope-missing").removeprefix(":")
    problem = ScopeMissing(service=service) if service else AgentsOnly()
    problem.extra = {"scope": scope, "service": service or None}
    raise problem


def claims_of(request: Request) -> Claims:
    """The verified token of the request; raises NotSignedIn."""
    header = request.headers.get("authorization", "")
    if header[:7].lower() != "bearer ":
        raise NotSignedIn
    try:
        claims: Claims = request.app.state.tokens.verify(header[7:].strip(), utcnow().timestamp())
    except InvalidAccessToken:
        raise NotSignedIn from None
    return claims


def recognize(request: Request) -> UUID:
    """Whose request it is, before it stands in the line for the database (core/routing.py); raises NotSignedIn."""
    return claims_of(request).account_id


OPEN = text("SELECT foyer_open(:viewer, :session, :version, :scope)")


def Requires(scope: Scope) -> Any:
    """A dependency: the caller, with the transaction opened for them. Raises NotSignedIn, ScopeMissing."""

    async def require(request: Request, db: SessionDep) -> Principal:
        claims = claims_of(request)
        version = claims.version if scope in claims.scopes else UNKNOWN_VERSION
        given = {"viewer": claims.account_id, "session": claims.session_id, "version": version, "scope": scope.value}
        refuse(await db.scalar(OPEN, given), scope)
        return Principal(claims.account_id, claims.session_id, version, scope)

    require.__dict__["recognize"] = recognize
    return Depends(_named(require, scope), scope="function")


def Reads(scope: Scope) -> Any:
    """A dependency: a caller whose right is checked in the statement that reads."""

    async def reader(request: Request) -> Reader:
        claims = claims_of(request)
        version = claims.version if scope in claims.scopes else UNKNOWN_VERSION
        known = request.headers.get("if-none-match")
        return Reader(claims.account_id, claims.session_id, version, scope, request.app.state.database, known)

    return Depends(_named(reader, scope))


def _named(dependency: Callable[..., Any], scope: Scope) -> Callable[..., Any]:
    """Leave the scope where openapi.py finds it."""
    dependency.__dict__["scope"] = scope
    return dependency
