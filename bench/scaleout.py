"""`python -m bench.scaleout`: several API processes behind HAProxy on one PostgreSQL.

A rolling restart under load must fail no request. How throughput grows is measured with slow processors: every API process is stopped
and let go by turns so that it has a share of a core, which leaves the rest of a small machine to PostgreSQL, proxy and load. What then
keeps two processes from doing twice the work of one is what they share.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from api.cli.running import run
from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import Load, data_directory, load, needs, wait_for
from bench.towns import prepare_demonstration, sign_in

PROXY, PORTS = 8480, (8481, 8482, 8483)
SHARE, TURN = 0.12, 0.025  # of a core for each process; seconds of one turn
SECONDS = 6
READS = ["/api/v1/invoices?limit=25", "/api/v1/family", "/api/v1/enrollments"]
# As docs/scaling.md shows it, with the addresses of this measurement.
CONFIGURATION = """
global
    maxconn 9000
defaults
    mode http
    maxconn 9000
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout queue 500ms
    timeout check 3s
    option http-server-close
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response
frontend town
    bind 127.0.0.1:{proxy}
    default_backend foyer
    http-error status 503 content-type application/problem+json hdr Retry-After 5 lf-file {crowded}
backend foyer
    http-request disable-l7-retry if METH_POST
    {balance}
    option httpchk GET /readyz
    default-server check inter 500ms fall 4 rise 1 maxconn 500
    {servers}
"""


CROWDED = """{"type": "/problems/unavailable", "title": "Temporarily unavailable", "status": 503, "code": "unavailable", "instance": "",
    "detail": "Beaucoup de familles se connectent en ce moment. Rien n'a été perdu : réessayez dans quelques instants."}"""


class Process:
    """An API process on a port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.start()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        environment = dict(os.environ) | {"FOYER_PORT": str(self.port)}
        self.process = subprocess.Popen([sys.executable, "-m", "api.cli", "serve", "--no-worker"], env=environment)
        wait_for(f"http://127.0.0.1:{self.port}/readyz", self.process)

    def stop(self) -> None:
        """SIGTERM, and wait until it has answered everybody."""
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def proxy(folder: Path, ports: list[int], balance: str = "balance leastconn") -> Iterator[None]:
    """HAProxy before some of the processes."""
    servers = "\n    ".join(f"server api{port} 127.0.0.1:{port}" for port in ports)
    path = folder / "haproxy.cfg"
    crowded = folder / "crowded.json"
    crowded.write_text(CROWDED)
    path.write_text(CONFIGURATION.format(proxy=PROXY, servers=servers, balance=balance, crowded=crowded))
    process = subprocess.Popen(["haproxy", "-q", "-db", "-f", str(path)])
    try:
        wait_for(f"http://127.0.0.1:{PROXY}/healthz", process)
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def slowed(processes: list[Process]) -> Iterator[None]:
    """Each has SHARE of a core, one after the other, so that they do not ask for it at the same time."""
    pids, over = [one.process.pid for one in processes], threading.Event()

    def take_turns() -> None:
        while not over.is_set():
            began = time.monotonic()
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
                time.sleep(SHARE * TURN * 4)
                os.kill(pid, signal.SIGSTOP)
            time.sleep(max(0.0, TURN * 4 - (time.monotonic() - began)))

    thread = threading.Thread(target=take_turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def growth(folder: Path, processes: list[Process], token: str) -> None:
    """One process, two, three: answers a second, as a ratio."""
    print(f"\n{'API processes':<16}{'answers/s':>10}{'ratio':>7}   each with {SHARE:.0%} of a core")
    first = 0.0
    for count in range(1, len(processes) + 1):
        with proxy(folder, [one.port for one in processes[:count]]), slowed(processes[:count]):
            load(PROXY, READS, [token], 2, 32, "0,1")
            seen = load(PROXY, READS, [token], SECONDS, 32, "0,1")
        first = first or seen.per_second
        print(f"{count:<16}{seen.per_second:>10.0f}{seen.per_second / first:>7.2f}")


def rolling_restart(folder: Path, processes: list[Process], token: str) -> None:
    """Every process is ended and started anew under load; `load` raises when a request has no answer or another than 200."""
    found: list[Load] = []
    with proxy(folder, [one.port for one in processes]):
        asking = threading.Thread(target=lambda: found.append(load(PROXY, READS, [token], 30, 16, "0,1")))
        asking.start()
        for one in processes:
            time.sleep(1)
            one.stop()
            one.start()
        asking.join()
    if not found:
        raise SystemExit("a request failed while the processes were started anew")
    print(
        f"\nrolling restart of {len(processes)} processes: {found[0].answers:,} answers, 0 failed, p99 {found[0].p99:.0f} ms"
    )


def main() -> None:
    """Prepare, restart, grow."""
    needs("haproxy", "wrk", "taskset")
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        os.environ |= {"FOYER_DATA_DIR": str(folder), "FOYER_PUBLIC_URL": f"http://localhost:{PROXY}"}
        password = run(prepare_demonstration(dsn, Settings()))
        workers = [subprocess.Popen([sys.executable, "-m", "api.cli", "worker"]) for _ in range(2)]
        processes = [Process(port) for port in PORTS]
        try:
            token = sign_in(PORTS[0], password)
            rolling_restart(folder, processes[:2], token)
            token = sign_in(PORTS[0], password)
            growth(folder, processes, token)
        finally:
            for one in processes:
                one.stop()
            for worker in workers:
                worker.terminate()
                worker.wait()


if __name__ == "__main__":
    main()
