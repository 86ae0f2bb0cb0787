"""The worker: leases due messages, sends them outside any transaction, writes down what became of them.

A worker that dies leaves a lease that ends by itself: the message is sent again with the same reference, never lost.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from secrets import SystemRandom

import asyncpg
import orjson
import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from api.core.clock import utcnow
from api.core.database import Database
from api.core.settings import Settings
from api.outbox import gateway
from api.outbox.models import Message, State
from api.outbox.templates import render
from api.security import secrets

BATCH = 20
LEASE = timedelta(seconds=90)  # longer than a transport's time-out
GIVE_UP_AFTER = timedelta(hours=24)
Periodic = Callable[[Database, Settings], Awaitable[None]]
DATABASE_FAILED = (
    OSError,
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    TimeoutError,
)
POLL = 5.0  # seconds, when no notification came
log = structlog.get_logger("foyer.worker")

CLAIM = text("""
    UPDATE message SET leased_until = now() + :lease, attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM message
        WHERE state = 'pending' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until < now())
        ORDER BY next_attempt_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    RETURNING *
""")


def backoff(attempts: int) -> timedelta:
    """Full jitter: somewhere between now and 10 s doubled at each attempt, at most an hour."""
    return timedelta(seconds=SystemRandom().uniform(0, min(3600, 10 * 2**attempts)))


class Worker:
    """Sends what is due, and runs the other features' periodic work beside it."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        periodic: tuple[Periodic, ...] = (),
    ) -> None:
        self.database, self.settings, self.periodic = database, settings, periodic
        self.transports = gateway.transports(settings)
        self.due = asyncio.Event()
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Until stop(); a database that is away is waited for."""
        listener = asyncio.create_task(self._listen())
        try:
            while not self.stopping.is_set():
                self.due.clear()
                try:
                    while await self.send_due() == BATCH and not self.stopping.is_set():
                        pass
                except DATABASE_FAILED as error:
                    log.warning("database away", kind=type(error).__name__)
                for work in self.periodic:
                    await self._work(work)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.due.wait(), POLL)
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener

    async def _work(self, work: Periodic) -> None:
        """One feature's periodic work; what fails in it keeps none of the others from theirs."""
        try:
            await work(self.database, self.settings)
        except DATABASE_FAILED as error:
            name = getattr(work, "__qualname__", type(work).__name__)
            log.warning("periodic work failed", work=name, kind=type(error).__name__)

    def stop(self) -> None:
        """Finish the batch in hand, then end."""
        self.stopping.set()
        self.due.set()

    async def send_due(self) -> int:
        """Send one batch; how many it had."""
        async with self.database.transaction() as db:
            rows = (await db.scalars(select(Message).from_statement(CLAIM), {"lease": LEASE, "batch": BATCH})).all()
        await asyncio.gather(*(self._send(message) for message in rows))
        return len(rows)

    async def _send(self, message: Message) -> None:
        now = utcnow()
        if message.expires_at and message.expires_at <= now:
            await self._settle(message, State.EXPIRED, "expired before it could be sent")
            return
        try:
            await self.transports[message.channel].send(self._letter(message))
        except gateway.Refused as error:
            await self._settle(message, State.FAILED, str(error))
        except gateway.Unreachable as error:
            await self._retry(message, str(error), now)
        except Exception as error:
            log.exception(
                "message failed",
                message=str(message.id),
                template=message.template,
                kind=type(error).__name__,
                exc_info=False,
            )
            await self._retry(message, type(error).__name__, now)
        else:
            await self._settle(message, State.SENT)

    def _letter(self, message: Message) -> gateway.Letter:
        hidden = secrets.decrypt(self.settings.secrets.encryption_keys, message.secrets) if message.secrets else "{}"
        if hidden is None:
            # Written by a process that knows a newer key already: this one will, when it is started again.
            raise gateway.Unreachable("its secret was encrypted with another key")
        common = {"town": self.settings.town, "address": self.settings.address, "contact": self.settings.contact_email}
        values = common | message.params | orjson.loads(hidden)
        subject, body = render(message.template, message.language, message.channel, values)
        return gateway.Letter(str(message.id), message.recipient, subject, body)

    async def _retry(self, message: Message, error: str, now: datetime) -> None:
        if now - message.created_at > GIVE_UP_AFTER:
            await self._settle(message, State.FAILED, error)
            return
        async with self.database.transaction() as db:
            await db.execute(
                text(
                    "UPDATE message SET leased_until = NULL, next_attempt_at = now() + :wait, error = :error WHERE id = :id"
                ),
                {"wait": backoff(message.attempts), "error": error, "id": message.id},
            )

    async def _settle(self, message: Message, state: State, error: str | None = None) -> None:
        async with self.database.transaction() as db:
            await db.execute(
                text(
                    "UPDATE message SET state = :state, error = :error, leased_until = NULL, sent_at = CASE WHEN :sent THEN now() END, "
                    "secrets = CASE WHEN :keep THEN secrets END WHERE id = :id"
                ),
                {
                    "state": state.value,
                    "error": error,
                    "sent": state is State.SENT,
                    "keep": state is State.FAILED,
                    "id": message.id,
                },
            )

    async def _listen(self) -> None:
        """Wake up as soon as a message is committed; without it, polling finds it within seconds."""
        while True:
            try:
                connection = await asyncpg.connect(self.database.dsn, timeout=5)
                try:
                    await connection.add_listener("message", lambda *_: self.due.set())
                    while not connection.is_closed():  # noqa: ASYNC110 - asyncpg has no event for it
                        await asyncio.sleep(POLL)
                finally:
                    await connection.close(timeout=1)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await asyncio.sleep(POLL)
