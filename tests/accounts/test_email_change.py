"""Changing the mail address: proved by the new one, told to the old one."""

from concurrent.futures import ThreadPoolExecutor

from tests.portal import PASSWORD, TOKEN, Portal, found


def test_the_address_changes_once_the_new_one_answers(portal: Portal) -> None:
    """The old one is told twice; it signs in until then, the new one after."""
    parent, new = portal.parent(), portal.new_address()
    asked = parent.post("/me/email-change", {"email": new, "current_password": PASSWORD})
    assert (asked.status_code, asked.json()["wait_seconds"]) == (202, 60)
    assert parent.get("/me").json()["pending_email"] == new
    assert portal.mailbox.wait(parent.email, "Une nouvelle adresse est demandée")
    token = found(TOKEN, portal.mailbox.wait(new, "Confirmez votre nouvelle adresse").body)
    outcomes = [portal.http.post("/me/email-change/confirmation", json={"token": token}).status_code for _ in range(2)]
    assert outcomes == [204, 410]
    assert portal.mailbox.wait(parent.email, "a changé")
    me = parent.get("/me").json()
    assert (me["email"], me["pending_email"]) == (new, None)
    assert portal.sign_in(new)
    body = {"email": parent.email, "password": PASSWORD, "client": "app"}
    assert portal.http.post("/sessions", json=body).status_code == 401


def test_an_address_that_has_an_account_is_not_told_to_the_asker(portal: Portal) -> None:
    """The same answer; only its owner gets a mail."""
    parent, other = portal.parent(), portal.parent()
    taken = parent.post("/me/email-change", {"email": other.email, "current_password": PASSWORD})
    assert taken.status_code == 202
    assert portal.mailbox.wait(other.email, "Vous avez déjà un compte")
    assert not [m for m in portal.mailbox.letters if m.to == other.email and "Confirmez" in m.subject]


def test_the_password_is_asked_for(portal: Portal) -> None:
    """At its own field."""
    answer = portal.parent().post("/me/email-change", {"email": portal.new_address(), "current_password": "faux"})
    assert answer.json()["errors"][0]["pointer"] == "/current_password"


def test_a_new_password_ends_a_change_of_address_that_waits(portal: Portal) -> None:
    """Who knew the old password and asked for an address of their own gets nothing by it."""
    parent, new = portal.parent(), portal.new_address()
    parent.post("/me/email-change", {"email": new, "current_password": PASSWORD})
    token = found(TOKEN, portal.mailbox.wait(new, "Confirmez votre nouvelle adresse").body)
    body = {"current_password": PASSWORD, "password": "un autre bon mot de passe"}
    assert parent.send("PUT", "/me/password", body).status_code == 204
    assert parent.get("/me").json()["pending_email"] is None
    assert portal.http.post("/me/email-change/confirmation", json={"token": token}).status_code == 410


def test_a_new_address_ends_a_reset_link_sent_to_the_old_one(portal: Portal) -> None:
    """The old mailbox opens the account no more."""
    parent, new = portal.parent(), portal.new_address()
    portal.http.post("/password-resets", json={"email": parent.email})
    reset = found(TOKEN, portal.mailbox.wait(parent.email, "Choisissez un nouveau mot de passe").body)
    parent.post("/me/email-change", {"email": new, "current_password": PASSWORD})
    token = found(TOKEN, portal.mailbox.wait(new, "Confirmez votre nouvelle adresse").body)
    assert portal.http.post("/me/email-change/confirmation", json={"token": token}).status_code == 204
    body = {"token": reset, "password": "un autre bon mot de passe"}
    assert portal.http.post("/password-resets/confirmation", json=body).status_code == 410


def test_two_accounts_that_prove_one_address_at_once(portal: Portal) -> None:
    """One gets it, the other reads that the link is spent."""
    new = portal.new_address()
    tokens: list[str] = []
    for parent in (portal.parent(), portal.parent()):
        parent.post("/me/email-change", {"email": new, "current_password": PASSWORD})
        letter = portal.mailbox.wait(new, "Confirmez votre nouvelle adresse", after=len(tokens))
        tokens.append(found(TOKEN, letter.body))

    def confirm(token: str) -> int:
        return portal.http.post("/me/email-change/confirmation", json={"token": token}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, tokens)) == [204, 410]
