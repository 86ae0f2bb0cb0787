"""What other software does: a token, families, many rows at once, events in order."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.conftest import Database, foyer, new_client
from tests.portal import Agent, Portal

ALL = ["integration:families", "integration:invoices", "integration:events"]
PATIENCE = 40.0  # seconds, of a loaded machine
ADULT = {
    "reference": "AX1",
    "role": "responsible",
    "title": "Mme",
    "first_name": "Ana",
    "last_name": "Intégrée",
    "birth_date": "1990-02-01",
    "phone": "0694 55 66 77",
    "is_payer": True,
    "quotient": 700,
}
CHILD = {"reference": "EX1", "first_name": "Léo", "last_name": "Intégré", "birth_date": "2019-05-06", "has_pai": True}


def ask_token(portal: Portal, client: dict[str, Any], **more: str) -> httpx2.Response:
    """The token endpoint, with HTTP Basic."""
    form = {"grant_type": "client_credentials"} | more
    return portal.http.post("/oauth/token", data=form, auth=(client["client_id"], client["client_secret"]))


def bearer(portal: Portal, client: dict[str, Any]) -> dict[str, str]:
    """The header of a client."""
    return {"Authorization": f"Bearer {ask_token(portal, client).json()['access_token']}"}


@pytest.fixture(scope="module")
def client(address: str, environment: dict[str, str]) -> dict[str, Any]:
    """A client with every right of these tests."""
    assert address
    return new_client(environment, "Logiciel métier", *ALL)


def finished(portal: Portal, headers: dict[str, str], run: str) -> dict[str, Any]:
    """An import, once it is over."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        seen: dict[str, Any] = portal.http.get(f"/integration/imports/{run}", headers=headers).json()
        if seen["state"] in {"done", "failed"}:
            return seen
        time.sleep(0.1)
    raise AssertionError(seen)


def test_a_token_for_a_client_and_nobody_else(portal: Portal, client: dict[str, Any]) -> None:
    """Basic or form; wrong secret, unknown client, other grants and too many rights are refused as RFC 6749 says."""
    granted = ask_token(portal, client)
    assert granted.headers["cache-control"] == "no-store"
    assert granted.json() | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": " ".join(sorted(ALL)),
    }
    form = {"client_id": client["client_id"], "client_secret": client["client_secret"], "scope": ALL[0]}
    less = portal.http.post("/oauth/token", data=form | {"grant_type": "client_credentials"})
    assert less.json()["scope"] == ALL[0]
    refused = [
        ask_token(portal, client | {"client_secret": "faux"}),
        ask_token(portal, client | {"client_id": "01900000-0000-7000-8000-000000000000"}),
        ask_token(portal, client | {"client_id": "personne"}),
        ask_token(portal, client, grant_type="password"),
        ask_token(portal, client, scope="integration:enrollments"),
    ]
    assert [(r.status_code, r.json()["error"]) for r in refused] == [
        *[(401, "invalid_client")] * 3,
        (400, "unsupported_grant_type"),
        (400, "invalid_scope"),
    ]
    assert len({r.json()["detail"] for r in refused[:3]}) == 1


def test_a_clients_token_opens_nothing_of_a_person_and_the_other_way_round(
    portal: Portal, client: dict[str, Any], agent: Agent
) -> None:
    """No parent, no agent with it; no integrator's route with theirs; and each scope by itself."""
    headers = bearer(portal, client)
    for path in ("/me", "/family", "/invoices", "/agent/requests", "/agent/families?search=ma"):
        assert portal.http.get(path, headers=headers).status_code == 401, path
    assert agent.get("/integration/events").status_code == 403
    assert portal.parent().get("/integration/events").json()["scope"] == "integration:events"
    only = ask_token(portal, client, scope="integration:families").json()["access_token"]
    assert (
        portal.http.get("/integration/families/20001", headers={"Authorization": f"Bearer {only}"}).status_code == 200
    )


