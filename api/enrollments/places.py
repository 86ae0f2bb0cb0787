"""Taking and giving back places, and the waiting list. Parents, agents, draws and the worker do it here and nowhere else.

Whatever happens at once, confirmed and offered never pass the places.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.core.clock import utcnow
from api.core.database import Database, as_system
from api.core.settings import Settings
from api.enrollments import queries
from api.enrollments.models import Enrollment, EnrollmentDay, EnrollmentState
from api.outbox import service as outbox
from api.outbox.models import Channel

UNTIL = {"fr": "%d/%m/%Y à %Hh%M", "en": "%d/%m/%Y at %H:%M"}


async def take(db: AsyncSession, activity_id: UUID, days: list[str]) -> bool:
    """Take one place on every day, or none at all. The days are locked by the caller."""
    return bool((await db.scalars(queries.TAKE, {"activity": activity_id, "days": days})).all())


async def leave(
    db: AsyncSession, settings: Settings, enrollment: Enrollment, *, held: bool, now: datetime, news: str = ""
) -> None:
    """Take one that is over off its days, tell the family (its state, or `news`), and offer what it held to who waits.

    The days are locked by the caller.
    """
    await tell(db, settings, enrollment, news)
    await give_days_back(db, settings, enrollment, enrollment.held_days, now, held=held)


async def offer_places(db: AsyncSession, settings: Settings, activity_id: UUID, now: datetime) -> None:
    """Offer the places that are free to who waits, in their order: the first for whom there is a place on every day.

    Siblings who want to be together are offered their places together. The days are locked by the caller.
    """
    async with as_system(db):  # the waiting list is other families'
        while together := await queries.next_waiting(db, activity_id):
            for waiting in together:
                if not await take(db, activity_id, waiting.days):
                    raise RuntimeError("offered a place that is not free, with the days locked")
                waiting.offer(now, settings.zone)
                await db.flush()
                await tell(db, settings, waiting)


async def tell(
    db: AsyncSession, settings: Settings, enrollment: Enrollment, news: str = "", *, asker: Account | None = None
) -> None:
    """Where it stands now, without the child's name or an amount; an offer, which has its time, by SMS too.

    To who asks in this very moment (`asker`), or who asked and still has the child, or else another parent who has.
    """
    account = asker
    if account is None:
        async with as_system(db):  # the other parent may have asked
            account = await queries.whom_to_tell(db, enrollment)
    if account is None:
        return
    until = enrollment.offered_until
    ways = [(Channel.EMAIL, account.email)]
    if until and account.phone:
        ways.append((Channel.SMS, account.phone))
    for channel, to in ways:
        await outbox.enqueue(
            db,
            settings,
            f"enrollment-{news or enrollment.state.value}",
            to,
            channel=channel,
            language=account.locale,
            account_id=account.id,
            expires_at=until,
            reference=enrollment.reference,
            enrollment_id=str(enrollment.id),
            until=f"{until.astimezone(settings.zone):{UNTIL[account.locale]}}" if until else "",
        )


async def pass_lapsed_offers_on(database: Database, settings: Settings) -> None:
    """The worker's part: an offer that nobody took in time goes to the next family."""
    now = utcnow()

    async def pass_on(db: AsyncSession, enrollment_id: UUID) -> None:
        if enrollment := await queries.lock_lapsed(db, enrollment_id, now):
            enrollment.state, enrollment.offered_until = EnrollmentState.CANCELLED, None
            await leave(db, settings, enrollment, held=True, now=now, news="lapsed")

    await database.one_by_one(lambda db: queries.lapsed(db, now), pass_on)


async def offer_free_places(database: Database, settings: Settings) -> None:
    """The worker's part: places that an import has added go to who waits."""
    now, today = _clock(settings)

    async def offer(db: AsyncSession, activity_id: UUID) -> None:
        await queries.lock_days(db, activity_id)
        await offer_places(db, settings, activity_id, now)

    await database.one_by_one(lambda db: queries.free_for_waiting(db, today), offer)


async def end_what_is_over(database: Database, settings: Settings) -> None:
    """The worker's part: past its last day an enrollment has ended; the places of one that ended early go to who waits."""
    now, today = _clock(settings)

    async def end(db: AsyncSession, enrollment_id: UUID) -> None:
        if enrollment := await queries.lock_over(db, enrollment_id, today):
            held = enrollment.holds_places
            enrollment.state, enrollment.offered_until = EnrollmentState.ENDED, None
            await db.flush()
            await give_days_back(db, settings, enrollment, enrollment.held_days, now, held=held)

    await database.one_by_one(lambda db: queries.past_their_end(db, today), end)


async def settle_changes(database: Database, settings: Settings) -> None:
    """The worker's part: on the day a change of days counts, the days given up go to who waits."""
    now, today = _clock(settings)

    async def settle(db: AsyncSession, enrollment_id: UUID) -> None:
        if enrollment := await queries.lock_changing(db, enrollment_id, today):
            gone = sorted(set(enrollment.held_days) - set(enrollment.days))
            enrollment.days_from = enrollment.days_before = None
            await db.flush()
            await give_days_back(db, settings, enrollment, gone, now)

    await database.one_by_one(lambda db: queries.changes_due(db, today), settle)


async def give_days_back(
    db: AsyncSession, settings: Settings, enrollment: Enrollment, days: list[str], now: datetime, *, held: bool = True
) -> None:
    """Take an enrollment off some days, or all; offer their places when it held them. The days are locked by the caller."""
    of_these = (EnrollmentDay.enrollment_id == enrollment.id) & EnrollmentDay.day.in_(days)
    await db.execute(delete(EnrollmentDay).where(of_these))
    if held:
        await db.execute(queries.GIVE_BACK, {"activity": enrollment.activity_id, "days": days})
        await offer_places(db, settings, enrollment.activity_id, now)


def _clock(settings: Settings) -> tuple[datetime, date]:
    now = utcnow()
    return now, now.astimezone(settings.zone).date()
