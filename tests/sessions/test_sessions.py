"""Signing in, refreshing, devices, the second factor."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pyotp
from passlib.hash import argon2

from api.core.settings import Settings
from api.security.secrets import keyed
from tests.conftest import foyer
from tests.portal import PASSWORD, Agent, Portal
from tests.second_factors.test_totp import challenge, switch_on


def test_an_unknown_address_and_a_wrong_password_are_answered_alike(portal: Portal) -> None:
    """Status, code and sentence are the same."""
    known = portal.parent()
    answers = [
        portal.http.post("/sessions", json={"email": a, "password": "mauvais mot de passe", "client": "app"})
        for a in (known.email, portal.new_address())
    ]
    assert {(a.status_code, a.json()["code"], a.json()["detail"]) for a in answers} == {
        (401, "wrong-credentials", answers[0].json()["detail"])
    }


def test_five_wrong_passwords_block_the_sixth_even_if_it_is_right(portal: Portal) -> None:
    """The limit holds across rolled-back requests, and says how long to wait."""
    parent = portal.parent()
    for _ in range(5):
        portal.http.post("/sessions", json={"email": parent.email, "password": "mauvais", "client": "app"})
    answer = portal.http.post("/sessions", json={"email": parent.email, "password": PASSWORD, "client": "app"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_parallel_wrong_passwords_do_not_pass_the_limit(portal: Portal) -> None:
    """Of 40 guesses at once, a right one that comes after five wrong ones is refused all the same."""
    parent = portal.parent()

    def guess(password: str) -> int:
        return int(
            portal.http.post(
                "/sessions", json={"email": parent.email, "password": password, "client": "app"}
            ).status_code
        )

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(guess, ["mauvais"] * 40)) == {401, 429}
    assert guess(PASSWORD) == 429


def test_many_right_sign_ins_at_once_all_succeed(portal: Portal) -> None:
    """Nobody is refused for coming at the same moment."""
    parent = portal.parent()
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: portal.sign_in(parent.email).get("/me").status_code, range(50)))
    assert statuses == [200] * 50


def test_each_further_failure_doubles_the_wait_up_to_fifteen_minutes(portal: Portal) -> None:
    """A minute after five, then two, four, eight, fifteen; each time the block before it is over."""
    parent = portal.parent()
    body = {"email": parent.email, "password": "mauvais", "client": "app"}
    portal.database.run("DELETE FROM attempts")
    for _ in range(4):
        portal.http.post("/sessions", json=body)
    waits = []
    for _ in range(6):
        assert portal.http.post("/sessions", json=body).status_code in {401, 429}  # looked at, and counted
        waits.append(int(portal.http.post("/sessions", json=body).headers["retry-after"]))
        portal.database.run("UPDATE attempts SET blocked_until = now() WHERE blocked_until IS NOT NULL")
    portal.database.run("DELETE FROM attempts")
    assert [round(wait / 10) * 10 for wait in waits] == [60, 120, 240, 480, 900, 900]


def test_a_network_that_fails_for_many_accounts_is_blocked(portal: Portal, settings: Settings) -> None:
    """Sixty failures from one network, each for another address: the next is refused, whoever it is."""
    parent = portal.parent()
    bucket = keyed(settings.secrets.token_pepper, "sign-in-network", "127.0.0.0/24")
    portal.database.run("DELETE FROM attempts")
    portal.database.run("INSERT INTO attempts (bucket, count, since) VALUES ($1, 59, now())", bucket)
    wrong = {"email": portal.new_address(), "password": "mauvais", "client": "app"}
    right = {"email": parent.email, "password": PASSWORD, "client": "app"}
    assert [portal.http.post("/sessions", json=body).status_code for body in (wrong, right)] == [401, 429]
    portal.database.run("DELETE FROM attempts")


def test_nobody_signs_in_while_attempts_cannot_be_counted(portal: Portal) -> None:
    """The right password either: the limits fail closed."""
    parent = portal.parent()
    portal.database.run("BEGIN; LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE")
    try:
        body = {"email": parent.email, "password": PASSWORD, "client": "app"}
        assert portal.http.post("/sessions", json=body).status_code == 503
    finally:
        portal.database.run("ROLLBACK")
    assert portal.sign_in(parent.email).get("/me").status_code == 200


def test_a_hash_of_other_parameters_is_renewed_at_the_next_sign_in(portal: Portal) -> None:
    """The password stays what it was, and nobody notices."""
    parent = portal.parent()
    weaker = argon2.using(type="ID", memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD)
    portal.database.run("UPDATE account SET password_hash = $1 WHERE email = $2", weaker, parent.email)
    etag = parent.get("/me").headers["etag"]
    for _ in range(2):
        assert portal.sign_in(parent.email).get("/me").headers["etag"] == etag
    kept = portal.database.value("SELECT password_hash FROM account WHERE email = $1", parent.email)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_agent_without_a_second_factor_is_let_in_nowhere(portal: Portal, environment: dict[str, str]) -> None:
    """The password alone opens no agent's account."""
    name = ["--first-name", "Sans", "--last-name", "Second", "--role", "reader"]
    made = json.loads(foyer(environment, "agents", "add", "sans@ville.exemple.fr", *name, "--json").stdout)
    portal.database.run(
        "DELETE FROM second_factor WHERE account_id = (SELECT id FROM account WHERE email = $1)", made["email"]
    )
    body = {"email": made["email"], "password": made["password"], "client": "app"}
    answer = portal.http.post("/sessions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "second-factor-needed")


def test_wrong_codes_are_counted(portal: Portal) -> None:
    """Five of them block the right one."""
    parent = portal.parent()
    secret, codes = switch_on(parent)
    assert secret
    portal.database.run("DELETE FROM attempts")
    asked = challenge(portal, parent)["challenge"]
    tried = [
        portal.http.post("/sessions/second-factor", json={"challenge": asked, "code": code}).status_code
        for code in [*["000000"] * 5, codes[0]]
    ]
    portal.database.run("DELETE FROM attempts")
    assert tried == [401] * 5 + [429]


def test_a_refresh_token_is_256_bits_that_are_nowhere_in_the_database(portal: Portal) -> None:
    """Opaque, and not to be made from what is stored; the access token beside it lives five minutes."""
    parent = portal.parent()
    proof = parent.tokens["refresh_token"].split(".")[2]
    assert len(base64.urlsafe_b64decode(proof + "=")) == 32
    assert proof not in portal.database.value("SELECT string_agg(s::text, '') FROM session s")
    claims = json.loads(base64.urlsafe_b64decode(parent.tokens["access_token"].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == parent.tokens["expires_in"] == 300


def test_a_session_past_its_day_is_over_though_it_was_used(portal: Portal) -> None:
    """Thirty days after signing in, for the access token at once and for the refresh token."""
    parent = portal.parent()
    portal.database.run(
        "UPDATE session SET expires_at = now() WHERE account_id = (SELECT id FROM account WHERE email = $1)",
        parent.email,
    )
    assert parent.get("/me").status_code == 401
    refreshed = portal.http.post("/sessions/refresh", json={"refresh_token": parent.tokens["refresh_token"]})
    assert refreshed.status_code == 401


def test_a_known_device_is_not_locked_out_by_others(portal: Portal) -> None:
    """Somebody's wrong guesses elsewhere do not keep the owner's browser out."""
    parent = portal.parent()
    with httpx2.Client(base_url=portal.http.base_url) as browser:
        body = {"email": parent.email, "password": PASSWORD, "client": "browser"}
        first = browser.post("/sessions", json=body)
        cookies = {name: first.cookies[name] for name in ("__Host-foyer_device",)}
        for _ in range(6):
            portal.http.post("/sessions", json={"email": parent.email, "password": "mauvais", "client": "app"})
        header = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
        assert portal.http.post("/sessions", json=body).status_code == 429
        assert browser.post("/sessions", json=body, headers=header).status_code == 201


def test_a_made_up_device_mark_is_no_way_around_the_limit(portal: Portal) -> None:
    """A new one for each guess, or one of another account: they count with everybody's."""
    parent, other = portal.parent(), portal.parent()
    body = {"email": other.email, "password": PASSWORD, "client": "browser"}
    with httpx2.Client(base_url=portal.http.base_url) as browser:
        theirs = browser.post("/sessions", json=body).cookies["__Host-foyer_device"]
    portal.database.run("DELETE FROM attempts")
    guess = {"email": parent.email, "password": "mauvais", "client": "app"}
    marks = [theirs, theirs, "a.b", "c.d", "e", PASSWORD]
    tried = [portal.http.post("/sessions", json=guess, headers={"Cookie": f"__Host-foyer_device={m}"}) for m in marks]
    assert [answer.status_code for answer in tried] == [401] * 5 + [429]


def test_a_browser_gets_its_refresh_token_in_a_strict_cookie_only(portal: Portal) -> None:
    """HttpOnly, Secure, SameSite=Strict, __Host-; nothing of it in the body."""
    parent = portal.parent()
    answer = portal.http.post("/sessions", json={"email": parent.email, "password": PASSWORD, "client": "browser"})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-foyer_refresh="))
    portal.http.cookies.clear()
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"))
    assert answer.json()["refresh_token"] is None


def test_a_page_of_another_site_cannot_use_the_cookie(portal: Portal) -> None:
    """A foreign Origin, or a cross-site fetch, is refused."""
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = portal.http.post("/sessions/refresh", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")


def test_two_tabs_get_the_same_successor_and_a_spent_token_ends_the_session(portal: Portal) -> None:
    """Within 10 s the same refresh token gives the same next one; later it is a theft, and the session ends."""
    parent = portal.parent()
    first = parent.tokens["refresh_token"]
    answers = [portal.http.post("/sessions/refresh", json={"refresh_token": first}).json() for _ in range(2)]
    assert answers[0]["refresh_token"] == answers[1]["refresh_token"] != first
    portal.database.run(
        "UPDATE session SET rotated_at = now() - interval '11 seconds' WHERE account_id = (SELECT id FROM account WHERE email = $1)",
        parent.email,
    )
    assert portal.http.post("/sessions/refresh", json={"refresh_token": first}).status_code == 401
    assert portal.http.post("/sessions/refresh", json={"refresh_token": answers[0]["refresh_token"]}).status_code == 401
    assert parent.get("/me").status_code == 401


def test_an_edited_refresh_token_is_refused_and_harms_no_session(portal: Portal) -> None:
    """Whoever does not hold the token cannot end the session with it."""
    parent = portal.parent()
    session, _, proof = parent.tokens["refresh_token"].split(".")
    assert portal.http.post("/sessions/refresh", json={"refresh_token": f"{session}.7.{proof}"}).status_code == 401
    assert parent.get("/me").status_code == 200


def test_a_device_can_be_signed_out_from_another(portal: Portal) -> None:
    """The list shows both; ending one closes it at its next request, and leaves the other."""
    here = portal.parent()
    there = portal.sign_in(here.email)
    items = here.get("/sessions").json()["items"]
    assert [i["current"] for i in items] == [True, False]
    assert here.send("DELETE", f"/sessions/{items[1]['id']}").status_code == 204
    assert (here.get("/me").status_code, there.get("/me").status_code) == (200, 401)


def test_signing_out_ends_the_session_at_once(portal: Portal) -> None:
    """The access token no longer works, though it has not expired."""
    parent = portal.parent()
    assert parent.send("DELETE", "/sessions/current").status_code == 204
    assert (parent.get("/me").status_code, parent.get("/me").json()["code"]) == (401, "not-signed-in")


def test_an_agent_needs_the_second_factor(portal: Portal, agent: Agent) -> None:
    """The password alone gives a challenge, a wrong code nothing, and each code works once."""
    body = {"email": agent.email, "password": agent.extra["password"], "client": "app"}
    challenges = [portal.http.post("/sessions", json=body).json()["challenge"] for _ in range(3)]
    code = pyotp.TOTP(agent.extra["totp_secret"]).now()
    wrong = str((int(code) + 1) % 10**6).zfill(6)
    statuses = [
        portal.http.post("/sessions/second-factor", json={"challenge": c, "code": k}).status_code
        for c, k in zip(challenges, (wrong, code, code), strict=True)
    ]
    assert statuses == [401, 201, 401]


def test_a_recovery_code_works_once(portal: Portal, agent: Agent) -> None:
    """It replaces the second factor, one time."""
    body = {"email": agent.email, "password": agent.extra["password"], "client": "app"}
    code = agent.recovery_code()
    statuses = []
    for _ in range(2):
        challenge = portal.http.post("/sessions", json=body).json()["challenge"]
        statuses.append(
            portal.http.post("/sessions/second-factor", json={"challenge": challenge, "code": code}).status_code
        )
    assert statuses == [201, 401]


def test_a_session_that_was_not_used_for_long_is_over(portal: Portal, agent: Agent) -> None:
    """A parent's after 14 days, an agent's after 30 minutes."""
    parent = portal.parent()
    for email, idle in ((parent.email, "14 days 1 minute"), (agent.email, "31 minutes")):
        portal.database.run(
            "UPDATE session SET rotated_at = now() - $1::text::interval WHERE account_id = (SELECT id FROM account WHERE email = $2)",
            idle,
            email,
        )
    for person in (parent, agent):
        assert (
            portal.http.post("/sessions/refresh", json={"refresh_token": person.tokens["refresh_token"]}).status_code
            == 401
        )
    portal.database.run(
        "UPDATE session SET rotated_at = now() WHERE account_id = (SELECT id FROM account WHERE email = $1)",
        agent.email,
    )
    lasts = {
        r["role"]: r["hours"]
        for r in portal.database.rows(
            "SELECT DISTINCT a.role, round(extract(epoch FROM s.expires_at - s.created_at) / 3600)::int AS hours FROM session s JOIN account a ON a.id = s.account_id "
            "WHERE a.email = ANY ($1)",
            [parent.email, agent.email],
        )
    }
    assert lasts == {"parent": 30 * 24, "manager": 12}
