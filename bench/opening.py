"""`make opening`: signed-in parents who refresh, and all enroll at the second of the opening; then what the database says.

Locust plays the parents, on the same machine as the API (one process) and PostgreSQL: the figures are of such a machine, not of
the API alone. `--control` takes the guard of the places away, and must oversell. `--cancel`, `--freeze` and `--kill-worker` make the
morning worse. Ends with 1 when a place was sold twice or lost.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from api.cli.running import run
from api.core.clock import utcnow
from api.core.database import Database
from api.core.embedded import embedded_postgres
from api.core.migrating import migrate
from api.core.settings import Settings
from api.security import tokens as access
from bench.machine import children, command, data_directory, memory_mb, percentile
from bench.scaleout import PROXY, proxy

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
        count(*) FILTER (WHERE state = 'offered') AS offered, count(*) FILTER (WHERE state = 'waitlisted') AS waiting,
        count(DISTINCT child_id) AS children, count(*) AS all, (SELECT count(*) FROM message) AS messages,
        count(DISTINCT position) FILTER (WHERE state = 'waitlisted') AS ranks
    FROM enrollment
"""


class Seen(NamedTuple):
    """A request of a parent."""

    name: str
    began: float  # seconds after the opening
    took: float  # ms
    status: int  # 0 without an answer
    place: int | None  # that the answer told


async def prepare(
    dsn: str, settings: Settings, parents: int, places: int, opens_at: float, *, control: bool
) -> dict[str, Any]:
    """A town of so many families with a session each, an activity that opens at that second, and a token a parent."""
    await migrate(dsn)
    database = Database(dsn)
    now = utcnow()
    access.LIFETIME = 3600  # these parents do not renew theirs
    tokens = access.Tokens(settings.secrets.signing_key, settings.address)
    async with database.transaction() as db:
        opens = now.fromtimestamp(opens_at, now.tzinfo)
        activity = await db.scalar(text(ACTIVITY), {"opens": opens, "places": places})
        people = (await db.execute(text(TOWN), {"n": parents})).all()
    await database.close()
    database = Database(dsn, role=None)
    async with database.transaction() as db:
        await db.execute(text("ANALYZE"))
        folder = await db.scalar(text("SHOW data_directory"))
        if control:
            await db.execute(text("ALTER TABLE activity_day DROP CONSTRAINT ck_activity_day_never_oversold"))
    await database.close()

    def token(account_id: UUID, session_id: UUID) -> str:
        return tokens.issue(access.Claims(account_id, session_id, 1, SCOPES, 0), "web", int(now.timestamp()))

    return {
        "activity": str(activity),
        "opens_at": opens_at,
        "cluster": folder,
        "parents": [{"token": token(account, session), "child": str(child)} for account, session, child in people],
    }


async def found(dsn: str) -> dict[str, int]:
    """What the database says afterwards."""
    database = Database(dsn)
    async with database.transaction() as db:
        row = (await db.execute(text(FOUND))).mappings().one()
    await database.close()
    return dict(row)


