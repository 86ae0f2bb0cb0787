"""The application with its first wall taken down: a copy of the code whose queries no longer say whose rows they want.

It runs on the same town. What a parent asks it with another's ids must find the second wall, row level security, alone.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import PROJECT, free_port, served
from tests.hostile.test_isolation import PERSONAL, ask, example, ids_of, values_for, walked
from tests.portal import Parent, Portal

# Where a parent's own rows are asked for, in SQL and in the ORM.
OF_PARENTS = (
    "absences", "activities", "calendars", "enrollments", "families", "household", "invoices", "privacy", "requests", "second_factors", "service_keys",
    "sessions",
)  # fmt: skip
WALL = (
    (re.compile(r"\b(?:\w+\.)?account_id = :viewer\b"), "CAST(:viewer AS uuid) IS NOT NULL"),
    (re.compile(r"\b(\w+)\.account_id == (?:account_id|owner)\b"), r"\1.account_id.is_not(None)"),
)
LEAST = 30  # conditions that are taken away; fewer means that this test no longer finds them


def take_down(folder: Path) -> int:
    """How many conditions were taken out of a copy of the code."""
    taken = 0
    for name in OF_PARENTS:
        for file in (folder / "api" / name).glob("*.py"):
            text = file.read_text()
            for condition, nothing in WALL:
                text, times = condition.subn(nothing, text)
                taken += times
            file.write_text(text)
    return taken


@pytest.fixture(scope="module")
def open_house(portal: Portal, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the API without its first wall, on the town of the whole run."""
    assert portal
    copy = tmp_path_factory.mktemp("without")
    shutil.copytree(PROJECT / "api", copy / "api", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "migrations", copy / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    assert take_down(copy) >= LEAST
    port = str(free_port())
    same = f"http://localhost:{environment['FOYER_PORT']}"  # who made the tokens
    with served(environment | {"FOYER_PORT": port, "FOYER_PUBLIC_URL": same}, "--no-worker", folder=copy):
        yield f"http://127.0.0.1:{port}/api/v1"


@pytest.fixture
def guests(homes: tuple[Parent, Parent], open_house: str) -> Iterator[tuple[Parent, Parent]]:
    """The two parents, who ask there."""
    usual = homes[0].http
    with httpx2.Client(base_url=open_house, headers=usual.headers, timeout=30) as there:
        for one in homes:
            one.http = there
        yield homes
        for one in homes:
            one.http = usual


def test_all_that_one_can_read_is_still_one_s_own(guests: tuple[Parent, Parent]) -> None:
    """Every read, without a condition on whose: one's own rows are there, and none of the other's."""
    for one, other in (guests, guests[::-1]):
        seen = walked(one)
        for mine in ("invoice_id", "enrollment_id", "member_id", "request_id", "family_id", "child_id"):
            assert one.extra[mine] in seen, mine
        assert not [foreign for foreign in ids_of(other) if foreign in seen]


@pytest.mark.parametrize(
    ("path", "method", "op"),
    [o for o in PERSONAL if "{" in o[0]],
    ids=[o[2]["operationId"] for o in PERSONAL if "{" in o[0]],
)
def test_an_id_of_another_opens_and_changes_nothing(
    guests: tuple[Parent, Parent], path: str, method: str, op: dict[str, Any]
) -> None:
    """Never a success and never one of the other's ids in an answer; what the other has stays as it was."""
    mine, other = guests
    if set(re.findall(r"{(\w+)}", path)) <= {"activity_id"}:
        pytest.skip("activities are everybody's")
    before = walked(other)
    where = path.removeprefix("/api/v1").format(**values_for(path, other))
    answer = ask(mine, where, method, op, example(op))
    assert answer.status_code in {404, 422}, answer.text
    assert not [foreign for foreign in ids_of(other) if foreign in answer.text]
    after = walked(other)
    assert all(after.count(own) == before.count(own) for own in ids_of(other))
