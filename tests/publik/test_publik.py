"""A town's Publik shows invoices, takes payments, and links its people with the service key."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest

from api.core.clock import utcnow
from api.core.settings import Settings
from tests.conftest import Database, foyer, free_port, served
from tests.portal import Agent, Family, Portal
from tests.privacy.test_retention import let_go

KEY = "une-clef-partagee-de-32-signes-00"


class Publik:
    """What Publik does, with its own way to sign: written here from its documentation."""

    def __init__(self, address: str) -> None:
        self.address = address

    def url(self, path: str, key: str = KEY, late: timedelta = timedelta(), **query: str) -> str:
        """A signed address."""
        sent = (utcnow() - late).strftime("%Y-%m-%dT%H:%M:%SZ")
        facts = urlencode(query | {"algo": "sha256", "timestamp": sent, "nonce": uuid.uuid4().hex, "orig": "publik"})
        mark = base64.b64encode(hmac.digest(key.encode(), facts.encode(), hashlib.sha256)).decode()
        return f"{self.address}/publik/{path}?{facts}&signature={quote(mark, safe='')}"

    def get(self, path: str, **query: Any) -> Any:
        """The body of a read."""
        return httpx2.get(self.url(path, **query), timeout=20).json()

    def post(self, path: str, body: Any, **query: Any) -> Any:
        """The body of a change."""
        return httpx2.post(self.url(path, **query), json=body, timeout=20).json()


@pytest.fixture(scope="module")
def publik(environment: dict[str, str], address: str) -> Iterator[Publik]:
    """A second process on the same database, of a town that has Publik."""
    port = str(free_port())
    with served(environment | {"FOYER_PUBLIK_KEY": KEY, "FOYER_PORT": port}, "--no-worker"):
        yield Publik(f"http://127.0.0.1:{port}")


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed here; time passes between them."""
    database.run("DELETE FROM attempts")


OPEN = (
    "SELECT EXISTS (SELECT FROM invoice i JOIN family f ON f.id = i.family_id "
    "WHERE f.reference = $1 AND i.balance_cents BETWEEN 1 AND i.total_cents - $2 AND i.source_state = 'issued' AND NOT i.direct_debit)"
)


def debtor(portal: Portal, part: int = 0) -> Family:
    """A family with an invoice that can be paid, of which `part` cents at least are paid."""
    return portal.family(lambda f: bool(portal.database.value(OPEN, f.reference, part)))


def somebody(portal: Portal, agent: Agent, publik: Publik, part: int = 0) -> tuple[str, dict[str, Any]]:
    """A person whom Publik linked, and an invoice of theirs that is to pay."""
    name_id = uuid.uuid4().hex
    family = debtor(portal, part)
    assert publik.post("link/", {"key": portal.issue(agent, family)}, NameID=name_id) == {"err": 0, "data": True}
    found = publik.get("invoices/", NameID=name_id)["data"]
    return name_id, next(i for i in found if float(i["total_amount"]) - float(i["amount"]) >= part / 100)


def test_a_linked_person_sees_their_invoices_in_publiks_words(portal: Portal, agent: Agent, publik: Publik) -> None:
    """To pay and paid apart, each whole, with its PDF; the same invoice as in the API."""
    name_id, found = somebody(portal, agent, publik)
    assert set(found) >= {
        "id",
        "display_id",
        "label",
        "amount",
        "total_amount",
        "created",
        "pay_limit_date",
        "has_pdf",
        "paid",
    }
    assert (found["paid"], found["has_pdf"]) == (False, True)
    assert float(found["amount"]) <= float(found["total_amount"])
    assert publik.get(f"invoice/{found['id']}/", NameID=name_id)["data"] == found
    assert all(
        one["paid"] or float(one["total_amount"]) < 0 for one in publik.get("invoices/history/", NameID=name_id)["data"]
    )
    pdf = httpx2.get(publik.url(f"invoice/{found['id']}/pdf/", NameID=name_id), timeout=20)
    assert pdf.content.startswith(b"%PDF")


def test_nobody_elses_invoice_is_shown(portal: Portal, agent: Agent, publik: Publik) -> None:
    """Neither to another linked person, nor to one who is not linked."""
    _, found = somebody(portal, agent, publik)
    other, theirs = somebody(portal, agent, publik)
    assert theirs["id"] != found["id"]
    for name_id in (other, "personne"):
        assert publik.get(f"invoice/{found['id']}/", NameID=name_id)["err"] == 1
        assert httpx2.get(publik.url(f"invoice/{found['id']}/pdf/", NameID=name_id), timeout=20).status_code == 404
    assert publik.get("invoices/", NameID="personne") == {"err": 0, "data": []}


