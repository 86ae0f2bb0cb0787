"""`python -m bench.growth`: the same town small and large. Reads, the family search and the enrollment, the import beside COPY.

Every size has its own database; the portal is on the first core, PostgreSQL and wrk on the second. The plans that the large town gets
are kept in plans.txt.
"""

import argparse
import contextlib
import http.client
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import asyncpg

from api.cli.running import run
from api.core.clock import utcnow
from api.core.database import Database
from api.core.embedded import embedded_postgres
from api.core.migrating import migrate
from api.core.settings import Settings
from api.security import tokens as access
from api.security.scopes import Scope
from bench.machine import data_directory, load, memory_mb, needs, percentile, portal, processor_seconds
from bench.plans import HOT, Caller, explain, scanned
from bench.towns import pin, write_town

PORT, PARENTS, SECONDS, TURNS = 8475, 300, 2, 5
# Parents from everywhere in the town, each with a session; the last one is an agent.
PEOPLE = """
    WITH chosen AS (SELECT * FROM (SELECT a.id, a.family_id, f.service_id, row_number() OVER (ORDER BY a.id) AS n, count(*) OVER () AS all
            FROM adult a JOIN family f ON f.id = a.family_id WHERE a.is_payer AND EXISTS (SELECT FROM family_child c WHERE c.family_id = f.id)) numbered
        WHERE n % greatest(1, numbered.all / $1::int) = 0 LIMIT $1),
    p AS (INSERT INTO account (email, email_key, password_hash, first_name, last_name, activated_at, role)
        SELECT id || '@exemple.fr', id || '@exemple.fr', '', 'Ana', 'Souza', now(), 'parent' FROM chosen
        UNION ALL SELECT 'agente@exemple.fr', 'agente@exemple.fr', '', 'Ana', 'Souza', now(), 'manager' RETURNING id, email, role),
    l AS (INSERT INTO service_link (account_id, service_id, family_id, adult_id) SELECT p.id, c.service_id, c.family_id, c.id
        FROM p JOIN chosen c ON p.email = c.id || '@exemple.fr' RETURNING 1),
    s AS (INSERT INTO session (account_id, client, device, seed, idle_seconds, expires_at)
        SELECT id, 'browser', '', '', 86400, now() + interval '1 day' FROM p RETURNING id, account_id)
    SELECT s.account_id, s.id AS session_id, p.role, f.child_id,
        (SELECT i.id FROM invoice i WHERE i.family_id = c.family_id LIMIT 1) AS invoice_id
    FROM s JOIN p ON p.id = s.account_id LEFT JOIN chosen c ON p.email = c.id || '@exemple.fr'
        LEFT JOIN LATERAL (SELECT child_id FROM family_child WHERE family_id = c.family_id LIMIT 1) f ON true, (SELECT count(*) FROM l) x
"""
# Every child of the town is in an activity; one more opens for everybody.
ENROLLED = """
    WITH t AS (SELECT id FROM activity ORDER BY id LIMIT 1), n AS (SELECT min(id::text)::uuid AS id FROM account)
    INSERT INTO enrollment (reference, account_id, family_id, child_id, activity_id, days, starts_on, ends_on, state, cancel_until)
    SELECT 'B-' || fc.child_id || fc.family_id, n.id, fc.family_id, fc.child_id, t.id, '{mon}', '2026-09-01', '2027-07-03', 'confirmed', '2026-08-30'
    FROM family_child fc, t, n
"""
OPENED = """
    WITH t AS (INSERT INTO activity (service_id, code, name, venue, unit, starts_on, ends_on, age_min, age_max, opens_at, closes_at, prices_cents)
        SELECT id, 'BENCH', 'Judo', 'Dojo', 'séance', current_date + 30, current_date + 200, 0, 25, now() - interval '1 day', now() + interval '9 days',
            '{100,200,300,400}' FROM service ORDER BY position LIMIT 1 RETURNING id),
    d AS (INSERT INTO activity_day (activity_id, day, places) SELECT id, 'mon', 150 FROM t RETURNING 1)
    SELECT t.id FROM t, (SELECT count(*) FROM d) x
"""
COPIED = ("family", "adult", "adult_private", "child", "family_child", "invoice", "invoice_line")


class Person(NamedTuple):
    """Somebody who asks."""

    token: str
    caller: Caller


