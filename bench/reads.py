"""`python -m bench.reads`: the main reads beside the same by hand (the limit) and as the documentation writes them.

Each server on the first core, PostgreSQL and wrk (64 connections) on the second, alternating in one run. The figure is the server's own
processor time a request, which nothing else on the machine disturbs; times and requests a second are of this machine at this moment.
"""

import os
import time
from statistics import median

from api.cli.running import run
from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import Load, data_directory, load, memory_mb, needs, portal, processor_seconds, uvicorn
from bench.towns import pin, prepare_demonstration, sign_in

SECONDS, ROUNDS = 3, 9
READS = {
    "/invoices": ["/api/v1/invoices?limit=25"],
    "/family": ["/api/v1/family"],
    "/activities": ["/api/v1/activities?limit=25"],
    "dashboard": ["/api/v1/family", "/api/v1/invoices?limit=100", "/api/v1/enrollments?limit=100"],
}
PORTS = {"portal": 8471, "limit": 8472, "ordinary": 8474}
AIMS = "aims: 0.80 of the limit, 3 x the ordinary way, p99 under 3 x p50, under 200 MB, ready in under 1 s"


def measure(pids: dict[str, int], password: str) -> None:
    """Alternate the three for each read, and print the medians."""
    print(f"\n{'read':<12}{'':<10}{'µs/request':>11}{'answers/s':>11}{'p50 ms':>8}{'p99 ms':>8}{'p99/p50':>9}")
    for name, urls in READS.items():
        token = sign_in(PORTS["portal"], password)  # it lives five minutes
        costs: dict[str, list[float]] = {who: [] for who in pids}
        loads: dict[str, list[Load]] = {who: [] for who in pids}
        for turn in range(ROUNDS):
            # Who comes after whom changes: what the one before left in the caches is not always the same one's.
            order = list(pids)[turn % len(pids) :] + list(pids)[: turn % len(pids)]
            for who in order:
                before = processor_seconds(pids[who])
                loads[who].append(load(PORTS[who], urls, [token], SECONDS))
                costs[who].append((processor_seconds(pids[who]) - before) / loads[who][-1].answers * 1e6)
        cost = {who: median(seen) for who, seen in costs.items()}
        for who, seen in loads.items():
            p50, p99, rate = (median(getattr(one, part) for one in seen) for part in ("p50", "p99", "per_second"))
            print(f"{name:<12}{who:<10}{cost[who]:>11.0f}{rate:>11.0f}{p50:>8.1f}{p99:>8.1f}{p99 / p50:>9.1f}")
        # Each round's own ratio: a slow moment of the machine is in both of its parts.
        of_limit, of_ordinary = (
            median(theirs / ours for theirs, ours in zip(costs[who], costs["portal"], strict=True))
            for who in ("limit", "ordinary")
        )
        print(f"{name:<12}{of_limit:.2f} of the limit, {of_ordinary:.1f} x the ordinary way")


def main() -> None:
    """Start the three, measure, say what the process holds."""
    needs("wrk", "taskset")
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        os.environ |= {"FOYER_DATA_DIR": str(folder), "BENCH_DSN": dsn, "FOYER_PUBLIC_URL": "http://localhost:8471"}
        password = run(prepare_demonstration(dsn, Settings()))
        run(pin(dsn, "1"))
        with (
            portal(PORTS["portal"]) as (ours, started),
            uvicorn("bench.limit:app", PORTS["limit"]) as (limit, _),
            uvicorn("bench.ordinary:app", PORTS["ordinary"]) as (ordinary, _),
        ):
            time.sleep(1)
            measure({"portal": ours.pid, "limit": limit.pid, "ordinary": ordinary.pid}, password)
            print(f"\nready {started:.2f} s after the command; the process holds {memory_mb(ours.pid):.0f} MB\n{AIMS}")


if __name__ == "__main__":
    main()
