"""What an agent who answers for the desk looks at."""

import time

from tests.conftest import Database
from tests.portal import Agent, Portal

PATIENCE = 20.0  # seconds, of a loaded machine


def fail(database: Database, email: str, template: str, more: str = "") -> None:
    """What a mail server's last word does to a message, once the worker has written down that it left."""
    which = "WHERE recipient = $1 AND template = $2"
    until = time.monotonic() + PATIENCE
    while database.value(f"SELECT state FROM message {which}", email, template) != "sent" and time.monotonic() < until:
        time.sleep(0.05)
    refused = "state = 'failed', sent_at = NULL, error = '550 no such user'"
    database.run(f"UPDATE message SET {refused}{more} {which}", email, template)


def test_a_message_that_did_not_arrive_is_sent_again(portal: Portal, agent: Agent, database: Database) -> None:
    """A dead letter is listed with what the server said, without its words; sent again, it arrives."""
    parent = portal.parent()
    parent.post("/requests", {"type": "question", "data": {"subject": "x", "question": "y"}})
    portal.mailbox.wait(parent.email, "bien reçue")
    fail(database, parent.email, "request-submitted")
    listed = agent.get("/agent/messages", state="failed", recipient=parent.email[:12]).json()["items"]
    assert [(m["recipient"], m["error"], m["can_resend"]) for m in listed] == [(parent.email, "550 no such user", True)]
    assert not {"params", "secrets", "body"} & listed[0].keys()
    path = f"/agent/messages/{listed[0]['id']}/resending"
    assert agent.post(path).status_code == 204
    assert portal.mailbox.wait(parent.email, "bien reçue", after=1)
    assert agent.post(path).json()["code"] == "not-resendable"


def test_a_message_whose_link_is_too_old_is_not_sent_again(portal: Portal, agent: Agent, database: Database) -> None:
    """A dead key or link would only mislead."""
    parent = portal.parent()
    portal.http.post("/password-resets", json={"email": parent.email})
    portal.mailbox.wait(parent.email, "Choisissez un nouveau mot de passe")
    fail(database, parent.email, "password-reset", ", expires_at = now() - interval '1 hour'")
    listed = agent.get("/agent/messages", state="failed", recipient=parent.email).json()["items"]
    assert [m["can_resend"] for m in listed] == [False]
    assert agent.post(f"/agent/messages/{listed[0]['id']}/resending").status_code == 409


def test_the_audit_is_searched_by_file_agent_and_day(portal: Portal, agent: Agent, administrator: Agent) -> None:
    """Who saw or changed what; for administrators only."""
    family = portal.family()
    agent.get(f"/agent/families/{family.id}")
    found = administrator.get("/agent/audit", family=family.reference, action="family.viewed").json()["items"]
    assert [(e["action"], e["by_kind"], e["family_reference"]) for e in found] == [
        ("family.viewed", "agent", family.reference)
    ]
    colleagues = agent.get("/agent/colleagues").json()["items"]
    by_agent = [
        [e["action"] for e in administrator.get("/agent/audit", agent=c["id"], family=family.reference).json()["items"]]
        for c in colleagues
        if c["name"] == found[0]["by"]
    ]
    assert ["family.viewed"] in by_agent
    assert administrator.get("/agent/audit", family=family.reference, day="2020-01-01").json()["items"] == []
    assert agent.get("/agent/audit").json()["scope"] == "agent:audit"


def test_the_figures_are_those_of_the_tables(portal: Portal, agent: Agent, database: Database) -> None:
    """Requests by state and age, keys, accounts, sign-ins, what did not arrive."""
    portal.parent().post("/requests", {"type": "question", "data": {"subject": "x", "question": "y"}})
    figures = agent.get("/agent/figures").json()
    assert sum(figures["requests"].values()) == database.value("SELECT count(*) FROM request")
    open_states = ("submitted", "in_review", "correction_requested")
    assert sum(a["count"] for a in figures["open_by_age"]) == sum(figures["requests"].get(s, 0) for s in open_states)
    assert figures["undelivered"] == database.value("SELECT count(*) FROM message WHERE state = 'failed'")
    assert figures["families"] == database.value("SELECT count(*) FROM family")
    assert figures["sign_ins_week"] > 0


def test_keys_that_end_soon_are_listed(portal: Portal, agent: Agent, database: Database) -> None:
    """Not used, not dead, within the days asked for."""
    family = portal.family()
    portal.issue(agent, family, "counter")

    def ending(days: int) -> list[str]:
        return [k["family_reference"] for k in agent.get("/agent/service-keys", days=days, limit=100).json()["items"]]

    assert family.reference not in ending(7)
    assert family.reference in ending(31)


def test_refused_keys_are_listed_with_who_typed_them_and_why(portal: Portal, agent: Agent, database: Database) -> None:
    """A key that is none has no file; one that was used names the file that it was of."""
    database.run("DELETE FROM attempts")
    family, other = portal.family(), portal.parent()
    key = portal.issue(agent, family)
    portal.parent().post("/service-keys", {"service": "enfance", "key": key})
    other.post("/service-keys", {"service": "enfance", "key": key})
    name = " ".join(other.get("/me").json()[part] for part in ("first_name", "last_name"))
    newest = agent.get("/agent/service-key-attempts", limit="1").json()
    assert newest["items"][0]["reason"] == "spent"
    assert (newest["items"][0]["name"], newest["items"][0]["family_reference"]) == (name, family.reference)
    assert other.get("/agent/service-key-attempts").status_code == 403
