"""Agents publish activities, decide about enrollments, and print who comes."""

import csv
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Database
from tests.enrollments.test_enrollments import enroll
from tests.portal import Agent, Portal


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def wanted(**more: Any) -> dict[str, Any]:
    """An activity of its own for a test."""
    return {
        "code": f"R{uuid.uuid4().hex[:8]}",
        "name": "Atelier théâtre",
        "venue": "Centre Châton",
        "unit": "séance",
        "starts_on": "2027-01-04",
        "ends_on": "2027-06-30",
        "age_min": 0,
        "age_max": 18,
        "opens_at": "2026-01-01T08:00:00-03:00",
        "closes_at": "2027-06-01T18:00:00-03:00",
        "days": [{"day": "mon", "places": 2}, {"day": "tue", "places": 2}],
        "prices_cents": [100, 200, 300, 400],
        "documents": ["Certificat médical"],
        "decided_by": "places",
        "criteria": [],
        "draws_at": None,
    } | more


def publish(agent: Agent, **more: Any) -> dict[str, Any]:
    """A published activity."""
    answer = agent.post("/agent/activities", wanted(**more))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def write(agent: Agent, activity: dict[str, Any], **changes: Any) -> Any:
    """Change an activity as its form does: all of it, from the version that was read."""
    body = {name: activity[name] for name in wanted()} | changes
    body["days"] = [{"day": d["day"], "places": d["places"]} for d in body["days"]]
    return agent.send("PUT", f"/agent/activities/{activity['id']}", body, if_match=f'"{activity["version"]}"')


def decide(agent: Agent, activity: dict[str, Any], action: str, *ids: str, **more: Any) -> Any:
    """One answer to several enrollments."""
    return agent.post(f"/agent/activities/{activity['id']}/decisions", {"action": action, "ids": list(ids), **more})


def test_an_activity_is_published_seen_changed_and_closed(portal: Portal, agent: Agent) -> None:
    """A parent sees it at once, with its documents; after closing nobody enrolls."""
    activity, parent = publish(agent), portal.parent_with_key(agent)
    seen = parent.get(f"/activities/{activity['id']}").json()
    assert (seen["name"], seen["documents"], seen["is_open"]) == ("Atelier théâtre", ["Certificat médical"], True)
    changed = write(agent, activity, name="Théâtre", documents=[])
    assert (changed.status_code, changed.json()["name"], changed.json()["version"]) == (200, "Théâtre", 2)
    assert write(agent, activity, name="Trop tard").status_code == 412
    listed = agent.get("/agent/activities", search="theatre", limit="100").json()["items"]
    assert activity["id"] in [one["id"] for one in listed]
    assert agent.post(f"/agent/activities/{activity['id']}/closing").json()["is_open"] is False
    assert enroll(parent, activity["id"]).json()["code"] == "not-open"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ends_on": "2027-01-03"}, "/ends_on"),
        ({"age_min": 12, "age_max": 3}, "/age_max"),
        ({"closes_at": "2025-01-01T00:00:00Z"}, "/closes_at"),
        ({"days": [{"day": "mon", "places": 2}, {"day": "mon", "places": 3}]}, "/days"),
        ({"prices_cents": [1, 2, 3]}, "/prices_cents"),
        ({"name": " "}, "/name"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(agent: Agent, change: dict[str, Any], pointer: str) -> None:
    """Each with its own sentence, and nothing is written."""
    answer = agent.post("/agent/activities", wanted(**change))
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (422, [pointer])


def test_a_code_is_used_once(agent: Agent) -> None:
    """The back office knows an activity by it."""
    activity = publish(agent)
    answer = agent.post("/agent/activities", wanted(code=activity["code"]))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/code")


def test_a_change_cuts_nobody_off(portal: Portal, agent: Agent) -> None:
    """Fewer places than are taken, a day or dates that somebody has: each is refused."""
    activity, parent = publish(agent), portal.parent_with_key(agent)
    assert enroll(parent, activity["id"]).json()["state"] == "confirmed"
    activity = agent.get(f"/agent/activities/{activity['id']}").json()
    assert activity["counts"] == {"requested": 0, "confirmed": 1, "offered": 0, "waitlisted": 0}
    for change in (
        {"days": [{"day": "mon", "places": 0}, {"day": "tue", "places": 2}]},
        {"days": [{"day": "tue", "places": 2}]},
        {"ends_on": "2027-03-01"},
    ):
        answer = write(agent, activity, **change)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "enrolled")
    assert write(agent, activity, days=[{"day": "mon", "places": 1}]).status_code == 200


