"""The waiting list: how long an offer lasts, who is told how, ranks that move and are explained."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from api.enrollments.models import offer_lasts
from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


@pytest.mark.parametrize(
    ("until_the_start", "hours"),
    [
        (timedelta(days=30), 48),
        (timedelta(days=4), 48),
        (timedelta(days=2), 24),
        (timedelta(hours=1), 2),
        (timedelta(days=-9), 24),
    ],
)
def test_an_offer_is_shorter_close_to_the_start(until_the_start: timedelta, hours: int) -> None:
    """48 hours; half of what is left near the start, never under two; a day once it runs."""
    assert offer_lasts(until_the_start) == timedelta(hours=hours)


def queue(portal: Portal, agent: Agent, where: str, waiting: int) -> tuple[list[Parent], list[dict[str, Any]]]:
    """One who has the place, and others who wait."""
    parents = [portal.parent_with_key(agent) for _ in range(waiting + 1)]
    return parents, [enroll(parent, where).json() for parent in parents]


def history(parent: Parent, enrollment: dict[str, Any]) -> list[tuple[int | None, str]]:
    """The ranks of an enrollment and their causes."""
    detail = parent.get(f"/enrollments/{enrollment['id']}").json()
    return [(change["rank"], change["cause"]) for change in detail["rank_history"]]


def test_an_offer_comes_by_mail_and_sms_with_its_limit(portal: Portal, agent: Agent, database: Database) -> None:
    """Both have the day and hour and the page where one tap accepts; neither the child's name."""
    where = activity(database, places=1)
    (holder, next_one), (held, waits) = queue(portal, agent, where, 1)
    phone = database.value(
        "UPDATE account SET phone = '+594694000077' WHERE email = $1 RETURNING phone", next_one.email
    )
    holder.post(f"/enrollments/{held['id']}/cancellation")
    until = datetime.fromisoformat(next_one.get(f"/enrollments/{waits['id']}").json()["offered_until"])
    said = f"{until - timedelta(hours=3):%d/%m/%Y à %Hh%M}"  # Cayenne's time
    for message in (portal.mailbox.wait(next_one.email, "une place se libère"), portal.mailbox.wait(phone, "SMS")):
        assert said in message.body
        assert f"/mes-inscriptions/{waits['id']}" in message.body
        assert next_one.family
        assert next_one.family.children[0]["first_name"] not in message.body


def test_every_rank_is_kept_with_its_cause(portal: Portal, agent: Agent, database: Database) -> None:
    """Who waits sees the rank they got, each step up, and the offer; nobody else's name."""
    where = activity(database, places=1)
    parents, enrollments = queue(portal, agent, where, 3)
    parents[2].post(f"/enrollments/{enrollments[2]['id']}/cancellation")  # the second who waits gives up
    parents[0].post(f"/enrollments/{enrollments[0]['id']}/cancellation")  # the place is offered to the first
    assert history(parents[3], enrollments[3]) == [(3, "joined"), (2, "others-left"), (1, "others-left")]
    assert history(parents[1], enrollments[1]) == [(1, "joined"), (None, "offered")]
    assert history(parents[2], enrollments[2]) == [(2, "joined"), (None, "cancelled")]
    assert history(parents[0], enrollments[0]) == []


def test_an_agent_moves_one_who_waits_with_a_reason(portal: Portal, agent: Agent, database: Database) -> None:
    """The family reads the reason, the others that the order changed; the next place goes by the new order."""
    where = activity(database, places=1)
    parents, enrollments = queue(portal, agent, where, 3)
    move = {"enrollment_id": enrollments[3]["id"], "rank": 1, "reason": "Situation d'urgence."}
    assert agent.post(f"/agent/activities/{where}/waiting-list", move | {"reason": ""}).status_code == 422
    assert agent.post(f"/agent/activities/{where}/waiting-list", move).status_code == 204
    ranks = [parents[n].get(f"/enrollments/{enrollments[n]['id']}").json()["rank"] for n in (1, 2, 3)]
    assert ranks == [2, 3, 1]
    listed = agent.get(f"/agent/activities/{where}/enrollments", state="waitlisted").json()["items"]
    assert [entry["rank"] for entry in listed] == [1, 2, 3]
    told = parents[3].get(f"/enrollments/{enrollments[3]['id']}").json()["rank_history"][-1]
    assert (told["rank"], told["cause"], told["reason"]) == (1, "moved", "Situation d'urgence.")
    other = parents[1].get(f"/enrollments/{enrollments[1]['id']}").json()["rank_history"][-1]
    assert (other["rank"], other["cause"], other["reason"]) == (2, "reordered", None)
    parents[0].post(f"/enrollments/{enrollments[0]['id']}/cancellation")
    states = [parents[n].get(f"/enrollments/{enrollments[n]['id']}").json()["state"] for n in (1, 2, 3)]
    assert states == ["waitlisted", "waitlisted", "offered"]
    assert agent.post(f"/agent/activities/{where}/waiting-list", move).json()["code"] == "not-decidable"
    assert parents[0].post(f"/agent/activities/{where}/waiting-list", move).status_code == 403


def test_what_is_over_ends_and_an_early_end_frees_its_place(portal: Portal, agent: Agent, database: Database) -> None:
    """The worker ends it the day after its last day, and offers the place to who waits."""
    where = activity(database, places=1)
    (holder, next_one), (held, waits) = queue(portal, agent, where, 1)
    database.run(
        "UPDATE enrollment SET starts_on = current_date - 20, ends_on = current_date - 2 WHERE id = $1::text::uuid",
        held["id"],
    )
    assert portal.mailbox.wait(next_one.email, "une place se libère")
    assert next_one.get(f"/enrollments/{waits['id']}").json()["state"] == "offered"
    assert holder.get(f"/enrollments/{held['id']}").json()["state"] == "ended"
    assert holder.post(f"/enrollments/{held['id']}/cancellation").json()["code"] == "not-cancellable"


def test_an_offer_goes_to_the_parent_who_is_still_in_the_file(portal: Portal, agent: Agent, database: Database) -> None:
    """Who asked has left it meanwhile: the other parent is told, and who left is not."""
    where, family = activity(database, places=1), portal.family()
    holder = portal.parent_with_key(agent)
    asker, other = portal.parent_with_key(agent, family), portal.parent_with_key(agent, family, adult=1)
    held = enroll(holder, where).json()
    assert enroll(asker, where).json()["state"] == "waitlisted"
    assert asker.send("DELETE", f"/service-keys/{asker.link_id}").status_code == 204
    assert holder.post(f"/enrollments/{held['id']}/cancellation").status_code == 200
    assert portal.mailbox.wait(other.email, "une place se libère")
    assert not [
        letter for letter in portal.mailbox.letters if letter.to == asker.email and "se libère" in letter.subject
    ]
