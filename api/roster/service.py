"""Publishing activities and deciding about enrollments. Whoever touches places holds the days of the activity."""

import asyncio
import calendar
import hashlib
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.activities.models import DAYS, Activity, ActivityDraw, Decider
from api.audit import service as audit
from api.core import etags
from api.core.batches import BulkRead, each
from api.core.errors import InvalidField, NotFound
from api.core.settings import Settings
from api.core.spreadsheets import sheet
from api.enrollments import queries as enrollments
from api.enrollments.models import EnrollmentState, NotDecidable, WaitingEvent
from api.enrollments.places import leave, offer_places, take, tell
from api.families import queries as families
from api.roster import attendance, queries
from api.roster.models import NoPlaceLeft
from api.roster.schemas import ActivityWrite, AgentActivityRead, Decision, DeclaredWrite, WaitingMove
from api.security import secrets

HEADINGS = (
    *("Inscription", "État", "Rang", "Nom", "Prénom", "Né(e) le", "École", "Classe", "Dossier"),
    *("Jours", "Du", "Au", "Demandée le"),
)
STATES = {
    EnrollmentState.REQUESTED: "demandée",
    EnrollmentState.CONFIRMED: "confirmée",
    EnrollmentState.WAITLISTED: "liste d'attente",
    EnrollmentState.OFFERED: "place proposée",
    EnrollmentState.CANCELLED: "annulée",
    EnrollmentState.REFUSED: "refusée",
    EnrollmentState.ENDED: "terminée",
}
DAY_NAMES = dict(zip(DAYS, ("lun", "mar", "mer", "jeu", "ven", "sam", "dim"), strict=True))
PLAIN = ("code", "name", "venue", "unit", "starts_on", "ends_on", "age_min", "age_max", "opens_at", "closes_at")


async def create(db: AsyncSession, agent_id: UUID, wanted: ActivityWrite, now: datetime) -> AgentActivityRead:
    """Publish an activity. Raises InvalidField for a code that is taken."""
    activity = Activity(service_id=(await families.first_service(db)).id, version=1)
    _fill(activity, wanted)
    db.add(activity)
    await _flush(db)
    await _prepare_draw(db, activity)
    await _write_days(db, activity.id, wanted)
    await audit.record(db, "activity.created", actor=agent_id, activity=str(activity.id))
    return await read(db, activity.id, now)


async def change(
    db: AsyncSession,
    settings: Settings,
    agent_id: UUID,
    activity_id: UUID,
    wanted: ActivityWrite,
    if_match: str | None,
    now: datetime,
) -> AgentActivityRead:
    """Change an activity; places that become free are offered to who waits. Nobody's enrollment is cut off.

    Raises NotFound, Stale, PreconditionRequired, and InvalidField for what enrollments forbid.
    """
    activity = await queries.lock(db, activity_id)
    etags.check(activity, if_match)
    await enrollments.lock_days(db, activity_id)
    first, last = await queries.span(db, activity_id)
    if first and not (wanted.starts_on <= first and last <= wanted.ends_on):  # type: ignore[operator] # both or neither
        raise InvalidField(
            "/ends_on",
            "enrolled",
            f"Des enfants sont inscrits du {first:%d/%m/%Y} au {last:%d/%m/%Y} : gardez ces dates.",
            f"Children are enrolled from {first:%d/%m/%Y} to {last:%d/%m/%Y}: keep these dates.",
        )
    criteria = [one.model_dump() for one in wanted.criteria]
    if first and criteria != activity.criteria:
        raise InvalidField(
            "/criteria",
            "enrolled",
            "Des familles ont déjà demandé une place : les critères ne changent plus.",
            "Families have asked for a place already: the criteria stay as they are.",
        )
    _fill(activity, wanted)
    await _flush(db)
    await _prepare_draw(db, activity)
    await _write_days(db, activity_id, wanted)
    await offer_places(db, settings, activity_id, now)
    await audit.record(db, "activity.changed", actor=agent_id, activity=str(activity_id))
    return await read(db, activity_id, now)


async def close(db: AsyncSession, agent_id: UUID, activity_id: UUID, now: datetime) -> AgentActivityRead:
    """Take no more enrollments from now on; what is enrolled stays. Raises NotFound."""
    activity = await queries.lock(db, activity_id)
    last = now - timedelta(seconds=1)  # the closing instant itself is still open
    activity.opens_at, activity.closes_at = min(activity.opens_at, last), min(activity.closes_at, last)
    await audit.record(db, "activity.closed", actor=agent_id, activity=str(activity_id))
    return await read(db, activity_id, now)


