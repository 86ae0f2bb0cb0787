"""The towns of the measurements."""

import http.client
import json
import os
from pathlib import Path

from sqlalchemy import text

from api.core.clock import utcnow
from api.core.database import Database
from api.core.migrating import migrate
from api.core.settings import Settings
from api.demo import people
from api.imports.service import import_folder
from bench.machine import children

INVOICES = """
    INSERT INTO invoice (service_id, family_id, adult_id, number, fiscal_year, period_from, period_to, issued_on, due_on,
        total_cents, paid_cents, source_state, debt_reference, direct_debit)
    SELECT l.service_id, l.family_id, l.adult_id, 'BENCH-' || n, 2025, '2025-01-01', '2025-01-31', date '2025-01-01' + n, '2026-12-31',
        1000 + n, 0, 'issued', '', false FROM service_link l, generate_series(1, 30) n
"""


async def prepare_demonstration(dsn: str, settings: Settings) -> str:
    """The demonstration town, with 30 invoices for its parent; that parent's password."""
    await migrate(dsn)
    await import_folder(dsn, settings, people.TOWN, settings.data_dir / "rejets.csv")
    database = Database(dsn)
    await database.open()
    await people.make_people(database, settings, utcnow())
    async with database.transaction() as db:
        await db.execute(text(INVOICES))
    await database.close()
    password: str = json.loads((settings.data_dir / "demonstration.json").read_text())["with_key"]["password"]
    return password


async def pin(dsn: str, core: str) -> None:
    """Keep PostgreSQL, with every connection to come, on one core."""
    for pid in [postmaster := await postmaster_of(dsn), *children(postmaster)]:
        os.sched_setaffinity(pid, {int(core)})


async def postmaster_of(dsn: str) -> int:
    """The first process of the database."""
    database = Database(dsn, role=None)
    async with database.transaction() as db:
        folder = str(await db.scalar(text("SHOW data_directory")))
    await database.close()
    return int(Path(folder, "postmaster.pid").read_text().split("\n")[0])  # noqa: ASYNC240 - a line


def sign_in(port: int, password: str) -> str:
    """An access token of the running portal, for the demonstration's parent."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"email": people.EMAILS["with_key"], "password": password, "client": "app"})
    connection.request("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
    token: str = json.loads(connection.getresponse().read())["access_token"]
    return token
