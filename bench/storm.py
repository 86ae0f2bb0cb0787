"""`python -m bench.storm`: thousands of connections that ask without a pause, more than can be answered; directly, and behind HAProxy.

wrk asks, which is cheap, so that the times are the portal's: of those who were served and those who were told to come back. Before
and at once after it, eight connections say what everybody else notices.
"""

import os
import resource

from api.cli.running import run
from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import data_directory, load, needs, portal, wrk
from bench.scaleout import PROXY, proxy
from bench.towns import prepare_demonstration, sign_in

PORT, CONNECTIONS, SECONDS = 8477, 4000, 15
READS = ["/api/v1/family", "/api/v1/invoices?limit=25"]


def storm(port: int, token: str) -> str:
    """What wrk says of it, in a line."""
    seen = wrk(port, READS, [token], SECONDS, CONNECTIONS, "0,1")
    times = f"{seen.p50 / 1000:>8.2f} s{seen.p99 / 1000:>8.2f} s"
    return f"{seen.answers - seen.refused:>8}{seen.refused:>10}{times}   errors: {seen.errors or 'none'}"


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
            print(f"\n{CONNECTIONS} connections for {SECONDS} s{'served':>14}{'shed':>10}{'p50':>10}{'p99':>10}")
            for where, port in (("directly", PORT), ("behind HAProxy", PROXY)):
                before = load(port, READS, [token], 3, 8, "0,1")
                print(f"{where:<30}{storm(port, token)}")
                after = load(port, READS, [token], 3, 8, "0,1")
                print(f"{'':<8}8 connections: p99 {before.p99:.0f} ms before, {after.p99:.0f} ms at once after")


if __name__ == "__main__":
    main()