async def decide(
    db: AsyncSession,
    settings: Settings,
    agent_id: UUID,
    activity_id: UUID,
    decision: Decision,
    today: date,
    now: datetime,
    language: str,
) -> BulkRead:
    """One answer to several enrollments, each by itself. Raises NotFound, and InvalidField for a refusal without a reason."""
    if decision.action == "refusal" and not decision.reason:
        raise InvalidField("/reason", "missing", "Ce champ est nécessaire.", "This field is needed.")
    await queries.lock(db, activity_id)
    await enrollments.lock_days(db, activity_id)

    async def one(enrollment_id: UUID) -> None:
        enrollment = await enrollments.lock_of(db, activity_id, enrollment_id)
        held = enrollment.holds_places
        if decision.action == "confirmation":
            enrollment.confirm()
            if not held and not await take(db, activity_id, enrollment.days):
                raise NoPlaceLeft
        elif decision.action == "waiting-list":
            enrollment.wait()
        else:
            enrollment.refuse(decision.reason or "", today)
        await db.flush()
        if enrollment.state is EnrollmentState.REFUSED:
            await leave(db, settings, enrollment, held=held, now=now)
        else:
            await tell(db, settings, enrollment)
        await audit.record(
            db,
            f"enrollment.{enrollment.state.value}",
            actor=agent_id,
            family_id=enrollment.family_id,
            enrollment=str(enrollment.id),
        )

    return await each(db, decision.ids, one, language)


async def set_declared(
    db: AsyncSession, agent_id: UUID, activity_id: UUID, enrollment_id: UUID, wanted: DeclaredWrite
) -> None:
    """What a family declared, as the service has checked it. Raises NotFound, NotDecidable once it is drawn, InvalidField."""
    await enrollments.lock_days(db, activity_id)
    enrollment = await enrollments.lock_of(db, activity_id, enrollment_id)
    activity = await enrollments.activity(db, activity_id)
    if enrollment.state is not EnrollmentState.REQUESTED or not await enrollments.is_to_be_drawn(db, activity):
        raise NotDecidable
    if not set(wanted.declared) <= {one["code"] for one in activity.criteria if one["kind"] == "declared"}:
        raise InvalidField("/declared", "choice", "Ce critère n'existe pas.", "This criterion does not exist.")
    enrollment.declared, enrollment.declared_reason = sorted(set(wanted.declared)), wanted.reason
    await audit.record(
        db, "enrollment.checked", actor=agent_id, family_id=enrollment.family_id, enrollment=str(enrollment_id)
    )


async def move(db: AsyncSession, agent_id: UUID, activity_id: UUID, wanted: WaitingMove) -> None:
    """Another rank in the waiting list. Raises NotFound, and NotDecidable for one that does not wait."""
    await enrollments.lock_days(db, activity_id)
    moved = await enrollments.lock_of(db, activity_id, wanted.enrollment_id)
    if moved.state is not EnrollmentState.WAITLISTED:
        raise NotDecidable
    order = [(id_, position) for id_, position in (await db.execute(queries.WAITING, {"id": activity_id})).tuples()]
    ids = [id_ for id_, _ in order]
    before = ids.index(moved.id)
    after = min(wanted.rank, len(ids)) - 1
    ids.insert(after, ids.pop(before))
    # The same positions in another order: whoever joins later is still behind.
    await db.execute(queries.REORDER, {"ids": ids, "positions": [position for _, position in order]})
    db.add(
        WaitingEvent(
            activity_id=activity_id,
            enrollment_id=moved.id,
            kind="moved",
            from_rank=before + 1,
            to_rank=after + 1,
            reason=wanted.reason,
            actor_id=agent_id,
        )
    )
    await audit.record(
        db, "enrollment.moved", actor=agent_id, family_id=moved.family_id, enrollment=str(moved.id), rank=after + 1
    )


async def people_sheet(db: AsyncSession, settings: Settings, agent_id: UUID, activity_id: UUID) -> tuple[str, bytes]:
    """Everybody of an activity as a CSV file, with its name. That it was taken is written down. Raises NotFound."""
    activity = await enrollments.activity(db, activity_id)
    rows = [dict(row) for row in (await db.execute(queries.PEOPLE, {"id": activity_id})).mappings()]
    await audit.record(db, "activity.exported", actor=agent_id, activity=str(activity_id), rows=len(rows))
    body = [
        (
            *(r["reference"], STATES[EnrollmentState(r["state"])], r["rank"], r["last_name"], r["first_name"]),
            *(f"{r['birth_date']:%d/%m/%Y}", r["school"], r["grade"], r["family"]),
            " ".join(DAY_NAMES[day] for day in r["days"]),
            *(f"{r['starts_on']:%d/%m/%Y}", f"{r['ends_on']:%d/%m/%Y}"),
            f"{r['created_at'].astimezone(settings.zone):%d/%m/%Y %H:%M}",
        )
        for r in rows
    ]
    return f"inscriptions-{activity.code}.csv", sheet([HEADINGS, *body])


