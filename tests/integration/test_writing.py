"""Other software writes an invoice and an activity one by one, and reads enrollments."""

import uuid
from typing import Any

import pytest

from tests.conftest import Database, new_client
from tests.enrollments.test_enrollments import enroll
from tests.integration.test_integration import bearer
from tests.portal import Agent, Portal

RIGHTS = [f"integration:{name}" for name in ("families", "invoices", "activities", "enrollments")]


@pytest.fixture(scope="module")
def headers(portal: Portal, environment: dict[str, str]) -> dict[str, str]:
    """A client with the rights of these tests."""
    return bearer(portal, new_client(environment, "Logiciel de facturation", *RIGHTS))


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def put(portal: Portal, headers: dict[str, str], where: str, body: dict[str, Any]) -> Any:
    """Write one thing."""
    return portal.http.put(f"/integration/{where}", json=body, headers=headers)


def activity(**more: Any) -> dict[str, Any]:
    """An activity as a back office sends it."""
    return {
        "name": "Atelier",
        "venue": "Médiathèque",
        "unit": "séance",
        "starts_on": "2027-01-04",
        "ends_on": "2027-06-30",
        "age_min": 0,
        "age_max": 18,
        "places": 12,
        "opens_at": "2026-01-05T08:00:00-03:00",
        "closes_on": "2027-06-01",
        "days": ["mon", "wed"],
        "prices_cents": [105, 210, 300, 480],
    } | more


def invoice(family: Any, **more: Any) -> dict[str, Any]:
    """An invoice of a family as a back office sends it."""
    return {
        "fiscal_year": 2026,
        "family": family.reference,
        "adult": family.adults[0]["reference"],
        "period_from": "2026-11-01",
        "period_to": "2026-11-30",
        "issued_on": "2026-12-01",
        "due_on": "2026-12-28",
        "total_cents": 1405,
        "lines": [
            {"label": "Cantine", "quantity": "2.5", "unit_price_cents": 600, "amount_cents": 1500},
            {"label": "Remise", "quantity": "1", "unit_price_cents": -95, "amount_cents": -95},
        ],
    } | more


def test_an_activity_is_written_and_parents_enroll(portal: Portal, agent: Agent, headers: dict[str, str]) -> None:
    """The same again changes nothing; hours are the town's; the enrollment is read by references."""
    code, parent = f"W{uuid.uuid4().hex[:8]}", portal.parent_with_key(agent)
    first, again = (put(portal, headers, f"activities/{code}", activity()).json() for _ in range(2))
    assert (first["changed"], again["changed"]) == (True, False)
    seen = next(a for a in agent.get("/agent/activities", search=code.lower()).json()["items"])
    assert (seen["opens_at"][:19], seen["closes_at"][:19]) == ("2026-01-05T11:00:00", "2027-06-02T02:59:59")
    assert ([d["day"] for d in seen["days"]], seen["prices_cents"]) == (["mon", "wed"], [105, 210, 300, 480])
    made = enroll(parent, seen["id"]).json()
    listed = portal.http.get("/integration/enrollments", params={"activity": code}, headers=headers).json()["items"]
    assert parent.family
    assert [(e["reference"], e["state"], e["family"]) for e in listed] == [
        (made["reference"], "confirmed", parent.family.reference)
    ]
    fewer = put(portal, headers, f"activities/{code}", activity(places=0))
    assert (fewer.status_code, fewer.json()["errors"][0]["pointer"]) == (422, "/places")


def test_an_invoice_is_written_with_its_lines(portal: Portal, agent: Agent, headers: dict[str, str]) -> None:
    """The parent sees it at once; sent again with other lines, it has those."""
    family = portal.family()
    parent, number = portal.parent_with_key(agent, family), f"W-{uuid.uuid4().hex[:8]}"
    first, again = (put(portal, headers, f"invoices/{number}", invoice(family)).json() for _ in range(2))
    assert (first["changed"], again["changed"]) == (True, False)
    seen = next(i for i in parent.get("/invoices").json()["items"] if i["number"] == number)
    lines = parent.get(f"/invoices/{seen['id']}").json()["lines"]
    assert [(one["label"], float(one["quantity"]), one["amount_cents"]) for one in lines] == [
        ("Cantine", 2.5, 1500),
        ("Remise", 1.0, -95),
    ]
    assert put(portal, headers, f"invoices/{number}", invoice(family, lines=invoice(family)["lines"][:1])).json()[
        "changed"
    ]
    assert len(parent.get(f"/invoices/{seen['id']}").json()["lines"]) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"family": "INCONNU"}, "/family"),
        ({"due_on": "2026-11-01"}, "/due_on"),
        (
            {"lines": [{"label": "Repas", "quantity": "1", "unit_price_cents": 1, "amount_cents": 1, "child": "E?"}]},
            "/lines/0/child",
        ),
    ],
)
def test_what_the_rules_refuse_is_told_at_its_place(
    portal: Portal, headers: dict[str, str], database: Database, change: dict[str, Any], pointer: str
) -> None:
    """And nothing of the invoice is written."""
    number = f"W-{uuid.uuid4().hex[:8]}"
    answer = put(portal, headers, f"invoices/{number}", invoice(portal.family()) | change)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not database.value("SELECT EXISTS (SELECT FROM invoice WHERE number = $1)", number)
