"""What comes out of invoices. Money is in cents."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from api.core.schemas import Output, Page

InvoiceState = Literal[
    "to_pay",
    "overdue",
    "partly_paid",
    "payment_in_progress",
    "paid",
    "direct_debit_planned",
    "sent_to_treasury",
    "cancelled",
    "credit_note",
]


class InvoiceSummary(Output):
    """An invoice in the list."""

    id: UUID
    family_id: UUID
    number: str
    period_from: date
    period_to: date
    issued_on: date
    due_on: date
    total_cents: int
    paid_cents: int
    balance_cents: int
    state: InvoiceState


class InvoiceList(Page):
    """Invoices, the newest first."""

    items: list[InvoiceSummary]


class InvoiceLineRead(Output):
    """A line: what, for which child and activity, how many at what price."""

    label: str
    child_id: UUID | None
    child_first_name: str | None
    activity_code: str | None
    activity_name: str | None
    quantity: float
    unit_price_cents: int
    amount_cents: int


class InvoiceRead(InvoiceSummary):
    """An invoice with its lines."""

    debt_reference: str = Field(description="what the Treasury asks for")
    payer: str
    lines: list[InvoiceLineRead]
