"""Who is in a file no more: custody that ends, a child who moves to the other home. What is told to the accounts of a file."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.audit import service as audit
from api.core.database import as_system
from api.core.errors import NotFound
from api.core.settings import Settings
from api.families import queries
from api.families.models import ChildDeparture, FamilyChild, Service, ServiceLink
from api.outbox import service as outbox


async def let_child_leave(
    db: AsyncSession, settings: Settings, family_id: UUID, child_id: UUID, *, agent_id: UUID | None, now: datetime
) -> None:
    """A child is in a file no more, and its parents are told: from their next request on they see nothing of it.

    An agent says so, or the back office (no `agent_id`). It holds against files of children that still name it. Raises NotFound.
    """
    async with as_system(db):  # children and files are the back office's; agents read them
        place = (FamilyChild.family_id == family_id, FamilyChild.child_id == child_id)
        if await db.scalar(delete(FamilyChild).where(*place).returning(FamilyChild.child_id)) is None:
            raise NotFound
        left = {"family_id": family_id, "child_id": child_id, "left_at": now, "told_by": agent_id}
        await db.execute(insert(ChildDeparture).values(left))
        service = await queries.service_of(db, family_id)
        for link in await queries.links(db, family_id):
            await tell_holder(db, settings, "child-left", link, service)
    await audit.record(db, "family.child_left", actor=agent_id, family_id=family_id, child=str(child_id))


async def bring_child_back(db: AsyncSession, family_id: UUID, child_id: UUID, agent_id: UUID) -> None:
    """The child is in the file again, as an agent says. Raises NotFound."""
    async with as_system(db):
        place = (ChildDeparture.family_id == family_id, ChildDeparture.child_id == child_id)
        if await db.scalar(delete(ChildDeparture).where(*place).returning(ChildDeparture.child_id)) is None:
            raise NotFound
        await db.execute(insert(FamilyChild).values(family_id=family_id, child_id=child_id))
    await audit.record(db, "family.child_back", actor=agent_id, family_id=family_id, child=str(child_id))


async def tell_holder(db: AsyncSession, settings: Settings, template: str, link: ServiceLink, service: Service) -> None:
    """Write to the account of a link about the file, with whom to ask."""
    account = await db.get_one(Account, link.account_id)
    await outbox.enqueue(
        db,
        settings,
        template,
        account.email,
        language=account.locale,
        account_id=account.id,
        service=service.name_fr,
        contact_service=service.contact_email,
    )
