"""Imports that an agent sends, and the worker runs."""

import time
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import Database
from tests.portal import Agent, Parent, Portal

FAULTY = Path(__file__).with_name("faulty")
PATIENCE = 40.0  # seconds, of a loaded machine


def send(agent: Parent, files: dict[str, bytes], **fields: str) -> httpx2.Response:
    """As a browser's form does."""
    parts = [("files", (name, content)) for name, content in files.items()]
    return agent.http.post("/agent/imports", files=parts, data=fields, headers=agent.headers())


def finished(agent: Parent, run: str) -> dict[str, Any]:
    """The import, once it is over: the worker tells of it in the database."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        seen: dict[str, Any] = agent.get(f"/agent/imports/{run}").json()
        if seen["state"] in {"done", "failed"}:
            return seen
        time.sleep(0.1)
    raise AssertionError(seen)


def family_file(reference: str, name: str) -> bytes:
    """A file of one family."""
    header = "dossier;adulte;role;civilite;nom;prenom;date_naissance;adresse;code_postal;ville;telephone;courriel;payeur;quotient;quotient_debut;quotient_fin"
    row = f"{reference};A{reference};RESPONSABLE;Mme;{name};Ana;01/02/1990;1 rue;97300;CAYENNE;;;OUI;500;;"
    return f"{header}\r\n{row}\r\n".encode("cp1252")


def test_an_import_is_tried_then_done_and_again_changes_nothing(agent: Agent) -> None:
    """A dry run tells the counts and changes nothing; the second real one finds everything unchanged."""
    files = {"familles.csv": family_file("88001", "PELÉ")}
    tried = send(agent, files, dry_run="true")
    assert (tried.status_code, tried.json()["state"]) == (202, "queued")
    report = finished(agent, tried.json()["id"])
    counts = {"read": 1, "applied": 1, "unchanged": 0, "rejected": 0, "warnings": 0}
    assert (report["state"], report["dry_run"], report["counts"]) == ("done", True, {"familles.csv": counts})
    assert agent.get("/agent/families", search="88001").json()["items"] == []
    outcomes = []
    for _ in range(2):
        report = finished(agent, send(agent, files).json()["id"])
        outcomes.append((report["counts"]["familles.csv"]["applied"], report["counts"]["familles.csv"]["unchanged"]))
    assert outcomes == [(1, 0), (0, 1)]
    assert agent.get("/agent/families", search="pele ana").json()["items"][0]["reference"] == "88001"
    assert not report["has_rejects"]
    assert agent.get(f"/agent/imports/{report['id']}/rejects").status_code == 404


def test_rejected_rows_are_given_back_with_their_reasons(agent: Agent) -> None:
    """File, line, column, reason; a formula is disarmed; the sent files are forgotten."""
    report = finished(agent, send(agent, {"familles.csv": (FAULTY / "familles.csv").read_bytes()}).json()["id"])
    count = report["counts"]["familles.csv"]
    assert count["read"] == count["applied"] + count["unchanged"] + count["rejected"]
    rejects = agent.get(f"/agent/imports/{report['id']}/rejects")
    assert rejects.headers["content-type"].startswith("text/csv")
    lines = rejects.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "fichier;ligne;colonne;motif;contenu"
    assert len(lines) == count["rejected"] + 1
    assert not [line for line in lines if line.split(";")[4:5] and line.split(";")[4].startswith("=")]
    assert agent.get(f"/agent/imports/{report['id']}/warnings").status_code == 200


def test_files_that_no_import_knows_are_refused_at_once(agent: Agent) -> None:
    """By name, empty, twice the same, none: nothing waits for the worker."""
    good = family_file("88002", "X")
    answers = [
        send(agent, {"autre.csv": good}),
        send(agent, {"familles.csv": b""}),
        agent.http.post("/agent/imports", files=[("files", ("familles.csv", good))] * 2, headers=agent.headers()),
        send(agent, {}, dry_run="true"),
    ]
    assert [a.status_code for a in answers[:3]] == [422] * 3
    assert [a.json()["errors"][0]["code"] for a in answers[:3]] == ["unknown-file", "empty", "double"]
    assert answers[3].status_code in {415, 422}


def test_a_csv_of_the_wrong_kind_says_what_is_missing(agent: Agent) -> None:
    """The name promises families, the columns are of something else: failed, nothing changed."""
    report = finished(agent, send(agent, {"familles.csv": b"a;b;c\r\n1;2;3\r\n"}).json()["id"])
    assert report["state"] == "failed"
    assert "il manque" in report["problem"]
    assert "familles.csv" in report["problem"]
    assert "/" not in report["problem"].partition("familles.csv")[0]  # no path of the server


def test_a_half_sent_file_imports_nothing(agent: Agent, address: str, database: Database) -> None:
    """A body that ends before its last boundary is refused whole."""
    before = database.value("SELECT count(*) FROM import_run")
    body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="familles.csv"\r\n\r\n' + family_file(
        "88003", "Y"
    )
    answer = agent.http.post(
        "/agent/imports",
        content=body,
        headers=agent.headers() | {"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "half-sent")
    assert database.value("SELECT count(*) FROM import_run") == before


def test_an_import_needs_its_right_before_a_byte_is_taken(portal: Portal, colleague: Agent) -> None:
    """Nobody, a parent, an agent of the desk."""
    files = [("files", ("familles.csv", family_file("88004", "Z")))]
    answers = [
        portal.http.post("/agent/imports", files=files),
        send(portal.parent(), {"familles.csv": b"x"}),
        send(colleague, {"familles.csv": b"x"}),
        colleague.get("/agent/imports"),
    ]
    assert [a.status_code for a in answers] == [401, 403, 403, 403]


def test_an_import_whose_process_died_is_run_again(agent: Agent, database: Database) -> None:
    """Its lease ends by itself."""
    run = finished(agent, send(agent, {"familles.csv": family_file("88005", "W")}).json()["id"])["id"]
    database.run(
        "UPDATE import_run SET state = 'running', leased_until = now() - interval '1 minute' WHERE id = $1::text::uuid",
        run,
    )
    database.run(
        "INSERT INTO import_chunk (run_id, name, position, content) VALUES ($1::text::uuid, 'familles.csv', 0, $2)",
        run,
        family_file("88005", "W"),
    )
    database.run("NOTIFY message")
    assert finished(agent, run)["counts"]["familles.csv"]["unchanged"] == 1
