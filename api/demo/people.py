"""The people of the demonstration: made once, kept in the data directory with their sign-ins."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import Account
from api.core.database import Database, act_as
from api.core.settings import Settings
from api.second_factors.agents import add_agent, passphrase
from api.security import passwords
from api.service_keys import queries as key_queries
from api.service_keys import service as service_keys
from api.service_keys.models import Delivery
from api.service_keys.schemas import KeyIssue

EMAILS = {
    "without_key": "parent.sans.cle@exemple.fr",
    "with_key": "parent@exemple.fr",
    "agent": "agent@ville.exemple.fr",
}
TOWN = Path(__file__).with_name("town")
# A payer who can be reached both ways, with two children or more and something left to pay.
CANDIDATES = text("""
    SELECT a.id, a.first_name, a.last_name, p.phone FROM adult a JOIN adult_private p ON p.adult_id = a.id
    WHERE a.is_payer AND p.phone IS NOT NULL AND p.email IS NOT NULL AND p.quotient IS NOT NULL
        AND (SELECT count(*) FROM adult o WHERE o.family_id = a.family_id) = 2
        AND (SELECT count(*) FROM family_child c WHERE c.family_id = a.family_id) BETWEEN 2 AND 3
        AND (SELECT count(*) = count(DISTINCT c.first_name) FROM family_child fc JOIN child c ON c.id = fc.child_id
             WHERE fc.family_id = a.family_id)
        AND EXISTS (SELECT FROM invoice i WHERE i.adult_id = a.id AND i.balance_cents > 0 AND i.source_state = 'issued')
    ORDER BY a.reference LIMIT 2
""")


def sign_ins(settings: Settings) -> dict[str, Any]:
    """The sign-ins, with the agent's present code; empty before the first start."""
    path = settings.data_dir / "demonstration.json"
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    found["agent"]["code"] = pyotp.TOTP(found["agent"]["totp_secret"]).now()
    return found


# What an interrupted first start left, or a town whose sign-ins were deleted: enrollments and requests refer to these people.
GIVE_UP = text("""
    WITH old AS (
        UPDATE account SET email = 'former-' || id || '@sans-mail.invalid', email_key = 'former-' || id || '@sans-mail.invalid',
            activated_at = NULL, closed_at = now() WHERE email_key = ANY (:emails) RETURNING id
    )
    UPDATE service_link SET ended_at = now(), end_reason = 'closed' WHERE account_id IN (SELECT id FROM old) AND ended_at IS NULL
""")


async def make_people(database: Database, settings: Settings, now: datetime) -> None:
    """A parent without a key and the key that waits, a parent with one, an agent."""
    async with database.transaction() as db:
        await db.execute(GIVE_UP, {"emails": list(EMAILS.values())})
    agent = await add_agent(
        database, settings, email=EMAILS["agent"], first_name="Camille", last_name="Agent", role="manager", now=now
    )
    async with database.transaction() as db:
        without, holder = (await db.execute(CANDIDATES)).all()
        people: dict[str, dict[str, Any]] = {}
        for name, row in (("without_key", without), ("with_key", holder)):
            password = passphrase()
            email = EMAILS[name]
            account = Account(
                email=email,
                email_key=email,
                password_hash=await passwords.hash_password(password),
                first_name=row.first_name,
                last_name=row.last_name,
                phone=row.phone,
                activated_at=now,
                role="parent",
                locale="fr",
                version=1,
            )
            db.add(account)
            await db.flush()
            key = await _issue(db, settings, account.id, row.id, now)
            people[name] = {
                "email": email,
                "password": password,
                "name": f"{row.first_name} {row.last_name}",
                "key": key,
                "id": account.id,
            }
    holder_id: UUID = people["with_key"].pop("id")
    people["without_key"].pop("id")
    async with database.transaction("parent") as db:
        await act_as(db, "parent", holder_id)
        await service_keys.attach(
            db, database, settings, holder_id, "enfance", people["with_key"].pop("key"), "demonstration", now
        )
    content = people | {"agent": {"email": agent.email, "password": agent.password, "totp_secret": agent.totp_secret}}
    path = settings.data_dir / "demonstration.json"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)


async def _issue(db: AsyncSession, settings: Settings, agent_id: UUID, adult_id: UUID, now: datetime) -> str:
    """A key as the counter gives it, then marked as sent by SMS, so that it asks for no birth date."""
    issued = await service_keys.issue(
        db, settings, agent_id, KeyIssue(adult_id=adult_id, deliver_by=Delivery.COUNTER), now
    )
    key = await key_queries.get_for_agent(db, issued.id)
    key.deliver_by = Delivery.SMS
    return str(issued.key)
