"""Closing an account: the person's data go, what others need stays."""

import secrets as system_secrets
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import PARENT, Account
from api.audit import service as audit
from api.core.database import as_system
from api.core.errors import Problem
from api.core.settings import Settings
from api.outbox import service as outbox
from api.security import passwords

# Requests go with their messages and documents. Enrollments are the family's: the other parent keeps them.
GONE = (
    "calendar_feed",
    "request",
    "household_member",
    "proof",
    "second_factor",
    "recovery_code",
    "passkey",
    "session",
    "idempotent_answer",
)


class AgentAccount(Problem):
    """An agent's account is the town's."""

    status, code, title = 409, "agent-account", "Agents' accounts are closed by the administrator"
    fr = "Le compte d'un agent est fermé par l'administrateur."
    en = "An agent's account is closed by the administrator."


async def close(db: AsyncSession, settings: Settings, account: Account, now: datetime, *, tell: bool = True) -> None:
    """Erase the person (RGPD, article 17). The row stays, empty, for the enrollments and the audit that refer to it.

    Without `tell` no mail leaves: somebody who was told before is erased again. Raises AgentAccount.
    """
    if account.role != PARENT:
        raise AgentAccount
    email, locale = account.email, account.locale
    unusable = await passwords.hash_password(system_secrets.token_urlsafe(32))
    async with as_system(db):  # links, messages and sessions are beyond what a person may change by themselves
        for table in GONE:
            await db.execute(text(f"DELETE FROM {table} WHERE account_id = :id"), {"id": account.id})  # noqa: S608 - constants
        await db.execute(
            text(
                "UPDATE service_link SET ended_at = :now, end_reason = 'closed' WHERE account_id = :id AND ended_at IS NULL"
            ),
            {"now": now, "id": account.id},
        )
        await db.execute(text("DELETE FROM message WHERE account_id = :id"), {"id": account.id})
        account.email = account.email_key = f"closed-{account.id}@invalid"
        account.password_hash, account.first_name, account.last_name = unusable, "", ""
        account.birth_date = account.phone = account.address = account.postal_code = account.city = None
        account.activated_at, account.closed_at = None, now
        account.authorization_version += 1
    if tell:
        await outbox.enqueue(db, settings, "account-closed", email, language=locale)
    await audit.record(db, "account.closed", actor=account.id, account_id=account.id)
