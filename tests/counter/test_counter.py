"""A person without mail at the counter: account, printed activation, request."""

import re
from typing import Any

import pytest

from tests.conftest import Database
from tests.letters.test_letters import whole
from tests.portal import PASSWORD, Agent, Portal

PERSON = {"first_name": "Zoé", "last_name": "D'Aubigné", "phone": "0694 11 22 33"}


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many people sign in from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def open_account(agent: Agent, **more: Any) -> dict[str, Any]:
    """An account that an agent opened."""
    answer = agent.post("/agent/accounts", PERSON | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def printed(agent: Agent, account: dict[str, Any]) -> str:
    """The token of the link of the printed letter."""
    answer = agent.post(f"/agent/accounts/{account['id']}/activations")
    found = re.search(rb"#token=([\w-]+)", whole(answer.content))
    assert found
    return found[1].decode()


def choose(portal: Portal, token: str, password: str = PASSWORD) -> int:
    """What the page of the link does; its status."""
    return portal.http.post("/password-resets/confirmation", json={"token": token, "password": password}).status_code


def sign_in(portal: Portal, login: str) -> Any:
    """As an app does."""
    return portal.http.post("/sessions", json={"email": login, "password": PASSWORD, "client": "app"})


def test_a_person_without_mail_gets_in_with_paper(portal: Portal, agent: Agent, database: Database) -> None:
    """The letter's link chooses the password once; the name of the letter signs in; nothing is mailed."""
    account = open_account(agent)
    assert re.fullmatch(r"zoe\.d-aubigne\.\d{4}", account["login"])
    assert (account["activated"], account["has_mailbox"], account["opened_at_counter"]) == (False, False, True)
    token = printed(agent, account)
    assert (choose(portal, token), choose(portal, token)) == (204, 410)
    assert sign_in(portal, account["login"].upper()).status_code == 201
    assert agent.get(f"/agent/accounts/{account['id']}").json()["activated"]
    assert database.value("SELECT count(*) FROM message WHERE account_id = $1::text::uuid", account["id"]) == 0


def test_a_new_letter_replaces_the_one_before(portal: Portal, agent: Agent) -> None:
    """A lost letter is worth nothing."""
    account = open_account(agent)
    lost, found = (printed(agent, account) for _ in range(2))
    assert (choose(portal, lost), choose(portal, found)) == (410, 204)


def test_who_has_a_mailbox_gets_no_paper(portal: Portal, agent: Agent, database: Database) -> None:
    """Nor does an agent's own account."""
    parent = portal.parent()
    parents_id = parent.get("/me").json()["id"]
    refused = agent.post(f"/agent/accounts/{parents_id}/activations")
    assert (refused.status_code, refused.json()["code"]) == (409, "has-mailbox")
    own = database.value("SELECT id::text FROM account WHERE email = $1", agent.email)
    assert agent.post(f"/agent/accounts/{own}/activations").status_code == 404


def test_a_forgotten_password_without_mail_is_told_what_to_do(portal: Portal, agent: Agent) -> None:
    """Instead of a mail that never comes."""
    account = open_account(agent)
    answer = portal.http.post("/password-resets", json={"email": account["login"]})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "no-mailbox")


def test_nobody_signs_up_with_such_a_name(portal: Portal) -> None:
    """Only the counter gives them out."""
    body = {"email": "zoe.roc.1234@sans-mail.invalid", "password": PASSWORD, "first_name": "Zoé", "last_name": "Roc"}
    assert portal.http.post("/accounts", json=body).status_code == 422


def test_a_request_is_entered_for_a_person_and_says_by_whom(portal: Portal, agent: Agent, colleague: Agent) -> None:
    """It stands in the queue under the person's name; both timelines say that the service entered it."""
    account = open_account(agent)
    data = {"subject": "Cantine", "question": "Y a-t-il des repas sans porc ?"}
    made = agent.post(f"/agent/accounts/{account['id']}/requests", {"type": "question", "data": data})
    assert made.status_code == 201, made.text
    entered = made.json()
    assert [event["by_agent"] for event in entered["timeline"]] == [True]
    seen = colleague.get(f"/agent/requests/{entered['id']}").json()
    assert (seen["requester"]["last_name"], seen["history"][0]["by"]) == ("D'Aubigné", "Aude Agente")
    choose(portal, printed(agent, account))
    tokens = sign_in(portal, account["login"]).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    own = portal.http.get(f"/requests/{entered['id']}", headers=headers).json()
    assert own["data"]["subject"] == "Cantine"
    assert [r["reference"] for r in agent.get(f"/agent/accounts/{account['id']}").json()["requests"]] == [
        entered["reference"]
    ]


def test_what_a_form_lacks_is_told_to_the_agent(agent: Agent) -> None:
    """At its field; and a kind that needs a key is refused without one."""
    account = open_account(agent)
    url = f"/agent/accounts/{account['id']}/requests"
    missing = agent.post(url, {"type": "question", "data": {"subject": "Cantine"}})
    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/data/question"), missing.text
    assert agent.post(url, {"type": "family-change", "data": {}}).status_code == 403


def test_accounts_are_found_by_name_and_by_sign_in_name(portal: Portal, agent: Agent) -> None:
    """Without accents, in either order; agents are not among them."""
    account = open_account(agent, last_name="Quénette")
    for search in ("quenette", "zoe quen", "Quénette Zoé", account["login"][:12]):
        found = agent.get("/agent/accounts", search=search).json()["items"]
        assert account["id"] in [one["id"] for one in found], search
    assert account["id"] in [one["id"] for one in agent.get("/agent/accounts").json()["items"]]  # waits for its person
    assert agent.get("/agent/accounts", search="agente").json()["items"] == []
    assert agent.get("/agent/accounts", search="%%").json()["items"] == []


def test_the_counter_is_for_its_agents(portal: Portal) -> None:
    """A parent can do nothing of it."""
    parent = portal.parent()
    assert parent.post("/agent/accounts", PERSON).status_code == 403
    assert parent.get("/agent/accounts", search="zoe").status_code == 403
