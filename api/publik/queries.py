"""Invoices as Publik reads them, through the account of the person it names."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import found
from api.invoices.models import Invoice, InvoicePayment
from api.invoices.queries import MINE, STATE
from api.publik.models import PublikUser

TODAY = STATE.replace(":today::date", "CAST(:today AS date)")
# Amounts are euros with a point, as Publik reads them.
INVOICE = f"""json_build_object('id', i.id, 'display_id', i.number, 'reference_id', i.number,
    'label', 'Facture ' || i.number, 'created', i.issued_on, 'pay_limit_date', i.due_on,
    'total_amount', to_char(i.total_cents / 100.0, 'FM999999990.00'), 'amount', to_char(i.balance_cents / 100.0, 'FM999999990.00'),
    'amount_paid', to_char(i.paid_cents / 100.0, 'FM999999990.00'), 'has_pdf', true, 'paid', {TODAY} = 'paid',
    'online_payment', {TODAY} IN ('to_pay', 'partly_paid', 'overdue'), 'no_online_payment_reason',
    CASE {TODAY} WHEN 'sent_to_treasury' THEN 'litigation' WHEN 'direct_debit_planned' THEN 'autobilling' ELSE '' END)"""
LIST = text(f"""
    SELECT coalesce(json_agg({INVOICE} ORDER BY i.issued_on DESC, i.id DESC), '[]') FROM invoice i
    WHERE {MINE} AND ({TODAY} IN ('paid', 'credit_note')) = :history
""")
ONE = text(f"SELECT {INVOICE} FROM invoice i WHERE i.id = :id AND {MINE}")


async def account_of(db: AsyncSession, name_id: str) -> UUID | None:
    """The account of whom Publik names, once they were linked."""
    account_id: UUID | None = await db.scalar(select(PublikUser.account_id).where(PublikUser.name_id == name_id))
    return account_id


async def lock_invoice(db: AsyncSession, invoice_id: UUID) -> Invoice:
    """An invoice, locked; raises NotFound."""
    return found(await db.scalar(select(Invoice).where(Invoice.id == invoice_id).with_for_update()))


async def is_known(db: AsyncSession, source: str, transaction_id: str) -> bool:
    """Whether this payment was told before."""
    known = select(InvoicePayment.id).where(
        InvoicePayment.source == source, InvoicePayment.transaction_id == transaction_id
    )
    return await db.scalar(known) is not None
