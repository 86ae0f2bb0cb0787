"""The household in the database, always one's own."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, found
from api.household.models import HouseholdMember

MEMBER = """json_build_object('id', m.id, 'kind', m.kind, 'first_name', m.first_name, 'last_name', m.last_name,
    'birth_date', m.birth_date, 'phone', m.phone, 'email', m.email, 'relationship', m.relationship,
    'may_collect', m.may_collect, 'emergency', m.emergency, 'version', m.version)"""
PAGE = Read(f"""
    WITH page AS (
        SELECT m.*, row_number() OVER (ORDER BY m.id) AS place FROM household_member m
        WHERE m.account_id = :viewer AND (:after::uuid IS NULL OR m.id > :after) ORDER BY m.id LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce((SELECT json_agg({MEMBER} ORDER BY m.place) FROM page m WHERE m.place <= :limit), '[]'),
        'next_cursor', CASE WHEN (SELECT count(*) FROM page) > :limit THEN (SELECT id FROM page WHERE place = :limit) END)::text
""")
ONE = Read(f"SELECT {MEMBER}::text FROM household_member m WHERE m.account_id = :viewer AND m.id = :id::uuid")


async def lock(db: AsyncSession, account_id: UUID, member_id: UUID) -> HouseholdMember:
    """One of one's own members, locked."""
    own = select(HouseholdMember).where(HouseholdMember.account_id == account_id, HouseholdMember.id == member_id)
    return found(await db.scalar(own.with_for_update()))
