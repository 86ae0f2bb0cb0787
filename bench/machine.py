"""Servers and load for the measurements: one core each; what is measured of processes comes from /proc."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mb(pid: int, *, most: bool = False) -> float:
    """What a process holds, or the most it ever held, in MB."""
    name = "VmHWM" if most else "VmRSS"
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def command(pid: int) -> str:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def percentile(values: list[float], part: float) -> float:
    """The value that so large a part is not above; 0 of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0


@contextlib.contextmanager
def data_directory() -> Iterator[Path]:
    """One that is thrown away with its database: PostgreSQL's user can reach it when root runs us, so it does not lie elsewhere."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


class Load(NamedTuple):
    """What wrk saw in one run."""

    answers: int  # of every status
    refused: int  # of them, other than 2xx and 3xx
    per_second: float
    p50: float  # ms
    p99: float  # ms
    errors: str  # of the connections; empty when there was none


UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
SCRIPT = """
local urls, tokens = {%s}, {%s}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", urls[n %% #urls + 1], {Authorization = "Bearer " .. tokens[n %% #tokens + 1]})
end
"""


def wrk(port: int, urls: list[str], tokens: list[str], seconds: float, connections: int, core: str) -> Load:
    """Ask for the addresses one after the other, as one token after the other, each connection at once again."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % (",".join(map(repr, urls)), ",".join(map(repr, tokens))))
        script.flush()
        seen = subprocess.run(
            [
                *("taskset", "-c", core, "wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds:.0f}s"),
                *("--latency", "--timeout", "30s", "-s", script.name, f"http://127.0.0.1:{port}"),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    times = {
        part: float(value) * UNITS[unit] for part, value, unit in re.findall(r"(\d+)%\s+([\d.]+)(us|ms|s|m)", seen)
    }

    def said(pattern: str) -> str:
        return "".join(re.findall(pattern, seen))

    return Load(
        answers=int(said(r"(\d+) requests in")),
        refused=int(said(r"Non-2xx or 3xx responses: (\d+)") or 0),
        per_second=float(said(r"Requests/sec:\s+([\d.]+)")),
        p50=times["50"],
        p99=times["99"],
        errors=said(r"Socket errors: (.*)"),
    )


def load(port: int, urls: list[str], tokens: list[str], seconds: float, connections: int = 64, core: str = "1") -> Load:
    """The same, for a measurement in which every answer must be one; raises AssertionError."""
    seen = wrk(port, urls, tokens, seconds, connections, core)
    assert not seen.refused, seen
    assert not seen.errors, seen
    return seen


def needs(*programs: str) -> None:
    """Say what is missing, and how to get it."""
    if missing := [program for program in programs if not shutil.which(program)]:
        raise SystemExit(f"This measurement needs {', '.join(missing)}: apt install {' '.join(missing)}")


def wait_for(url: str, process: subprocess.Popen[bytes]) -> float:
    """Seconds until an address answers, with less than 500."""
    began = time.monotonic()
    while process.poll() is None and time.monotonic() < began + 60:
        try:
            with urllib.request.urlopen(url):  # noqa: S310 - our own address
                return time.monotonic() - began
        except urllib.error.HTTPError as refused:
            if refused.code < 500:
                return time.monotonic() - began
        except OSError:
            pass
        time.sleep(0.01)
    raise RuntimeError(f"{url} does not answer")


@contextlib.contextmanager
def server(command: list[str], ready: str, core: str = "0") -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A server on one core, and the seconds until it was ready."""
    process = subprocess.Popen(["taskset", "-c", core, sys.executable, *command])
    try:
        yield process, wait_for(ready, process)
    finally:
        process.terminate()
        process.wait()


def portal(port: int, core: str = "0") -> contextlib.AbstractContextManager[tuple[subprocess.Popen[bytes], float]]:
    """The portal without its worker."""
    os.environ |= {"FOYER_PORT": str(port)}
    return server(["-m", "api.cli", "serve", "--no-worker"], f"http://127.0.0.1:{port}/readyz", core)


def uvicorn(app: str, port: int) -> contextlib.AbstractContextManager[tuple[subprocess.Popen[bytes], float]]:
    """An application by hand, on the same server, loop and parser as the portal."""
    command = [
        "-m",
        "uvicorn",
        app,
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "warning",
        "--loop",
        "uvloop",
    ]
    return server([*command, "--http", "httptools"], f"http://127.0.0.1:{port}/ready")
