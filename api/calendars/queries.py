"""A person's days in the database."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.absences.queries import EXPECTED, IS_EXPECTED, LIMIT
from api.accounts.models import Account
from api.calendars.models import CalendarFeed
from api.core.database import Read
from api.enrollments.queries import MINE, NAMED

ONE = Read(
    "SELECT json_build_object('created_at', f.created_at)::text FROM calendar_feed f WHERE f.account_id = :viewer"
)
DAYS = text(f"""
    SELECT e.id, g.day::date AS day, c.first_name AS child, t.name, t.venue, t.time_from, t.time_to, {LIMIT} AS limit,
        a.day IS NOT NULL AS absent
    FROM enrollment e {NAMED} JOIN {EXPECTED.format(first=":first", last=":last")} ON {IS_EXPECTED}
    LEFT JOIN absence a ON a.enrollment_id = e.id AND a.day = g.day::date
    WHERE {MINE} ORDER BY g.day, e.id
""")
OFFERS = text(f"""
    SELECT e.id, c.first_name AS child, t.name, t.venue, e.offered_until FROM enrollment e {NAMED}
    WHERE {MINE} AND e.state = 'offered' ORDER BY e.id
""")


async def reader(db: AsyncSession, token_hash: bytes) -> Account | None:
    """Whose calendar it is; None for an address that is none, or revoked, or of a closed account."""
    of = select(Account).join(CalendarFeed, CalendarFeed.account_id == Account.id)
    found: Account | None = await db.scalar(
        of.where(CalendarFeed.token_hash == token_hash, Account.closed_at.is_(None))
    )
    return found


async def days(db: AsyncSession, account_id: UUID, first: date, last: date, zone: str) -> list[dict[str, Any]]:
    """The days on which the children are expected."""
    rows = await db.execute(DAYS, {"viewer": account_id, "first": first, "last": last, "zone": zone})
    return [dict(row) for row in rows.mappings()]


async def offers(db: AsyncSession, account_id: UUID) -> list[dict[str, Any]]:
    """The places that wait for an answer."""
    return [dict(row) for row in (await db.execute(OFFERS, {"viewer": account_id})).mappings()]
