"""The database: migrations both ways, and the second wall on every personal table."""

import asyncio
import re

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from api.core.database import APPLICATION_ROLE
from api.core.migrating import alembic_config, migrate
from api.core.settings import ConfigurationError
from api.core.walls import OPEN_TABLES, newest_revision, refuse_weak_walls
from tests.conftest import Database
from tests.portal import Agent, Portal

CLOSED = {"person_name"}  # personal, and the application role may not even read it


def test_migrations_go_up_down_and_up_again(dsn: str, database: Database) -> None:
    """Down leaves nothing behind; up again gives the schema of the models."""
    database.run("DROP DATABASE IF EXISTS migrated")
    database.run("CREATE DATABASE migrated TEMPLATE template0")
    address = dsn.replace("/foyer?", "/migrated?")

    async def go() -> list[str]:
        await migrate(address)
        await migrate(address, "base")
        connection = await asyncpg.connect(address)
        left = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') UNION ALL "
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL "
            "SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'"
        )
        await connection.close()
        await migrate(address)
        return [row["relname"] for row in left]

    assert asyncio.run(go()) == ["alembic_version"]

    async def check() -> None:
        from alembic import command

        config = alembic_config()

        def run(connection: Connection) -> None:
            config.attributes["connection"] = connection
            command.check(config)

        engine = create_async_engine(address.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()

    asyncio.run(check())


def test_every_personal_table_forces_row_level_security(database: Database) -> None:
    """A new table is personal unless it is listed here, in this test, by somebody who thought about it."""
    open_tables = {
        r["relname"]
        for r in database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
        )
    }
    assert open_tables == OPEN_TABLES | CLOSED
    for table in CLOSED:
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            assert database.value(f"SELECT has_table_privilege('{APPLICATION_ROLE}', '{table}', '{right}')") is False


def test_no_view_and_no_function_passes_by_the_wall(database: Database, address: str) -> None:
    """A view looks with the eyes of who asks; what looks with its owner's is listed here, and names its schema."""
    assert address
    views = database.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') "
        "AND NOT coalesce(reloptions::text[] @> '{security_invoker=true}', false)"
    )
    assert views == []
    definers = database.rows(
        "SELECT proname::text, array_to_string(proconfig, ' ') AS said FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert {row["proname"] for row in definers} == {
        "find_by_name",  # ids only, which are then looked up behind the wall
        "forget_person_name",
        "keep_adult_name",
        "keep_child_name",
    }
    assert all("search_path=public" in row["said"] for row in definers)


def test_nobody_sees_anything_without_saying_who_looks(dsn: str, database: Database) -> None:
    """The application role, with no viewer set, reads no personal row of any table."""
    tables = [
        r["relname"]
        for r in database.rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relrowsecurity"
        )
    ]
    assert len(tables) > 15

    async def look() -> dict[str, int]:
        connection = await asyncpg.connect(dsn, server_settings={"role": APPLICATION_ROLE})
        try:
            return {t: await connection.fetchval(f"SELECT count(*) FROM {t}") for t in tables}
        finally:
            await connection.close()

    assert set(asyncio.run(look()).values()) == {0}


def test_every_policy_asks_who_looks(database: Database, address: str) -> None:
    """None lets everybody through, on tables without a row either; but for what everybody's doings write and nobody reads back."""
    assert address
    policies = database.rows("SELECT tablename, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'public'")
    asks = re.compile(r"\b(viewer|actor|my_\w+)\(\)|^\(EXISTS|^false$")
    open_ones = {
        (policy["tablename"], policy["cmd"])
        for policy in policies
        for said in (policy["qual"], policy["with_check"])
        if said is not None and not asks.search(said)
    }
    assert open_ones == {(told, "INSERT") for told in ("message", "audit_event", "integration_event", "waiting_event")}
    assert {policy["tablename"] for policy in policies} >= {"session", "passkey", "saved_view", "webhook"}


