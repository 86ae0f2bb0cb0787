"""The database with its second wall taken down: every policy lets every row through, and the queries alone say whose rows they want.

What a parent asks with another's ids must find the first wall. (The first one down and the second alone: test_first_wall_down.py.)
"""

from collections.abc import Iterator

import pytest

from tests.conftest import Database
from tests.hostile.test_isolation import (  # noqa: F401 - they run here once more
    test_a_child_who_leaves_the_file_is_gone_at_once,
    test_an_id_in_the_path_opens_nothing_of_another,
    test_an_id_in_the_query_or_the_body_opens_nothing_of_another,
    test_nothing_that_one_reads_has_an_id_of_the_other,
    test_the_other_parent_is_a_name_and_a_role,
)
from tests.portal import Parent


@pytest.fixture(scope="module", autouse=True)
def let_through(database: Database, homes: tuple[Parent, Parent]) -> Iterator[None]:
    """All policies say yes, until the last of these tests is over."""
    assert homes
    policies = database.rows(
        "SELECT tablename, policyname, qual, with_check FROM pg_policies WHERE schemaname = 'public'"
    )
    assert len(policies) > 80
    for policy in policies:
        change(
            database,
            policy["tablename"],
            policy["policyname"],
            *(word and "true" for word in (policy["qual"], policy["with_check"])),
        )
    assert database.value("SELECT count(*) FROM pg_policies WHERE coalesce(qual, 'true') <> 'true'") == 0
    yield
    for policy in policies:
        change(database, *policy.values())


def change(database: Database, table: str, policy: str, using: str | None, check: str | None) -> None:
    """What a policy says of rows that are there, and of rows that are written."""
    said = f" USING ({using})" * bool(using) + f" WITH CHECK ({check})" * bool(check)
    database.run(f'ALTER POLICY "{policy}" ON "{table}"{said}')
