"""`python -m bench.storm`: thousands of connections that ask without a pause, more than can be answered; directly, and behind HAProxy.

wrk asks, which is cheap, and counts. It does not say apart how long those waited who were served and those who were told to come
back: twenty others in the crowd do. Before and at once after it, eight connections say what everybody else notices.
"""

import http.client
import os
import resource
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from api.cli.running import run
from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import data_directory, load, needs, percentile, portal, wrk
from bench.scaleout import PROXY, proxy
from bench.towns import prepare_demonstration, sign_in

PORT, CONNECTIONS, SECONDS = 8477, 4000, 15
READS = ["/api/v1/family", "/api/v1/invoices?limit=25"]


def one_of_the_crowd(port: int, token: str, until: float) -> dict[int, list[float]]:
    """Seconds until each answer, by its status; asks again at once."""
    waited, connection = defaultdict(list), http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            connection.request("GET", READS[0], headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            waited[answer.status].append(time.monotonic() - began)
        except (OSError, http.client.HTTPException):
            waited[0].append(time.monotonic() - began)
            connection.close()
    return waited


def storm(port: int, token: str) -> str:
    """What wrk says of it, and the twenty, in a line."""
    with ThreadPoolExecutor(20) as pool:
        twenty = [pool.submit(one_of_the_crowd, port, token, time.monotonic() + SECONDS) for _ in range(20)]
        seen = wrk(port, READS, [token], SECONDS, CONNECTIONS, "0,1")
        all_of_them = [one.result() for one in twenty]
    said = [f"{seen.answers - seen.refused:>8}{seen.refused:>10}"]
    for status in (200, 503, 0):
        waited = [seconds for one in all_of_them for seconds in one.get(status, [])]
        some = f"{percentile(waited, 0.5):.2f} / {percentile(waited, 0.99):.2f} s" if waited else "-"
        said.append(f"{some:>16} ({len(waited)})")
    return "".join(said) + f"   errors: {seen.errors or 'none'}"


def main() -> None:
    """Alone, the storm, at once after it; directly and behind the proxy."""
    needs("wrk", "taskset", "haproxy")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        os.environ |= {"FOYER_DATA_DIR": str(folder), "FOYER_PUBLIC_URL": f"http://localhost:{PORT}"}
        password = run(prepare_demonstration(dsn, Settings()))
        with portal(PORT, "0,1"), proxy(folder, [PORT]):
            token = sign_in(PORT, password)
            load(PORT, READS, [token], 2, 8, "0,1")
            print(
                f"\n{CONNECTIONS} connections for {SECONDS} s{'served':>14}{'shed':>10}   of twenty: served, shed, cut off (p50 / p99)"
            )
            for where, port in (("directly", PORT), ("behind HAProxy", PROXY)):
                before = load(port, READS, [token], 3, 8, "0,1")
                print(f"{where:<30}{storm(port, token)}")
                after = load(port, READS, [token], 3, 8, "0,1")
                print(f"{'':<8}8 connections: p99 {before.p99:.0f} ms before, {after.p99:.0f} ms at once after")


if __name__ == "__main__":
    main()
