"""Hundreds at once: limits hold, and what is good once is good once."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pyotp
import pytest

from api.security.secrets import new_service_key
from tests.conftest import Database
from tests.portal import PASSWORD, TOKEN, Agent, Parent, Portal
from tests.portal import found as find
from tests.second_factors.test_totp import switch_on

NEW_PASSWORD = "cinq mots encore mieux choisis"
Asked = tuple[str, dict[str, Any], dict[str, str]]  # path, body, headers


@pytest.fixture(autouse=True)
def forgiven(database: Database) -> Iterator[None]:
    """What a crowd did from our address blocks nobody before or after."""
    database.run("DELETE FROM attempts")
    yield
    database.run("DELETE FROM attempts")


def at_once(portal: Portal, asked: list[Asked]) -> Counter[int]:
    """Send all at the same time; the statuses."""

    async def go() -> Counter[int]:
        limits = httpx2.Limits(max_connections=100)
        async with httpx2.AsyncClient(base_url=portal.http.base_url, timeout=120, limits=limits) as client:
            answers = [client.post(path, json=body, headers=headers) for path, body, headers in asked]
            return Counter(answer.status_code for answer in await asyncio.gather(*answers))

    return asyncio.run(go())


def test_of_five_hundred_guesses_of_a_password_five_are_looked_at(portal: Portal) -> None:
    """The others are refused unread, and so is the right one that comes after them. 503 is an answer too, of a full queue."""
    parent = portal.parent()
    guesses: list[Asked] = [
        ("/sessions", {"email": parent.email, "password": f"mauvais mot {n}", "client": "app"}, {}) for n in range(500)
    ]
    seen = at_once(portal, guesses)
    assert set(seen) <= {401, 429, 503}
    assert 0 < seen[401] <= 5
    right = portal.http.post("/sessions", json={"email": parent.email, "password": PASSWORD, "client": "app"})
    assert right.status_code == 429


def test_of_five_hundred_guesses_of_a_key_five_are_looked_at(portal: Portal, agent: Agent) -> None:
    """Of well-formed keys that nobody gave out; a right one after them is refused unread."""
    parent, key = portal.parent(), portal.issue(agent, portal.family())
    portal.database.run("DELETE FROM attempts")
    asked: list[Asked] = [
        ("/service-keys", {"service": "enfance", "key": new_service_key()}, parent.headers()) for _ in range(500)
    ]
    seen = at_once(portal, asked)
    assert set(seen) <= {422, 429, 503}
    assert 0 < seen[422] <= 5
    assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 429


@pytest.mark.parametrize("what", ["key", "activation", "reset", "recovery code", "second factor", "mail change"])
def test_of_a_hundred_uses_at_once_one_counts(portal: Portal, agent: Agent, database: Database, what: str) -> None:
    """Whatever was given out to be used once."""
    path, body, headers, done = USES[what](portal, agent)
    portal.database.run("DELETE FROM attempts")
    seen = at_once(portal, [(path, body, headers)] * 100)
    assert seen[done] == 1, seen
    assert set(seen) <= {done, 401, 404, 409, 410, 422, 429, 503}


Use = tuple[str, dict[str, Any], dict[str, str], int]


def _key(portal: Portal, agent: Agent) -> Use:
    key = portal.issue(agent, portal.family())
    return "/service-keys", {"service": "enfance", "key": key}, portal.parent().headers(), 201


def _activation(portal: Portal, _: Agent) -> Use:
    token = find(TOKEN, portal.mailbox.wait(portal.sign_up(), "Activez").body)
    return "/accounts/activation", {"token": token}, {}, 204


def _reset(portal: Portal, _: Agent) -> Use:
    email = portal.parent().email
    assert portal.http.post("/password-resets", json={"email": email}).status_code == 202
    token = find(TOKEN, portal.mailbox.wait(email, "nouveau mot de passe").body)
    return "/password-resets/confirmation", {"token": token, "password": NEW_PASSWORD}, {}, 204


def _challenge(portal: Portal, parent: Parent) -> str:
    body = {"email": parent.email, "password": PASSWORD, "client": "app"}
    answer = portal.http.post("/sessions", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["challenge"])


def _recovery_code(portal: Portal, _: Agent) -> Use:
    parent = portal.parent()
    _secret, codes = switch_on(parent)
    return "/sessions/second-factor", {"challenge": _challenge(portal, parent), "code": codes[0]}, {}, 201


def _second_factor(portal: Portal, _: Agent) -> Use:
    parent = portal.parent()
    secret, _codes = switch_on(parent)
    code = pyotp.TOTP(secret).at(int(time.time()) + 30)  # the one before was used to switch it on
    return "/sessions/second-factor", {"challenge": _challenge(portal, parent), "code": code}, {}, 201


def _mail_change(portal: Portal, _: Agent) -> Use:
    parent, address = portal.parent(), portal.new_address()
    answer = parent.post("/me/email-change", {"email": address, "current_password": PASSWORD})
    assert answer.status_code < 300, answer.text
    token = find(TOKEN, portal.mailbox.wait(address, "adresse").body)
    return "/me/email-change/confirmation", {"token": token}, {}, 204


USES: dict[str, Callable[[Portal, Agent], Use]] = {
    "key": _key,
    "activation": _activation,
    "reset": _reset,
    "recovery code": _recovery_code,
    "second factor": _second_factor,
    "mail change": _mail_change,
}
