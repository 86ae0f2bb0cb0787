"""Take each rule of `rules.toml` away, one at a time, in a copy of the project: its test must fail.

make rules                                       all of them
.venv/bin/python -m tests.rules.breaking date    those whose sentence or test has this word
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

PROJECT = Path(__file__).resolve().parents[2]
RULES = Path(__file__).with_name("rules.toml")
LANES = 2  # copies, each with a portal and a database of its own
LONGEST = 300  # seconds for a test


@dataclass(frozen=True)
class Rule:
    """A rule, the tests that hold it, and what to write for what to take it away."""

    section: str
    says: str
    tests: list[str]
    without: list[tuple[str, str, str]]  # file, what stands there, what stands there instead


def rules() -> list[Rule]:
    """All, in their order."""
    sections = tomllib.loads(RULES.read_text())
    return [
        Rule(section, one["says"], one["tests"], [(file, was, now) for file, was, now in one["without"]])
        for section, those in sections.items()
        for one in those
    ]


def copy_of_the_project(folder: Path) -> Path:
    """What the tests need; what is large and not changed is linked."""
    copy = folder / "foyer"
    for name in ("api", "bench", "migrations", "tests"):
        shutil.copytree(PROJECT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("openapi.yaml", "pyproject.toml", "README.md", "Dockerfile"):
        shutil.copy(PROJECT / name, copy / name)
    for name in ("frontend", ".venv", ".build"):
        (copy / name).symlink_to(PROJECT / name)
    return copy


def broken(copy: Path, rule: Rule) -> str:
    """Nothing when a test fails without the rule; else what went otherwise."""
    kept = {file: (copy / file).read_text() for file, _, _ in rule.without}
    try:
        for file, was, now in rule.without:
            (copy / file).write_text((copy / file).read_text().replace(was, now, 1))
        return _seen_to_fail(copy, rule.tests)
    finally:
        for file, text in kept.items():
            (copy / file).write_text(text)


def _seen_to_fail(copy: Path, tests: list[str]) -> str:
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests]
    if tests[0].startswith("lint: "):
        command = [
            str(PROJECT / ".venv" / "bin" / word) if i == 0 else word for i, word in enumerate(tests[0][6:].split())
        ]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return "no end"
    if tests[0].startswith("lint: "):
        return "" if done.returncode == 1 else f"the check ends with {done.returncode}: {done.stderr[-500:]}"
    if done.returncode == 1 and re.search(r"^FAILED ", done.stdout, re.M):
        return ""
    return "holds without it" if done.returncode == 0 else f"no verdict: {(done.stdout + done.stderr)[-1500:]}"


def main() -> int:
    """One line for each rule; 1 when one of them could be taken away unseen."""
    words = sys.argv[1:]
    wanted = [r for r in rules() if all(word in f"{r.section} {r.says} {r.tests}" for word in words)]
    unseen = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(LANES) as pool:
        free: SimpleQueue[Path] = SimpleQueue()
        for lane in range(LANES):
            free.put(copy_of_the_project(Path(folder, str(lane))))

        def take_away(rule: Rule) -> str:
            copy = free.get()
            try:
                return broken(copy, rule)
            finally:
                free.put(copy)

        for rule, otherwise in zip(wanted, pool.map(take_away, wanted), strict=True):
            unseen += bool(otherwise)
            print(
                f"{'✗' if otherwise else '✓'} {rule.section}: {rule.says}{f' — {otherwise}' if otherwise else ''}",
                flush=True,
            )
    print(f"{len(wanted)} rules taken away, {len(wanted) - unseen} missed by their tests")
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
