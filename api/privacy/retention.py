"""How long things are kept: what nobody needs any more goes by itself, once an hour (docs/operations.md has the table).

Periods as the CNIL recommends for a service used now and then: an account that nobody used for three years is closed, its owner
told a month before (RGPD, article 5, « limitation de la conservation »).
"""

from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import PARENT, Account
from api.core.clock import utcnow
from api.core.database import Database
from api.core.settings import Settings
from api.outbox import service as outbox
from api.privacy import service

EVERY = timedelta(hours=1)
UNUSED_FOR = timedelta(days=3 * 365)
TOLD_BEFORE = timedelta(days=30)
A_TIME = 200  # accounts
log = structlog.get_logger("foyer.retention")

# Accounts opened at the counter wait for a letter, and for what an agent entered for them: those with anything in them stay. Those of
# people whom Publik names never activate: they go when their last key was given up.
UNACTIVATED = """DELETE FROM account a WHERE a.role = 'parent' AND a.activated_at IS NULL AND a.closed_at IS NULL
    AND a.created_at < CAST(:now AS timestamptz) - interval '7 days' AND NOT EXISTS (SELECT FROM proof p WHERE p.account_id = a.id AND p.expires_at > CAST(:now AS timestamptz))
    AND NOT EXISTS (SELECT FROM request r WHERE r.account_id = a.id) AND NOT EXISTS (SELECT FROM enrollment e WHERE e.account_id = a.id)
    AND NOT EXISTS (SELECT FROM service_link l WHERE l.account_id = a.id AND coalesce(l.ended_at, CAST(:now AS timestamptz)) > CAST(:now AS timestamptz) - interval '7 days')"""
# What each statement lets go, by the name that the log gives it.
GONE: dict[str, str] = {
    "accounts never activated, after 7 days": UNACTIVATED,
    # No 32 bytes of Argon2 are these 16: what was typed can no longer be compared with anything.
    "key hashes, 30 days after their expiry": """UPDATE service_key SET key_hash = uuid_send(id), challenge_hash = NULL
        WHERE expires_at < CAST(:now AS timestamptz) - interval '30 days' AND length(key_hash) > 16""",
    "messages, after 30 days": "DELETE FROM message WHERE state <> 'pending' AND created_at < CAST(:now AS timestamptz) - interval '30 days'",
    "idempotent answers, after 48 hours": "DELETE FROM idempotent_answer WHERE created_at < CAST(:now AS timestamptz) - interval '48 hours'",
    "proofs, 7 days after their expiry": "DELETE FROM proof WHERE expires_at < CAST(:now AS timestamptz) - interval '7 days'",
    "counters of attempts, after 2 days": """DELETE FROM attempts WHERE since < CAST(:now AS timestamptz) - interval '2 days'
        AND (blocked_until IS NULL OR blocked_until < CAST(:now AS timestamptz))""",
    # The last one stays: it says when the account was last used.
    "sessions, 90 days after their end": """DELETE FROM session s WHERE least(s.expires_at, coalesce(s.ended_at, s.expires_at)) < CAST(:now AS timestamptz) - interval '90 days'
        AND EXISTS (SELECT FROM session n WHERE n.account_id = s.account_id AND n.id > s.id)""",
}
USED = "EXISTS (SELECT FROM session s WHERE s.account_id = a.id AND s.rotated_at > :since)"
OPEN = f"a.role = '{PARENT}' AND a.activated_at IS NOT NULL AND a.closed_at IS NULL"
TO_TELL = text(f"""SELECT a.id FROM account a WHERE {OPEN} AND a.closes_on IS NULL AND a.created_at < :since AND NOT {USED}
    ORDER BY a.id LIMIT {A_TIME}""")  # noqa: S608 - constants
TO_CLOSE = text(
    f"SELECT a.id FROM account a WHERE {OPEN} AND a.closes_on <= :today AND NOT {USED} ORDER BY a.id LIMIT {A_TIME}"  # noqa: S608 - constants
)
IS_USED = text(f"SELECT {USED} FROM account a WHERE a.id = :id")  # noqa: S608 - constants
USED_AGAIN = text(f"UPDATE account a SET closes_on = NULL WHERE a.closes_on IS NOT NULL AND {USED}")  # noqa: S608 - constants


class Retention:
    """The worker's part. Each rule in a transaction of its own."""

    def __init__(self) -> None:
        self.last: datetime | None = None

    async def __call__(self, database: Database, settings: Settings) -> None:
        """Once an hour."""
        now = utcnow()
        if self.last and now < self.last + EVERY:
            return
        await apply(database, settings, now)
        self.last = now


async def apply(database: Database, settings: Settings, now: datetime) -> None:
    """Let go of what is past its time; tell who has not come for long, and close the account a month later."""
    for name, statement in GONE.items():
        async with database.transaction() as db:
            done = await db.execute(text(statement), {"now": now})
        if count := getattr(done, "rowcount", 0):
            log.info("let go", what=name, rows=count)
    today, since = now.astimezone(settings.zone).date(), now - UNUSED_FOR
    async with database.transaction() as db:
        await db.execute(USED_AGAIN, {"since": since})

    async def tell(db: AsyncSession, account_id: UUID) -> None:
        await _tell(db, settings, account_id, today + TOLD_BEFORE)

    async def close(db: AsyncSession, account_id: UUID) -> None:
        account = await db.get_one(Account, account_id, with_for_update=True)
        due = account.closed_at is None and account.closes_on and account.closes_on <= today
        if due and not await db.scalar(IS_USED, {"id": account_id, "since": since}):  # who signs in meanwhile stays
            await service.close(db, settings, account, now)

    await database.one_by_one(lambda db: _ids(db, TO_TELL, since=since), tell)
    await database.one_by_one(lambda db: _ids(db, TO_CLOSE, since=since, today=today), close)


async def _ids(db: AsyncSession, which: object, **values: object) -> list[UUID]:
    return list((await db.scalars(which, values)).all())  # type: ignore[call-overload] # a text() each


async def _tell(db: AsyncSession, settings: Settings, account_id: UUID, day: date) -> None:
    account = await db.get_one(Account, account_id, with_for_update=True)
    if account.closes_on:
        return  # another worker was first
    account.closes_on = day
    await outbox.enqueue(db, settings, "account-closing", account.email, language=account.locale, day=f"{day:%d/%m/%Y}")
