"""What answers tell without saying: neither by body, status and header, nor by the time they take."""

import time
from collections.abc import Callable, Iterator
from itertools import count

import httpx2
import pytest

from tests.portal import PASSWORD, Agent, Parent, Portal

PAIRS = 25
# The chance that one of the first kind takes longer than one of the second: 0.5 when nothing tells them apart. For so many
# pairs its standard deviation is 0.08; what costs a hash more or less than the other is at 0 or 1.
ALIKE = (0.2, 0.8)
RECOGNISABLE = {"x-request-id", "date", "content-length"}
numbers = count(1)
Ask = Callable[[int], httpx2.Response]


def told_apart(portal: Portal, first: Ask, second: Ask) -> float:
    """Ask both in turn, in one run on one machine; the answers must be the same but for their ids."""
    times: tuple[list[float], list[float]] = [], []
    for turn in range(PAIRS):
        seen = []
        for ask, took in zip((first, second), times, strict=True):
            portal.database.run("DELETE FROM attempts")
            began = time.perf_counter()
            answer = ask(turn)
            took.append(time.perf_counter() - began)
            body = answer.json() if answer.content else {}
            body.pop("instance", None)
            headers = {k: v for k, v in answer.headers.items() if k not in RECOGNISABLE}
            seen.append((answer.status_code, body, headers))
        assert seen[0] == seen[1]
    return sum(a > b for a in times[0] for b in times[1]) / PAIRS**2


@pytest.fixture(scope="module")
def known(portal: Portal) -> list[str]:
    """Addresses with an account, each asked for once."""
    portal.database.run("DELETE FROM attempts")
    addresses = [portal.new_address() for _ in range(PAIRS)]
    first = portal.parent().email
    portal.database.run(
        "INSERT INTO account (email, email_key, password_hash, first_name, last_name, activated_at) "
        "SELECT e, e, a.password_hash, 'Ana', 'Souza', now() FROM account a, unnest($1::text[]) e WHERE a.email = $2",
        addresses,
        first,
    )
    return addresses


def asking(portal: Portal, path: str, addresses: Iterator[str] | list[str], **more: str) -> Ask:
    """A request that names the next address."""
    following = iter(addresses)
    return lambda _: portal.http.post(path, json={"email": next(following), **more})


def nobody(portal: Portal) -> Iterator[str]:
    """Addresses without an account."""
    while True:
        yield portal.new_address()


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/accounts", {"password": PASSWORD, "first_name": "A", "last_name": "B"}),
        ("/sessions", {"password": "mauvais mot de passe", "client": "app"}),
        ("/password-resets", {}),
        ("/accounts/activation-mail", {}),
    ],
)
def test_nobody_learns_who_has_an_account(portal: Portal, known: list[str], path: str, more: dict[str, str]) -> None:
    """Signing up, signing in, a forgotten password, another activation mail."""
    chance = told_apart(portal, asking(portal, path, known, **more), asking(portal, path, nobody(portal), **more))
    assert ALIKE[0] < chance < ALIKE[1]


def test_a_mail_that_waits_for_activation_is_no_sign(portal: Portal, known: list[str]) -> None:
    """An address whose account is not yet activated, for which a mail does leave, and one that nobody has."""
    waiting = [portal.new_address() for _ in known]
    portal.database.run(
        "INSERT INTO account (email, email_key, password_hash, first_name, last_name) SELECT e, e, 'x', 'A', 'B' FROM unnest($1::text[]) e",
        waiting,
    )
    path = "/accounts/activation-mail"
    chance = told_apart(portal, asking(portal, path, waiting), asking(portal, path, nobody(portal)))
    assert ALIKE[0] < chance < ALIKE[1]


def test_a_change_of_mail_does_not_say_whose_the_address_is(portal: Portal, known: list[str]) -> None:
    """One that another account has, and one that nobody has."""
    parent = portal.parent()

    def change(addresses: Iterator[str] | list[str]) -> Ask:
        following = iter(addresses)
        return lambda _: parent.post("/me/email-change", {"email": next(following), "current_password": PASSWORD})

    assert ALIKE[0] < told_apart(portal, change(known), change(nobody(portal))) < ALIKE[1]


def test_a_refused_key_does_not_say_why(portal: Portal, agent: Agent) -> None:
    """One that was used and one that never was: the same body, in the same time."""
    portal.database.run("DELETE FROM attempts")
    family = portal.family()
    key = portal.issue(agent, family)
    owner = portal.parent()
    assert owner.post("/service-keys", {"service": "enfance", "key": key}).status_code == 201
    portal.database.run("DELETE FROM attempts")
    never = portal.issue(agent, portal.family())
    portal.database.run("DELETE FROM service_key WHERE id = (SELECT id FROM service_key ORDER BY id DESC LIMIT 1)")
    person: Parent = portal.parent()

    def attach(typed: str) -> Ask:
        return lambda _: person.post("/service-keys", {"service": "enfance", "key": typed})

    assert ALIKE[0] < told_apart(portal, attach(key), attach(never)) < ALIKE[1]
