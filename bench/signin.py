"""`python -m bench.signin`: what those who are signed in notice of a crowd that signs in.

A password costs some 20 ms of a core. They are hashed in a small pool of threads; a full pool answers 503 at once. Two kinds of readers:
some who ask at a pace, as people do, and eight who ask without a pause, which takes both cores by itself.
"""

import contextlib
import http.client
import json
import multiprocessing
import os
import random  # noqa: TID251 - addresses of strangers; no secret here
import threading
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from typing import Any

from api.cli.running import run
from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import data_directory, load, needs, percentile, portal
from bench.towns import prepare_demonstration, sign_in

PORT, SECONDS, STRANGERS, READERS, PACE = 8476, 8, 32, 8, 100
FAMILY = "/api/v1/family"


def stranger(over: threading.Event, seen: Counter[int]) -> None:
    """One after the other, from everywhere, with passwords that are wrong: each costs a hash."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    while not over.is_set():
        body = {"email": f"{random.random()}@exemple.fr", "password": "quatre mots bien faux", "client": "app"}
        address = ".".join(str(random.randint(1, 250)) for _ in range(4))
        headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
        connection.request("POST", "/api/v1/sessions", json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        seen[answer.status] += 1
        if answer.status == 503:
            time.sleep(0.2)


def storm(enough: Event, told: Any) -> None:
    """All strangers, in a process of their own: what they cost must not be in the readers' figures."""
    over, seen = threading.Event(), Counter[int]()
    threads = [threading.Thread(target=stranger, args=(over, seen)) for _ in range(STRANGERS)]
    for thread in threads:
        thread.start()
    enough.wait()
    over.set()
    for thread in threads:
        thread.join()
    told.put(dict(seen))


@contextlib.contextmanager
def crowd(there: bool) -> Iterator[Counter[int]]:
    """Whether strangers sign in meanwhile; what they were told, afterwards."""
    seen = Counter[int]()
    if not there:
        yield seen
        return
    enough = multiprocessing.Event()
    told: multiprocessing.Queue[dict[int, int]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=storm, args=(enough, told))
    process.start()
    time.sleep(0.5)
    yield seen
    enough.set()
    seen.update(told.get())
    process.join()


def at_a_pace(token: str) -> list[float]:
    """Milliseconds of each answer, asked for at a steady pace whether or not the one before is there."""
    times: list[float] = []
    connections = [http.client.HTTPConnection("127.0.0.1", PORT) for _ in range(READERS)]

    def read(number: int, began: float) -> None:
        due = began + number / PACE
        while (now := time.perf_counter()) < began + SECONDS:
            time.sleep(max(0, due - now))
            connections[number].request("GET", FAMILY, headers={"Authorization": f"Bearer {token}"})
            connections[number].getresponse().read()
            times.append((time.perf_counter() - due) * 1000)
            due += READERS / PACE

    threads = [threading.Thread(target=read, args=(n, time.perf_counter())) for n in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def main() -> None:
    """Reads without and with the storm, twice each, at a pace and without a pause."""
    needs("wrk", "taskset")
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        os.environ |= {
            "FOYER_DATA_DIR": str(folder),
            "FOYER_PUBLIC_URL": f"http://localhost:{PORT}",
            "FOYER_TRUSTED_PROXIES": "127.0.0.1",
        }
        password = run(prepare_demonstration(dsn, Settings()))
        with portal(PORT, "0,1"):
            token = sign_in(PORT, password)
            load(PORT, [FAMILY], [token], 2, READERS, "0,1")
            print(f"\n{'GET /family':<44}{'answers/s':>10}{'p50 ms':>8}{'p99 ms':>8}")
            for paced in (True, False):
                for there in (False, True, False, True):
                    with crowd(there) as seen:
                        if paced:
                            times = at_a_pace(token)
                            rate, p50, p99 = len(times) / SECONDS, percentile(times, 0.5), percentile(times, 0.99)
                        else:
                            found = load(PORT, [FAMILY], [token], SECONDS, READERS, "0,1")
                            rate, p50, p99 = found.per_second, found.p50, found.p99
                    name = f"{PACE} a second" if paced else f"{READERS} without a pause"
                    name += f", {STRANGERS} sign in" if there else ", alone"
                    told = ", ".join(f"{n / SECONDS:.0f}/s {status}" for status, n in sorted(seen.items()))
                    print(f"{name:<44}{rate:>10.0f}{p50:>8.1f}{p99:>8.1f}   {told}", flush=True)


if __name__ == "__main__":
    main()
