"""The request for a key, from the parent to the agent and back."""

from tests.portal import KEY, Agent, Portal, found

ASK = {
    "type": "service-key",
    "data": {
        "service": "enfance",
        "deliver_by": "email",
        "children": [{"first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}],
    },
}


def test_the_guides_way_from_the_request_to_the_open_family(portal: Portal, agent: Agent) -> None:
    """Ask, be taken into review, be accepted with a key by mail, type it, see the family."""
    parent, family = portal.parent(), portal.family()
    sent = parent.post("/requests", ASK)
    assert sent.status_code == 201
    request = sent.json()
    assert portal.mailbox.wait(parent.email, request["reference"])
    assert agent.post(f"/agent/requests/{request['id']}/review").json()["state"] == "in_review"
    before = sum(
        "clé" in letter.subject and letter.to == family.adults[0]["email"] for letter in portal.mailbox.letters
    )
    accepted = agent.post(
        f"/agent/requests/{request['id']}/acceptance",
        {"service_key": {"adult_id": family.adults[0]["id"], "deliver_by": "email"}},
    )
    assert (accepted.json()["state"], accepted.json()["issued_key"]["key"]) == ("accepted", None)
    assert portal.mailbox.wait(parent.email, "acceptée")
    seen = parent.get(f"/requests/{request['id']}").json()
    assert [e["state"] for e in seen["timeline"]] == ["submitted", "in_review", "accepted"]
    key = found(KEY, portal.mailbox.wait(family.adults[0]["email"], "clé", after=before).body, group=0)
    assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 201
    assert parent.get("/family").json()["items"][0]["reference"] == family.reference


def test_a_refusal_carries_its_reason_to_the_parent(portal: Portal, agent: Agent) -> None:
    """Without a reason it is refused itself; the mail does not quote it."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()
    assert agent.post(f"/agent/requests/{request['id']}/refusal", {"reason": " "}).status_code == 422
    refused = agent.post(f"/agent/requests/{request['id']}/refusal", {"reason": "Aucun dossier à ce nom."})
    assert refused.json()["state"] == "refused"
    assert parent.get(f"/requests/{request['id']}").json()["reason"] == "Aucun dossier à ce nom."
    assert "Aucun dossier" not in portal.mailbox.wait(parent.email, "Réponse à votre demande").body


def test_the_parent_changes_it_until_an_agent_takes_it(portal: Portal, agent: Agent) -> None:
    """Then it is frozen for the parent; it can still be withdrawn, once."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()
    url, data = f"/requests/{request['id']}", {"data": ASK["data"] | {"deliver_by": "sms"}}  # type: ignore[operator] # a JSON object
    changed = parent.send("PATCH", url, data, if_match='"1"')
    assert (changed.status_code, changed.json()["data"]["deliver_by"]) == (200, "sms")
    agent.post(f"/agent{url}/review")
    assert parent.send("PATCH", url, data, if_match=parent.get(url).headers["etag"]).json()["code"] == "wrong-state"
    assert [parent.post(f"{url}/withdrawal").status_code for _ in range(2)] == [200, 409]
    assert agent.post(f"/agent{url}/acceptance").status_code == 409


def test_wrong_data_is_told_at_its_place(portal: Portal) -> None:
    """By the form of the request's type, which is data."""
    parent = portal.parent()
    child = {"first_name": "L", "last_name": "S", "birth_date": "2018-02-31"}
    wrong = [
        ({"type": "autre", "data": {}}, "/type"),
        ({"type": "service-key", "data": {"service": "enfance"}}, "/data/deliver_by"),
        ({"type": "service-key", "data": {"service": "enfance", "deliver_by": "pigeon"}}, "/data/deliver_by"),
        ({"type": "service-key", "data": {"service": "voirie", "deliver_by": "sms"}}, "/data/service"),
        (
            {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms", "children": [child]}},
            "/data/children/0/birth_date",
        ),
        ({"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms", "regime": "x"}}, "/data"),
    ]
    for body, pointer in wrong:
        answer = parent.post("/requests", body)
        assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (422, [pointer])
    assert parent.get("/requests").json()["items"] == []


def test_another_parents_request_does_not_exist(portal: Portal) -> None:
    """To read, change or withdraw."""
    owner, other = portal.parent(), portal.parent()
    url = f"/requests/{owner.post('/requests', ASK).json()['id']}"
    assert other.get(url).status_code == 404
    assert other.send("PATCH", url, {"data": {}}, if_match='"1"').status_code == 404
    assert other.post(f"{url}/withdrawal").status_code == 404


def test_what_waits_longest_is_first_in_the_queue(portal: Portal, agent: Agent) -> None:
    """And the counts by state are there."""
    sent = [portal.parent().post("/requests", ASK).json()["id"] for _ in range(2)]
    queue = agent.get("/agent/requests", state="submitted", limit=100).json()
    places = [i["id"] for i in queue["items"]]
    assert places.index(sent[0]) < places.index(sent[1])
    assert queue["counts"]["submitted"] == len(places)


def test_a_parent_cannot_use_the_agents_side(portal: Portal, agent: Agent) -> None:
    """403 with the scope's name, for the queue and for keys alike."""
    parent = portal.parent_with_key(agent)
    for answer in (
        parent.get("/agent/requests"),
        parent.post("/agent/service-keys", {"adult_id": parent.link_id, "deliver_by": "sms"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
        assert answer.json()["scope"].startswith("agent:")
