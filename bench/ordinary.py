"""The same reads as FastAPI's and SQLAlchemy's documentation would write them: what the portal is compared with.

Dependencies for the session and the caller, ORM rows with `selectinload`, Pydantic models as answers. It has one wall only:
its connections act as the system, so row level security lets them pass. uvicorn bench.ordinary:app
"""

import os
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException  # noqa: TID251 - as the documentation does
from fastapi.security import OAuth2PasswordBearer
from jose import JWTError, jwt
from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from api.accounts.models import Account
from api.activities.models import Activity, ActivityDay
from api.activities.schemas import DayPlaces
from api.core.clock import utcnow
from api.core.database import APPLICATION_ROLE, PLANNER
from api.core.settings import load_settings
from api.enrollments.models import Enrollment
from api.families.models import Adult, AdultPrivate, Child, Family, FamilyChild, Service, ServiceLink
from api.families.schemas import ChildRead, FamilyList, FamilyRead, OtherAdult, QuotientRead
from api.invoices.models import Invoice
from api.invoices.schemas import InvoiceList, InvoiceSummary
from api.security.tokens import AUDIENCE, Tokens

settings = load_settings()
keys = Tokens(settings.secrets.signing_key, settings.address).jwks()
engine = create_async_engine(
    os.environ["BENCH_DSN"].replace("postgresql://", "postgresql+asyncpg://", 1),
    pool_size=10,
    max_overflow=0,
    connect_args={"server_settings": PLANNER | {"role": APPLICATION_ROLE, "app.actor": "system"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
bearer = OAuth2PasswordBearer(tokenUrl="sessions")
app = FastAPI()


async def get_session() -> AsyncIterator[AsyncSession]:
    """A session a request."""
    async with sessions() as session:
        yield session


Db = Annotated[AsyncSession, Depends(get_session)]


async def get_current_account(token: Annotated[str, Depends(bearer)], db: Db) -> Account:
    """Who calls."""
    try:
        claims = jwt.decode(token, keys, algorithms=["ES256"], audience=AUDIENCE, issuer=settings.address)
    except JWTError:
        raise HTTPException(401) from None
    account = await db.get(Account, UUID(claims["sub"]))
    if account is None:
        raise HTTPException(401)
    return account


Caller = Annotated[Account, Depends(get_current_account)]


class FromRows(BaseModel):
    """Read from the attributes of a row."""

    model_config = ConfigDict(from_attributes=True)


class ActivityOut(FromRows):
    """An activity with its places."""

    id: UUID
    code: str
    name: str
    venue: str
    unit: str
    starts_on: date
    ends_on: date
    age_min: int
    age_max: int
    opens_at: Any
    closes_at: Any
    documents: list[str]
    decided_by: str
    schools: list[str]
    residents_only: bool
    notice_days: int
    absence_days: int
    prices_cents: list[int]
    day_places: list[DayPlaces]
    places_left: int


class ActivitiesOut(BaseModel):
    """Activities."""

    items: list[ActivityOut]


class EnrollmentOut(FromRows):
    """An enrollment."""

    id: UUID
    reference: str
    state: str
    child_id: UUID
    child_first_name: str
    activity_id: UUID
    activity_name: str
    venue: str
    days: list[str]
    starts_on: date
    ends_on: date


class EnrollmentsOut(BaseModel):
    """Enrollments."""

    items: list[EnrollmentOut]


async def links_of(db: AsyncSession, account: Account) -> list[ServiceLink]:
    """The keys that the account holds."""
    held = select(ServiceLink).where(ServiceLink.account_id == account.id, ServiceLink.ended_at.is_(None))
    return list(await db.scalars(held))


def invoice_state(invoice: Invoice, today: date) -> str:
    """What a parent reads of it, shortened."""
    if invoice.balance_cents == 0:
        return "paid"
    return "overdue" if invoice.due_on < today else "to_pay"


@app.get("/api/v1/invoices", response_model=InvoiceList)
async def list_invoices(db: Db, account: Caller, limit: int = 25) -> InvoiceList:
    """Of the files that the account pays for."""
    links = await links_of(db, account)
    mine = select(Invoice).where(
        or_(
            Invoice.adult_id.in_([one.adult_id for one in links]),
            Invoice.family_id.in_([one.family_id for one in links]),
        )
    )
    found = (await db.scalars(mine.order_by(Invoice.issued_on.desc(), Invoice.id.desc()).limit(limit + 1))).all()
    today = utcnow().date()
    items = [
        InvoiceSummary.model_validate(
            {name: getattr(one, name) for name in InvoiceSummary.model_fields if name != "state"}
            | {"state": invoice_state(one, today)}
        )
        for one in found[:limit]
    ]
    return InvoiceList(items=items, next_cursor=str(items[-1].id) if len(found) > limit else None)


@app.get("/api/v1/family", response_model=FamilyList)
async def list_families(db: Db, account: Caller) -> FamilyList:
    """The files, with their adults and children."""
    items = []
    for link in await links_of(db, account):
        family, service = await db.get_one(Family, link.family_id), await db.get_one(Service, link.service_id)
        adults = (await db.scalars(select(Adult).where(Adult.family_id == family.id))).all()
        inside = (
            select(Child).join(FamilyChild, FamilyChild.child_id == Child.id).where(FamilyChild.family_id == family.id)
        )
        children = (await db.scalars(inside)).all()
        private = await db.get(AdultPrivate, link.adult_id)
        items.append(
            FamilyRead(
                id=family.id,
                reference=family.reference,
                service=service.slug,
                label="Famille " + " – ".join(sorted({one.last_name for one in adults})),
                adults=[
                    OtherAdult(
                        first_name=one.first_name, last_name=one.last_name, role=one.role, is_me=one.id == link.adult_id
                    )
                    for one in adults
                ],
                children=[ChildRead.model_validate(one, from_attributes=True) for one in children],
                quotient=QuotientRead(
                    value=private.quotient if private else None,
                    valid_from=private.quotient_from if private else None,
                    valid_to=private.quotient_to if private else None,
                ),
                is_payer=next(one.is_payer for one in adults if one.id == link.adult_id),
            )
        )
    return FamilyList(items=items, next_cursor=None)


@app.get("/api/v1/activities", response_model=ActivitiesOut)
async def list_activities(db: Db, _: Caller, limit: int = 25) -> dict[str, Any]:
    """With their places, and how many wait."""
    going_on = select(Activity).where(Activity.ends_on >= utcnow().date()).order_by(Activity.id).limit(limit)
    found = (await db.scalars(going_on)).all()
    days: dict[UUID, list[ActivityDay]] = {}
    for day in await db.scalars(select(ActivityDay).where(ActivityDay.activity_id.in_([one.id for one in found]))):
        days.setdefault(day.activity_id, []).append(day)
    names = [name for name in ActivityOut.model_fields if name not in {"day_places", "places_left"}]
    return {
        "items": [
            {name: getattr(one, name) for name in names}
            | {
                "day_places": [
                    DayPlaces.model_validate({"day": d.day, "places": d.places, "places_left": d.places - d.taken})
                    for d in days.get(one.id, [])
                ],
                "places_left": min((d.places - d.taken for d in days.get(one.id, [])), default=0),
            }
            for one in found
        ]
    }


@app.get("/api/v1/enrollments", response_model=EnrollmentsOut)
async def list_enrollments(db: Db, account: Caller, limit: int = 25) -> dict[str, Any]:
    """Of the children of one's files."""
    families = [one.family_id for one in await links_of(db, account)]
    found = await db.execute(
        select(Enrollment, Child.first_name, Activity.name, Activity.venue)
        .join(Child, Child.id == Enrollment.child_id)
        .join(Activity, Activity.id == Enrollment.activity_id)
        .where(Enrollment.family_id.in_(families))
        .order_by(Enrollment.id.desc())
        .limit(limit)
    )
    names = ("id", "reference", "state", "child_id", "activity_id", "days", "starts_on", "ends_on")
    return {
        "items": [
            {name: getattr(one, name) for name in names}
            | {"child_first_name": child, "activity_name": activity, "venue": venue}
            for one, child, activity, venue in found
        ]
    }
