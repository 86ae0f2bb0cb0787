"""The hot reads look rows up: none of them reads a table through that grows with the town."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from api.core.database import APPLICATION_ROLE, PLANNER
from bench.plans import GROWN, HOT, SMALL, Caller, explain, scanned
from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.household.test_household import CONTACT
from tests.portal import Agent, Parent, Portal


def caller(database: Database, person: Parent) -> Caller:
    """The last session of a person, and an invoice and a child of theirs."""
    row = database.rows(
        "SELECT a.id, s.id AS session, a.authorization_version AS version, fc.child_id, i.id AS invoice FROM account a "
        "JOIN session s ON s.account_id = a.id LEFT JOIN service_link l ON l.account_id = a.id "
        "LEFT JOIN family_child fc USING (family_id) LEFT JOIN invoice i USING (family_id) WHERE a.email = $1 "
        "ORDER BY s.id DESC LIMIT 1",
        person.email,
    )[0]
    return Caller(row["id"], row["session"], row["version"], row["child_id"], row["invoice"])


@asynccontextmanager
async def grown(dsn: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection for which the town has a million of everything."""
    connection = await asyncpg.connect(
        dsn, server_settings=PLANNER | {"enable_seqscan": "off"}
    )  # the empty ones stay empty
    whole = connection.transaction()
    await whole.start()
    await connection.execute("ANALYZE")
    await connection.execute(GROWN, list(SMALL))
    await connection.execute(f"SET LOCAL ROLE {APPLICATION_ROLE}")
    yield connection
    await whole.rollback()
    await connection.close()


async def test_hot_reads_use_their_indexes(portal: Portal, agent: Agent, database: Database, dsn: str) -> None:
    """In a large town, behind the second wall."""
    person = portal.parent_with_key(agent)
    enroll(person, activity(database))
    assert person.post("/household/members", CONTACT).status_code == 201
    parent, clerk = caller(database, person), caller(database, agent)
    async with grown(dsn) as connection:
        through = {
            name: scanned(
                await explain(
                    connection, clerk if scope.value.startswith("agent:") else parent, read, scope, "VERBOSE off"
                )
            )
            for name, (read, scope) in HOT.items()
        }
    assert {name: found for name, found in through.items() if found} == {}


async def test_a_read_without_an_index_is_seen(dsn: str) -> None:
    """The test above can fail: neither a table nor an index may be read through."""
    async with grown(dsn) as connection:
        for sql in ("SELECT FROM invoice WHERE total_cents = 7", "SELECT id FROM invoice ORDER BY id"):
            plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN (COSTS OFF) " + sql))
            assert scanned(plan) == {"invoice"}, plan
