"""`make opening`: signed-in parents who refresh, and all enroll at the second of the opening; then what the database says.

Locust plays the parents, on the same machine as the API (one process) and PostgreSQL: the figures are of such a machine, not of
the API alone. `--control` takes the guard of the places away, and must oversell.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.cli import run
from api.core.clock import utcnow
from api.core.database import Database
from api.core.embedded import embedded_postgres
from api.core.migrating import migrate
from api.core.settings import Settings
from api.security.tokens import Claims, Tokens

PORT = 8473
SCOPES = frozenset({"family:read", "invoices:read", "enrollments:read", "enrollments:write"})
TOWN = """
    WITH s AS (SELECT id FROM service ORDER BY position LIMIT 1),
    f AS (INSERT INTO family (service_id, reference) SELECT s.id, 'M' || n FROM s, generate_series(1, :n) n RETURNING id, reference),
    a AS (INSERT INTO adult (family_id, reference, role, title, first_name, last_name, search_name, is_payer)
        SELECT id, 'A' || reference, 'responsible', '', 'Ana', reference, 'ana', true FROM f RETURNING id, family_id, reference),
    c AS (INSERT INTO child (service_id, reference, first_name, last_name, search_name, birth_date, has_pai)
        SELECT s.id, 'E' || reference, 'Leo', reference, 'leo', '2018-01-01', false FROM s, f RETURNING id, reference),
    fc AS (INSERT INTO family_child (family_id, child_id) SELECT f.id, c.id FROM f JOIN c ON c.reference = 'E' || f.reference RETURNING 1),
    p AS (INSERT INTO account (email, email_key, password_hash, first_name, last_name, activated_at)
        SELECT x, x, '', 'Ana', '', now() FROM f, lower(reference || '@exemple.fr') x RETURNING id, email),
    l AS (INSERT INTO service_link (account_id, service_id, family_id, adult_id) SELECT p.id, s.id, a.family_id, a.id
        FROM s, a JOIN p ON p.email = lower(substr(a.reference, 2) || '@exemple.fr') RETURNING 1),
    v AS (INSERT INTO session (account_id, client, device, seed, idle_seconds, expires_at)
        SELECT id, 'browser', '', '', 86400, now() + interval '1 day' FROM p RETURNING id, account_id)
    SELECT v.account_id, v.id AS session_id, c.id AS child FROM v JOIN p ON p.id = v.account_id
        JOIN c ON lower(substr(c.reference, 2) || '@exemple.fr') = p.email, (SELECT count(*) FROM fc) x, (SELECT count(*) FROM l) y
"""
ACTIVITY = """
    WITH t AS (INSERT INTO activity (service_id, code, name, venue, unit, starts_on, ends_on, age_min, age_max, opens_at, closes_at, prices_cents)
        SELECT id, 'JUDO', 'Judo', 'Dojo', 'séance', current_date + 30, current_date + 200, 3, 12, CAST(:opens AS timestamptz), CAST(:opens AS timestamptz) + interval '9 days',
            '{100,200,300,400}' FROM service ORDER BY position LIMIT 1 RETURNING id),
    d AS (INSERT INTO activity_day (activity_id, day, places) SELECT id, 'mon', :places FROM t RETURNING 1)
    SELECT t.id FROM t, (SELECT count(*) FROM d) x
"""
FOUND = """
    SELECT (SELECT taken FROM activity_day) AS taken, count(*) FILTER (WHERE state = 'confirmed') AS confirmed,
        count(*) FILTER (WHERE state = 'waitlisted') AS waiting, count(DISTINCT child_id) AS children, count(*) AS all,
        max(CASE WHEN state = 'waitlisted' THEN waiting_rank(activity_id, id) END) AS last_rank,
        count(DISTINCT CASE WHEN state = 'waitlisted' THEN waiting_rank(activity_id, id) END) AS ranks
    FROM enrollment