class Figures(NamedTuple):
    """Of one size: by what was asked, the processor time in µs and the p50 in ms."""

    cost: dict[str, float]
    p50: dict[str, float]


async def people(dsn: str, settings: Settings) -> tuple[list[Person], Person, str]:
    """Parents, an agent, and the activity that is open for all."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(PEOPLE, PARENTS)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(ENROLLED)
    await connection.execute("SET session_replication_role = origin")
    activity = str(await connection.fetchval(OPENED))
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    access.LIFETIME = 3600
    tokens, now = access.Tokens(settings.secrets.signing_key, settings.address), int(utcnow().timestamp())
    found = []
    for account, session, _, child, invoice in rows:
        claims = access.Claims(account, session, 1, frozenset(scope.value for scope in Scope), 0)
        found.append(Person(tokens.issue(claims, "app", now), Caller(account, session, 1, child, invoice)))
    agent = next(n for n, row in enumerate(rows) if row["role"] != "parent")
    return found[:agent] + found[agent + 1 :], found[agent], activity


class Town(NamedTuple):
    """A portal on its database, and who asks."""

    pid: int
    port: int
    parents: list[Person]
    agent: Person
    activity: str


def measure(town: Town, turn: int) -> Figures:
    """Reads under load, then enrollments one by one, of this turn's share of the parents."""
    parents, agent, activity = town.parents, town.agent, town.activity
    # The same people in both towns; and a name that more bear the larger the town.
    names, common = ["souza-bababa", "fung-fong-you-bababa", "verdan-bababa"], "souza"
    asked = {
        "GET /invoices": (["/api/v1/invoices?limit=25"], parents),
        "GET /family": (["/api/v1/family"], parents),
        "GET /activities?child_id=": ([f"/api/v1/activities?child_id={parents[0].caller.child_id}"], parents[:1]),
        "GET /enrollments": (["/api/v1/enrollments"], parents),
        "search for a family": ([f"/api/v1/agent/families?search={name}" for name in names], [agent]),
        "search for a common name": ([f"/api/v1/agent/families?search={common}"], [agent]),
    }
    cost, p50 = {}, {}
    for name, (urls, who) in asked.items():
        tokens = [one.token for one in who]
        load(town.port, urls, tokens, 1, 8)
        before = processor_seconds(town.pid)
        seen = load(town.port, urls, tokens, SECONDS, 8)
        cost[name], p50[name] = (processor_seconds(town.pid) - before) / seen.answers * 1e6, seen.p50
    before, took = processor_seconds(town.pid), []
    connection = http.client.HTTPConnection("127.0.0.1", town.port)
    every = list({one.caller.child_id: one for one in parents}.values())  # a child of two homes once
    for parent in every[turn::TURNS]:
        began = time.monotonic()
        body = {"child_id": str(parent.caller.child_id), "activity_id": activity, "days": ["mon"]}
        headers = {"Authorization": f"Bearer {parent.token}", "Content-Type": "application/json"}
        connection.request("POST", "/api/v1/enrollments", json.dumps(body), headers)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status == 201, told
        took.append((time.monotonic() - began) * 1000)
    cost["POST /enrollments"] = (processor_seconds(town.pid) - before) / len(took) * 1e6
    p50["POST /enrollments"] = percentile(took, 0.5)
    return Figures(cost, p50)


async def plans(dsn: str, parents: list[Person], agent: Person) -> dict[str, str]:
    """What PostgreSQL does for the hot reads of this town."""
    database = Database(dsn)
    connection = await asyncpg.connect(dsn, server_settings=database.settings)
    await database.close()
    found = {}
    for name, (read, scope) in HOT.items():
        who = agent if scope.value.startswith("agent:") else parents[0]
        found[name] = await explain(connection, who.caller, read, scope, "ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF")
    await connection.close()
    return found


