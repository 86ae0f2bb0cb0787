"""Service keys in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, found
from api.families.models import Child, FamilyChild, ServiceLink
from api.service_keys.models import ServiceKey

LINK = """json_build_object('id', l.id, 'service', json_build_object('slug', s.slug, 'name', s.name_fr), 'attached_at', l.created_at,
    'family', json_build_object('id', l.family_id,
        'label', (SELECT 'Famille ' || string_agg(DISTINCT a.last_name, ' – ') FROM adult a WHERE a.family_id = l.family_id),
        'children', coalesce((SELECT json_agg(c.first_name ORDER BY c.birth_date, c.id)
            FROM family_child fc JOIN child c ON c.id = fc.child_id WHERE fc.family_id = l.family_id), '[]')))"""
LINKS = Read(f"""
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg({LINK} ORDER BY l.id), '[]'))::text
    FROM service_link l JOIN service s ON s.id = l.service_id WHERE l.account_id = :viewer AND l.ended_at IS NULL
""")
ONE_LINK = text(
    f"SELECT {LINK} FROM service_link l JOIN service s ON s.id = l.service_id WHERE l.account_id = :viewer AND l.id = :id"
)


async def present(db: AsyncSession, key_hash: bytes, service_id: UUID) -> ServiceKey | None:
    """The key of a hash, locked: presenting the hash is what lets one see the row."""
    await db.execute(text("SELECT set_config('app.presented', :hash, true)"), {"hash": key_hash.hex()})
    return await db.scalar(
        select(ServiceKey).where(ServiceKey.key_hash == key_hash, ServiceKey.service_id == service_id).with_for_update()
    )


async def lock_challenged(db: AsyncSession, account_id: UUID, challenge_hash: bytes) -> ServiceKey | None:
    """The key that asked this account for a second proof, locked."""
    mine = select(ServiceKey).where(ServiceKey.challenged_by == account_id, ServiceKey.challenge_hash == challenge_hash)
    return await db.scalar(mine.with_for_update())


async def consume(db: AsyncSession, key_id: UUID, account_id: UUID, now: datetime) -> bool:
    """Use the key up: of many parallel uses exactly one is told True."""
    spent = await db.scalar(
        update(ServiceKey)
        .where(
            ServiceKey.id == key_id,
            ServiceKey.used_at.is_(None),
            ServiceKey.revoked_at.is_(None),
            ServiceKey.expires_at > now,
        )
        .values(used_at=now, used_by=account_id, challenge_hash=None, challenged_by=None)
        .returning(ServiceKey.id)
    )
    return spent is not None


async def revoke_open(
    db: AsyncSession, now: datetime, *, adult_id: UUID | None = None, key_id: UUID | None = None
) -> UUID | None:
    """Revoke the open key of an adult, or one key; its adult, or None when there was none to revoke."""
    which = or_(ServiceKey.adult_id == adult_id, ServiceKey.id == key_id)
    return await db.scalar(
        update(ServiceKey)
        .where(which, ServiceKey.used_at.is_(None), ServiceKey.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ServiceKey.family_id)
    )


async def opened_by(db: AsyncSession, key_id: UUID) -> UUID | None:
    """The live link that a key has opened, for an agent."""
    its = (ServiceLink.account_id == ServiceKey.used_by, ServiceLink.adult_id == ServiceKey.adult_id)
    live = select(ServiceLink.id).where(ServiceKey.id == key_id, *its, ServiceLink.ended_at.is_(None))
    return await db.scalar(live)


async def get_for_agent(db: AsyncSession, key_id: UUID) -> ServiceKey:
    """A key, for an agent."""
    return found(await db.get(ServiceKey, key_id))


async def has_child_born(db: AsyncSession, family_id: UUID, birth_date: object) -> bool:
    """Whether a child of the file has this birth date."""
    child = (
        select(Child.id)
        .join(FamilyChild, FamilyChild.child_id == Child.id)
        .where(FamilyChild.family_id == family_id, Child.birth_date == birth_date)
        .limit(1)
    )
    return await db.scalar(child) is not None
