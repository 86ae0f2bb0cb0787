"""Making, reading and revoking a calendar."""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.calendars import queries
from api.calendars.models import CalendarFeed
from api.calendars.schemas import CalendarCreated
from api.core.database import act_as
from api.core.errors import NotFound
from api.core.settings import Settings
from api.security import secrets

BEFORE, AFTER = timedelta(days=31), timedelta(days=122)


async def create(db: AsyncSession, settings: Settings, account_id: UUID, now: datetime) -> CalendarCreated:
    """A new address; one made before stops at once."""
    await _drop(db, account_id)
    token = secrets.new_token()
    db.add(CalendarFeed(account_id=account_id, token_hash=secrets.hash_token(token), created_at=now))
    await audit.record(db, "calendar.created", actor=account_id, account_id=account_id)
    return CalendarCreated(url=f"{settings.address}/api/v1/calendars/{token}.ics", created_at=now)


async def revoke(db: AsyncSession, account_id: UUID) -> None:
    """The address stops at once."""
    await _drop(db, account_id)
    await audit.record(db, "calendar.revoked", actor=account_id, account_id=account_id)


async def read(db: AsyncSession, settings: Settings, token: str, today: date, now: datetime) -> bytes:
    """The calendar of who holds the token. Raises NotFound."""
    from api.calendars import feed  # its library takes long to load: api/app.py

    account = await queries.reader(db, secrets.hash_token(token))
    if account is None:
        raise NotFound
    await act_as(db, "parent", account.id)  # from here on, what this person may see
    return feed.render(
        await queries.days(db, account.id, today - BEFORE, today + AFTER, settings.timezone),
        await queries.offers(db, account.id),
        town=settings.town,
        address=settings.address,
        zone=settings.zone,
        language=account.locale,
        now=now,
    )


async def _drop(db: AsyncSession, account_id: UUID) -> None:
    await db.execute(delete(CalendarFeed).where(CalendarFeed.account_id == account_id))
