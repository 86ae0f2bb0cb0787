"""A person's own data: who looked, everything, and the end."""

from datetime import timedelta

from tests.absences.test_absences import begun, today
from tests.conftest import Database
from tests.portal import PASSWORD, Agent, Portal
from tests.second_factors.test_totp import switch_on


def test_a_parent_sees_that_an_agent_looked(portal: Portal, agent: Agent, database: Database) -> None:
    """At the family file and at a request; not which agent, and not another family's."""
    database.run("DELETE FROM attempts")
    parent, other = portal.parent_with_key(agent), portal.parent_with_key(agent)
    assert parent.family
    request = parent.post(
        "/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}}
    ).json()
    agent.get(f"/agent/families/{parent.family.id}")
    agent.get(f"/agent/requests/{request['id']}")
    seen = parent.get("/me/audit", limit=100).json()["items"]
    assert ("family.viewed", "agent", "family") in {(e["action"], e["by"], e["about"]) for e in seen}
    assert [e["request_reference"] for e in seen if e["action"] == "request.viewed"] == [request["reference"]]
    assert ("service_key.attached", "me") in {(e["action"], e["by"]) for e in seen}
    assert "family.viewed" not in {e["action"] for e in other.get("/me/audit", limit=100).json()["items"]}
    first = parent.get("/me/audit", limit=1).json()
    assert parent.get("/me/audit", limit=1, cursor=first["next_cursor"]).json()["items"] != first["items"]


def test_the_export_has_every_part_and_nobody_elses(portal: Portal, agent: Agent, database: Database) -> None:
    """Profile, household, family, own contacts, invoices with lines, requests, enrollments, devices, who looked."""
    database.run("DELETE FROM attempts")
    parent, enrollment = begun(portal, agent, database)
    assert parent.family
    parent.post(
        "/household/members", {"kind": "contact", "first_name": "Mamie", "last_name": "Silva", "phone": "0694123456"}
    )
    parent.post("/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}})
    switch_on(parent)
    day = (today() + timedelta(days=3)).isoformat()
    assert parent.post(f"/enrollments/{enrollment['id']}/absences", {"day": day}).status_code == 201
    answer = parent.get("/me/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    export = answer.json()
    assert export["profile"]["email"] == parent.email
    assert export["household_members"][0]["first_name"] == "Mamie"
    assert export["families"][0]["reference"] == parent.family.reference
    assert [c["email"] for c in export["family_contacts"]] == [parent.family.adults[0]["email"]]
    assert export["invoices"][0]["lines"]
    assert export["requests"][0]["messages"] == []
    assert [(one["enrollment_id"], one["day"]) for one in export["absences"]] == [(enrollment["id"], day)]
    assert export["sessions"]
    assert (export["second_factors"]["totp"], export["second_factors"]["recovery_codes_left"]) == (True, 10)
    assert [link["id"] for link in export["service_keys"]] == [parent.link_id]
    assert [one["id"] for one in export["enrollments"]] == [enrollment["id"]]
    assert export["access"]
    assert parent.family.adults[1]["email"] not in answer.text


def test_closing_an_account_erases_the_person_and_leaves_the_family(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """The next request is refused, the address is free again, no row holds the name; the other parent still sees all."""
    database.run("DELETE FROM attempts")
    family = portal.family()
    parent, other = portal.parent_with_key(agent, family=family), portal.parent_with_key(agent, family=family, adult=1)
    parent.post(
        "/household/members", {"kind": "contact", "first_name": "Mamie", "last_name": "Zuzanna", "phone": "0694123456"}
    )
    parent.post(
        "/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}}, idempotency_key="k"
    )
    switch_on(parent)
    parent.post("/me/calendar")
    version = parent.get("/me").headers["etag"]
    account = database.value("SELECT id FROM account WHERE email = $1", parent.email)
    accounting = "SELECT sum(total_cents), count(*), (SELECT count(*) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id WHERE i.family_id = $1::text::uuid) FROM invoice WHERE family_id = $1::text::uuid"
    before = database.rows(accounting, family.id)
    assert parent.send("DELETE", "/me", {"current_password": PASSWORD}).status_code == 428
    assert parent.send("DELETE", "/me", {"current_password": "faux"}, if_match=version).status_code == 422
    assert parent.send("DELETE", "/me", {"current_password": PASSWORD}, if_match=version).status_code == 204
    assert parent.get("/family").status_code == 401
    assert portal.mailbox.wait(parent.email, "Votre compte est fermé")
    of_people = (
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'account_id'"
    )
    left = {
        row[0]
        for row in database.rows(of_people)
        if database.value(f"SELECT count(*) FROM {row[0]} WHERE account_id = $1", account)
    }
    assert left == {"audit_event", "service_link"}  # ids; no name
    assert (
        database.value("SELECT row_to_json(a)::text LIKE $2 FROM account a WHERE id = $1", account, "%Silva%") is False
    )
    assert other.get("/family").json()["items"][0]["reference"] == family.reference
    assert database.rows(accounting, family.id) == before
    database.run("DELETE FROM attempts")  # a mail a minute
    portal.sign_up(parent.email)
    assert portal.mailbox.wait(parent.email, "Activez", after=1)


def test_an_agents_account_is_the_towns(agent: Agent) -> None:
    """They cannot close it themselves."""
    version = agent.get("/me").headers["etag"]
    body = {"current_password": agent.extra["password"]}
    assert agent.send("DELETE", "/me", body, if_match=version).json()["code"] == "agent-account"