async def copy_again(dsn: str, folder: Path) -> tuple[int, float]:
    """The rows of the imported tables copied into the same tables, with their indexes, of another database; how many, in seconds."""
    here = await asyncpg.connect(dsn)
    for table in COPIED:
        computed = await here.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped ORDER BY attnum",
            table,
        )
        columns = [row[0] for row in computed]
        await here.copy_from_table(table, output=folder / f"{table}.bin", columns=columns, format="binary")
        (folder / f"{table}.json").write_text(json.dumps(columns))
    rows = sum([await here.fetchval(f"SELECT count(*) FROM {table}") for table in COPIED])  # noqa: S608 - constants
    await here.execute("CREATE DATABASE copied")
    service = await here.fetch("SELECT id, slug FROM service")
    activities = await here.copy_from_table("activity", output=folder / "activity.bin", format="binary")
    await here.close()
    other = dsn.replace("/foyer?", "/copied?")
    await migrate(other)
    there = await asyncpg.connect(other, command_timeout=None)
    await there.executemany("UPDATE service SET id = $1 WHERE slug = $2", [tuple(row) for row in service])
    assert activities
    await there.copy_to_table("activity", source=folder / "activity.bin", format="binary")
    began = time.monotonic()
    for table in COPIED:
        columns = json.loads((folder / f"{table}.json").read_text())
        await there.copy_to_table(table, source=folder / f"{table}.bin", columns=columns, format="binary")
    took = time.monotonic() - began
    await there.close()
    return rows, took


@contextlib.contextmanager
def town_of(families: int, invoices: int, *, port: int, large: bool) -> Iterator[Town]:
    """Import it, and serve it."""
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        os.environ |= {"FOYER_DATA_DIR": str(folder), "FOYER_PUBLIC_URL": f"http://localhost:{port}"}
        settings = Settings()
        run(migrate(dsn))
        files = Path(folder, "files")
        files.mkdir()
        write_town(files, families, invoices)
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "api.cli", "import", str(files)], check=True, stdout=subprocess.DEVNULL)
        imported = time.monotonic() - began
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        if large:
            rows, copied = run(copy_again(dsn, Path(folder)))
            print(
                f"import: {rows:,} rows in {imported:.0f} s; COPY of the same rows into the same indexed tables {copied:.0f} s: "
                f"{copied / imported:.2f} of its speed (aim 0.50); the import held {most:.0f} MB"
            )
        else:
            print(f"import of the small town: {imported:.1f} s, it held {most:.0f} MB")
        parents, agent, activity = run(people(dsn, settings))
        run(pin(dsn, "1"))
        with portal(port) as (process, _):
            yield Town(process.pid, port, parents, agent, activity)
            print(f"the portal held {memory_mb(process.pid, most=True):.0f} MB")
        if large:
            keep(run(plans(dsn, parents, agent)), families, invoices)


def keep(found: dict[str, str], families: int, invoices: int) -> None:
    """Write the plans down."""
    parts = [f"The plans of the hot reads in a town of {families:,} families and {invoices:,} invoices.\n"]
    for name, plan in found.items():
        parts.append(f"## {name}{'  READS THROUGH ' + ', '.join(scanned(plan)) if scanned(plan) else ''}\n{plan}\n")
    Path(__file__).with_name("plans.txt").write_text("\n".join(parts))


def main() -> None:
    """Small, large, the ratios."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--small", type=int, nargs=2, default=(1200, 2000), metavar=("FAMILIES", "INVOICES"))
    asked.add_argument("--large", type=int, nargs=2, default=(100_000, 1_000_000), metavar=("FAMILIES", "INVOICES"))
    wanted: Any = asked.parse_args()
    needs("wrk", "taskset")
    # By turns, and each turn's own ratio: a slow moment of the machine is in both of its parts.
    with (
        town_of(*wanted.small, port=PORT, large=False) as one,
        town_of(*wanted.large, port=PORT + 1, large=True) as other,
    ):
        turns = [(measure(one, turn), measure(other, turn)) for turn in range(TURNS)]
    print(f"\n{'':<28}{'small p50 ms':>13}{'large p50 ms':>13}{'ratio':>7}{'ratio of processor time':>25}")
    for name in turns[0][0].p50:
        small, large = (median(turn[size].p50[name] for turn in turns) for size in (0, 1))
        ratio = median(large.p50[name] / small.p50[name] for small, large in turns)
        cost = median(large.cost[name] / small.cost[name] for small, large in turns)
        print(f"{name:<28}{small:>13.1f}{large:>13.1f}{ratio:>7.2f}{cost:>25.2f}")
    print("aim: 1.30 at most, each")


if __name__ == "__main__":
    main()