def test_with_the_first_wall_down_the_second_still_holds(
    dsn: str, portal: Portal, agent: Agent, database: Database
) -> None:
    """`SELECT * FROM invoice` without any WHERE, as one parent: their rows, and not one of anybody else."""
    database.run("DELETE FROM attempts")
    mine, other = portal.parent_with_key(agent), portal.parent_with_key(agent)
    for person in (mine, other):
        person.post(
            "/household/members",
            {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"},
        )
        person.post("/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}})
    account = database.value("SELECT id FROM account WHERE email = $1", mine.email)
    assert mine.family

    async def look() -> dict[str, set[str]]:
        connection = await asyncpg.connect(dsn, server_settings={"role": APPLICATION_ROLE})
        try:
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('app.account_id', $1, true), set_config('app.actor', 'parent', true)",
                    str(account),
                )
                owned = {
                    t: await connection.fetch(f"SELECT DISTINCT account_id::text AS k FROM {t}")
                    for t in ("session", "request", "request_event", "household_member", "service_link", "proof")
                }
                filed = {
                    t: await connection.fetch(f"SELECT DISTINCT family_id::text AS k FROM {t}")
                    for t in ("invoice", "adult", "family_child")
                }
                private = await connection.fetch("SELECT adult_id::text AS k FROM adult_private")
                children = await connection.fetch("SELECT id::text AS k FROM child")
                lines = await connection.fetchval(
                    "SELECT count(*) FROM invoice_line l WHERE NOT EXISTS (SELECT FROM invoice i WHERE i.id = l.invoice_id)"
                )
                assert lines == 0
            return {
                t: {r["k"] for r in rows}
                for t, rows in (owned | filed | {"adult_private": private, "child": children}).items()
            }
        finally:
            await connection.close()

    seen = asyncio.run(look())
    assert seen["adult_private"] == {mine.family.adults[0]["id"]}
    assert seen["child"] == {c["id"] for c in mine.family.children}
    assert seen["invoice"] == seen["adult"] == seen["family_child"] == {mine.family.id}
    assert all(
        seen[t] == {str(account)} for t in ("session", "request", "request_event", "household_member", "service_link")
    )


def test_a_parent_cannot_link_themselves_without_a_key(dsn: str, portal: Portal, database: Database) -> None:
    """Not even code that forgot to ask for one: the policy of the link wants a key that this account used."""
    account = database.value("SELECT id FROM account WHERE email = $1", portal.parent().email)
    family = portal.family()

    async def link() -> None:
        connection = await asyncpg.connect(dsn, server_settings={"role": APPLICATION_ROLE})
        try:
            async with connection.transaction():
                await connection.execute(
                    "SELECT set_config('app.account_id', $1, true), set_config('app.actor', 'parent', true)",
                    str(account),
                )
                await connection.execute(
                    "INSERT INTO service_link (account_id, service_id, family_id, adult_id) SELECT $1, s.id, $2::text::uuid, $3::text::uuid FROM service s WHERE slug = 'enfance'",
                    account,
                    family.id,
                    family.adults[0]["id"],
                )
        finally:
            await connection.close()

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        asyncio.run(link())


def test_the_audit_cannot_be_changed(dsn: str, database: Database) -> None:
    """The application role may neither update nor delete an audit row, as whomever it acts."""
    assert database

    async def change(statement: str) -> None:
        connection = await asyncpg.connect(dsn, server_settings={"role": APPLICATION_ROLE})
        try:
            await connection.execute("SET app.actor = 'system'")
            await connection.execute(statement)
        finally:
            await connection.close()

    for statement in ("UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asyncio.run(change(statement))


@pytest.mark.parametrize(
    "made",
    [
        "CREATE ROLE weak SUPERUSER",
        "CREATE ROLE weak BYPASSRLS",
        "CREATE ROLE weak; CREATE TABLE of_the_weak (); ALTER TABLE of_the_weak OWNER TO weak",
    ],
)
def test_a_role_that_could_pass_by_the_wall_is_refused(dsn: str, database: Database, address: str, made: str) -> None:
    """The portal does not start with it: not as superuser, not past row level security, not as an owner."""
    assert address
    asyncio.run(refuse_weak_walls(dsn, APPLICATION_ROLE))
    database.run(made)
    try:
        with pytest.raises(ConfigurationError, match="could pass by"):
            asyncio.run(refuse_weak_walls(dsn, "weak"))
    finally:
        database.run("DROP TABLE IF EXISTS of_the_weak; DROP ROLE weak")


def test_a_personal_table_without_a_forced_policy_is_refused(dsn: str, database: Database) -> None:
    """The portal does not start: neither when the wall of a table is taken down, nor when it is no longer forced."""
    for weaker, mended in (("DISABLE", "ENABLE"), ("NO FORCE", "FORCE")):
        database.run(f"ALTER TABLE household_member {weaker} ROW LEVEL SECURITY")
        try:
            with pytest.raises(ConfigurationError, match="household_member"):
                asyncio.run(refuse_weak_walls(dsn, APPLICATION_ROLE))
        finally:
            database.run(f"ALTER TABLE household_member {mended} ROW LEVEL SECURITY")


def test_the_newest_migration_sorts_last() -> None:
    """So that a start knows, without loading the migrations, that there is nothing to do."""
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == newest_revision()
