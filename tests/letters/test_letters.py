"""Keys on paper, for every adult who has none."""

import re
import time
import zlib
from typing import Any

from tests.conftest import Database
from tests.portal import Agent, Portal

PATIENCE = 180.0  # seconds: some hundred keys are hashed slowly on purpose
KEY = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")


def made(agent: Agent, batch: str) -> dict[str, Any]:
    """The batch, once it is over."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        seen: dict[str, Any] = agent.get(f"/agent/letter-batches/{batch}").json()
        if seen["state"] in {"done", "failed"}:
            return seen
        time.sleep(0.2)
    raise AssertionError(seen)


def few(database: Database) -> None:
    """Leave an address to five adults, so that few keys are hashed."""
    database.run(
        "UPDATE adult_private SET address = '' WHERE adult_id NOT IN (SELECT adult_id FROM adult_private WHERE address <> '' ORDER BY adult_id LIMIT 5)"
    )


def test_a_letter_for_every_adult_without_a_key(portal: Portal, agent: Agent, database: Database) -> None:
    """One PDF/A, as many keys as letters, none of them readable in the database; the next batch has nobody left."""
    before = dict(database.rows("SELECT adult_id::text, address FROM adult_private"))
    few(database)
    try:
        waiting = agent.get("/agent/letter-batches").json()["candidates"]
        assert 0 < waiting <= 5
        ordered = agent.post("/agent/letter-batches")
        assert (ordered.status_code, ordered.json()["state"]) == (202, "queued")
        batch = made(agent, ordered.json()["id"])
        assert (batch["state"], batch["total"], batch["made"]) == ("done", waiting, waiting), batch
        pdf = agent.get(f"/agent/letter-batches/{batch['id']}/pdf")
        assert pdf.headers["content-disposition"].startswith("attachment")
        assert pdf.content.startswith(b"%PDF-")
        assert b"pdfaid:part" in pdf.content
        assert len(re.findall(rb"/Type\s*/Page\b", whole(pdf.content))) == waiting
        keys = database.rows(
            "SELECT deliver_by, extract(epoch FROM expires_at - now()) / 86400 AS days FROM service_key WHERE deliver_by = 'letter'"
        )
        assert len(keys) == waiting
        assert {round(key["days"]) for key in keys} == {30}
        stored = bytes(database.value("SELECT pdf FROM letter_batch ORDER BY id DESC LIMIT 1"))
        assert b"%PDF" not in stored
        assert agent.get("/agent/letter-batches").json()["candidates"] == 0
        assert agent.send("DELETE", f"/agent/letter-batches/{batch['id']}/pdf").status_code == 204
        assert agent.get(f"/agent/letter-batches/{batch['id']}/pdf").status_code == 404
        again = made(agent, agent.post("/agent/letter-batches").json()["id"])
        assert (again["total"], again["pdf_until"]) == (0, None)
    finally:
        for adult, address in before.items():
            database.run("UPDATE adult_private SET address = $1 WHERE adult_id = $2::text::uuid", address, adult)
        database.run("UPDATE service_key SET revoked_at = now() WHERE deliver_by = 'letter' AND used_at IS NULL")


def whole(pdf: bytes) -> bytes:
    """The file with its streams unpacked."""
    parts = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(parts)


def test_the_pdf_is_gone_after_its_day(agent: Agent, database: Database) -> None:
    """Keys do not lie about."""
    batch = database.value(
        "INSERT INTO letter_batch (state, total, made, pdf, pdf_until) VALUES ('done', 1, 1, 'x', now() - interval '1 second') RETURNING id::text"
    )
    assert agent.get(f"/agent/letter-batches/{batch}/pdf").status_code == 404
    database.run("NOTIFY message")
    until = time.monotonic() + 30
    while (
        database.value("SELECT pdf FROM letter_batch WHERE id = $1::text::uuid", batch) is not None
        and time.monotonic() < until
    ):
        time.sleep(0.1)
    assert database.value("SELECT pdf FROM letter_batch WHERE id = $1::text::uuid", batch) is None


def test_a_key_by_letter_is_not_given_out_one_by_one(portal: Portal, agent: Agent) -> None:
    """The counter shows one, a batch prints many; nothing between."""
    adult = portal.family().adults[0]["id"]
    answer = agent.post("/agent/service-keys", {"adult_id": adult, "deliver_by": "letter"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/deliver_by")


def test_letters_need_the_right_to_give_keys_out(portal: Portal) -> None:
    """A parent orders none."""
    assert portal.parent().post("/agent/letter-batches").json()["scope"] == "agent:keys"
