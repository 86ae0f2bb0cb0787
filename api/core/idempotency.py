"""`Idempotency-Key`: the same POST twice is done once, and answered twice."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import LargeBinary, String, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from api.core.clock import utcnow
from api.core.database import Base
from api.core.errors import Problem

KEPT = timedelta(hours=48)


class KeyReused(Problem):
    """The same Idempotency-Key came with another body."""

    status, code, title = 422, "idempotency-key-reused", "Idempotency-Key reused"
    fr = "Cette clé d'idempotence a déjà servi pour un autre contenu."
    en = "This idempotency key was used for another body."


class StillRunning(Problem):
    """The first request with this Idempotency-Key is still running."""

    status, code, title = 409, "still-running", "Still running"
    fr = "La première demande est encore en cours. Patientez un instant."
    en = "The first request is still running. Wait a moment."
    retry_after = 1


class IdempotentAnswer(Base):
    """The first answer to a key, kept 48 h."""

    __tablename__ = "idempotent_answer"
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Once:
    """Runs a POST once for its Idempotency-Key; without the header it just runs it."""

    def __init__(self, key: str | None, fingerprint: str) -> None:
        self.key, self.fingerprint = key, fingerprint

    async def run(
        self, db: AsyncSession, account_id: UUID, work: Callable[[], Awaitable[BaseModel]], *, status: int = 201
    ) -> Response:
        """The work's answer, or the first answer again. It is kept in the work's own transaction: both or neither."""
        if self.key is None:
            return _answer(orjson.dumps((await work()).model_dump(mode="json")), status)
        lock = hashlib.blake2b(f"{account_id}{self.key}".encode(), digest_size=8).digest()
        held = await db.scalar(
            text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": int.from_bytes(lock, signed=True)}
        )
        if not held:
            raise StillRunning
        mine = (IdempotentAnswer.account_id == account_id, IdempotentAnswer.key == self.key)
        kept = await db.scalar(select(IdempotentAnswer).where(*mine))
        if kept and kept.created_at < utcnow() - KEPT:
            await db.delete(kept)
            await db.flush()
            kept = None
        if kept and kept.fingerprint != self.fingerprint:
            raise KeyReused
        if kept:
            return _answer(kept.body, kept.status, replayed=True)
        body = orjson.dumps((await work()).model_dump(mode="json"))
        db.add(
            IdempotentAnswer(
                account_id=account_id, key=self.key, fingerprint=self.fingerprint, status=status, body=body
            )
        )
        await db.flush()
        return _answer(body, status)


def _answer(body: bytes, status: int, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return Response(body, status, headers, media_type="application/json")


async def once(
    request: Request, idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None
) -> Once:
    """The request's Idempotency-Key with what it is about."""
    body = await request.body() if idempotency_key else b""
    return Once(idempotency_key, hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest())


Idempotent = Annotated[Once, Depends(once)]
