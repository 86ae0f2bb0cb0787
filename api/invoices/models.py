"""The invoice and its lines, in cents. Its state is derived by the database function invoice_state, never stored."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api.core.database import Base, Created, Identified, values_of


class SourceState(StrEnum):
    """What the back office says of it: ÉMISE, RÉGLÉE, TRÉSOR."""

    ISSUED = "issued"
    SETTLED = "settled"
    TREASURY = "treasury"


class Invoice(Identified, Created, Base):
    """An invoice addressed to one adult of a file."""

    __tablename__ = "invoice"
    service_id: Mapped[UUID] = mapped_column(ForeignKey("service.id"))
    family_id: Mapped[UUID] = mapped_column(ForeignKey("family.id"))
    adult_id: Mapped[UUID] = mapped_column(ForeignKey("adult.id"))
    number: Mapped[str] = mapped_column(Text)
    fiscal_year: Mapped[int]
    period_from: Mapped[date]
    period_to: Mapped[date]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    total_cents: Mapped[int]
    paid_cents: Mapped[int]
    balance_cents: Mapped[int] = mapped_column(Computed("greatest(total_cents - paid_cents, 0)", persisted=True))
    source_state: Mapped[SourceState] = mapped_column(values_of(SourceState, "source_state"))
    debt_reference: Mapped[str] = mapped_column(Text, server_default=text("''"))
    direct_debit: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("service_id", "number"),
        CheckConstraint("due_on >= issued_on", name="due_after_issued"),
        CheckConstraint("period_to >= period_from", name="period"),
        Index("ix_invoice_family_id_issued_on_id", "family_id", "issued_on", "id"),
        Index("ix_invoice_adult_id_issued_on_id", "adult_id", "issued_on", "id"),
    )


class InvoicePayment(Identified, Created, Base):
    """A payment that other software took for an invoice: kept for ever, also when a file knows less of it."""

    __tablename__ = "invoice_payment"
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id"))
    source: Mapped[str] = mapped_column(Text)
    transaction_id: Mapped[str] = mapped_column(Text)
    amount_cents: Mapped[int]
    paid_in_all_cents: Mapped[int]  # of the invoice, with this payment: what a later file may not fall below
    paid_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("source", "transaction_id"),
        CheckConstraint("amount_cents >= 0", name="amount"),
        Index("ix_invoice_payment_invoice_id", "invoice_id"),
    )


class InvoiceLine(Base):
    """What was billed, for which child and activity."""

    __tablename__ = "invoice_line"
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    child_id: Mapped[UUID | None] = mapped_column(ForeignKey("child.id"))
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id"))
    label: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    unit_price_cents: Mapped[int]
    amount_cents: Mapped[int]