def test_a_payment_counts_once_and_outlives_the_next_import(
    portal: Portal, agent: Agent, publik: Publik, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """Told three times it is one; a file that does not know of it changes nothing; integrators hear of it."""
    name_id, found = somebody(portal, agent, publik, part=1)
    paid = {"transaction_id": uuid.uuid4().hex, "transaction_date": "2026-11-23T10:00:00Z"}
    for _ in range(3):
        assert publik.post(f"invoice/{found['id']}/pay/", paid) == {"err": 0, "data": True}
    assert float(found["amount"]) < float(found["total_amount"])  # a part was paid elsewhere before
    sums = "SELECT count(*), sum(amount_cents) FROM invoice_payment WHERE invoice_id = $1::text::uuid"
    assert list(database.rows(sums, found["id"])[0]) == [1, round(float(found["amount"]) * 100)]
    for _ in range(2):
        shown = publik.get(f"invoice/{found['id']}/", NameID=name_id)["data"]
        assert (shown["paid"], shown["amount"]) == (True, "0.00")
        files = foyer(environment, "import", "api/demo/town", "--rejects", str(tmp_path / "rejets.csv"))
        assert files.returncode == 0, files.stderr
    told = "SELECT count(*) FROM integration_event WHERE type = 'invoice.paid' AND facts ->> 'invoice' = $1"
    assert database.value(told, found["id"]) == 1
    assert publik.post(f"invoice/{uuid.uuid4()}/pay/", paid | {"transaction_id": "x"})["err"] == 1


def test_a_request_that_publik_did_not_sign_is_refused(publik: Publik) -> None:
    """Another key, no signature, a changed word, an old one."""
    good = publik.url("invoices/", NameID="a")
    for url in (
        publik.url("invoices/", key="une-autre-clef-partagee-de-32-xx", NameID="a"),
        good.split("&signature=")[0],
        good.replace("NameID=a", "NameID=b"),
        publik.url("invoices/", late=timedelta(minutes=2), NameID="a"),
        f"{publik.address}/publik/invoices/?NameID=a&signature=%C3%A9",
    ):
        assert httpx2.get(url, timeout=20).status_code == 403, url
    assert httpx2.get(good, timeout=20).status_code == 200


def test_without_its_key_there_is_no_publik(portal: Portal, address: str) -> None:
    """The town that has none opens no door."""
    assert httpx2.get(Publik(address).url("invoices/", NameID="a"), timeout=20).status_code == 404


def test_a_wrong_key_is_told_in_words_and_a_link_ends(portal: Portal, agent: Agent, publik: Publik) -> None:
    """A typing error, a key that is none, a key that was used; after unlinking nothing is shown."""
    name_id, family = uuid.uuid4().hex, debtor(portal)
    key = portal.issue(agent, family)
    typo = key[:-1] + ("A" if key[-1] != "A" else "C")
    answers = [publik.post("link/", {"key": k}, NameID=name_id) for k in (typo, key, key)]
    assert [(a["err"], a.get("err_class")) for a in answers] == [
        (1, "key-mistyped"),
        (0, None),
        (1, "key-not-accepted"),
    ]
    assert "faute de frappe" in answers[0]["err_desc"]
    assert publik.get("invoices/", NameID=name_id)["data"]
    assert publik.post("unlink/", {}, NameID=name_id)["err"] == 0
    assert publik.get("invoices/", NameID=name_id)["data"] == []


def test_a_key_that_came_by_letter_needs_a_childs_birth_date(
    portal: Portal, agent: Agent, publik: Publik, database: Database
) -> None:
    """Publik is told to ask for it, and sends both."""
    name_id, family = uuid.uuid4().hex, portal.family()
    key = portal.issue(agent, family)
    database.run("UPDATE service_key SET deliver_by = 'letter' WHERE used_at IS NULL AND last_symbols = $1", key[-2:])
    assert publik.post("link/", {"key": key}, NameID=name_id)["err_class"] == "birth-date-needed"
    wrong = publik.post("link/", {"key": key, "birth_date": "1990-01-01"}, NameID=name_id)
    assert wrong["err_class"] == "wrong-birth-date"
    born = family.children[0]["birth_date"]
    assert publik.post("link/", {"key": key, "birth_date": born}, NameID=name_id)["err"] == 0


async def test_who_gave_up_every_key_is_forgotten_a_week_later(
    portal: Portal, agent: Agent, publik: Publik, database: Database, dsn: str, settings: Settings
) -> None:
    """Publik's name for a person stays only as long as it opens something."""
    leaves, stays = uuid.uuid4().hex, uuid.uuid4().hex
    for name_id in (leaves, stays):
        assert publik.post("link/", {"key": portal.issue(agent, debtor(portal))}, NameID=name_id)["err"] == 0
    assert publik.post("unlink/", {}, NameID=leaves)["err"] == 0
    known = "SELECT array_agg(name_id) FROM publik_user WHERE name_id = ANY ($1)"
    await let_go(dsn, settings, timedelta(days=6))
    assert set(database.value(known, [leaves, stays])) == {leaves, stays}
    await let_go(dsn, settings, timedelta(days=8))
    assert database.value(known, [leaves, stays]) == [stays]
    assert database.value("SELECT count(*) FROM account WHERE last_name = $1", leaves[:12]) == 0
    assert publik.get("invoices/", NameID=stays)["data"]
