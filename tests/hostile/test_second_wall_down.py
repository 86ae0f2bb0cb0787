"""The database with its second wall taken down: every policy lets every row through, and the queries alone say whose rows they want.

What a parent asks with another's ids must find the first wall. (The first one down and the second alone: test_first_wall_down.py.)
"""

from collections.abc import Iterator

import pytest

from tests.conftest import Database
from tests.enrollments.test_enrollments import activity
from tests.hostile.test_isolation import (  # noqa: F401 - they run here once more
    test_a_child_who_leaves_the_file_is_gone_at_once,
    test_an_id_in_the_path_opens_nothing_of_another,
    test_an_id_in_the_query_or_the_body_opens_nothing_of_another,
    test_nothing_that_one_reads_has_an_id_of_the_other,
    test_the_other_parent_is_a_name_and_a_role,
)
from tests.portal import Agent, Parent, Portal
from tests.privacy.test_privacy import test_a_parent_sees_that_an_agent_looked  # noqa: F401 - it runs here once more
from tests.requests.test_desk import (  # noqa: F401 - they run here once more
    test_a_request_names_only_ones_own_things,
    test_views_are_ones_own_and_texts_everybodys,
)
from tests.second_factors.test_totp import switch_on


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


def test_what_another_has_is_not_said_to_be_ones_own(
    portal: Portal, agent: Agent, homes: tuple[Parent, Parent]
) -> None:
    """Keys, second factors, a calendar: a new parent has none, whatever others have."""
    switch_on(homes[0])
    assert homes[1].post("/me/calendar").status_code == 201
    parent = portal.parent()
    assert [service["attached"] for service in parent.get("/services").json()["items"]].count(True) == 0
    assert parent.get("/me/second-factors").json() == {"totp": False, "recovery_codes_left": 0, "passkeys": []}
    assert portal.parent_with_key(agent).get("/me/calendar").status_code == 404


def test_a_price_is_made_of_ones_own_quotient_and_not_of_the_other_parents(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """Two parents of one file, one child: each reads their own price."""
    database.run("DELETE FROM attempts")
    where, family = activity(database), portal.family()
    parents = [portal.parent_with_key(agent, family, adult=place) for place in (0, 1)]
    for adult, quotient in zip(family.adults, (100, 5000), strict=True):
        database.run(
            "UPDATE adult_private SET quotient = $1, quotient_to = NULL WHERE adult_id = $2::text::uuid",
            quotient,
            adult["id"],
        )
    child = family.children[0]["id"]
    prices = [one.get(f"/activities/{where}", child_id=child).json()["price"]["unit_price_cents"] for one in parents]
    assert prices == [100, 400]