async def attendance_sheet(
    db: AsyncSession, settings: Settings, agent_id: UUID, activity_id: UUID, month: date
) -> tuple[str, bytes]:
    """The list to tick during a month, as a PDF with its name: who is confirmed, and on which days. Raises NotFound."""
    activity = await enrollments.activity(db, activity_id)
    open_days = await _open_days(db, activity, month)
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    rows = (await db.execute(queries.ATTENDANCE, {"id": activity_id, "first": month, "last": last})).mappings()
    await audit.record(db, "activity.printed", actor=agent_id, activity=str(activity_id), month=f"{month:%Y-%m}")
    children = [
        {
            "name": f"{r['last_name']} {r['first_name']}",
            "born": f"{r['birth_date']:%d/%m/%Y}",
            "grade": r["grade"],
            "pai": r["has_pai"],
            "expected": [d in r["expected"] for d in open_days],
            "absent": [d in (r["absent"] or ()) for d in open_days],
        }
        for r in rows
    ]
    pdf = await asyncio.to_thread(
        attendance.render,
        town=settings.town,
        name=activity.name,
        venue=activity.venue,
        month=month,
        days=open_days,
        children=children,
    )
    return f"presences-{activity.code}-{month:%Y-%m}.pdf", pdf


async def read(db: AsyncSession, activity_id: UUID, now: datetime) -> AgentActivityRead:
    """An activity as it was just written."""
    await db.flush()
    row = await db.scalar(queries.ONE_WRITTEN, {"id": activity_id, "now": now})
    if row is None:
        raise NotFound
    return AgentActivityRead.model_validate(row)


async def _open_days(db: AsyncSession, activity: Activity, month: date) -> list[date]:
    """The days of a month on which the activity takes place."""
    weekdays = set((await db.scalars(queries.WEEKDAYS, {"id": activity.id})).all())
    last = calendar.monthrange(month.year, month.month)[1]
    days = (month.replace(day=number) for number in range(1, last + 1))
    return [d for d in days if DAYS[d.weekday()] in weekdays and activity.starts_on <= d <= activity.ends_on]


def _fill(activity: Activity, wanted: ActivityWrite) -> None:
    for name in (
        *PLAIN,
        "prices_cents",
        "documents",
        "decided_by",
        "schools",
        "residents_only",
        "notice_days",
        "absence_days",
    ):
        setattr(activity, name, getattr(wanted, name))
    activity.criteria = [one.model_dump() for one in wanted.criteria]
    activity.draws_at = wanted.draws_at if wanted.decided_by is Decider.DRAW else None
    for name in ("time_from", "time_to", "absence_time"):
        typed = getattr(wanted, name)
        setattr(activity, name, time.fromisoformat(typed) if typed else None)


async def _prepare_draw(db: AsyncSession, activity: Activity) -> None:
    """The seed, before anybody asks: its digest is published at once, so that nobody chooses it afterwards."""
    if activity.decided_by is Decider.DRAW and await db.get(ActivityDraw, activity.id) is None:
        seed = secrets.new_token()
        db.add(ActivityDraw(activity_id=activity.id, seed=seed, seed_digest=hashlib.sha256(seed.encode()).hexdigest()))


async def _flush(db: AsyncSession) -> None:
    try:
        await db.flush()
    except IntegrityError:
        raise InvalidField(
            "/code", "taken", "Une autre activité a déjà ce code.", "Another activity has this code already."
        ) from None


async def _write_days(db: AsyncSession, activity_id: UUID, wanted: ActivityWrite) -> None:
    """The days and their places; raises InvalidField for fewer than are taken, or a day that somebody asked for."""
    for one in wanted.days:
        args: dict[str, object] = {"id": activity_id, "day": one.day, "places": one.places}
        if (await db.execute(queries.SET_DAY, args)).first() is None:
            raise _refused(one.day, "enrolled", "ce jour a plus d'inscrits que cela", "more are enrolled on this day")
    kept = [one.day for one in wanted.days]
    await db.execute(queries.DROP_DAYS, {"id": activity_id, "days": kept})
    for day in (await db.scalars(queries.DAYS_LEFT, {"id": activity_id, "days": kept})).all():
        raise _refused(day, "enrolled", "des enfants y sont inscrits, gardez ce jour", "children are enrolled, keep it")


def _refused(day: str, code: Literal["enrolled"], fr: str, en: str) -> InvalidField:
    return InvalidField("/days", code, f"{DAY_NAMES[day].capitalize()}. : {fr}.", f"{day.capitalize()}: {en}.")
