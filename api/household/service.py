"""Declaring the household."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.core import etags
from api.core.errors import FieldRefused, InvalidField, Problem
from api.household import queries
from api.household.models import HouseholdMember
from api.household.schemas import MemberCreate, MemberUpdate, check_complete

MAX_MEMBERS = 50


class SpouseDeclared(Problem):
    """A household has one spouse."""

    status, code, title = 409, "spouse-declared", "A spouse is declared already"
    fr = "Un conjoint est déjà déclaré. Modifiez-le, ou retirez-le d'abord."
    en = "A spouse is declared already. Change it, or remove it first."


class HouseholdFull(Problem):
    """There are as many members as a household may have."""

    status, code, title = 409, "household-full", "Too many members"
    fr = f"Un foyer compte au plus {MAX_MEMBERS} personnes."
    en = f"A household has at most {MAX_MEMBERS} people."


async def add(db: AsyncSession, account_id: UUID, new: MemberCreate) -> HouseholdMember:
    """Declare a member; raises SpouseDeclared, HouseholdFull."""
    mine = select(func.count()).where(HouseholdMember.account_id == account_id)
    if (await db.scalar(mine) or 0) >= MAX_MEMBERS:
        raise HouseholdFull
    member = HouseholdMember(account_id=account_id, version=1, **new.model_dump())
    db.add(member)
    try:
        await db.flush()
    except IntegrityError as error:
        raise SpouseDeclared from error
    return member


async def change(
    db: AsyncSession, account_id: UUID, member_id: UUID, changes: MemberUpdate, if_match: str | None
) -> HouseholdMember:
    """Change a member; raises NotFound, Stale, PreconditionRequired, InvalidField."""
    member = await queries.lock(db, account_id, member_id)
    etags.check(member, if_match)
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(member, name, value)
    try:
        check_complete(member.kind, member.birth_date, member.phone)
    except FieldRefused as refused:
        raise InvalidField(f"/{refused.field}", refused.code, refused.fr, refused.en) from None
    await db.flush()
    return member


async def remove(db: AsyncSession, account_id: UUID, member_id: UUID, if_match: str | None) -> None:
    """Remove a member; raises NotFound, Stale, PreconditionRequired."""
    member = await queries.lock(db, account_id, member_id)
    etags.check(member, if_match)
    await db.delete(member)
