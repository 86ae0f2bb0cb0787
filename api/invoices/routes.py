"""Invoices of the files that the caller pays for."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Query, Response
from starlette.concurrency import run_in_threadpool

from api.core import pages
from api.core.clock import Today
from api.core.database import found
from api.core.errors import NotFound, answers
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.invoices import pdf, queries
from api.invoices.schemas import InvoiceList, InvoiceRead, InvoiceState
from api.security.principal import Reader, Reads
from api.security.scopes import Scope

router = new_router("/invoices", tag="invoices")
InvoicesReader = Annotated[Reader, Reads(Scope.INVOICES_READ)]


@router.get("", responses=answers(200, InvoiceList))
async def list_invoices(
    caller: InvoicesReader,
    today: Today,
    state: Annotated[InvoiceState | None, Query()] = None,
    family_id: Annotated[UUID | None, Query()] = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """The caller's invoices, the newest first. Amounts are in cents."""
    day, after = pages.date_cursor(cursor)
    return await caller.json(
        queries.PAGE, today=today, state=state, family=family_id, day=day, after=after, limit=limit
    )


@router.get("/{invoice_id}", responses=answers(200, InvoiceRead, NotFound))
async def get_invoice(invoice_id: UUID, caller: InvoicesReader, today: Today) -> Response:
    """An invoice with its lines."""
    return await caller.json(queries.ONE, id=invoice_id, today=today)


@router.get(
    "/{invoice_id}/pdf",
    response_class=Response,
    responses=answers(
        200, None, NotFound, content={"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
    ),
)
async def get_invoice_pdf(invoice_id: UUID, caller: InvoicesReader, today: Today, settings: SettingsDep) -> Response:
    """The invoice as a PDF/A file."""
    invoice = orjson.loads(found(await caller.body(queries.ONE, id=invoice_id, today=today)))
    content = await run_in_threadpool(pdf.render, invoice, settings.town, settings.contact_email)
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in invoice["number"])
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="facture-{name}.pdf"'},
    )
