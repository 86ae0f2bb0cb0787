"""What the operator does with agents' accounts."""

import json
from typing import Any

import pyotp
import pytest

from tests.conftest import foyer
from tests.portal import Agent, Portal


class Desk:
    """An agent whom the operator has in hand, and the operator's commands."""

    def __init__(self, portal: Portal, environment: dict[str, str], email: str) -> None:
        self.portal, self.environment, self.email = portal, environment, email
        self.made: dict[str, Any] = json.loads(
            self.run("add", email, "--first-name", "Ève", "--last-name", "Guichet", "--role", "desk", "--json")
        )
        self.agent: Agent = portal.sign_in_agent(self.made)

    def run(self, *arguments: str) -> str:
        """`foyer agents …`, which works; what it prints."""
        done = foyer(self.environment, "agents", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def password_opens(self, made: dict[str, Any]) -> bool:
        """Whether a password is asked for its second factor."""
        body = {"email": self.email, "password": made["password"], "client": "app"}
        return self.portal.http.post("/sessions", json=body).status_code == 202


@pytest.fixture
def desk(portal: Portal, environment: dict[str, str], request: pytest.FixtureRequest) -> Desk:
    """One for each test."""
    portal.database.run("DELETE FROM attempts")
    return Desk(portal, environment, f"{request.node.name.replace('_', '-')}@ville.exemple.fr")


def test_an_agent_is_signed_out_everywhere_at_once(desk: Desk) -> None:
    """The next request is 401; the account stays, and is in the list with its open sessions."""
    assert desk.agent.get("/agent/requests").status_code == 200
    before = {one["email"]: one for one in json.loads(desk.run("list", "--json"))}
    assert (before[desk.email]["role"], before[desk.email]["sessions"]) == ("desk", 1)
    desk.run("sign-out", desk.email)
    assert desk.agent.get("/agent/requests").status_code == 401
    after = {one["email"]: one["sessions"] for one in json.loads(desk.run("list", "--json"))}
    assert after[desk.email] == 0
    assert desk.password_opens(desk.made)


def test_another_role_is_in_force_at_the_next_request(desk: Desk) -> None:
    """With the token from before: a right that was taken is 403, one that was given works."""
    assert desk.agent.get("/agent/requests").status_code == 200
    desk.run("role", desk.email, "reader")
    assert desk.agent.get("/agent/requests").status_code == 403
    assert desk.agent.get("/agent/families", search="silva").status_code == 200
    refused = foyer(desk.environment, "agents", "role", desk.email, "parent")
    assert refused.returncode == 1
    assert "n'existe pas" in refused.stderr


def test_who_lost_phone_and_password_gets_new_ones(desk: Desk) -> None:
    """Shown once; the ones before and the sessions are over, the mailbox is told."""
    new = json.loads(desk.run("recover", desk.email, "--json"))
    assert desk.agent.get("/agent/requests").status_code == 401
    assert not desk.password_opens(desk.made)
    assert desk.portal.mailbox.wait(desk.email, "mot de passe")
    asked = desk.portal.http.post(
        "/sessions", json={"email": desk.email, "password": new["password"], "client": "app"}
    ).json()
    old = pyotp.TOTP(desk.made["totp_secret"]).now()
    body = {"challenge": asked["challenge"], "code": old}
    assert desk.portal.http.post("/sessions/second-factor", json=body).status_code == 401
    assert desk.portal.sign_in_agent(new).get("/agent/requests").status_code == 200


def test_an_agent_who_leaves_has_no_access_and_keeps_a_name(desk: Desk) -> None:
    """Out at once and for good; what they did still has their name, and the address is free for somebody new."""
    desk.run("close", desk.email)
    assert desk.agent.get("/agent/requests").status_code == 401
    assert not desk.password_opens(desk.made)
    assert desk.email not in desk.run("list", "--json")
    assert (
        desk.portal.database.value("SELECT count(*) FROM account WHERE last_name = 'Guichet' AND closed_at IS NOT NULL")
        >= 1
    )
    again = json.loads(
        desk.run("add", desk.email, "--first-name", "Noé", "--last-name", "Neuf", "--role", "desk", "--json")
    )
    assert desk.password_opens(again)


def test_a_parent_is_no_agent(portal: Portal, environment: dict[str, str]) -> None:
    """None of the commands touches a parent's account; the refusal is a sentence."""
    parent = portal.parent()
    for command in (("sign-out",), ("close",), ("recover",)):
        refused = foyer(environment, "agents", *command, parent.email)
        assert refused.returncode == 1
        assert "Aucun agent" in refused.stderr
    assert parent.get("/me").status_code == 200
