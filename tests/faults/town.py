"""An installation to break, people who sign up meanwhile, and what is counted afterwards."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import httpx2
import pytest

from tests.conftest import PROJECT, Database
from tests.portal import PASSWORD, Mailbox

LONG = "FOYER_FAULTS" in os.environ  # `make faults`
long_run = pytest.mark.skipif(not LONG, reason="one of the long ones: make faults")
THREADS = 4


def from_somewhere() -> dict[str, str]:
    """Each time another client's address, as a proxy tells it."""
    number = time.monotonic_ns() // 1000
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


class Town:
    """The API and the worker, started and ended by hand, on a database of their own."""

    def __init__(self, environment: dict[str, str], database: Database) -> None:
        self.environment, self.database = environment, database
        self.address = f"http://127.0.0.1:{environment['FOYER_PORT']}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, **changed: str) -> None:
        """Those of « api » and « worker » that do not run, with changed settings."""
        for name in names or ("api", "worker"):
            if name not in self.processes:
                command = ["serve", "--no-worker"] if name == "api" else ["worker"]
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "api.cli", *command],
                    env=self.environment | changed,
                    cwd=PROJECT,
                    stdout=subprocess.DEVNULL,
                )

    def kill(self, name: str) -> None:
        """Without a word."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self, *names: str) -> None:
        """As a supervisor does."""
        ended = [self.processes.pop(name) for name in names or tuple(self.processes)]
        for process in ended:
            process.send_signal(signal.SIGTERM)
        for process in ended:
            process.wait(30)

    def ready(self, longest: float = 60) -> float:
        """Seconds until it answers and takes a new account: reads and writes are back."""
        began = time.monotonic()
        while time.monotonic() < began + longest:
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{self.address}/readyz", timeout=10).status_code == 200 and self.sign_up() is not None:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError("the portal does not come back")

    def sign_up(self, name: str = "retour") -> str | None:
        """One new account; its address when it was acknowledged."""
        email = f"{name}.{time.monotonic_ns()}@exemple.fr"
        body = {"email": email, "password": PASSWORD, "first_name": "Ana", "last_name": "Silva"}
        answer = httpx2.post(f"{self.address}/api/v1/accounts", json=body, headers=from_somewhere(), timeout=30)
        return email if answer.status_code == 202 else None

    def server_processes(self, *, only_main: bool = False) -> list[int]:
        """PostgreSQL's processes of this town; the main one names its folder."""
        main = int(Path(self.database.value("SHOW data_directory"), "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main] if only_main else [main, *map(int, children)]


class SignUps:
    """People who sign up without a pause; who was told yes is remembered, and every status counted."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.acknowledged: set[str] = set()
        self.answers = Counter[str]()
        self.over = threading.Event()
        self.pool = ThreadPoolExecutor(THREADS)

    def __enter__(self) -> "SignUps":
        self.threads = [self.pool.submit(self._go, number) for number in range(THREADS)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.pool.shutdown()
        for thread in self.threads:
            thread.result()

    def _go(self, thread: int) -> None:
        while not self.over.is_set():
            email = f"charge{thread}.{time.monotonic_ns()}@exemple.fr"
            body = {"email": email, "password": PASSWORD, "first_name": "Ana", "last_name": "Silva"}
            try:
                answer = httpx2.post(
                    f"{self.town.address}/api/v1/accounts", json=body, headers=from_somewhere(), timeout=60
                )
            except httpx2.HTTPError:
                self.answers["no answer"] += 1
                time.sleep(0.05)
                continue
            self.answers[str(answer.status_code)] += 1
            if answer.status_code == 202:
                self.acknowledged.add(email)
            elif answer.status_code == 503:
                assert answer.headers["retry-after"]
                time.sleep(0.05)  # sooner than it asks for: this is a test of patience of the other side

    def more(self, many: int = 10, longest: float = 60) -> None:
        """Wait until so many more were acknowledged."""
        self.until(lambda now=len(self.acknowledged): len(self.acknowledged) >= now + many, longest)  # type: ignore[misc]

    def until(self, happened: Callable[[], bool], longest: float = 60) -> None:
        """Wait for something, while they go on."""
        deadline = time.monotonic() + longest
        while not happened():
            assert time.monotonic() < deadline, f"waited in vain: {dict(self.answers)}"
            time.sleep(0.01)


def account_for(
    town: Town, mailbox: Mailbox, load: SignUps, fault: str, recovered: float, *, unanswered: bool = False
) -> None:
    """Everybody who was told yes is there and has the mail, and no answer was a fault of ours; a line of figures is printed."""
    # A mail that was being sent when its worker died is sent again when its lease is over, a failed one when it is due: now.
    town.database.run("UPDATE message SET leased_until = NULL, next_attempt_at = now() WHERE state = 'pending'")
    arrived: dict[str, list[str]] = defaultdict(list)
    deadline = time.monotonic() + 120
    while not load.acknowledged <= arrived.keys() and time.monotonic() < deadline:
        town.database.run("UPDATE message SET next_attempt_at = now() WHERE state = 'pending' AND leased_until IS NULL")
        time.sleep(0.2)
        arrived.clear()
        for letter in list(mailbox.letters):
            arrived[letter.to].append(letter.message_id)
    kept = {row["email"] for row in town.database.rows("SELECT email FROM account")}
    twice = [ids for address, ids in arrived.items() if address in load.acknowledged and len(ids) > 1]
    print(
        f"\n{fault}: {load.answers.total()} tried ({', '.join(f'{n} × {s}' for s, n in sorted(load.answers.items()))}), "
        f"{len(load.acknowledged)} acknowledged, {len(load.acknowledged - kept)} lost, {len(load.acknowledged - arrived.keys())} mails lost, "
        f"{len(twice)} mails doubled, back after {recovered:.1f} s"
    )
    assert load.acknowledged <= kept
    assert load.acknowledged <= arrived.keys()
    assert all(len(set(ids)) == 1 for ids in twice), "who gets a mail twice can see that it is one"
    assert set(load.answers) <= {"202", "503"} | ({"no answer"} if unanswered else set())
