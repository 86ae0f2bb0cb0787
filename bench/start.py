"""`python -m bench.start [OTHER_CHECKOUT]`: from the command to ready, on a migrated database that runs already.

Starts of this checkout, and of another one by turns with it when it is given, each free to use every core, as in a town.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from api.cli.running import migrate
from api.core.embedded import embedded_postgres
from api.core.settings import PROJECT
from bench.machine import data_directory, wait_for

STARTS, PORT = 10, 8477


def seconds_to_ready(checkout: Path) -> float:
    """One start, and its stop."""
    process = subprocess.Popen([sys.executable, "-m", "api.cli", "serve", "--no-worker"], cwd=checkout)
    try:
        return wait_for(f"http://127.0.0.1:{PORT}/readyz", process)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Start and stop by turns; print every start and the medians."""
    checkouts = [PROJECT, *map(Path, sys.argv[1:])]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a town keeps the compiled modules
    with data_directory() as folder, embedded_postgres(folder) as dsn:
        migrate(dsn)
        secrets = folder / "secrets.json"
        os.environ |= {"FOYER_DATABASE_URL": dsn, "FOYER_SECRET_FILE": str(secrets), "FOYER_PORT": str(PORT)}
        subprocess.run([sys.executable, "-m", "api.cli", "secrets", str(secrets)], check=True, cwd=PROJECT)
        for checkout in checkouts:
            seconds_to_ready(checkout)  # compiles its modules
        seen: dict[Path, list[float]] = {checkout: [] for checkout in checkouts}
        for _ in range(STARTS):
            for checkout in checkouts:
                seen[checkout].append(seconds_to_ready(checkout))
                time.sleep(0.2)
    for checkout, times in seen.items():
        name = "this checkout" if checkout == PROJECT else str(checkout)
        print(f"{name}: {' '.join(f'{one:.2f}' for one in times)}; median {median(times):.2f} s (aim: under 1 s)")
    for other in checkouts[1:]:
        ratios = [mine / theirs for mine, theirs in zip(seen[PROJECT], seen[other], strict=True)]
        print(f"{median(ratios):.2f} of {other}")


if __name__ == "__main__":
    main()
