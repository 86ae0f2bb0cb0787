"""`make bench`: GET /invoices beside the same by hand, on one core each, as a ratio of one run.

The figure is the server's own processor time a request (user and system, from /proc), which a slow client on the same
small machine does not disturb; requests a second are printed beside it.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from api.cli import run
from api.core.clock import utcnow
from api.core.database import Database
from api.core.embedded import embedded_postgres
from api.core.migrating import migrate
from api.core.settings import Settings
from api.demo import people
from api.imports.service import import_folder

CLIENTS, SECONDS, ROUNDS, INVOICES = 16, 4.0, 3, 25
TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@contextlib.contextmanager
def server(environment: dict[str, str], command: list[str], port: int) -> Iterator[int]:
    """A server on the first core; its process id once it answers."""
    process = subprocess.Popen(["taskset", "-c", "0", sys.executable, *command], env=environment)
    try:
        for _ in range(200):
            with (
                contextlib.suppress(OSError),
                contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as probe,
            ):
                probe.connect()
                break
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def load(port: int, token: str, seconds: float) -> int:
    """How many answers CLIENTS connections get; every one is looked at."""
    counts = [0] * CLIENTS
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < end:
            connection.request(
                "GET", f"/api/v1/invoices?limit={INVOICES}", headers={"Authorization": f"Bearer {token}"}
            )
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            assert body.count(b'"number"') == INVOICES
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


async def prepare(dsn: str, settings: Settings) -> str:
    """The demonstration town, with INVOICES + 5 invoices for its parent; that parent's access token."""
    await migrate(dsn)
    await import_folder(dsn, settings, people.TOWN, settings.data_dir / "rejets.csv")
    database = Database(dsn)
    await database.open()
    await people.make_people(database, settings, utcnow())
    async with database.transaction() as db:
        await db.execute(
            text("""INSERT INTO invoice (service_id, family_id, adult_id, number, fiscal_year, period_from, period_to, issued_on, due_on,
                total_cents, paid_cents, source_state, debt_reference, direct_debit)
            SELECT l.service_id, l.family_id, l.adult_id, 'BENCH-' || n, 2025, '2025-01-01', '2025-01-31', date '2025-01-01' + n, '2026-12-31',
                1000 + n, 0, 'issued', '', false FROM service_link l, generate_series(1, :n) n"""),
            {"n": INVOICES + 5},
        )
    await database.close()
    return json.loads((settings.data_dir / "demonstration.json").read_text())["with_key"]["password"]  # type: ignore[no-any-return]


def sign_in(port: int, password: str) -> str:
    """An access token of the running portal."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    body = json.dumps({"email": people.EMAILS["with_key"], "password": password, "client": "app"})
    connection.request("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
    token: str = json.loads(connection.getresponse().read())["access_token"]
    return token


def main() -> None:
    """Alternate the two, print each round and the ratio."""
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder)) as dsn:
        os.environ |= {
            "FOYER_DATA_DIR": folder,
            "BENCH_DSN": dsn,
            "FOYER_PORT": "8471",
            "FOYER_PUBLIC_URL": "http://localhost:8471",
        }
        settings = Settings()
        password = run(prepare(dsn, settings))
        by_hand = [
            "-m",
            "uvicorn",
            "bench.limit:app",
            "--port",
            "8472",
            "--no-access-log",
            "--log-level",
            "warning",
            "--loop",
            "uvloop",
            "--http",
            "httptools",
        ]
        environment = dict(os.environ)
        with (
            server(environment, ["-m", "api.cli", "serve", "--no-worker"], 8471) as portal,
            server(environment, by_hand, 8472) as limit,
        ):
            time.sleep(1)
            token = sign_in(8471, password)
            costs: dict[int, list[float]] = {portal: [], limit: []}
            for port in (8471, 8472):
                load(port, token, 1.0)
            for round_number in range(ROUNDS):
                for name, pid, port in (("portal", portal, 8471), ("by hand", limit, 8472)):
                    before = processor_seconds(pid)
                    answers = load(port, token, SECONDS)
                    cost = (processor_seconds(pid) - before) / answers * 1e6
                    costs[pid].append(cost)
                    print(
                        f"round {round_number + 1}  {name:<8} {cost:7.0f} µs of processor a request, {answers / SECONDS:6.0f} requests a second"
                    )
            memory = int(
                next(
                    line for line in Path(f"/proc/{portal}/status").read_text().splitlines() if line.startswith("VmRSS")
                ).split()[1]
            )
            ratio = min(costs[limit]) / min(costs[portal])
            print(
                f"GET /invoices reaches {ratio:.2f} of the limit (aim 0.80); memory of the process {memory / 1024:.0f} MB (aim < 200)"
            )


if __name__ == "__main__":
    main()
