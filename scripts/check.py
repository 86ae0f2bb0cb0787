"""Every check and every test, in one readable summary. `--lint` leaves the tests out; `--copy` is the tests of the API alone, on a
town that was copied while it was open, and brought back.

make test
"""

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BIN = PROJECT / ".venv" / "bin"
NPM = [str(PROJECT / ".build" / "bin" / "python"), "scripts/node.py", "run", "--prefix", "frontend"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LINT: dict[str, list[Path | str]] = {
    "ruff": [BIN / "ruff", "check", "-q", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "-q", "."],
    "mypy --strict": [BIN / "mypy", "--no-error-summary"],
    "import-linter": [BIN / "lint-imports"],
    "svelte-check": [*NPM, "check"],
}
PYTEST: list[Path | str] = [BIN / "python", "-m", "pytest"]
BROWSER_TESTS = ["tests/e2e"]
MACHINES = ("core", "imports", "operations", "security")
PLACES = ("draws", "enrollments")  # they need many families of one town
OTHER_TESTS = [f"tests/{name}" for name in MACHINES + PLACES]
HOSTILE_TESTS = ["tests/faults", "tests/hostile"]
TESTS: dict[str, list[Path | str]] = {"vitest": [*NPM, "test"]}
# Each has a portal and a database of its own, and waits a lot: side by side, and beside the checks, all take little more
# than the longest. A new folder of tests is among people's.
BESIDE: dict[str, list[Path | str]] = {
    "pytest, people": [*PYTEST, *(f"--ignore={place}" for place in BROWSER_TESTS + OTHER_TESTS + HOSTILE_TESTS)],
    "pytest, machines and places": [*PYTEST, *OTHER_TESTS],
    "pytest, browser": [*PYTEST, *BROWSER_TESTS],
    "pytest, hostile": [*PYTEST, *HOSTILE_TESTS],
}


def browser() -> bool:
    """Whether a Chromium is there for the browser tests; on Debian, as root, it is installed."""
    if any(shutil.which(name) for name in BROWSERS):
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's chromium for the browser tests…", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False, stdout=subprocess.DEVNULL)
    return any(shutil.which(name) for name in BROWSERS)


def main() -> int:
    """Run everything, stop at nothing, say what failed."""
    checks = LINT if "--lint" in sys.argv else LINT | TESTS
    lanes = {} if checks is LINT else BESIDE
    if "--copy" in sys.argv:
        os.environ["FOYER_ON_A_COPY"] = "1"
        checks, lanes = {}, {name: command for name, command in BESIDE.items() if name != "pytest, browser"}
    elif checks is not LINT and not browser():
        print(
            "The browser tests need Chromium. Install it (Debian: apt-get install chromium), then run `make test` again."
        )
        return 1
    results = []
    with ThreadPoolExecutor() as pool:
        beside = [pool.submit(run, name, command, live=False) for name, command in lanes.items()]
        results = [run(name, command, live=True) for name, command in checks.items()]
        for future in beside:
            results.append(future.result())
            print(f"\n── {results[-1].name}\n{results[-1].output}", flush=True)
    print("\n── Summary")
    for one in results:
        print(f"{'✓' if one.passed else '✗'} {one.name:<16} {one.seconds:6.1f} s")
    for one in results:
        if counted := re.findall(r"^=*\s*(\d+ (?:passed|failed|error).*?)=*$", one.output, re.M):
            print(f"{one.name}: {counted[-1].strip()}")
    return 0 if all(one.passed for one in results) else 1


@dataclass
class Result:
    """What became of a check."""

    name: str
    passed: bool
    seconds: float
    output: str


def run(name: str, command: list[Path | str], *, live: bool) -> Result:
    """Run a check; `live` shows its output as it comes."""
    if live:
        print(f"\n── {name}", flush=True)
    started, lines = time.monotonic(), []
    # Every `foyer` of the tests would compile the whole project again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout  # noqa: S101 - it is a pipe
    for line in process.stdout:
        lines.append(line)
        if live:
            print(line, end="", flush=True)
    return Result(name, process.wait() == 0, time.monotonic() - started, "".join(lines))


if __name__ == "__main__":
    sys.exit(main())