def test_a_secret_is_changed_without_a_stop(portal: Portal, environment: dict[str, str]) -> None:
    """The new and the last one work, the one before does not; a client that is shut out is out at its next request."""
    first = new_client(environment, "À tour de rôle", ALL[2])
    second = json.loads(foyer(environment, "clients", "rotate", first["name"], "--json").stdout)
    assert [ask_token(portal, c).status_code for c in (first, second)] == [200, 200]
    third = json.loads(foyer(environment, "clients", "rotate", first["name"], "--json").stdout)
    assert [ask_token(portal, c).status_code for c in (first, second, third)] == [401, 200, 200]
    headers = bearer(portal, third)
    assert portal.http.get("/integration/events", headers=headers).status_code == 200
    assert foyer(environment, "clients", "disable", first["name"]).returncode == 0
    assert portal.http.get("/integration/events", headers=headers).status_code == 401
    assert ask_token(portal, third).status_code == 401


def test_the_operator_is_told_what_a_client_may_have(environment: dict[str, str], address: str) -> None:
    """A right of agents, none at all, a name that is taken."""
    assert address
    orders = [["Trop", "--scope", "agent:requests"], ["Logiciel métier", "--scope", ALL[0]]]
    answers = [foyer(environment, "clients", "add", *order) for order in orders]
    assert [a.returncode for a in answers] == [1, 1]
    assert "integration:families" in answers[0].stderr
    assert "existe déjà" in answers[1].stderr


def test_a_family_is_written_and_again_changes_nothing(portal: Portal, client: dict[str, Any], agent: Agent) -> None:
    """Idempotent; a contact that is not valid is left out with a warning; it reads as it was written."""
    headers, path = bearer(portal, client), "/integration/families/X-900"
    body = {"adults": [ADULT | {"email": "pas une adresse"}], "children": [CHILD]}
    answers = [portal.http.put(path, json=body, headers=headers).json() for _ in range(2)]
    assert [a["changed"] for a in answers] == [True, False]
    assert "courriel" in answers[0]["warnings"][0]
    found = agent.get("/agent/families", search="ana integree").json()["items"][0]
    assert (found["reference"], found["children"][0]["first_name"]) == ("X-900", "Léo")
    read = portal.http.get(path, headers=headers).json()
    assert (read["adults"][0]["phone"], read["children"][0]["has_pai"]) == ("+594694556677", True)
    assert portal.http.put(path, json=read, headers=headers).json()["changed"] is False
    assert portal.http.get("/integration/families/inconnue", headers=headers).status_code == 404


