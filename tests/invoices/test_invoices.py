"""Invoices: who sees them, what state they are in, what they look like."""

from datetime import date

import pytest

from tests.conftest import Database
from tests.portal import Agent, Portal


def test_the_payer_sees_the_files_invoices_with_their_lines(portal: Portal, agent: Agent, database: Database) -> None:
    """The newest first; the lines of one add up to its total."""
    database.run("DELETE FROM attempts")
    parent = portal.parent_with_key(agent)
    items = parent.get("/invoices").json()["items"]
    assert len(items) == 2
    assert items == sorted(items, key=lambda i: i["issued_on"], reverse=True)
    one = parent.get(f"/invoices/{items[0]['id']}").json()
    assert sum(line["amount_cents"] for line in one["lines"]) == one["total_cents"] == items[0]["total_cents"]
    assert {line["child_first_name"] for line in one["lines"]} <= {
        c["first_name"] for c in (parent.family.children if parent.family else [])
    }


def test_an_adult_who_does_not_pay_sees_no_invoice(portal: Portal, agent: Agent, database: Database) -> None:
    """The list is empty, and the payer's invoice does not exist for them."""
    database.run("DELETE FROM attempts")
    family = portal.family()
    payer, other = portal.parent_with_key(agent, family), portal.parent_with_key(agent, family, adult=1)
    invoice = payer.get("/invoices").json()["items"][0]["id"]
    assert other.get("/invoices").json()["items"] == []
    assert {other.get(f"/invoices/{invoice}{tail}").status_code for tail in ("", "/pdf")} == {404}


def test_another_familys_invoice_does_not_exist(portal: Portal, agent: Agent, database: Database) -> None:
    """Nor its PDF, and asking for the other family's list gives nothing."""
    database.run("DELETE FROM attempts")
    one, other = portal.parent_with_key(agent), portal.parent_with_key(agent)
    invoice = other.get("/invoices").json()["items"][0]
    assert {one.get(f"/invoices/{invoice['id']}{tail}").status_code for tail in ("", "/pdf")} == {404}
    assert one.get("/invoices", family_id=invoice["family_id"]).json()["items"] == []


def test_pages_and_states_filter(portal: Portal, agent: Agent, database: Database) -> None:
    """A cursor continues after the page before; a state gives only its own."""
    database.run("DELETE FROM attempts")
    parent = portal.parent_with_key(agent)
    everything = parent.get("/invoices").json()["items"]
    first = parent.get("/invoices", limit=1).json()
    second = parent.get("/invoices", limit=1, cursor=first["next_cursor"]).json()
    assert first["items"] + second["items"] == everything
    assert second["next_cursor"] is None
    for state in {i["state"] for i in everything}:
        assert parent.get("/invoices", state=state).json()["items"] == [i for i in everything if i["state"] == state]
    assert parent.get("/invoices", cursor="n'importe quoi").status_code == 422


def test_the_pdf_is_a_pdf_a_file(portal: Portal, agent: Agent, database: Database) -> None:
    """Served as an attachment with the invoice's number."""
    database.run("DELETE FROM attempts")
    parent = portal.parent_with_key(agent)
    invoice = parent.get("/invoices").json()["items"][0]
    answer = parent.get(f"/invoices/{invoice['id']}/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert b"pdfaid" in answer.content
    assert invoice["number"] in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("total", "paid", "source", "due", "debit", "state"),
    [
        (1000, 0, "issued", date(2026, 12, 1), False, "to_pay"),
        (1000, 0, "issued", date(2026, 11, 22), False, "overdue"),
        (1000, 0, "issued", date(2026, 11, 23), False, "to_pay"),
        (1000, 400, "issued", date(2026, 12, 1), False, "partly_paid"),
        (1000, 1000, "issued", date(2026, 11, 1), False, "paid"),
        (1000, 1200, "issued", date(2026, 11, 1), False, "paid"),
        (1000, 0, "settled", date(2026, 11, 1), False, "paid"),
        (1000, 0, "treasury", date(2026, 11, 1), False, "sent_to_treasury"),
        (1000, 0, "issued", date(2026, 12, 1), True, "direct_debit_planned"),
        (-1500, 0, "issued", date(2026, 11, 1), False, "credit_note"),
    ],
)
def test_an_invoices_state_is_derived(
    database: Database, total: int, paid: int, source: str, due: date, debit: bool, state: str
) -> None:
    """On 23 November 2026: from amounts, due date, and what the back office says."""
    found = database.value("SELECT invoice_state($1, $2, $3, $4, $5, '2026-11-23')", total, paid, source, due, debit)
    assert found == state
