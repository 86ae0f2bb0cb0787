"""The towns of the measurements."""

import csv
import http.client
import json
import os
import shutil
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


COPIED = ("familles.csv", "enfants.csv", "factures.csv", "lignes.csv")
KEYS = {"dossier", "adulte", "enfant", "numero"}
NAMES = {"nom"}


def write_town(folder: Path, families: int, invoices: int) -> None:
    """Files of a town of so many families and invoices: the demonstration's again and again, with other numbers and names."""
    here = {name: _rows(people.TOWN / name) for name in (*COPIED, "activites.csv")}
    shutil.copy(people.TOWN / "activites.csv", folder)
    own = len({row["dossier"] for row in here["familles.csv"]})
    copies = -(-families // own)
    months = -(-invoices // (copies * len(here["factures.csv"])))
    first_lines = {row["numero"]: row for row in reversed(here["lignes.csv"])}  # one a invoice is enough
    here["lignes.csv"] = list(first_lines.values())
    for name in COPIED:
        with (folder / name).open("w", encoding="cp1252", newline="") as out:
            writer = csv.DictWriter(out, list(here[name][0]), delimiter=";", lineterminator="\r\n")
            writer.writeheader()
            for copy in range(copies):
                for month in range(months if "numero" in here[name][0] else 1):
                    for row in here[name]:
                        writer.writerow(_copied(row, copy, month))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="cp1252", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _copied(row: dict[str, str], copy: int, month: int) -> dict[str, str]:
    """A row of another family, or of another month: its own numbers, a name that nobody else has."""
    more = {key: f"{row[key]}{copy:03d}" for key in KEYS & row.keys()}
    if "numero" in row:
        more["numero"] += f"{month:02d}"
    syllables = "".join("bdfglmnprt"[int(digit)] + "aeiouaeiou"[int(digit)] for digit in f"{copy:03d}")
    more |= {key: f"{row[key]}-{syllables}".upper() for key in NAMES & row.keys()}
    return row | more
