"""schemathesis against the running portal: no 5xx, no status or body that the contract does not name.

A few examples of each operation here; `make fuzz` runs all its phases, with FOYER_FUZZ_EXAMPLES of each.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.portal import Agent, Parent, Portal, Software

# What ends the session of who asks: a run would go on as nobody. They are fuzzed without a token.
ENDS_SESSIONS = ("close_account", "change_password", "end_session", "end_current_session")
# Each letter is a key that is hashed and a page that is set: hundreds of batches would take the machine from the other tests.
COSTS_MINUTES = ("order_letter_batch",)
# What the contract promises of every answer; whether wrong data is refused and right data taken, too.
LEFT_OUT = {
    # A rule that a schema cannot say (a phone number that exists, an activity that is open) refuses data that fits the schema.
    "positive_data_acceptance",
}


@pytest.fixture(scope="module")
def parent(portal: Portal, agent: Agent) -> Parent:
    """Somebody with a key, and with something of everything."""
    portal.database.run("DELETE FROM attempts")
    return portal.parent_with_key(agent)


def fuzz(portal: Portal, folder: Path, headers: dict[str, str], *options: str) -> None:
    """Run it; the failures are its own report."""
    most = os.environ.get("FOYER_FUZZ_EXAMPLES")
    how = ["--max-examples", most] if most else ["--max-examples", "3", "--phases", "fuzzing,stateful"]
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(PROJECT / "openapi.yaml"), "--url", portal.address),
        *(*how, "--exclude-checks", ",".join(LEFT_OUT), "--continue-on-failure", "--no-color"),
        *("--request-timeout", "10", "--warnings", "off", "--seed", "1", "--report", "ndjson", "--report-dir", str(folder)),
        *(word for name, value in headers.items() for word in ("--header", f"{name}: {value}")),
        *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=1200)
    print(done.stdout[-200_000:], done.stderr[-2000:])
    assert done.returncode == 0


def among(paths: str) -> list[str]:
    """The options for the operations at such paths."""
    without = (word for name in ENDS_SESSIONS + COSTS_MINUTES for word in ("--exclude-operation-id", name))
    return [*without, "--include-path-regex", paths]


def test_a_stranger_finds_no_fault(portal: Portal, tmp_path: Path) -> None:
    """Without a token, over every operation."""
    fuzz(portal, tmp_path, {})


def test_a_parent_finds_no_fault(portal: Portal, parent: Parent, tmp_path: Path) -> None:
    """With a key, over what parents may do."""
    fuzz(portal, tmp_path, parent.headers(), *among("^/api/v1/(?!agent/|integration/|oauth/)"))


def test_an_agent_finds_no_fault(portal: Portal, agent: Agent, tmp_path: Path) -> None:
    """Over what agents may do."""
    fuzz(portal, tmp_path, agent.headers(), *among("^/api/v1/agent/"))


def test_other_software_finds_no_fault(portal: Portal, software: Software, tmp_path: Path) -> None:
    """Over what integrators may do."""
    fuzz(portal, tmp_path, software.headers(), *among("^/api/v1/integration/"))
