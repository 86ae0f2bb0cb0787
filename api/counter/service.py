"""What an agent does for a person at the counter. Each is written down under the agent's name."""

import asyncio
import secrets as system_secrets
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import PARENT, Account, Purpose
from api.accounts.service import new_proof
from api.audit import service as audit
from api.core.database import as_system
from api.core.schemas import LOGIN, NO_MAILBOX, plain
from api.core.settings import Settings
from api.counter import letter, queries
from api.counter.models import HasMailbox
from api.counter.schemas import CounterAccountCreate, CounterAccountRead, CounterRequestCreate
from api.requests import service as requests
from api.requests.schemas import RequestCreate, RequestRead
from api.security import passwords, secrets

PAPER_LASTS = timedelta(days=14)


async def open_account(db: AsyncSession, agent_id: UUID, new: CounterAccountCreate) -> CounterAccountRead:
    """An account with a sign-in name. It waits for the person, who chooses the password from the printed letter."""
    facts = new.model_dump() | {
        "password_hash": await passwords.hash_password(secrets.new_token()),  # nobody knows it
        "role": PARENT,
        "opened_by": agent_id,
    }
    async with as_system(db):  # an agent reads accounts and writes none but here
        account_id = None
        while account_id is None:
            email = _new_login(new.first_name, new.last_name) + NO_MAILBOX
            account_id = await db.scalar(
                upsert(Account)
                .values(facts | {"email": email, "email_key": email})
                .on_conflict_do_nothing(index_elements=["email_key"])
                .returning(Account.id)
            )
    await audit.record(db, "account.opened_at_counter", actor=agent_id, account_id=account_id)
    row = await db.scalar(queries.ONE_WRITTEN, {"id": account_id})
    return CounterAccountRead.model_validate(row)


async def print_activation(
    db: AsyncSession, settings: Settings, agent_id: UUID, account_id: UUID, now: datetime
) -> bytes:
    """The letter with the sign-in name and a link to choose a password; the one before is no longer good.

    Raises NotFound, HasMailbox.
    """
    async with as_system(db):
        account = await queries.parent(db, account_id)
        if not account.email.endswith(NO_MAILBOX):
            raise HasMailbox
        token = await new_proof(db, account.id, Purpose.PASSWORD_RESET, now + PAPER_LASTS)
    await audit.record(db, "account.activation_printed", actor=agent_id, account_id=account.id)
    return await asyncio.to_thread(
        letter.render,
        settings,
        name=f"{account.first_name} {account.last_name}",
        login=account.email.removesuffix(NO_MAILBOX),
        link=f"{settings.address}/nouveau-mot-de-passe#token={token}",
        now=now,
        until=now + PAPER_LASTS,
    )


async def enter_request(
    db: AsyncSession,
    settings: Settings,
    agent_id: UUID,
    account_id: UUID,
    new: CounterRequestCreate,
    language: str,
    today: date,
) -> RequestRead:
    """A request of that person, in the queue as any other; its timeline says who entered it. Raises NotFound, InvalidField, ScopeMissing."""
    account = await queries.parent(db, account_id)
    wanted = RequestCreate.model_validate(new.model_dump())
    return await requests.submit(db, settings, account.id, wanted, language, today, entered_by=agent_id)


def _new_login(first_name: str, last_name: str) -> str:
    """As `lea.dupont.4821`: to be read aloud and typed on any keyboard."""
    words = [
        "".join(c for c in plain(word).replace(" ", "-").replace("'", "-") if c.isascii() and (c.isalnum() or c == "-"))
        for word in (first_name, last_name)
    ]
    name = ".".join(word.strip("-")[:30] for word in words if word.strip("-"))
    login = f"{name}.{system_secrets.randbelow(9000) + 1000}"
    return login if LOGIN.fullmatch(login) else f"compte.{system_secrets.randbelow(900_000) + 100_000}"
