"""Sign-up, activation and the forgotten password."""

import base64
import hashlib

import pytest

from tests.portal import PASSWORD, TOKEN, Portal, found


def test_a_new_person_signs_up_activates_and_signs_in(portal: Portal) -> None:
    """The mail's link activates the account, which can then sign in."""
    parent = portal.parent()
    assert parent.get("/me").json()["email"] == parent.email


def test_an_account_cannot_sign_in_before_its_activation(portal: Portal) -> None:
    """The right password of an account that waits is told what to do, and opens nothing."""
    address = portal.sign_up()
    answer = portal.http.post("/sessions", json={"email": address, "password": PASSWORD, "client": "app"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-activated")


def test_a_link_works_once(portal: Portal) -> None:
    """The second use of an activation link is told that it is spent."""
    address = portal.sign_up()
    token = found(TOKEN, portal.mailbox.wait(address, "Activez").body)
    answers = [portal.http.post("/accounts/activation", json={"token": token}) for _ in range(2)]
    assert [a.status_code for a in answers] == [204, 410]
    assert answers[1].json()["code"] == "link-spent"


def test_reading_a_link_changes_nothing(portal: Portal) -> None:
    """A mail scanner that follows the link does not activate the account."""
    address = portal.sign_up()
    token = found(TOKEN, portal.mailbox.wait(address, "Activez").body)
    assert portal.http.get("/accounts/activation", params={"token": token}).status_code == 405
    assert portal.http.post("/accounts/activation", json={"token": token}).status_code == 204


def test_sign_up_never_tells_whether_an_address_is_known(portal: Portal) -> None:
    """A known address gets the same answer; its owner gets a mail that says so."""
    known = portal.parent()
    bodies = []
    portal.database.run("DELETE FROM attempts")  # a minute passed since the first mail
    for address in (known.email, portal.new_address()):
        answer = portal.http.post(
            "/accounts", json={"email": address, "password": PASSWORD, "first_name": "A", "last_name": "B"}
        )
        bodies.append((answer.status_code, answer.text))
    assert bodies[0] == bodies[1]
    assert portal.mailbox.wait(known.email, "déjà un compte")


@pytest.mark.parametrize(
    "password", ["Cayenne-97300-1", "espace citoyens 1", "foyer enfance 12", "Silva.Ana.1985", "lusitania2020!"]
)
def test_a_password_of_ones_own_the_towns_or_the_services_words_is_refused(portal: Portal, password: str) -> None:
    """At its field; nothing is made."""
    address = f"lusitania@{portal.new_address().partition('@')[2]}"
    body = {"email": address, "password": password, "first_name": "Ana", "last_name": "Silva"}
    refused = portal.http.post("/accounts", json=body).json()
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/password", "too-easy")]


def test_a_known_address_in_capitals_is_the_same_account(portal: Portal) -> None:
    """Two people cannot share an address by its capitals."""
    known = portal.parent()
    portal.sign_up(known.email.upper())
    assert portal.sign_in(known.email.upper()).get("/me").json()["email"] == known.email


def test_an_expired_activation_link_is_refused(portal: Portal) -> None:
    """A link of more than 24 hours is spent."""
    address = portal.sign_up()
    token = found(TOKEN, portal.mailbox.wait(address, "Activez").body)
    portal.database.run(
        "UPDATE proof SET expires_at = now() - interval '1 second' WHERE account_id = (SELECT id FROM account WHERE email = $1)",
        address,
    )
    assert portal.http.post("/accounts/activation", json={"token": token}).status_code == 410


def test_a_resend_replaces_the_link_and_is_limited(portal: Portal) -> None:
    """At most one mail a minute; the newer link is good, the older is not."""
    address = portal.sign_up()
    old = found(TOKEN, portal.mailbox.wait(address, "Activez").body)
    assert (
        portal.http.post("/accounts/activation-mail", json={"email": address}).status_code == 202
    )  # within the minute: no mail
    portal.database.run("DELETE FROM attempts")  # a minute passed
    assert portal.http.post("/accounts/activation-mail", json={"email": address}).status_code == 202
    new = found(TOKEN, portal.mailbox.wait(address, "Activez", after=1).body)
    assert sum(letter.to == address for letter in portal.mailbox.letters) == 2
    assert [portal.http.post("/accounts/activation", json={"token": t}).status_code for t in (old, new)] == [410, 204]


def test_a_mail_is_sent_again_five_times_a_day(portal: Portal) -> None:
    """Each a minute after the one before; the sixth is not sent, and the answer does not say so."""
    address, sent = portal.sign_up(), []
    portal.mailbox.wait(address, "Activez")
    for _ in range(6):
        portal.database.run(
            "UPDATE attempts SET since = since - interval '61 s', blocked_until = blocked_until - interval '61 s'"
        )
        assert portal.http.post("/accounts/activation-mail", json={"email": address}).status_code == 202
        sent.append(portal.database.value("SELECT count(*) FROM message WHERE recipient = $1", address))
    assert sent == [2, 3, 4, 5, 5, 5]


def test_a_link_is_256_random_bits_and_its_hash_is_kept(portal: Portal) -> None:
    """The database has nothing to open an account with."""
    address = portal.sign_up()
    token = found(TOKEN, portal.mailbox.wait(address, "Activez").body)
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    kept = portal.database.rows(
        "SELECT token_hash, p::text AS row FROM proof p JOIN account a ON a.id = p.account_id WHERE a.email = $1",
        address,
    )
    assert [row["token_hash"] for row in kept] == [hashlib.sha256(token.encode()).digest()]
    assert token not in kept[0]["row"]
    assert token not in portal.database.value(
        "SELECT string_agg(m::text, '') FROM message m WHERE recipient = $1", address
    )


def test_a_link_is_good_for_its_own_purpose(portal: Portal) -> None:
    """One that activates neither chooses a password, nor changes an address, nor closes anybody's access."""
    token = found(TOKEN, portal.mailbox.wait(portal.sign_up(), "Activez").body)
    elsewhere = ["/password-resets/confirmation", "/me/email-change/confirmation", "/service-keys/objections"]
    more = [{"password": "une phrase toute neuve"}, {}, {}]
    tried = [
        portal.http.post(path, json={"token": token} | body).status_code
        for path, body in zip(elsewhere, more, strict=True)
    ]
    assert tried == [410, 410, 410]
    assert portal.http.post("/accounts/activation", json={"token": token}).status_code == 204


def test_an_activation_lives_a_day_and_a_reset_an_hour(portal: Portal) -> None:
    """As they are stored."""
    address = portal.parent().email
    portal.http.post("/password-resets", json={"email": address})
    portal.mailbox.wait(address, "nouveau mot de passe")
    lives = portal.database.rows(
        "SELECT purpose, round(extract(epoch FROM p.expires_at - p.created_at) / 60)::int AS minutes FROM proof p JOIN account a ON a.id = p.account_id WHERE a.email = $1",
        address,
    )
    assert {row["purpose"]: row["minutes"] for row in lives} == {"activation": 24 * 60, "password_reset": 60}


def test_an_old_a_used_and_a_replaced_reset_link_are_refused(portal: Portal) -> None:
    """Only the newest, once, within the hour."""
    address = portal.parent().email
    tokens = []
    for turn in range(3):
        portal.database.run("DELETE FROM attempts")
        portal.http.post("/password-resets", json={"email": address})
        tokens.append(found(TOKEN, portal.mailbox.wait(address, "nouveau mot de passe", after=turn).body))
        if turn == 1:
            portal.database.run(
                "UPDATE proof SET expires_at = now() WHERE purpose = 'password_reset' AND used_at IS NULL"
            )
            assert _reset(portal, tokens[1]) == 410
    assert [_reset(portal, tokens[0]), _reset(portal, tokens[2]), _reset(portal, tokens[2])] == [410, 204, 410]


def _reset(portal: Portal, token: str) -> int:
    body = {"token": token, "password": "une phrase toute neuve"}
    return portal.http.post("/password-resets/confirmation", json=body).status_code


def test_a_forgotten_password_is_replaced_and_every_session_ends(portal: Portal) -> None:
    """The link of the mail sets a new password; devices that were signed in are not any more."""
    parent = portal.parent()
    assert portal.http.post("/password-resets", json={"email": parent.email}).status_code == 202
    token = found(TOKEN, portal.mailbox.wait(parent.email, "nouveau mot de passe").body)
    weak = portal.http.post("/password-resets/confirmation", json={"token": token, "password": "motdepasse1234"})
    assert weak.json()["errors"][0]["pointer"] == "/password"
    new = "une phrase toute neuve"
    assert portal.http.post("/password-resets/confirmation", json={"token": token, "password": new}).status_code == 204
    assert parent.get("/me").status_code == 401
    assert portal.sign_in(parent.email, new).get("/me").status_code == 200
    assert portal.mailbox.wait(parent.email, "a changé")


def test_a_reset_for_an_unknown_address_answers_the_same(portal: Portal) -> None:
    """Nobody learns from it who has an account."""
    known = portal.parent()
    answers = [portal.http.post("/password-resets", json={"email": a}) for a in (known.email, portal.new_address())]
    assert (answers[0].status_code, answers[0].text) == (answers[1].status_code, answers[1].text)


def test_wrong_input_is_named_field_by_field_and_never_echoed(portal: Portal) -> None:
    """Each wrong field has a sentence in the reader's language; what was typed is not in the answer."""
    body = {"email": "secret-mail", "password": "secret", "first_name": "", "last_name": "x", "unknown": "secret-value"}
    answer = portal.http.post("/accounts", json=body, headers={"Accept-Language": "en"})
    pointers = {e["pointer"]: e["detail"] for e in answer.json()["errors"]}
    assert answer.status_code == 422
    assert set(pointers) == {"/email", "/first_name", "/unknown"}
    assert pointers["/first_name"] == "This field is needed."
    assert "secret" not in answer.text


def test_a_changed_profile_needs_the_version_it_changes(portal: Portal) -> None:
    """Without If-Match it is 428; a version that is no longer the present one is 412, and nothing is changed."""
    parent = portal.parent()
    etag = parent.get("/me").headers["etag"]
    assert parent.send("PATCH", "/me", {"first_name": "Eva"}).status_code == 428
    changed = parent.send("PATCH", "/me", {"first_name": "Eva", "phone": "0694 12 34 56"}, if_match=etag)
    assert (changed.status_code, changed.json()["phone"]) == (200, "+594694123456")
    assert parent.send("PATCH", "/me", {"first_name": "Zoé"}, if_match=etag).status_code == 412
    assert parent.get("/me").json()["first_name"] == "Eva"


def test_a_new_password_needs_the_present_one_and_ends_the_other_sessions(portal: Portal) -> None:
    """The device that changes it stays signed in, the others do not."""
    parent = portal.parent()
    other = portal.sign_in(parent.email)
    new = "une phrase toute neuve"
    wrong = parent.send("PUT", "/me/password", {"current_password": "faux mot de passe", "password": new})
    assert wrong.json()["errors"][0]["pointer"] == "/current_password"
    assert parent.send("PUT", "/me/password", {"current_password": PASSWORD, "password": new}).status_code == 204
    assert (parent.get("/me").status_code, other.get("/me").status_code) == (200, 401)


def test_another_phone_needs_the_password_and_the_mailbox_is_told(portal: Portal) -> None:
    """The first one does not; the same one typed otherwise does not; without the password nothing changes."""
    parent = portal.parent()

    def change(**fields: str | None) -> tuple[int, str]:
        etag = parent.get("/me").headers["etag"]
        answer = parent.send("PATCH", "/me", fields, if_match=etag)
        return answer.status_code, answer.json()["errors"][0]["code"] if answer.status_code == 422 else ""

    assert change(phone="0694 12 34 56") == (200, "")
    assert change(phone="+594 694 12 34 56", city="Cayenne") == (200, "")
    assert change(phone="0694 65 43 21") == (422, "missing")
    assert change(phone=None) == (422, "missing")
    assert change(phone="0694 65 43 21", current_password="faux mot de passe") == (422, "wrong-password")
    assert parent.get("/me").json()["phone"] == "+594694123456"
    assert change(phone="0694 65 43 21", current_password=PASSWORD) == (200, "")
    assert parent.get("/me").json()["phone"] == "+594694654321"
    assert portal.mailbox.wait(parent.email, "Le téléphone de votre compte a changé")
