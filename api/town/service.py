"""Writing notices, switching functions off and on."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.core import etags
from api.core.errors import InvalidField
from api.town import queries
from api.town.models import Function, Notice, SwitchedOffFunction
from api.town.schemas import NoticeRead, NoticeWrite, SwitchRead


def _needs_french(body: dict[str, str], pointer: str) -> None:
    if "fr" not in body:
        raise InvalidField(
            pointer,
            "missing",
            "Le texte français est nécessaire : il sert à qui lit une autre langue.",
            "The French text is needed: readers of other languages fall back to it.",
        )


async def write_notice(
    db: AsyncSession, agent_id: UUID, wanted: NoticeWrite, notice: Notice | None = None, if_match: str | None = None
) -> NoticeRead:
    """Keep a notice, new or changed. Raises InvalidField, Stale, PreconditionRequired."""
    _needs_french(wanted.body, "/body")
    if wanted.ends_at <= wanted.starts_at:
        raise InvalidField("/ends_at", "date", "La fin doit être après le début.", "The end must be after the start.")
    if notice:
        etags.check(notice, if_match)
        notice.body, notice.starts_at, notice.ends_at = dict(wanted.body), wanted.starts_at, wanted.ends_at
    else:
        notice = Notice(body=dict(wanted.body), starts_at=wanted.starts_at, ends_at=wanted.ends_at, version=1)
        db.add(notice)
    await db.flush()
    await audit.record(db, "notice.written", actor=agent_id, notice=str(notice.id))
    return NoticeRead.model_validate(notice, from_attributes=True)


async def switch_off(db: AsyncSession, agent_id: UUID, function: Function, message: dict[str, str]) -> SwitchRead:
    """Switch a function off, with the word for who needs it. Raises InvalidField."""
    _needs_french(message, "/message")
    switch = await queries.switch(db, function)
    if switch is None:
        switch = SwitchedOffFunction(function=function, message=message)
        db.add(switch)
    switch.message = message
    await db.flush()
    await db.refresh(switch)
    await audit.record(db, "function.off", actor=agent_id, function=function.value)
    return SwitchRead(function=function, message=message, since=switch.created_at)


async def switch_on(db: AsyncSession, agent_id: UUID, function: Function) -> None:
    """Switch a function on again; nothing when it is on."""
    if switch := await queries.switch(db, function):
        await db.delete(switch)
        await audit.record(db, "function.on", actor=agent_id, function=function.value)