def test_added_places_are_offered_to_who_waits(portal: Portal, agent: Agent) -> None:
    """In the order they came, in the same moment."""
    activity = publish(agent, days=[{"day": "mon", "places": 1}])
    parents = [portal.parent_with_key(agent) for _ in range(3)]
    asked = [enroll(p, activity["id"]).json()["id"] for p in parents]
    activity = agent.get(f"/agent/activities/{activity['id']}").json()
    assert write(agent, activity, days=[{"day": "mon", "places": 2}]).json()["counts"]["offered"] == 1
    states = [p.get(f"/enrollments/{i}").json()["state"] for p, i in zip(parents, asked, strict=True)]
    assert states == ["confirmed", "offered", "waitlisted"]


def test_places_that_a_file_adds_are_offered_by_the_worker(portal: Portal, agent: Agent, database: Database) -> None:
    """An import writes places without looking at who waits."""
    activity = publish(agent, days=[{"day": "mon", "places": 1}])
    first, second = portal.parent_with_key(agent), portal.parent_with_key(agent)
    enroll(first, activity["id"])
    enroll(second, activity["id"])
    database.run("UPDATE activity_day SET places = 2 WHERE activity_id = $1::text::uuid", activity["id"])
    assert portal.mailbox.wait(second.email, "une place se libère")


def test_an_agent_decides_and_nothing_is_taken_before(portal: Portal, agent: Agent, database: Database) -> None:
    """Requested, then confirmed within the places, put on the list, or refused with the reason that the parent reads."""
    activity = publish(agent, decided_by="agent", days=[{"day": "mon", "places": 1}])
    parents = [portal.parent_with_key(agent) for _ in range(4)]
    asked = [enroll(p, activity["id"]).json() for p in parents]
    assert {a["state"] for a in asked} == {"requested"}
    assert portal.mailbox.wait(parents[0].email, "demande reçue")
    ids = [a["id"] for a in asked]
    assert database.value("SELECT taken FROM activity_day WHERE activity_id = $1::text::uuid", activity["id"]) == 0
    outcome = decide(agent, activity, "confirmation", ids[0], ids[1]).json()["items"]
    assert [(o["done"], o["code"]) for o in outcome] == [(True, None), (False, "no-place-left")]
    assert portal.mailbox.wait(parents[0].email, "confirmée")
    assert decide(agent, activity, "waiting-list", ids[1]).json()["items"][0]["done"]
    assert decide(agent, activity, "refusal", ids[2]).json()["errors"][0]["pointer"] == "/reason"
    assert decide(agent, activity, "refusal", ids[2], reason="Dossier incomplet.").json()["items"][0]["done"]
    letter = portal.mailbox.wait(parents[2].email, "réponse du service")
    assert "Dossier" not in letter.body
    read = [p.get(f"/enrollments/{i}").json() for p, i in zip(parents, ids, strict=True)]
    assert [(r["state"], r["reason"]) for r in read] == [
        ("confirmed", None),
        ("waitlisted", None),
        ("refused", "Dossier incomplet."),
        ("requested", None),
    ]
    assert decide(agent, activity, "confirmation", ids[2]).json()["items"][0]["code"] == "not-decidable"


def test_a_refused_place_goes_to_the_next(portal: Portal, agent: Agent) -> None:
    """Taking a place back from a family offers it to who waits; that family may enroll again."""
    activity = publish(agent, days=[{"day": "mon", "places": 1}])
    holder, waiting = portal.parent_with_key(agent), portal.parent_with_key(agent)
    held, waits = (enroll(p, activity["id"]).json() for p in (holder, waiting))
    assert decide(agent, activity, "refusal", held["id"], reason="Hors commune.").json()["items"][0]["done"]
    assert waiting.get(f"/enrollments/{waits['id']}").json()["state"] == "offered"
    assert enroll(holder, activity["id"]).json()["state"] == "waitlisted"


