"""A parent's own second factor."""

from typing import Any

import pyotp

from api.core.clock import utcnow
from api.core.settings import Settings
from api.second_factors.service import _matching_step
from api.security.secrets import decrypt
from tests.portal import PASSWORD, Agent, Parent, Portal


def switch_on(parent: Parent) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a TOTP that is now on."""
    begun = parent.post("/me/totp", {"current_password": PASSWORD})
    assert begun.status_code == 201, begun.text
    assert begun.json()["qr"].startswith("data:image/svg+xml")
    secret = begun.json()["secret"]
    body = {"setup": begun.json()["setup"], "code": pyotp.TOTP(secret).now()}
    confirmed = parent.post("/me/totp/confirmation", body)
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


def challenge(portal: Portal, parent: Parent) -> dict[str, Any]:
    """What signing in answers."""
    body = {"email": parent.email, "password": PASSWORD, "client": "app"}
    answer = portal.http.post("/sessions", json=body)
    return {"status": answer.status_code, **answer.json()}


def test_nothing_is_on_before_the_first_code(portal: Portal) -> None:
    """A setup that was begun and left locks nobody out; a wrong first code says so at its field."""
    parent = portal.parent()
    begun = parent.post("/me/totp", {"current_password": PASSWORD}).json()
    wrong = parent.post("/me/totp/confirmation", {"setup": begun["setup"], "code": "000000"})
    assert wrong.json()["errors"][0]["pointer"] == "/code"
    assert challenge(portal, parent)["status"] == 201


def test_a_parents_code_is_asked_for_and_each_is_good_once(portal: Portal) -> None:
    """On: a code at each sign-in, or a recovery code, once. Off again with the password."""
    parent = portal.parent()
    _, codes = switch_on(parent)
    assert portal.mailbox.wait(parent.email, "double vérification est activée")
    state = parent.get("/me/second-factors").json()
    assert (state["totp"], state["recovery_codes_left"], len(codes)) == (True, 10, 10)
    passed = []
    for _ in range(2):
        asked = challenge(portal, parent)
        assert asked["status"] == 202
        body = {"challenge": asked["challenge"], "code": codes[0]}
        passed.append(portal.http.post("/sessions/second-factor", json=body).status_code)
    assert passed == [201, 401]
    assert parent.get("/me/second-factors").json()["recovery_codes_left"] == 9
    assert parent.post("/me/totp/removal", {"current_password": PASSWORD}).status_code == 204
    assert challenge(portal, parent)["status"] == 201


def test_a_code_is_taken_one_step_early_or_late_and_no_more() -> None:
    """A phone's clock may be off by half a minute (RFC 6238, 5.2); a step that was used, and those before it, are over."""
    secret, now = pyotp.random_base32(32), utcnow()
    step = int(now.timestamp()) // 30
    codes = {shift: pyotp.TOTP(secret).at((step + shift) * 30) for shift in range(-3, 4)}
    assert [s for s, code in codes.items() if _matching_step(secret, code, 0, now)] == [-1, 0, 1]
    assert [s for s, code in codes.items() if _matching_step(secret, code, step, now)] == [1]


def test_new_recovery_codes_end_the_old_ones(portal: Portal) -> None:
    """And there are none without an authenticator."""
    parent = portal.parent()
    assert parent.post("/me/recovery-codes", {"current_password": PASSWORD}).status_code == 404
    _, old = switch_on(parent)
    new = parent.post("/me/recovery-codes", {"current_password": PASSWORD}).json()["recovery_codes"]
    outcome = []
    for code in (old[0], new[0]):
        body = {"challenge": challenge(portal, parent)["challenge"], "code": code}
        outcome.append(portal.http.post("/sessions/second-factor", json=body).status_code)
    assert outcome == [401, 201]


def test_the_seed_is_encrypted_in_the_database(portal: Portal, settings: Settings) -> None:
    """And read with the key that lies outside of it."""
    parent = portal.parent()
    secret, _ = switch_on(parent)
    stored = portal.database.value(
        "SELECT secret FROM second_factor f JOIN account a ON a.id = f.account_id WHERE a.email = $1", parent.email
    )
    assert secret not in stored
    assert decrypt(settings.secrets.encryption_keys, stored) == secret


def test_a_setup_is_good_for_its_own_account_only(portal: Portal) -> None:
    """One person's secret cannot become another's factor."""
    mine, other = portal.parent(), portal.parent()
    begun = mine.post("/me/totp", {"current_password": PASSWORD}).json()
    body = {"setup": begun["setup"], "code": pyotp.TOTP(begun["secret"]).now()}
    assert other.post("/me/totp/confirmation", body).json()["code"] == "setup-passed"


def test_the_password_is_asked_for_and_wrong_ones_are_counted(portal: Portal) -> None:
    """Five wrong ones block even the right one: a borrowed phone is not a way in."""
    parent = portal.parent()
    for _ in range(5):
        wrong = parent.post("/me/totp", {"current_password": "pas le bon"})
        assert wrong.json()["errors"][0]["code"] == "wrong-password"
    assert parent.post("/me/totp", {"current_password": PASSWORD}).status_code == 429


def test_agents_keep_their_second_factor(agent: Agent) -> None:
    """They may change it, not drop it."""
    answer = agent.post("/me/totp/removal", {"current_password": agent.extra["password"]})
    assert answer.json()["code"] == "second-factor-compulsory"


def test_a_passkey_that_answers_nothing_of_ours_is_refused(portal: Portal) -> None:
    """Made-up answers of any shape: 401, never a fault."""
    for credential in ({}, {"id": "x", "response": {"clientDataJSON": "e30"}}, {"id": 3, "response": []}):
        answer = portal.http.post("/sessions/passkey", json={"credential": credential})
        assert (answer.status_code, answer.json()["code"]) == (401, "passkey-refused")
