"""The agents' desk: who has a request, several at once, kinds of request as data."""

from typing import Any

from tests.conftest import Database
from tests.portal import Agent, Parent, Portal

QUESTION = {"type": "question", "data": {"subject": "Cantine", "question": "Peut-on changer de jour ?"}}


def ask(parent: Parent, body: dict[str, Any] = QUESTION) -> dict[str, Any]:
    """A request as it was sent."""
    answer = parent.post("/requests", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_two_agents_on_one_request(portal: Portal, agent: Agent, colleague: Agent) -> None:
    """The second reads who has it, and may take it over; then the first reads who answered."""
    request = ask(portal.parent())["id"]
    assert agent.post(f"/agent/requests/{request}/review").status_code == 200
    refused = colleague.post(f"/agent/requests/{request}/refusal", {"reason": "Non"})
    assert (refused.status_code, refused.json()["code"]) == (409, "held-by-another")
    assert refused.json()["agent"] in refused.json()["detail"]
    seen = colleague.get(f"/agent/requests/{request}").json()
    assert seen["assignee"]["name"] == refused.json()["agent"]
    me = next(c for c in colleague.get("/agent/colleagues").json()["items"] if c["name"] == "Lou Collègue")
    taken = colleague.send(
        "PUT", f"/agent/requests/{request}/assignee", {"agent_id": me["id"]}, if_match=f'"{seen["version"]}"'
    )
    assert (taken.status_code, taken.json()["assignee"]["name"]) == (200, "Lou Collègue")
    assert colleague.post(f"/agent/requests/{request}/acceptance").status_code == 200
    late = agent.post(f"/agent/requests/{request}/acceptance")
    assert (late.status_code, late.json()["agent"]) == (409, "Lou Collègue")
    kinds = [event["kind"] for event in colleague.get(f"/agent/requests/{request}").json()["history"]]
    assert kinds == ["state", "state", "assignment", "state"]


def test_a_parent_does_not_read_who_has_the_request(portal: Portal, agent: Agent) -> None:
    """The timeline has the states only, and no agent's name."""
    parent = portal.parent()
    request = ask(parent)["id"]
    agent.post(f"/agent/requests/{request}/review")
    seen = parent.get(f"/requests/{request}").json()
    assert [event["state"] for event in seen["timeline"]] == ["submitted", "in_review"]
    assert not {"history", "assignee", "requester"} & seen.keys()


def test_a_stale_assignment_is_refused(portal: Portal, agent: Agent) -> None:
    """412 for an old version, 428 without one."""
    request = ask(portal.parent())["id"]
    path = f"/agent/requests/{request}/assignee"
    answers = [
        agent.send("PUT", path, {"agent_id": None}),
        agent.send("PUT", path, {"agent_id": None}, if_match='"99"'),
    ]
    assert [a.status_code for a in answers] == [428, 412]


def test_several_at_once_each_by_itself(portal: Portal, agent: Agent, colleague: Agent) -> None:
    """One that cannot be done stops no other, and says why; a key request is accepted one by one."""
    parent = portal.parent()
    free, held = ask(parent)["id"], ask(parent)["id"]
    key = ask(parent, {"type": "service-key", "data": {"service": "enfance", "deliver_by": "email"}})["id"]
    colleague.post(f"/agent/requests/{held}/review")
    order = {"action": "acceptance", "ids": [free, held, key]}
    done = agent.post("/agent/request-batches", order).json()["items"]
    assert [(d["done"], d["code"]) for d in done] == [(True, None), (False, "held-by-another"), (False, "invalid")]
    states = [agent.get(f"/agent/requests/{i}").json()["state"] for i in (free, held, key)]
    assert states == ["accepted", "in_review", "submitted"]
    bare = agent.post("/agent/request-batches", {"action": "refusal", "ids": [key]})
    assert bare.json()["errors"][0]["pointer"] == "/reason"


def test_the_queue_is_searched_and_filtered(portal: Portal, agent: Agent) -> None:
    """By name without accents, by reference, by who has it, by messages that nobody saw."""
    parent = portal.parent(first_name="Éloïse", last_name="Zébulon-Ñandú")
    request = ask(parent)

    def found(**filters: str) -> list[str]:
        return [r["id"] for r in agent.get("/agent/requests", **filters).json()["items"]]

    assert found(search="zebulon nan") == found(search=request["reference"]) == [request["id"]]
    assert found(search="zebulon", unread="true") == []
    parent.post(f"/requests/{request['id']}/messages", {"body": "Bonjour"})
    assert found(search="zebulon", unread="true") == [request["id"]]
    assert found(search="zebulon", assigned="me") == []
    agent.post(f"/agent/requests/{request['id']}/review")
    assert found(search="zebulon", assigned="me") == [request["id"]]
    assert found(search="zebulon", assigned="nobody") == found(search="zebulon", type="service-key") == []
    assert found(search="100%") == []


def test_a_change_of_details_is_written_into_the_file_when_it_is_accepted(portal: Portal, agent: Agent) -> None:
    """Old and new value until then; only what was asked for, and only of who asked."""
    family = portal.family()
    parent = portal.parent_with_key(agent, family)
    old = agent.get(f"/agent/families/{family.id}").json()["adults"][0]
    data = {"family_id": family.id, "phone": "0694 20 30 40", "city": "Matoury"}
    request = ask(parent, {"type": "family-change", "data": data})
    assert request["before"] == {"phone": old["phone"], "city": old["city"]}
    assert request["data"]["phone"] == "+594694203040"
    assert agent.get(f"/agent/families/{family.id}").json()["adults"][0]["phone"] == old["phone"]
    assert agent.post(f"/agent/requests/{request['id']}/acceptance").status_code == 200
    new = agent.get(f"/agent/families/{family.id}").json()["adults"]
    assert (new[0]["phone"], new[0]["city"], new[0]["address"]) == ("+594694203040", "Matoury", old["address"])
    assert all(other["phone"] != "+594694203040" for other in new[1:])


def test_an_agent_reads_which_invoice_is_contested(portal: Portal, agent: Agent) -> None:
    """By its number, as the parent does; the id says nothing to anybody."""
    parent = portal.parent_with_key(agent)
    invoice = parent.get("/invoices").json()["items"][0]
    request = ask(parent, {"type": "invoice-contest", "data": {"invoice_id": invoice["id"], "reason": "Trop cher"}})
    seen = [request, agent.get(f"/agent/requests/{request['id']}").json()]
    assert [one["about"] for one in seen] == [{"invoice": invoice["number"]}] * 2


def test_a_request_names_only_ones_own_things(portal: Portal, agent: Agent) -> None:
    """Another family's file, another's invoice, a wrong phone: refused at their field."""
    family, other = portal.family(), portal.family()
    parent = portal.parent_with_key(agent, family)
    stranger = portal.parent_with_key(agent, other)
    invoice = stranger.get("/invoices").json()["items"][0]["id"]
    bodies = {
        "/data/family_id": {"type": "family-change", "data": {"family_id": other.id, "city": "Kourou"}},
        "/data/invoice_id": {"type": "invoice-contest", "data": {"invoice_id": invoice, "reason": "Trop cher"}},
        "/data/phone": {"type": "family-change", "data": {"family_id": family.id, "phone": "12"}},
        "/data": {"type": "family-change", "data": {"family_id": family.id}},
    }
    pointers = [parent.post("/requests", body).json()["errors"][0]["pointer"] for body in bodies.values()]
    assert pointers == list(bodies)
    assert portal.parent().post("/requests", bodies["/data/phone"]).status_code == 403


def test_an_agent_sees_only_the_kinds_of_request_that_their_rights_handle(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """A kind that another service handles is not in the queue, and does not exist by its address."""
    request = ask(portal.parent())["id"]
    database.run("UPDATE request_type SET handled_by = 'agent:elsewhere' WHERE slug = 'question'")
    try:
        listed = agent.get("/agent/requests", type="question").json()["items"]
        answers = [
            agent.get(f"/agent/requests/{request}"),
            agent.post(f"/agent/requests/{request}/review"),
            agent.post(f"/agent/requests/{request}/messages", {"body": "x"}),
        ]
    finally:
        database.run("UPDATE request_type SET handled_by = 'agent:requests' WHERE slug = 'question'")
    assert (listed, [a.status_code for a in answers]) == ([], [404] * 3)


def test_views_are_ones_own_and_texts_everybodys(agent: Agent, colleague: Agent) -> None:
    """A colleague uses my text, not my view."""
    kept = agent.post("/agent/request-views", {"name": "Mes clés", "filters": {"type": "service-key"}}).json()
    assert kept["id"] in [v["id"] for v in agent.get("/agent/request-views").json()["items"]]
    assert colleague.get("/agent/request-views").json()["items"] == []
    assert colleague.send("DELETE", f"/agent/request-views/{kept['id']}").status_code == 404
    text = {"name": "Merci", "body": "Merci pour votre réponse."}
    made = agent.post("/agent/reply-templates", text).json()
    assert colleague.post("/agent/reply-templates", text).json()["errors"][0]["pointer"] == "/name"
    path = f"/agent/reply-templates/{made['id']}"
    changed = colleague.send("PUT", path, text | {"body": "Merci !"}, if_match='"1"')
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert agent.send("DELETE", path).status_code == 204
