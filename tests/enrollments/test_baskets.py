"""Several children and activities in one go."""

from typing import Any

import pytest

from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.enrollments.test_rules import hours, taken
from tests.portal import Agent, Parent, Portal


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def siblings(portal: Portal, agent: Agent) -> Parent:
    """A parent of two children at least."""
    family = portal.family(lambda one: len(one.children) > 1)
    return portal.parent_with_key(agent, family)


def send(
    parent: Parent, *wishes: tuple[int, str], mode: str = "best-effort", together: bool = False, **headers: str
) -> Any:
    """A basket of (child's number, activity), on Mondays."""
    assert parent.family
    items = [{"child_id": parent.family.children[n]["id"], "activity_id": a, "days": ["mon"]} for n, a in wishes]
    return parent.post("/enrollments/baskets", {"items": items, "mode": mode, "together": together}, **headers)


def states(answer: Any) -> list[str]:
    """The state of each, or the code of its refusal."""
    assert answer.status_code == 201, answer.text
    return [i["enrollment"]["state"] if i["enrollment"] else i["code"] for i in answer.json()["items"]]


def test_best_effort_does_what_can_be_done(portal: Portal, agent: Agent, database: Database) -> None:
    """A place, a rank, and two refusals with their reasons; nothing of the one touches the other."""
    parent, other = siblings(portal, agent), portal.parent_with_key(agent)
    free, full, old = activity(database), activity(database, places=1), activity(database, ages=(90, 99))
    at_once = hours(database, activity(database), "08:00", "10:00")
    hours(database, free, "09:00", "11:00")
    enroll(other, full)
    answer = send(parent, (0, free), (1, full), (0, old), (0, at_once))
    assert states(answer) == ["confirmed", "waitlisted", "age-does-not-fit", "overlap"]
    assert taken(database, at_once)["mon"] == 0
    assert len(parent.get("/enrollments").json()["items"]) == 2


def test_all_or_nothing_goes_by_child(portal: Portal, agent: Agent, database: Database) -> None:
    """One child gets both; the other, for whom one is full, neither: no place is kept and no mail leaves."""
    parent, other = siblings(portal, agent), portal.parent_with_key(agent)
    one, two, full = activity(database), activity(database), activity(database, places=1)
    enroll(other, full)
    answer = send(parent, (0, one), (1, two), (0, two), (1, full), mode="all-or-nothing")
    assert states(answer) == ["confirmed", "all-or-nothing", "confirmed", "no-place-left"]
    assert (taken(database, one)["mon"], taken(database, two)["mon"]) == (1, 1)
    assert len(parent.get("/enrollments").json()["items"]) == 2


def test_siblings_together_get_places_together(portal: Portal, agent: Agent, database: Database) -> None:
    """One place is not enough for two: both wait, the place goes to the next; two places are offered to both."""
    parent, holder, last = siblings(portal, agent), portal.parent_with_key(agent), portal.parent_with_key(agent)
    where = activity(database, places=2)
    held = enroll(holder, where).json()
    waits = send(parent, (0, where), (1, where), together=True)
    assert states(waits) == ["waitlisted", "waitlisted"]
    assert taken(database, where)["mon"] == 1
    single = enroll(last, where).json()
    assert single["state"] == "confirmed"  # the one place that is left is of no use to the two
    last.post(f"/enrollments/{single['id']}/cancellation")
    assert {e["state"] for e in parent.get("/enrollments").json()["items"]} == {"waitlisted"}
    holder.post(f"/enrollments/{held['id']}/cancellation")
    assert {e["state"] for e in parent.get("/enrollments").json()["items"]} == {"offered"}
    assert taken(database, where)["mon"] == 2


def test_a_basket_sent_twice_enrolls_once(portal: Portal, agent: Agent, database: Database) -> None:
    """The same key gives the first answer again."""
    parent, where = siblings(portal, agent), activity(database)
    first, again = (send(parent, (0, where), idempotency_key="panier") for _ in range(2))
    assert first.json() == again.json()
    assert taken(database, where)["mon"] == 1


def test_another_familys_child_is_refused_in_a_basket(portal: Portal, agent: Agent, database: Database) -> None:
    """Their item is not found; one's own goes through."""
    parent, other, where = portal.parent_with_key(agent), portal.parent_with_key(agent), activity(database)
    assert parent.family
    assert other.family
    items = [{"child_id": p.family.children[0]["id"], "activity_id": where, "days": ["mon"]} for p in (other, parent)]  # type: ignore[union-attr] # asserted above
    assert states(parent.post("/enrollments/baskets", {"items": items})) == ["not-found", "confirmed"]
