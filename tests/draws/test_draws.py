"""A window and a draw: points by published criteria, ties by lots that anybody can draw again."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.draws import ballot
from tests.conftest import Database, foyer
from tests.enrollments.test_enrollments import enroll
from tests.portal import Agent, Parent, Portal
from tests.roster.test_roster import publish, write

CRITERIA = [
    {"code": "fratrie", "kind": "siblings", "label": "Fratrie dans la même activité", "points": 3},
    {"code": "qf", "kind": "quotient-below", "label": "Quotient sous 500", "points": 2, "below": 500},
    {"code": "travail", "kind": "declared", "label": "Les deux parents travaillent", "points": 5},
    {"code": "ville", "kind": "residents", "label": "Habiter Cayenne", "points": 1},
]


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def lottery(agent: Agent, places: int = 1, **more: Any) -> dict[str, Any]:
    """An activity that lots decide about."""
    return publish(
        agent, decided_by="draw", criteria=CRITERIA, days=[{"day": "mon", "places": places}], documents=[], **more
    )


def ask(parent: Parent, activity: dict[str, Any], *declared: str, child: int = 0) -> dict[str, Any]:
    """Ask for a place in the window."""
    assert parent.family
    body = {"child_id": parent.family.children[child]["id"], "activity_id": activity["id"], "days": ["mon"]}
    answer = parent.post("/enrollments", body | {"declared": list(declared)})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def close(database: Database, activity: dict[str, Any]) -> None:
    """The window's end comes; the worker draws."""
    database.run(
        "UPDATE activity SET closes_at = now() - interval '1 second' WHERE id = $1::text::uuid", activity["id"]
    )


def facts(database: Database, parent: Parent, quotient: int, city: str) -> None:
    """What the service knows of the family."""
    assert parent.family
    database.run(
        "UPDATE adult_private SET quotient = $1, quotient_to = '2999-01-01', city = $2 WHERE adult_id = ANY($3::text[]::uuid[])",
        quotient,
        city,
        [adult["id"] for adult in parent.family.adults],
    )


def test_points_decide_and_each_parent_reads_why(portal: Portal, agent: Agent, database: Database) -> None:
    """Nothing is taken in the window; then the most points have the place, the others wait in the order of the lots."""
    activity = lottery(agent)
    parents = [portal.parent_with_key(agent) for _ in range(3)]
    for parent, known in zip(parents, ((2000, "KOUROU"), (2000, "CAYENNE"), (300, "Cayenne")), strict=True):
        facts(database, parent, *known)
    asked = [ask(parents[0], activity, "travail"), ask(parents[1], activity), ask(parents[2], activity)]
    assert [one["state"] for one in asked] == ["requested"] * 3
    assert asked[0]["draws_at"] == activity["closes_at"]
    told = parents[0].get(f"/activities/{activity['id']}").json()["draw"]
    assert (told["seed"], told["drawn_at"]) == (None, None)
    assert parents[0].http.get(f"/activities/{activity['id']}/draw").status_code == 404
    close(database, activity)
    assert portal.mailbox.wait(parents[0].email, "tirée au sort, confirmée")
    assert portal.mailbox.wait(parents[1].email, "sur liste d'attente")
    now = [p.get(f"/enrollments/{one['id']}").json() for p, one in zip(parents, asked, strict=True)]
    assert [(one["state"], one["rank"], one["draw"]["points"]) for one in now] == [
        ("confirmed", None, 5),
        ("waitlisted", 2, 1),
        ("waitlisted", 1, 3),
    ]
    assert {c["code"]: c["counted"] for c in now[2]["draw"]["criteria"]} == {
        "fratrie": False,
        "qf": True,
        "travail": False,
        "ville": True,
    }
    assert (now[2]["draw"]["place"], now[2]["draw"]["of"]) == (2, 3)


