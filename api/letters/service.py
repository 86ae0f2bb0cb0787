"""Making a batch: keys are hashed first, then written together with the PDF in one transaction. A process that dies leaves nothing."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.core import jobs, paper, processes
from api.core.clock import utcnow
from api.core.database import Database, found
from api.core.settings import Settings
from api.letters import queries
from api.letters.models import LetterBatch
from api.security import secrets
from api.security.passwords import in_pool
from api.service_keys.models import LIFETIME_DAYS, Delivery, ServiceKey

TEMPLATE = Path(__file__).with_name("letters.typ")
LEASE = timedelta(minutes=2)
PDF_LASTS = timedelta(hours=24)
AT_ONCE = 20  # keys hashed between two notes of progress
log = structlog.get_logger("foyer.letters")


async def order(db: AsyncSession, agent_id: UUID) -> LetterBatch:
    """A batch for the worker."""
    batch = LetterBatch(account_id=agent_id, state=jobs.JobState.QUEUED, total=0, made=0)
    db.add(batch)
    await db.flush()
    await audit.record(db, "letters.ordered", actor=agent_id, batch=str(batch.id))
    return batch


async def take(db: AsyncSession, settings: Settings, agent_id: UUID, batch_id: UUID, now: datetime) -> bytes:
    """The PDF of a batch. That it was taken is written down. Raises NotFound."""
    batch = await queries.with_pdf(db, batch_id, now)
    await audit.record(db, "letters.taken", actor=agent_id, batch=str(batch.id))
    return found(secrets.decrypt_bytes(settings.secrets.encryption_keys, batch.pdf or b""))


async def forget(db: AsyncSession, agent_id: UUID, batch_id: UUID, now: datetime) -> None:
    """The letters are printed: the PDF goes. Raises NotFound."""
    batch = await queries.with_pdf(db, batch_id, now)
    batch.pdf = None
    await audit.record(db, "letters.forgotten", actor=agent_id, batch=str(batch.id))


async def start_waiting(database: Database, _: Settings) -> None:
    """For the worker: make what waits in a process of its own, and forget PDFs whose day is over."""
    async with database.transaction() as db:
        await queries.drop_old(db, utcnow())
        waits = await jobs.is_waiting(db, LetterBatch, utcnow())
    if waits:
        await processes.start("run-letters")


async def make_waiting(database: Database, settings: Settings) -> None:
    """Make the batches that wait, one after the other."""
    while True:
        async with database.transaction() as db:
            batch = await jobs.claim(db, LetterBatch, utcnow(), LEASE)
        if batch is None:
            return
        try:
            await _make(database, settings, batch)
        except Exception as error:
            log.exception("letters failed", batch=str(batch.id), kind=type(error).__name__, exc_info=False)
            failed = {"state": jobs.JobState.FAILED, "problem": "Les lettres n'ont pas pu être faites. Réessayez."}
            await _note(database, batch.id, **failed, finished_at=utcnow())


async def _make(database: Database, settings: Settings, batch: LetterBatch) -> None:
    async with database.transaction() as db:
        people = [dict(row) for row in (await db.execute(queries.CANDIDATES)).mappings()]
    await _note(database, batch.id, total=len(people))
    for start in range(0, len(people), AT_ONCE):
        part = people[start : start + AT_ONCE]
        for person in part:
            person["key"] = secrets.new_service_key()
        symbols = [person["key"].replace("-", "") for person in part]
        pepper = settings.secrets.key_pepper
        hashes = await asyncio.gather(*(in_pool(secrets.hash_service_key, s, pepper) for s in symbols))
        for person, key_hash in zip(part, hashes, strict=True):
            person["hash"] = key_hash
        await _note(database, batch.id, made=start + len(part), leased_until=utcnow() + LEASE)
    now = utcnow()
    async with database.transaction() as db:
        await db.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        written = await _write_keys(db, batch, people, now)
        pdf = await asyncio.to_thread(_render, settings, written, now) if written else None
        hidden = secrets.encrypt_bytes(settings.secrets.encryption_keys, pdf) if pdf else None
        await db.execute(
            update(LetterBatch)
            .where(LetterBatch.id == batch.id)
            .values(
                state=jobs.JobState.DONE,
                total=len(written),
                made=len(written),
                pdf=hidden,
                pdf_until=now + PDF_LASTS if pdf else None,
                finished_at=utcnow(),
                leased_until=None,
            )
        )


async def _note(database: Database, batch_id: UUID, **values: Any) -> None:
    async with database.transaction() as db:
        await db.execute(update(LetterBatch).where(LetterBatch.id == batch_id).values(values))


async def _write_keys(
    db: AsyncSession, batch: LetterBatch, people: list[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Who got a key: one who was given another meanwhile keeps that one, and gets no letter."""
    expires_at = now + timedelta(days=LIFETIME_DAYS[Delivery.LETTER])
    await db.execute(
        update(ServiceKey)
        .where(
            ServiceKey.adult_id.in_([person["adult_id"] for person in people]),
            ServiceKey.used_at.is_(None),
            ServiceKey.revoked_at.is_(None),
            ServiceKey.expires_at <= now,
        )
        .values(revoked_at=now)
    )
    written = []
    for person in people:
        key_id = await db.scalar(
            upsert(ServiceKey)
            .values(
                service_id=person["service_id"],
                family_id=person["family_id"],
                adult_id=person["adult_id"],
                deliver_by=Delivery.LETTER,
                issued_by=batch.account_id,
                expires_at=expires_at,
                key_hash=person["hash"],
                last_symbols=person["key"][-2:],
                wrong_dates=0,
            )
            .on_conflict_do_nothing()
            .returning(ServiceKey.id)
        )
        if key_id is None:
            continue
        written.append(person)
        await audit.record(
            db,
            "service_key.issued",
            actor=batch.account_id,
            family_id=person["family_id"],
            key=str(key_id),
            deliver_by=Delivery.LETTER.value,
        )
    return written


def _render(settings: Settings, people: list[dict[str, Any]], now: datetime) -> bytes:
    """The PDF/A of the letters; some milliseconds a page."""
    until = now + timedelta(days=LIFETIME_DAYS[Delivery.LETTER])
    letters = [
        {name: person[name] for name in ("name", "address", "city", "file", "key")}
        | {"square": paper.square(f"{settings.address}/profil/services#cle={person['key']}")}
        for person in people
    ]
    data = {
        "town": settings.town,
        "hall": settings.town_hall,
        "contact": settings.contact_email,
        "address": settings.address,
        "day": f"{now.astimezone(settings.zone):%d/%m/%Y}",
        "until": f"{until.astimezone(settings.zone):%d/%m/%Y}",
        "letters": letters,
    }
    return paper.render(TEMPLATE, data)