def test_a_family_that_a_rule_refuses_is_not_written_at_all(portal: Portal, client: dict[str, Any]) -> None:
    """The field is named in the body's own terms; the other adult is not written either."""
    headers, path = bearer(portal, client), "/integration/families/X-901"
    wrong = ADULT | {"reference": "AX3", "quotient_from": "2026-09-01", "quotient_to": "2026-01-01"}
    answer = portal.http.put(path, json={"adults": [ADULT | {"reference": "AX2"}, wrong]}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/adults/1/quotient_to")
    assert portal.http.get(path, headers=headers).status_code == 404


def test_many_rows_as_lines(portal: Portal, client: dict[str, Any], agent: Agent) -> None:
    """NDJSON: families and invoices in one body; the row that is wrong is in the report, the others are in."""
    headers = bearer(portal, client)
    family = {
        "file": "familles.csv",
        "dossier": "X-902",
        "adulte": "AX9",
        "role": "RESPONSABLE",
        "nom": "Lignes",
        "prenom": "Éva",
        "payeur": True,
        "date_naissance": "1988-01-02",
    }
    invoice = {
        "file": "factures.csv",
        "dossier": "X-902",
        "adulte": "AX9",
        "periode_debut": "2026-09-01",
        "periode_fin": "2026-09-30",
        "date_emission": "2026-10-05",
        "date_echeance": "2026-10-28",
        "exercice": 2026,
        "prelevement": False,
    }
    invoices = [invoice | {"numero": f"NL-{n}", "total": "12.50", "regle": "0", "etat": "EMISE"} for n in range(200)]
    invoices[7] = invoices[7] | {"etat": "PERDUE"}
    body = "\n".join(json.dumps(row) for row in [family, *invoices])
    sent = portal.http.post(
        "/integration/imports", content=body, headers=headers | {"Content-Type": "application/x-ndjson"}
    )
    assert sent.status_code == 202, sent.text
    report = finished(portal, headers, sent.json()["id"])
    assert report["counts"]["familles.csv"]["applied"] == 1, report
    assert (report["counts"]["factures.csv"]["applied"], report["counts"]["factures.csv"]["rejected"]) == (199, 1)
    rejects = portal.http.get(f"/integration/imports/{report['id']}/rejects", headers=headers)
    assert "NL-7" in rejects.text
    found = agent.get("/agent/families", search="X-902").json()["items"][0]
    assert len(agent.get(f"/agent/families/{found['id']}/activity").json()["invoices"]) == 24


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b'{"file": "familles.csv", "dossier": "1"}\n{"file": "famil', 2),
        (b'{"file": "autre.csv"}\n', 1),
        (b'\n{"file": "familles.csv", "inconnue": "1"}', 2),
        (b"[1, 2]\n", 1),
        (b"x" * 100_000, 1),
    ],
)
def test_a_line_that_is_not_whole_refuses_the_body(
    portal: Portal, client: dict[str, Any], database: Database, body: bytes, line: int
) -> None:
    """Its number is told, and nothing waits for the worker."""
    before = database.value("SELECT count(*) FROM import_run")
    headers = bearer(portal, client) | {"Content-Type": "application/x-ndjson"}
    answer = portal.http.post("/integration/imports", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/lines/{line}")
    assert database.value("SELECT count(*) FROM import_run") == before


def test_events_come_in_order_without_a_gap_and_can_be_asked_for_again(
    portal: Portal, client: dict[str, Any], agent: Agent
) -> None:
    """Forty requests at once: every one is there, numbers go up by one, also for two readers at the same time."""
    headers = bearer(portal, client)

    def read(after: int = 0, limit: int = 1000) -> dict[str, Any]:
        return dict(
            portal.http.get("/integration/events", params={"after": after, "limit": limit}, headers=headers).json()
        )

    start = read()["next_after"]
    parents = [portal.parent() for _ in range(4)]
    question = {"type": "question", "data": {"subject": "x", "question": "y"}}
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(parents[n % 4].post, "/requests", question) for n in range(40)]
        readers = [pool.submit(read, start) for _ in range(4)]
    references = {future.result().json()["reference"] for future in sent}
    assert all(reader.result()["items"] is not None for reader in readers)
    seen: list[dict[str, Any]] = []
    after = start
    while page := read(after, 7)["items"]:
        seen += page
        after = page[-1]["id"]
    assert [event["id"] for event in seen] == list(range(start + 1, start + 1 + len(seen)))
    assert {e["data"]["request"]["reference"] for e in seen if e["type"] == "request.submitted"} == references
    assert read(start, 7)["items"] == seen[:7]
    assert read(after) == {"items": [], "next_after": after}


def test_an_event_names_things_by_the_back_offices_references(
    portal: Portal, client: dict[str, Any], agent: Agent
) -> None:
    """A change of details that was accepted: which file, which adult, which fields; no value, no name."""
    headers, family = bearer(portal, client), portal.family()
    parent = portal.parent_with_key(agent, family)
    after = portal.http.get("/integration/events", params={"limit": 1000}, headers=headers).json()["next_after"]
    change = {"type": "family-change", "data": {"family_id": family.id, "city": "Sinnamary"}}
    request = parent.post("/requests", change).json()
    agent.post(f"/agent/requests/{request['id']}/acceptance")
    events = portal.http.get("/integration/events", params={"after": after}, headers=headers).json()["items"]
    changed = next(e for e in events if e["type"] == "family.changed")
    assert changed["data"] == {"family": family.reference, "adult": family.adults[0]["reference"], "fields": "city"}
    assert "Sinnamary" not in json.dumps(events)
    read = portal.http.get(f"/integration/families/{family.reference}", headers=headers).json()
    assert "Sinnamary" in [adult["city"] for adult in read["adults"]]
