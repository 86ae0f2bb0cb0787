"""Linking Publik's people, and keeping the payments it took."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import PARENT, Account
from api.audit import service as audit
from api.core.database import Database, act_as, as_system
from api.core.schemas import NO_MAILBOX
from api.core.settings import Settings
from api.families import queries as families
from api.invoices.models import InvoicePayment
from api.publik import queries
from api.publik.models import PublikUser
from api.publik.schemas import Link, Payment
from api.security import passwords, secrets
from api.service_keys import service as service_keys

SOURCE = "publik"
log = structlog.get_logger("foyer.publik")


@dataclass(frozen=True, slots=True)
class NeedsBirthDate(Exception):
    """The key came by letter: Publik asks for the birth date of a child, and sends both."""


async def invoices(db: AsyncSession, name_id: str, *, history: bool, today: Any) -> list[Any]:
    """The invoices of whom Publik names: those to pay, or the others; none before they are linked."""
    account_id = await _as_person(db, name_id)
    if account_id is None:
        return []
    rows: list[Any] = await db.scalar(queries.LIST, {"viewer": account_id, "today": today, "history": history})
    return rows


async def invoice(db: AsyncSession, name_id: str, invoice_id: UUID, today: Any) -> tuple[UUID, Any] | None:
    """One invoice and the account that may see it; None when it is not theirs."""
    account_id = await _as_person(db, name_id)
    if account_id is None:
        return None
    row = await db.scalar(queries.ONE, {"viewer": account_id, "today": today, "id": invoice_id})
    return (account_id, row) if row else None


async def pay(db: AsyncSession, invoice_id: UUID, payment: Payment, now: datetime) -> None:
    """Keep a payment that Publik's bank confirmed: what was left is paid. Told twice, it counts once. Raises NotFound."""
    await act_as(db, "system")  # Publik tells of it by itself, without the person
    paid = await queries.lock_invoice(db, invoice_id)
    if await queries.is_known(db, SOURCE, payment.transaction_id):
        return
    amount = max(paid.total_cents - paid.paid_cents, 0)
    if amount == 0:
        log.warning("paid twice", invoice=str(invoice_id), transaction=payment.transaction_id)
    db.add(
        InvoicePayment(
            invoice_id=invoice_id,
            source=SOURCE,
            transaction_id=payment.transaction_id,
            amount_cents=amount,
            paid_in_all_cents=paid.paid_cents + amount,
            paid_at=payment.transaction_date or now,
        )
    )
    paid.paid_cents += amount
    await audit.record(
        db,
        "invoice.paid",
        actor=None,
        family_id=paid.family_id,
        invoice=str(invoice_id),
        amount_cents=amount,
        transaction=payment.transaction_id,
    )


async def link(
    db: AsyncSession, database: Database, settings: Settings, name_id: str, wanted: Link, now: datetime
) -> None:
    """Link whom Publik names to a file, with a service key. Raises what typing a key raises, and NeedsBirthDate."""
    account_id = await _account(db, name_id)
    await act_as(db, "parent", account_id)
    slug = (await families.first_service(db)).slug
    found = await service_keys.attach(db, database, settings, account_id, slug, wanted.key, f"{SOURCE}:{name_id}", now)
    if not isinstance(found, service_keys.Challenged):
        return
    if wanted.birth_date is None:
        raise NeedsBirthDate
    await service_keys.answer_challenge(db, settings, account_id, found.challenge, wanted.birth_date, now)


async def unlink(db: AsyncSession, name_id: str, now: datetime) -> None:
    """End all links of whom Publik names."""
    account_id = await _as_person(db, name_id)
    if account_id is None:
        return
    for link_id in await families.live_links(db, account_id):
        await service_keys.detach(db, account_id, link_id, now)


async def _as_person(db: AsyncSession, name_id: str) -> UUID | None:
    """From here on the walls are those of this person."""
    await act_as(db, "system")
    account_id = await queries.account_of(db, name_id)
    await act_as(db, "parent", account_id)
    return account_id


async def _account(db: AsyncSession, name_id: str) -> UUID:
    """The account of whom Publik names; one that never signs in is made at the first link."""
    async with as_system(db):
        known = await queries.account_of(db, name_id)
        if known:
            return known
        email = f"publik.{uuid4().hex}{NO_MAILBOX}"
        account = Account(
            email=email,
            email_key=email,
            password_hash=await passwords.hash_password(secrets.new_token()),  # nobody knows it
            first_name="Publik",
            last_name=name_id[:12],
            role=PARENT,
            locale="fr",
            version=1,
        )
        db.add(account)
        await db.flush()
        await db.execute(upsert(PublikUser).values(name_id=name_id, account_id=account.id).on_conflict_do_nothing())
        made = await queries.account_of(db, name_id)
        assert made is not None  # noqa: S101 - just written, by us or by another at the same moment
        return made
