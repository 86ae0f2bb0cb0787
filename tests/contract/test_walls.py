"""Who looks is said to the database for one transaction, and for nobody else after it."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries as accounts
from api.core.database import APPLICATION_ROLE, as_system
from api.core.database import Database as Foyer
from api.security.principal import Reader
from tests.conftest import Database
from tests.portal import Portal

SAID = "SELECT current_setting('app.actor', true) || ':' || current_setting('app.account_id', true)"


def ids(database: Database, portal: Portal) -> tuple[str, str]:
    """A new parent's account and session."""
    email = portal.parent().email
    of = "SELECT a.id::text AS account, s.id::text AS session FROM account a JOIN session s ON s.account_id = a.id WHERE a.email = $1"
    row = database.rows(of, email)[0]
    return row["account"], row["session"]


def opened(dsn: str, *statements: tuple[str, *tuple[object, ...]]) -> list[Any]:
    """The value of each statement, one after the other on one connection of the application."""

    async def go() -> list[Any]:
        connection = await asyncpg.connect(dsn, server_settings={"role": APPLICATION_ROLE})
        try:
            return [await connection.fetchval(statement, *values) for statement, *values in statements]
        finally:
            await connection.close()

    return asyncio.run(go())


OPEN = "SELECT foyer_open($1::text::uuid, $2::text::uuid, 1, 'account:read')"


def test_who_looked_before_is_forgotten_with_the_transaction(dsn: str, portal: Portal, database: Database) -> None:
    """The next one on the connection is nobody, sees nothing, and that is no fault."""
    account, session = ids(database, portal)
    everybody = "SELECT count(*) FROM account"
    seen = opened(dsn, (OPEN, account, session), (everybody,), ("SELECT viewer()",), ("SELECT actor()",))
    assert seen == ["ok", 0, None, ""]


def test_a_session_is_its_own_accounts(dsn: str, portal: Portal, database: Database) -> None:
    """One account with the session of another is nobody."""
    (mine, _), (_, theirs) = ids(database, portal), ids(database, portal)
    assert opened(dsn, (OPEN, mine, theirs)) == ["ended"]


def of_ours(dsn: str, *steps: Any) -> list[str]:
    """What is said of who acts, at each step, on the one connection that there is."""

    async def go() -> list[str]:
        foyer, seen = Foyer(dsn, pool_size=1), list[str]()
        try:
            for step in steps:
                await step(foyer, seen)
        finally:
            await foyer.close()
        return seen

    return asyncio.run(go())


async def note(db: AsyncSession, seen: list[str]) -> None:
    """Who acts now."""
    seen.append(str(await db.scalar(text(SAID))))


def test_who_acted_before_is_forgotten_with_the_transaction(dsn: str, address: str) -> None:
    """A transaction that does not say who acts is nobody's."""
    assert address

    async def as_somebody(foyer: Foyer, seen: list[str]) -> None:
        async with foyer.transaction() as db:
            await note(db, seen)

    async def as_nobody(foyer: Foyer, seen: list[str]) -> None:
        async with foyer.sessions() as db, db.begin():
            await note(db, seen)

    assert of_ours(dsn, as_somebody, as_nobody) == ["system:", ":"]


def test_the_systems_view_ends_with_its_lines(dsn: str, address: str) -> None:
    """Before and after them it is whom the transaction is of."""
    assert address

    async def lifted(foyer: Foyer, seen: list[str]) -> None:
        async with foyer.transaction("auth") as db:
            async with as_system(db):
                await note(db, seen)
            await note(db, seen)

    assert of_ours(dsn, lifted) == ["system:", "auth:"]


async def test_a_read_is_one_statement_with_its_walls(dsn: str, portal: Portal, database: Database) -> None:
    """Who looks, whether the session lives, whether the right is held and the rows themselves: one round trip."""
    account, session = (UUID(one) for one in ids(database, portal))
    foyer, asked = Foyer(dsn, pool_size=1), list[str]()
    await foyer.open()
    assert foyer.connections
    async with foyer.connections.pool.acquire() as connection:
        connection.add_query_logger(lambda query: asked.append(query.query))
    body = await Reader(account, session, 1, "account:read", foyer).body(accounts.PROFILE)
    await foyer.close()
    assert body
    assert len(asked) == 1
    assert "foyer_open" in asked[0]
