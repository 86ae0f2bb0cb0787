"""When a write is acknowledged, and how long the database is waited for."""

import asyncio

import pytest

from api.core.database import Database as Foyer
from tests.conftest import Database, free_port
from tests.portal import Portal

MEMBER = {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
# Fails when the transaction ends, and not when the row is written.
LATE = """
    CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'too late'; END $$;
    CREATE CONSTRAINT TRIGGER late AFTER INSERT ON household_member DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_late()
"""


def test_an_answer_leaves_after_the_commit(portal: Portal, database: Database) -> None:
    """A commit that fails is told: nobody reads « created » of what is not there."""
    parent = portal.parent()
    database.run(LATE)
    try:
        assert parent.post("/household/members", MEMBER).status_code == 500
    finally:
        database.run("DROP TRIGGER late ON household_member; DROP FUNCTION refuse_late()")
    assert parent.get("/household/members").json()["items"] == []
    assert parent.post("/household/members", MEMBER).status_code == 201


async def test_the_database_is_waited_for_no_longer_than_people_are(dsn: str, address: str) -> None:
    """Its own time-outs on every connection of ours, and what is written is on the disk before it is acknowledged."""
    assert address
    wanted = {
        "lock_timeout": "3s",
        "statement_timeout": "4500ms",
        "idle_in_transaction_session_timeout": "15s",
        "synchronous_commit": "on",
        "fsync": "on",
    }
    foyer = Foyer(dsn, pool_size=1)
    await foyer.open()
    reading = await foyer.fetchrow("SELECT array_agg(current_setting(n)) AS s FROM unnest($1::text[]) n", list(wanted))
    async with foyer.sessions() as db:
        connection = await db.connection()
        writing = (
            await connection.exec_driver_sql(
                "SELECT array_agg(current_setting(n)) FROM unnest($1::text[]) n", (list(wanted),)
            )
        ).scalar_one()
    await foyer.close()
    assert reading
    assert dict(zip(wanted, reading["s"], strict=True)) == dict(zip(wanted, writing, strict=True)) == wanted


async def test_a_database_that_takes_connections_and_says_nothing_is_given_up() -> None:
    """After two seconds: many more than it takes, and many fewer than a library waits by itself."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", port := free_port())
    foyer = Foyer(f"postgresql://foyer@127.0.0.1:{port}/foyer", pool_size=1)
    async with asyncio.timeout(20):
        with pytest.raises((TimeoutError, OSError)):
            await foyer.open()
    async with asyncio.timeout(20):
        with pytest.raises((TimeoutError, OSError)):
            async with foyer.sessions() as db:
                await db.connection()
    server.close()
