"""Accounts in the database; every query on a signed-in person's rows takes the viewer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account, Proof, Purpose
from api.core.database import Read, found

PROFILE = Read("""
    SELECT json_build_object(
        'id', a.id, 'email', a.email, 'pending_email', (SELECT p.data ->> 'email' FROM proof p WHERE p.account_id = a.id
            AND p.purpose = 'email_change' AND p.used_at IS NULL AND p.expires_at > now() ORDER BY p.id DESC LIMIT 1), 'first_name', a.first_name, 'last_name', a.last_name, 'birth_date', a.birth_date,
        'phone', a.phone, 'address', a.address, 'postal_code', a.postal_code, 'city', a.city, 'locale', a.locale,
        'role', a.role, 'scopes', account_scopes(a.id), 'created_at', a.created_at, 'version', a.version)::text
    FROM account a WHERE a.id = :viewer
""")


def email_key(email: str) -> str:
    """What two accounts cannot share."""
    return email.casefold()


async def by_email(db: AsyncSession, email: str) -> Account | None:
    """The account of an address, if any; for those who are not signed in yet."""
    return await db.scalar(select(Account).where(Account.email_key == email_key(email)))


async def lock(db: AsyncSession, account_id: UUID) -> Account:
    """One's own account, locked."""
    return found(await db.scalar(select(Account).where(Account.id == account_id).with_for_update()))


async def pending_email(db: AsyncSession, account_id: UUID, now: datetime) -> str | None:
    """The new address that waits for its confirmation."""
    waiting = select(Proof.data["email"].astext).where(
        Proof.account_id == account_id,
        Proof.purpose == Purpose.EMAIL_CHANGE,
        Proof.used_at.is_(None),
        Proof.expires_at > now,
    )
    return await db.scalar(waiting.order_by(Proof.id.desc()).limit(1))


async def scopes(db: AsyncSession, account_id: UUID) -> frozenset[str]:
    """What the account may do now."""
    return frozenset(await db.scalar(text("SELECT account_scopes(:id)"), {"id": account_id}) or [])


async def spend_proof(db: AsyncSession, purpose: Purpose, token_hash: bytes, now: datetime) -> Proof | None:
    """Use a proof up: exactly one of many parallel uses gets it; None when unknown, used or expired."""
    proof: Proof | None = await db.scalar(
        update(Proof)
        .where(
            Proof.token_hash == token_hash, Proof.purpose == purpose, Proof.used_at.is_(None), Proof.expires_at > now
        )
        .values(used_at=now)
        .returning(Proof)
    )
    return proof


async def drop_proofs(db: AsyncSession, account_id: UUID, now: datetime, *purposes: Purpose) -> None:
    """Links that were sent and not used are no longer good."""
    await db.execute(
        update(Proof)
        .where(Proof.account_id == account_id, Proof.purpose.in_(purposes), Proof.used_at.is_(None))
        .values(used_at=now)
    )


async def end_other_sessions(db: AsyncSession, account_id: UUID, now: datetime, but: UUID | None = None) -> None:
    """End the account's sessions at once, but for one."""
    await db.execute(
        text(
            "UPDATE session SET ended_at = :now WHERE account_id = :id AND ended_at IS NULL AND id IS DISTINCT FROM :but"
        ),
        {"now": now, "id": account_id, "but": but},
    )


async def bump_rights(db: AsyncSession, account_id: UUID) -> int:
    """The account's rights changed: tokens made before are settled by the rights as they are now. Gives the version."""
    version: int | None = await db.scalar(
        update(Account)
        .where(Account.id == account_id)
        .values(authorization_version=Account.authorization_version + 1, version=Account.version)
        .returning(Account.authorization_version)
    )
    return found(version)