"""


async def prepare(
    dsn: str, settings: Settings, parents: int, places: int, opens_at: float, *, control: bool
) -> dict[str, Any]:
    """A town of so many families with a session each, an activity that opens at that second, and a token a parent."""
    await migrate(dsn)
    database = Database(dsn)
    now = utcnow()
    tokens = Tokens(settings.secrets.signing_key, settings.address)
    async with database.transaction() as db:
        opens = now.fromtimestamp(opens_at, now.tzinfo)
        activity = await db.scalar(text(ACTIVITY), {"opens": opens, "places": places})
        people = (await db.execute(text(TOWN), {"n": parents})).all()
    database = Database(dsn, role=None)
    async with database.transaction() as db:
        await db.execute(text("ANALYZE"))
        if control:
            await db.execute(text("ALTER TABLE activity_day DROP CONSTRAINT ck_activity_day_never_oversold"))
    await database.close()

    def token(account_id: UUID, session_id: UUID) -> str:
        return tokens.issue(Claims(account_id, session_id, 1, SCOPES, 0), "web", int(now.timestamp()))

    return {
        "activity": str(activity),
        "opens_at": opens_at,
        "parents": [{"token": token(account, session), "child": str(child)} for account, session, child in people],
    }


async def found(dsn: str) -> dict[str, int]:
    """What the database says afterwards."""
    database = Database(dsn)
    async with database.transaction() as db:
        row = (await db.execute(text(FOUND))).mappings().one()
    await database.close()
    return dict(row)


def percentile(values: list[float], part: float) -> float:
    """The value that so large a part is not above."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


def report(
    seen: list[tuple[str, float, float, int]], told: dict[str, int], places: int, parents: int, memory: int
) -> None:
    """Print what was seen by the parents and by the database."""
    print(f"\n{'request':<16}{'answers':>8}{'503':>7}{'none':>6}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for name in dict.fromkeys(one[0] for one in seen):
        rows = [one for one in seen if one[0] == name]
        took = [one[2] for one in rows if one[3] not in {0, 503}]
        shed, none = (sum(one[3] == status for one in rows) for status in (503, 0))
        print(
            f"{name:<16}{len(rows):>8}{shed:>7}{none:>6}{percentile(took, 0.5):>9.0f}{percentile(took, 0.99):>9.0f}{max(took, default=0):>9.0f}"
        )
    shed_ms = [one[2] for one in seen if one[3] == 503]
    done = [one[1] + one[2] / 1000 for one in seen if one[0] == "enroll" and one[3] == 201]
    print(
        f"\nshed in {percentile(shed_ms, 0.99):.0f} ms (p99); every parent had an answer {max(done, default=0):.1f} s after the opening"
    )
    print(
        f"confirmed {told['confirmed']} of {places} places (counted: {told['taken']}), waiting {told['waiting']}, ranks {told['ranks']}, last rank {told['last_rank']}"
    )
    oversold, lost = max(0, told["confirmed"] - places), parents - told["all"]
    doubled = told["all"] - told["children"]
    print(f"oversold {oversold}, lost {lost}, doubled {doubled}; the process held {memory / 1024:.0f} MB at most")


def memory_of(pid: int) -> int:
    """The most that a process held, in KB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def main() -> None:
    """Prepare, let them come, count."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--parents", type=int, default=2500)
    asked.add_argument("--places", type=int, default=300)
    asked.add_argument("--before", type=int, default=45, help="seconds before the opening at which the first comes")
    asked.add_argument("--control", action="store_true", help="without the guard of the places")
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, embedded_postgres(Path(folder)) as dsn:
        os.environ |= {
            "FOYER_DATA_DIR": folder,
            "FOYER_PORT": str(PORT),
            "FOYER_PUBLIC_URL": f"http://localhost:{PORT}",
        }
        plan = run(
            prepare(
                dsn, Settings(), wanted.parents, wanted.places, time.time() + wanted.before + 20, control=wanted.control
            )
        )
        plan |= {"address": f"http://127.0.0.1:{PORT}", "seen": f"{folder}/seen.json"}
        Path(folder, "plan.json").write_text(json.dumps(plan))
        module = "bench.unguarded" if wanted.control else "api.cli"
        portal = subprocess.Popen([sys.executable, "-m", module, "serve", "--no-worker"])
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                portal.wait(8)
            subprocess.run(
                [
                    *(sys.executable, "-m", "locust", "-f", "bench/parents.py", "--headless", "--only-summary"),
                    *("-u", str(wanted.parents), "-r", str(max(50, wanted.parents // 20)), "--loglevel", "ERROR"),
                    *("-t", f"{wanted.before + 200}s", "--exit-code-on-error", "0"),
                ],
                env=dict(os.environ) | {"OPENING_PLAN": f"{folder}/plan.json", "LOCUST_SKIP_MONKEY_PATCH": ""},
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            memory = memory_of(portal.pid)
        finally:
            portal.terminate()
            portal.wait()
        report(json.loads(Path(plan["seen"]).read_text()), run(found(dsn)), wanted.places, wanted.parents, memory)


if __name__ == "__main__":
    main()