def test_agents_and_parents_at_once_never_oversell_nor_block(portal: Portal, agent: Agent, database: Database) -> None:
    """Confirming, cancelling and enrolling at the same moment: every call is answered, taken is what is held."""
    activity = publish(agent, decided_by="agent", days=[{"day": "mon", "places": 3}])
    parents = [portal.parent_with_key(agent) for _ in range(6)]
    asked = [enroll(p, activity["id"]).json()["id"] for p in parents]
    decide(agent, activity, "confirmation", *asked[:3])
    calls = [
        *(lambda p=p, i=i: p.post(f"/enrollments/{i}/cancellation") for p, i in zip(parents, asked, strict=True)),
        *(lambda i=i: decide(agent, activity, "refusal", i, reason="Fermé.") for i in asked),
        *(lambda i=i: decide(agent, activity, "confirmation", i) for i in asked),
    ]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda call: call().status_code, calls))
    assert set(answers) <= {200, 409}
    held = database.value(
        "SELECT count(*) FROM enrollment WHERE activity_id = $1::text::uuid AND state IN ('confirmed', 'offered')",
        activity["id"],
    )
    assert held == database.value("SELECT taken FROM activity_day WHERE activity_id = $1::text::uuid", activity["id"])


def test_the_list_names_who_is_enrolled_and_who_waits(portal: Portal, agent: Agent) -> None:
    """In the order they came, by state and day, page by page."""
    activity = publish(agent, days=[{"day": "mon", "places": 1}, {"day": "tue", "places": 1}])
    parents = [portal.parent_with_key(agent) for _ in range(3)]
    for parent in parents:
        enroll(parent, activity["id"])
    url = f"/agent/activities/{activity['id']}/enrollments"
    listed = agent.get(url).json()["items"]
    assert [(e["state"], e["rank"]) for e in listed] == [("confirmed", None), ("waitlisted", 1), ("waitlisted", 2)]
    assert parents[0].family
    assert listed[0]["child"]["first_name"] == parents[0].family.children[0]["first_name"]
    assert [e["rank"] for e in agent.get(url, state="waitlisted").json()["items"]] == [1, 2]
    assert agent.get(url, day="tue").json()["items"] == []
    first = agent.get(url, limit="1").json()
    rest = agent.get(url, limit="5", cursor=first["next_cursor"]).json()["items"]
    assert [*first["items"], *rest] == listed


def test_the_export_is_a_sheet_that_runs_nothing(portal: Portal, agent: Agent, database: Database) -> None:
    """A name that begins as a formula is a text; the export is written down."""
    activity, parent = publish(agent), portal.parent_with_key(agent)
    enroll(parent, activity["id"])
    assert parent.family
    child = parent.family.children[0]
    database.run("UPDATE child SET first_name = '=1+1' WHERE id = $1::text::uuid", child["id"])
    answer = agent.get(f"/agent/activities/{activity['id']}/enrollments.csv")
    database.run("UPDATE child SET first_name = $2 WHERE id = $1::text::uuid", child["id"], child["first_name"])
    assert activity["code"] in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [(r["Prénom"], r["État"], r["Jours"]) for r in rows] == [("'=1+1", "confirmée", "lun")]
    written = "SELECT count(*) FROM audit_event WHERE action = 'activity.exported' AND facts ->> 'activity' = $1"
    assert database.value(written, activity["id"]) == 1


def test_the_attendance_sheet_is_a_pdf_of_the_confirmed(portal: Portal, agent: Agent) -> None:
    """It has a page for a month; a month that is none is refused."""
    activity, parent = publish(agent), portal.parent_with_key(agent)
    enroll(parent, activity["id"])
    url = f"/agent/activities/{activity['id']}/attendance.pdf"
    answer = agent.get(url, month="2027-02")
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
    assert agent.get(url, month="2027-13").status_code == 422
    assert agent.get(url, month="2028-02").content.startswith(b"%PDF")  # outside: it says so


def test_who_publishes_and_who_decides_is_by_role(portal: Portal, agent: Agent, colleague: Agent) -> None:
    """The desk decides and does not publish; a parent does neither."""
    activity, parent = publish(agent), portal.parent_with_key(agent)
    assert colleague.get(f"/agent/activities/{activity['id']}").status_code == 200
    assert colleague.post("/agent/activities", wanted()).status_code == 403
    assert write(colleague, activity).status_code == 403
    assert colleague.post(f"/agent/activities/{activity['id']}/closing").status_code == 403
    for url in ("", "/enrollments", "/enrollments.csv", "/attendance.pdf?month=2027-01"):
        assert parent.get(f"/agent/activities/{activity['id']}{url}").status_code == 403
    assert decide(parent, activity, "confirmation", activity["id"]).status_code == 403
