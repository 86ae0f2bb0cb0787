"""Every check and every test, in one readable summary. `--lint` leaves the tests out.

make test
"""

import os
import re
import shutil
import subprocess
import sys
import time
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
TESTS: dict[str, list[Path | str]] = {
    "vitest": [*NPM, "test"],
    "pytest": [BIN / "python", "-m", "pytest"],
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
    if checks is not LINT and not browser():
        print(
            "The browser tests need Chromium. Install it (Debian: apt-get install chromium), then run `make test` again."
        )
        return 1
    results, counted = [], ""
    for name, command in checks.items():
        print(f"\n── {name}", flush=True)
        started = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout  # noqa: S101 - it is a pipe
        for line in process.stdout:
            print(line, end="", flush=True)
            if name == "pytest" and re.search(r"\d+ (passed|failed|error)", line):
                counted = line.strip(" =\n")
        results.append((name, process.wait() == 0, time.monotonic() - started))
    print("\n── Summary")
    for name, passed, seconds in results:
        print(f"{'✓' if passed else '✗'} {name:<16} {seconds:6.1f} s")
    if counted:
        print(counted)
    return 0 if all(passed for _, passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
