"""`python -m bench.signin`: what those who are signed in notice of a crowd that signs in.

A password costs some 20 ms of a core. They are hashed in a small pool of threads; a full pool answers 503 at once.
"""

import http.client
import json
import os
import random  # noqa: TID251 - addresses of strangers; no secret here
import threading
import time
from collections import Counter

from api.cli.running import run
from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import data_directory, load, needs, portal
from bench.towns import prepare_demonstration, sign_in

PORT, SECONDS, STRANGERS, READERS = 8476, 8, 32, 8


def storm(over: threading.Event, seen: Counter[int]) -> None:
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


def main() -> None:
    """Reads without and with the storm, twice each."""
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
            load(PORT, ["/api/v1/family"], [token], 2, READERS, "0,1")
            print(f"\n{'GET /family':<28}{'answers/s':>10}{'p50 ms':>8}{'p99 ms':>8}")
            for _ in range(2):
                for crowd in (0, STRANGERS):
                    over, seen = threading.Event(), Counter[int]()
                    threads = [threading.Thread(target=storm, args=(over, seen)) for _ in range(crowd)]
                    for thread in threads:
                        thread.start()
                    found = load(PORT, ["/api/v1/family"], [token], SECONDS, READERS, "0,1")
                    over.set()
                    for thread in threads:
                        thread.join()
                    name = f"{crowd} sign in at the same time" if crowd else "alone"
                    told = ", ".join(f"{n / SECONDS:.0f}/s {status}" for status, n in sorted(seen.items()))
                    print(f"{name:<28}{found.per_second:>10.0f}{found.p50:>8.1f}{found.p99:>8.1f}   {told}")


if __name__ == "__main__":
    main()