def test_a_published_draw_can_be_drawn_again(
    portal: Portal, agent: Agent, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """The seed is the one whose digest was told before; `foyer draw --verify` says so, and sees a changed order or seed."""
    activity = lottery(agent, places=2)
    before = portal.parent_with_key(agent).get(f"/activities/{activity['id']}").json()["draw"]["seed_digest"]
    parents = [portal.parent_with_key(agent) for _ in range(4)]
    for parent in parents:
        facts(database, parent, 2000, "KOUROU")
        ask(parent, activity)
    close(database, activity)
    portal.mailbox.wait(parents[3].email, "tirée au sort")
    result = portal.http.get(f"/activities/{activity['id']}/draw").json()
    assert result["seed_digest"] == before == ballot.digest(result["seed"])
    assert [entry["outcome"] for entry in result["entries"]] == ["confirmed"] * 2 + ["waitlisted"] * 2
    assert "first_name" not in json.dumps(result)
    kept = tmp_path / "tirage.json"
    kept.write_text(json.dumps(result))
    assert "exact" in foyer(environment, "draw", "--verify", str(kept)).stdout
    first, second = result["entries"][:2]
    first["place"], second["place"] = second["place"], first["place"]
    kept.write_text(json.dumps(result))
    assert foyer(environment, "draw", "--verify", str(kept)).returncode == 1
    kept.write_text(json.dumps(result | {"seed": "une autre"}))
    assert foyer(environment, "draw", "--verify", str(kept)).returncode == 1


def test_siblings_who_stay_together_are_drawn_as_one(portal: Portal, agent: Agent, database: Database) -> None:
    """One place is no use to two: it goes to the next unit, and the two wait first, with the points of a sibling."""
    activity = lottery(agent)
    both = portal.parent_with_key(agent, portal.family(lambda one: len(one.children) > 1))
    other = portal.parent_with_key(agent)
    facts(database, other, 2000, "KOUROU")
    assert both.family
    items = [
        {"child_id": child["id"], "activity_id": activity["id"], "days": ["mon"]} for child in both.family.children[:2]
    ]
    both.post("/enrollments/baskets", {"items": items, "together": True})
    ask(other, activity)
    close(database, activity)
    assert portal.mailbox.wait(other.email, "tirée au sort, confirmée")
    mine = both.get("/enrollments").json()["items"]
    assert sorted((one["state"], one["rank"]) for one in mine) == [("waitlisted", 1), ("waitlisted", 2)]
    assert all(c["counted"] for one in mine for c in one["draw"]["criteria"] if c["code"] == "fratrie")


def test_an_agent_checks_what_is_declared_until_the_draw(portal: Portal, agent: Agent, database: Database) -> None:
    """With a reason that the family reads; afterwards nothing is changed."""
    activity, parent = lottery(agent), portal.parent_with_key(agent)
    mine = ask(parent, activity, "travail")
    path = f"/agent/activities/{activity['id']}/enrollments/{mine['id']}/declared"
    assert agent.send("PUT", path, {"declared": [], "reason": ""}).status_code == 422
    assert agent.send("PUT", path, {"declared": ["autre"], "reason": "x"}).json()["errors"][0]["pointer"] == "/declared"
    assert agent.send("PUT", path, {"declared": [], "reason": "Attestation manquante."}).status_code == 204
    seen = parent.get(f"/enrollments/{mine['id']}").json()
    assert (seen["declared"], seen["declared_reason"]) == ([], "Attestation manquante.")
    close(database, activity)
    portal.mailbox.wait(parent.email, "tirée au sort")
    assert agent.send("PUT", path, {"declared": ["travail"], "reason": "Si."}).json()["code"] == "not-decidable"
    assert parent.send("PUT", path, {"declared": ["travail"], "reason": "Si."}).status_code == 403


def test_the_rules_of_a_draw_do_not_change_once_somebody_has_asked(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """Criteria are fixed, a criterion that does not exist is refused, a draw before the closing too."""
    activity, parent = lottery(agent), portal.parent_with_key(agent)
    assert enroll(parent, activity["id"]).json()["state"] == "requested"
    assert write(agent, activity, criteria=CRITERIA[:1]).json()["errors"][0]["pointer"] == "/criteria"
    assert write(agent, activity, draws_at="2026-01-01T08:00:00-03:00").json()["errors"][0]["pointer"] == "/draws_at"
    assert parent.family
    wrong = {
        "child_id": parent.family.children[0]["id"],
        "activity_id": activity["id"],
        "days": ["mon"],
        "declared": ["fratrie"],
    }
    assert parent.post("/enrollments", wrong).json()["errors"][0]["pointer"] == "/declared"


entries = st.lists(
    st.builds(
        ballot.Entry,
        reference=st.text("ABC123", min_size=1, max_size=4),
        unit=st.sampled_from("xyz"),
        points=st.integers(0, 5),
    ),
    unique_by=lambda entry: entry.reference,
    max_size=12,
)


@given(seed=st.text(max_size=10), entries=entries)
def test_the_order_is_of_all_and_by_points(seed: str, entries: list[ballot.Entry]) -> None:
    """Everybody is drawn once, siblings side by side, more points first, and the order of asking changes nothing."""
    order = ballot.order(seed, entries)
    assert sorted(one.reference for unit in order for one in unit) == sorted(one.reference for one in entries)
    assert all(len({one.unit for one in unit}) == 1 for unit in order)
    points = [max(one.points for one in unit) for unit in order]
    assert points == sorted(points, reverse=True)
    assert ballot.order(seed, reversed(entries)) == order
