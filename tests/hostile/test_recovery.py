"""Who forgot the password gets a new one, and still needs the second factor; nothing else of the account changes hands."""

from tests.conftest import Database
from tests.portal import PASSWORD, TOKEN, Agent, Portal, found
from tests.second_factors.test_totp import challenge, switch_on

NEW = "cinq mots encore mieux choisis"


def reset(portal: Portal, email: str) -> None:
    """Choose a new password by the link of the mail."""
    assert portal.http.post("/password-resets", json={"email": email}).status_code == 202
    token = found(TOKEN, portal.mailbox.wait(email, "nouveau mot de passe").body)
    assert portal.http.post("/password-resets/confirmation", json={"token": token, "password": NEW}).status_code == 204


def test_a_new_password_does_not_stand_in_for_the_second_factor(portal: Portal, database: Database) -> None:
    """The mailbox alone opens no account that has one; the sessions of before are over."""
    database.run("DELETE FROM attempts")
    parent = portal.parent()
    _, codes = switch_on(parent)
    reset(portal, parent.email)
    assert parent.get("/me").status_code == 401
    body = {"email": parent.email, "password": NEW, "client": "app"}
    asked = portal.http.post("/sessions", json=body)
    assert (asked.status_code, "access_token" in asked.text) == (202, False)
    wrong = {"challenge": asked.json()["challenge"], "code": "000000"}
    assert portal.http.post("/sessions/second-factor", json=wrong).status_code == 401
    right = {"challenge": asked.json()["challenge"], "code": codes[0]}
    assert portal.http.post("/sessions/second-factor", json=right).status_code == 201


def test_an_agents_mailbox_is_not_enough_either(portal: Portal, agent: Agent, database: Database) -> None:
    """An agent whose password is chosen anew is asked for the code all the same."""
    database.run("DELETE FROM attempts")
    portal.http.post("/password-resets", json={"email": agent.email})
    token = found(TOKEN, portal.mailbox.wait(agent.email, "nouveau mot de passe").body)
    same = {"token": token, "password": agent.extra["password"]}
    assert portal.http.post("/password-resets/confirmation", json=same).status_code == 204
    credentials = {"email": agent.email, "password": agent.extra["password"], "client": "app"}
    assert portal.http.post("/sessions", json=credentials).status_code == 202
    agent.take(portal.sign_in_agent(agent.extra).tokens)


def test_what_matters_asks_for_the_password_again(portal: Portal, database: Database) -> None:
    """A stolen session changes neither mail, nor phone, nor password, nor second factor, and closes nothing."""
    database.run("DELETE FROM attempts")
    parent = portal.parent()
    switch_on(parent)
    assert parent.get("/me").headers["etag"]
    wrong = {"current_password": f"pas {PASSWORD}"}
    tried = {
        "mail": parent.post("/me/email-change", {"email": portal.new_address()} | wrong),
        "password": parent.send("PUT", "/me/password", {"password": NEW} | wrong),
        "second factor off": parent.post("/me/totp/removal", wrong),
        "recovery codes": parent.post("/me/recovery-codes", wrong),
        "passkey": parent.post("/me/passkeys/options", wrong),
    }
    refused = {what: answer.status_code for what, answer in tried.items()}
    assert set(refused.values()) == {422}, {what: answer.text for what, answer in tried.items()}
    database.run("DELETE FROM attempts")
    assert challenge(portal, parent)["status"] == 202
