"""Counters of attempts: each count is one statement committed in a transaction of its own.

A counter inside the request's transaction would be rolled back with the refusal, and let every guess through.
The row lock makes parallel attempts stand in line; the limits fail closed, with the database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Database, Sql
from api.core.errors import TooManyRequests


class Attempts(Base):
    """The count of one bucket; its name is a keyed digest, so the table holds no personal data."""

    __tablename__ = "attempts"
    bucket: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    count: Mapped[int]
    since: Mapped[datetime]
    blocked_until: Mapped[datetime | None]
    blocks: Mapped[int] = mapped_column(server_default=text("0"))


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in a time; then blocked for `block`, doubling up to `longest` while failures go on."""

    count: int
    within: timedelta
    block: timedelta
    longest: timedelta


SIGN_IN = Limit(5, timedelta(minutes=15), timedelta(minutes=1), timedelta(minutes=15))
SIGN_IN_NETWORK = Limit(60, timedelta(minutes=15), timedelta(minutes=1), timedelta(minutes=15))
SECOND_FACTOR = Limit(5, timedelta(minutes=15), timedelta(minutes=1), timedelta(minutes=15))
PASSWORD_AGAIN = Limit(5, timedelta(minutes=15), timedelta(minutes=1), timedelta(minutes=15))
PASSKEY_CHALLENGE = Limit(1, timedelta(minutes=10), timedelta(minutes=10), timedelta(minutes=10))
MAIL_A_MINUTE = Limit(1, timedelta(minutes=1), timedelta(minutes=1), timedelta(minutes=1))
MAIL_A_DAY = Limit(5, timedelta(days=1), timedelta(hours=6), timedelta(days=1))
SIGN_UP_NETWORK = Limit(100, timedelta(hours=1), timedelta(minutes=10), timedelta(hours=1))
KEY_ACCOUNT = Limit(5, timedelta(minutes=15), timedelta(minutes=15), timedelta(minutes=15))
KEY_ACCOUNT_DAY = Limit(10, timedelta(days=1), timedelta(days=1), timedelta(days=1))
KEY_NETWORK = Limit(20, timedelta(hours=1), timedelta(hours=1), timedelta(hours=1))
KEY_TOWN = Limit(2000, timedelta(days=1), timedelta(hours=1), timedelta(hours=1))
KEY_ALERT = Limit(
    200, timedelta(hours=1), timedelta(0), timedelta(0)
)  # refused in the whole town: told, and nobody is blocked

BLOCKED = Sql(
    "SELECT greatest(0, extract(epoch FROM max(blocked_until) - :now::timestamptz))::int AS wait FROM attempts WHERE bucket = ANY(:buckets::bytea[])"
)
COUNT = Sql("""
    INSERT INTO attempts AS a (bucket, count, since) VALUES (:bucket, 1, :now::timestamptz)
    ON CONFLICT (bucket) DO UPDATE SET
        count = CASE WHEN a.since < :now::timestamptz - :within::interval THEN 1 ELSE a.count + 1 END,
        since = CASE WHEN a.since < :now::timestamptz - :within::interval THEN :now::timestamptz ELSE a.since END,
        blocks = CASE WHEN a.since < :now::timestamptz - :within::interval THEN 0
                      WHEN a.count + 1 >= :allowed::int THEN a.blocks + 1 ELSE a.blocks END,
        blocked_until = CASE WHEN a.since >= :now::timestamptz - :within::interval AND a.count + 1 >= :allowed::int
            THEN :now::timestamptz + least(:longest::interval, :block::interval * power(2, least(a.blocks, 16))) ELSE a.blocked_until END
    RETURNING count, greatest(0, extract(epoch FROM blocked_until - :now::timestamptz))::int AS wait
""")
CLEAR = Sql(
    "DELETE FROM attempts WHERE bucket = :bucket AND (blocked_until IS NULL OR blocked_until <= :now::timestamptz) RETURNING 1"
)


async def refuse_blocked(database: Database, now: datetime, *buckets: bytes) -> None:
    """Raises TooManyRequests while one of the buckets is blocked."""
    row = await database.fetchrow(BLOCKED.text, *BLOCKED.values({"now": now, "buckets": list(buckets)}))
    if row and row["wait"]:
        raise TooManyRequests(row["wait"])


async def count(database: Database, now: datetime, bucket: bytes, limit: Limit) -> int:
    """Count one; gives the number within the limit's time. The one past the limit is the first refused."""
    given = {
        "bucket": bucket,
        "now": now,
        "within": limit.within,
        "allowed": limit.count,
        "block": limit.block,
        "longest": limit.longest,
    }
    row = await database.fetchrow(COUNT.text, *COUNT.values(given))
    assert row is not None  # noqa: S101 - the statement always answers
    return int(row["count"])


async def count_or_refuse(database: Database, now: datetime, bucket: bytes, limit: Limit) -> None:
    """Count one attempt; raises TooManyRequests when it is past the limit."""
    if await count(database, now, bucket, limit) > limit.count:
        await refuse_blocked(database, now, bucket)
        raise TooManyRequests(int(limit.block.total_seconds()))


async def clear(database: Database, now: datetime, bucket: bytes) -> None:
    """A success forgets the failures before it, unless they had already blocked the bucket: then it is refused too.

    This is what keeps hundreds of parallel guesses to the limit: each end of a guess, right or wrong, takes its turn here.
    """
    await refuse_blocked(database, now, bucket)
    await forget(database, now, bucket)


async def forget(database: Database, now: datetime, bucket: bytes) -> None:
    """A success that was counted before it was looked at, and within the limit: it stands, and the failures before it are forgotten.
    A block stays."""
    await database.fetchrow(CLEAR.text, *CLEAR.values({"bucket": bucket, "now": now}))
