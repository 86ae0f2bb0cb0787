"""Second factors in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read, found
from api.second_factors.models import Passkey, RecoveryCode, SecondFactor

ALL = Read("""
    SELECT json_build_object('totp', EXISTS (SELECT FROM second_factor f WHERE f.account_id = :viewer),
        'recovery_codes_left', (SELECT count(*) FROM recovery_code c WHERE c.account_id = :viewer AND c.used_at IS NULL),
        'passkeys', (SELECT coalesce(json_agg(json_build_object('id', p.id, 'name', p.name, 'created_at', p.created_at,
            'last_used_at', p.last_used_at) ORDER BY p.id), '[]') FROM passkey p WHERE p.account_id = :viewer))::text
""")


async def factor(db: AsyncSession, account_id: UUID) -> SecondFactor | None:
    """The TOTP of an account, locked."""
    return await db.scalar(select(SecondFactor).where(SecondFactor.account_id == account_id).with_for_update())


async def passkeys(db: AsyncSession, account_id: UUID) -> list[Passkey]:
    """The passkeys of an account."""
    return list(await db.scalars(select(Passkey).where(Passkey.account_id == account_id)))


async def own_passkey(db: AsyncSession, account_id: UUID, passkey_id: UUID) -> Passkey:
    """One of one's own passkeys; raises NotFound."""
    own = select(Passkey).where(Passkey.account_id == account_id, Passkey.id == passkey_id)
    return found(await db.scalar(own.with_for_update()))


async def presented_passkey(db: AsyncSession, credential_id: bytes) -> Passkey | None:
    """The passkey that somebody presents, locked; whose it is is known by it."""
    return await db.scalar(select(Passkey).where(Passkey.credential_id == credential_id).with_for_update())


async def replace_recovery_codes(db: AsyncSession, account_id: UUID, hashes: list[bytes]) -> None:
    """These are the account's recovery codes from now on."""
    await db.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    if hashes:
        await db.execute(insert(RecoveryCode), [{"account_id": account_id, "code_hash": h} for h in hashes])


async def spend_recovery_code(db: AsyncSession, account_id: UUID, code_hash: bytes, now: datetime) -> bool:
    """Use a recovery code up; whether it was good."""
    spent = await db.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.account_id)
    )
    return spent is not None
