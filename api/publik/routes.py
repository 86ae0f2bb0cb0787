"""Publik's endpoints, as it expects them: signed, slashes at the end, `{"err": 0, "data": …}`."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from api.core.clock import Now, Today, utcnow
from api.core.database import DatabaseDep, PublicSession
from api.core.errors import NotFound, Problem
from api.core.settings import SettingsDep
from api.invoices import pdf
from api.invoices import queries as invoices
from api.publik import service, signature
from api.publik.schemas import Link, Payment


async def signed(request: Request, settings: SettingsDep) -> None:
    """404 where the town has no Publik, 403 for a request that it did not sign."""
    if settings.publik_key is None:
        raise HTTPException(404)
    try:
        signature.check(request.url.query, settings.publik_key.get_secret_value(), utcnow())
    except signature.BadSignature:
        raise HTTPException(403) from None


router = APIRouter(prefix="/publik", include_in_schema=False, dependencies=[Depends(signed)])
NameId = Annotated[str, Query(alias="NameID", min_length=1, max_length=200)]


def data(found: Any) -> JSONResponse:
    """What went well, in Publik's envelope."""
    return JSONResponse({"err": 0, "data": found})


def refused(code: str, words: str) -> JSONResponse:
    """What did not; Publik shows the words."""
    return JSONResponse({"err": 1, "err_class": code, "err_desc": words, "data": None})


@router.get("/invoices/")
async def list_to_pay(db: PublicSession, name_id: NameId, today: Today) -> Response:
    """What is left to pay."""
    return data(await service.invoices(db, name_id, history=False, today=today))


@router.get("/invoices/history/")
async def list_history(db: PublicSession, name_id: NameId, today: Today) -> Response:
    """What is paid."""
    return data(await service.invoices(db, name_id, history=True, today=today))


@router.get("/invoice/{invoice_id}/")
async def get_one(invoice_id: UUID, db: PublicSession, name_id: NameId, today: Today) -> Response:
    """One invoice."""
    found = await service.invoice(db, name_id, invoice_id, today)
    return data(found[1]) if found else refused("not-found", NotFound.fr)


@router.get("/invoice/{invoice_id}/pdf/")
async def get_pdf(
    invoice_id: UUID, db: PublicSession, name_id: NameId, today: Today, settings: SettingsDep
) -> Response:
    """Its PDF/A; 404 when it is not theirs."""
    found = await service.invoice(db, name_id, invoice_id, today)
    if found is None:
        raise NotFound
    whole = orjson.loads(await db.scalar(invoices.ONE_FOR, {"viewer": found[0], "id": invoice_id, "today": today}))
    content = await run_in_threadpool(pdf.render, whole, settings.town, settings.contact_email)
    return Response(content, media_type="application/pdf")


@router.post("/invoice/{invoice_id}/pay/")
async def pay(invoice_id: UUID, body: Payment, db: PublicSession, now: Now) -> Response:
    """A payment that was confirmed; answered after its commit, and counted once however often it is told."""
    try:
        await service.pay(db, invoice_id, body, now)
    except NotFound as problem:
        return refused(problem.code, problem.detail("fr"))
    return data(True)


@router.post("/link/")
async def link(
    body: Link, db: PublicSession, database: DatabaseDep, settings: SettingsDep, name_id: NameId, now: Now
) -> Response:
    """Link whom Publik names to a file, with the service key; `birth_date` too when the key came by letter."""
    try:
        await service.link(db, database, settings, name_id, body, now)
    except service.NeedsBirthDate:
        return refused("birth-date-needed", "Indiquez aussi la date de naissance d’un enfant du dossier.")
    except Problem as problem:
        return refused(problem.code, problem.detail("fr"))
    return data(True)


@router.post("/unlink/")
async def unlink(db: PublicSession, name_id: NameId, now: Now) -> Response:
    """End the links of whom Publik names."""
    await service.unlink(db, name_id, now)
    return data(True)