def report(seen: list[Seen], told: dict[str, int], places: int, parents: int, memory: float) -> bool:
    """Print what was seen by the parents and by the database; whether every place was sold once."""
    print(f"\n{'request':<16}{'answers':>8}{'503':>7}{'none':>6}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for name in dict.fromkeys(one.name for one in seen):
        rows = [one for one in seen if one.name == name]
        took = [one.took for one in rows if one.status not in {0, 503}]
        shed, none = (sum(one.status == status for one in rows) for status in (503, 0))
        print(
            f"{name:<16}{len(rows):>8}{shed:>7}{none:>6}{percentile(took, 0.5):>9.0f}{percentile(took, 0.99):>9.0f}{max(took, default=0):>9.0f}"
        )
    shed_ms = [one.took for one in seen if one.status == 503]
    done = sorted(one.began + one.took / 1000 for one in seen if one.name == "enroll" and one.status == 201)
    print(
        f"\nshed in {percentile(shed_ms, 0.5):.0f} ms (p50), {percentile(shed_ms, 0.99):.0f} ms (p99), told their place {sum(one.place is not None for one in seen)} times"
    )
    if done:
        print(
            f"the first parent was done {done[0]:.1f} s after the opening, half of them {percentile(done, 0.5):.1f} s, the last {done[-1]:.1f} s: {len(done) / done[-1]:.0f} enrollments a second"
        )
    acknowledged = len(done)
    held = told["confirmed"] + told["offered"]
    print(
        f"confirmed {told['confirmed']}, offered {told['offered']} of {places} places (counted: {told['taken']}), waiting {told['waiting']} at {told['ranks']} ranks, {told['messages']} messages"
    )
    oversold, lost, unserved = max(0, held - places), max(0, acknowledged - told["all"]), parents - acknowledged
    unsold = min(places - held, told["waiting"])
    doubled = told["all"] - told["children"]
    print(
        f"oversold {oversold}, lost {lost}, doubled {doubled}, free although somebody waits {unsold}; acknowledged {acknowledged}, still waiting when patience ended {unserved}; the process held {memory:.0f} MB at most"
    )
    return not (oversold or lost or unserved or doubled or unsold or held != told["taken"])


def make_trouble(portal: int, cluster: str, opens_at: float, freeze: float, *, kill_worker: bool) -> None:
    """Three seconds into the rush: kill -9 of the worker, and a database that stands still for so many seconds."""
    time.sleep(max(0.0, opens_at + 3 - time.time()))
    if kill_worker:
        for pid in children(portal):
            if " worker " in command(pid):
                os.kill(pid, signal.SIGKILL)
    if freeze:
        postmaster = int(Path(cluster, "postmaster.pid").read_text().split("\n")[0])
        frozen = [postmaster, *children(postmaster)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(freeze)
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def ask() -> argparse.Namespace:
    """What kind of morning."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--parents", type=int, default=2500)
    asked.add_argument("--places", type=int, default=300)
    asked.add_argument("--before", type=int, default=45, help="seconds before the opening at which the first comes")
    asked.add_argument("--patience", type=int, default=200, help="seconds after which a parent gives up")
    asked.add_argument("--control", action="store_true", help="without the guard of the places")
    asked.add_argument("--cancel", type=float, default=0, help="this part of those with a place give it up soon after")
    asked.add_argument("--freeze", type=float, default=0, help="seconds that the database stands still in the rush")
    asked.add_argument("--kill-worker", action="store_true", help="kill -9 of the worker in the rush")
    asked.add_argument(
        "--proxy", action="store_true", help="behind HAProxy, which sheds what one process cannot even refuse in time"
    )
    asked.add_argument("--pictures", type=Path, help="a folder for pictures of it")
    return asked.parse_args()


def main() -> None:
    """Prepare, let them come, count."""
    wanted = ask()
    with (
        data_directory() as folder,
        embedded_postgres(folder) as dsn,
        contextlib.ExitStack() as beside,
    ):
        os.environ |= {
            "FOYER_DATA_DIR": str(folder),
            "FOYER_PORT": str(PORT),
            "FOYER_PUBLIC_URL": f"http://localhost:{PORT}",
        }
        opens_at = time.time() + wanted.before + 20 + wanted.parents / 500
        plan = run(prepare(dsn, Settings(), wanted.parents, wanted.places, opens_at, control=wanted.control))
        plan |= {
            "address": f"http://127.0.0.1:{PROXY if wanted.proxy else PORT}",
            "seen": f"{folder}/seen.json",
            "cancel": wanted.cancel,
            "patience": wanted.patience,
        }
        Path(folder, "plan.json").write_text(json.dumps(plan))
        module = "bench.unguarded" if wanted.control else "api.cli"
        portal = subprocess.Popen([sys.executable, "-m", module, "serve"])
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                portal.wait(8)
            if wanted.proxy:
                beside.enter_context(proxy(Path(folder), [PORT]))
            trouble = (portal.pid, plan["cluster"], opens_at, wanted.freeze)
            threading.Thread(
                target=make_trouble, args=trouble, kwargs={"kill_worker": wanted.kill_worker}, daemon=True
            ).start()
            subprocess.run(
                [
                    *(sys.executable, "-m", "locust", "-f", "bench/parents.py", "--headless", "--only-summary"),
                    *("-u", str(wanted.parents), "-r", str(max(50, wanted.parents // 20)), "--loglevel", "ERROR"),
                    *("-t", f"{wanted.before + wanted.patience + 60}s", "--exit-code-on-error", "0"),
                ],
                env=dict(os.environ) | {"OPENING_PLAN": f"{folder}/plan.json"},
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            memory = memory_mb(portal.pid, most=True)
        finally:
            portal.terminate()
            portal.wait()
        seen = [Seen(*one) for one in json.loads(Path(plan["seen"]).read_text())]
        sound = report(seen, run(found(dsn)), wanted.places, wanted.parents, memory)
        if wanted.pictures:
            from bench.pictures import draw_morning

            draw_morning(seen, wanted.pictures)
    raise SystemExit(not sound and not wanted.control)


if __name__ == "__main__":
    main()
