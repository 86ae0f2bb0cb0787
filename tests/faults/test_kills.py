"""`kill -9` at any moment: what was acknowledged is there, every mail arrives, one that leaves twice is recognised.

The length is FOYER_FAULTS, how many kills (`make faults`: 100).
"""

import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.conftest import Database
from tests.faults.town import THREADS, SignUps, Town, account_for
from tests.portal import Mailbox

KILLS = int(os.environ.get("FOYER_FAULTS", "2"))


def test_nothing_that_was_acknowledged_is_lost_when_processes_are_killed(town: Town, mailbox: Mailbox) -> None:
    """People sign up without a pause; the API and the worker are killed by turns."""
    recovered = []
    with SignUps(town) as load:
        for turn in range(KILLS):
            load.more(10)
            victim = "api" if turn % 2 else "worker"
            town.kill(victim)
            town.start(victim)
            recovered.append(town.ready())
    account_for(town, mailbox, load, f"{KILLS} kills of API and worker by turns", max(recovered), unanswered=True)


def test_a_portal_that_is_told_to_stop_answers_whom_it_has_taken_in(town: Town) -> None:
    """SIGTERM under load: no answer is cut. Who connects in that very moment may be let go without a byte, and a proxy asks again
    (docs/scaling.md); the others are refused a connection.
    """
    seen = Counter[str]()

    def ask() -> None:
        while not seen["over"]:
            try:
                answer = httpx2.get(f"{town.address}/api/v1/services", headers={"Connection": "close"}, timeout=20)
                seen[str(answer.status_code)] += 1
            except httpx2.ConnectError:
                seen["refused"] += 1
                time.sleep(0.01)
            except httpx2.ReadError:
                seen["let go"] += 1
            except httpx2.RemoteProtocolError as error:
                seen["let go" if "without sending a response" in str(error) else str(error)] += 1

    with ThreadPoolExecutor(THREADS) as pool:
        threads = [pool.submit(ask) for _ in range(THREADS)]
        deadline = time.monotonic() + 30
        while seen["200"] < 100 and time.monotonic() < deadline:
            time.sleep(0.01)
        process = town.processes.pop("api")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        seen["over"] = 1
        for thread in threads:
            thread.result()
    print(f"\nSIGTERM under load: {dict(seen)}")
    assert seen["200"] >= 100
    assert set(seen) <= {"200", "refused", "let go", "over"}
    assert seen["let go"] <= THREADS


def test_who_waits_when_the_portal_is_told_to_stop_is_answered(town: Town) -> None:
    """Eight requests that the database has not answered yet when SIGTERM comes: each has its whole answer."""
    holder = Database(town.database.dsn)
    holder.run("BEGIN; LOCK TABLE service IN ACCESS EXCLUSIVE MODE")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'foyer' AND wait_event_type = 'Lock'"
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(httpx2.get, f"{town.address}/api/v1/services", timeout=30) for _ in range(8)]
        deadline = time.monotonic() + 10
        while town.database.value(waiting) < 8 and time.monotonic() < deadline:
            time.sleep(0.01)
        process = town.processes.pop("api")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # it has heard, and is not gone
        gone = process.poll()
        holder.close()
        answers = [one.result() for one in asked]
    assert gone is None
    assert [answer.status_code for answer in answers] == [200] * 8
    assert process.wait(20) == 0
