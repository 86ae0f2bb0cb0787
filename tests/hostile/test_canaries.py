"""Strings that are typed everywhere and must come out nowhere: not in a log, a metric or a refusal."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.core.embedded import embedded_postgres
from bench.machine import data_directory
from tests.conftest import PROJECT, Database, foyer, free_port
from tests.portal import TOKEN, Mailbox

CANARY = "canari"
PASSWORD = f"{CANARY} mot de passe secret"


@pytest.fixture
def watched(environment: dict[str, str], mailbox: Mailbox, tmp_path: Path) -> Iterator[tuple[str, Database, Path]]:
    """A town whose logs are kept: the address, its database, the folder of the logs. Its post office is closed but for the
    first mail: the worker has something to complain of.
    """
    assert mailbox
    with data_directory() as folder, embedded_postgres(folder) as dsn, contextlib.ExitStack() as stack:
        own = environment | {"FOYER_DATA_DIR": str(folder), "FOYER_PORT": str(free_port())}
        assert foyer(own, "migrate").returncode == 0
        address = f"http://127.0.0.1:{own['FOYER_PORT']}"
        for name, command in (("api", ["serve", "--no-worker"]), ("worker", ["worker"])):
            output = stack.enter_context((tmp_path / name).open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "api.cli", *command], env=own, cwd=PROJECT, stdout=output, stderr=output
            )
            stack.callback(process.wait, 20)
            stack.callback(process.send_signal, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{address}/readyz").status_code == 200:
                    break
            time.sleep(0.05)
        database = Database(dsn)
        (tmp_path / "postgres").symlink_to(Path(database.value("SHOW data_directory")).parent / "log")
        yield address, database, tmp_path
        database.close()


def test_what_is_typed_is_in_no_log_metric_or_refusal(watched: tuple[str, Database, Path], mailbox: Mailbox) -> None:
    """In every field of a person's way through the portal, right and wrong, and while the database refuses and is away."""
    address, database, logs = watched
    refusals: list[httpx2.Response] = []
    with httpx2.Client(base_url=f"{address}/api/v1", timeout=30) as client:

        def say(method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
            answer = client.request(method, path, json=body, headers=headers)
            if answer.status_code >= 400:
                refusals.append(answer)
            return answer

        person = {"email": f"{CANARY}@exemple.fr", "password": PASSWORD, "first_name": CANARY, "last_name": CANARY}
        assert say("POST", "/accounts", person).status_code == 202
        assert say("POST", "/accounts", person).status_code == 202
        token = TOKEN.search(mailbox.wait(person["email"], "Activez").body)
        assert token
        assert say("POST", "/accounts/activation", {"token": token[1]}).status_code == 204
        signed_in = say("POST", "/sessions", {"email": person["email"], "password": PASSWORD, "client": "app"})
        bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
        child = {"kind": "child", "first_name": CANARY, "last_name": CANARY, "birth_date": "2018-04-05"}
        assert say("POST", "/household/members", child, **bearer).status_code == 201
        asked = say(
            "POST",
            "/requests",
            {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms", "note": CANARY}},
            **bearer,
        )
        assert asked.status_code == 201
        for method, path, body in _wrong(asked.json()["id"]):
            say(method, path, body, **bearer)
        client.post(
            f"/requests/{asked.json()['id']}/documents",
            files={"file": (f"{CANARY}.exe", CANARY.encode())},
            headers=bearer,
        )
        # Refused by the database itself: a constraint whose message would tell the values; then no database at all.
        database.run(f"ALTER TABLE household_member ADD CONSTRAINT refuse CHECK (last_name <> '{CANARY}2') NOT VALID")
        assert say("POST", "/household/members", child | {"last_name": f"{CANARY}2"}, **bearer).status_code == 409
        database.run("ALTER TABLE household_member DROP CONSTRAINT refuse")
        database.run("CREATE UNIQUE INDEX refuse ON household_member (last_name)")
        assert say("POST", "/household/members", child, **bearer).status_code == 409
        # What nobody foresaw, and whose message tells the values.
        database.run(
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET log_min_messages = 'fatal' AS "
            "$$ BEGIN RAISE EXCEPTION '%', NEW.first_name; END $$; "
            "DROP INDEX refuse; CREATE TRIGGER tell BEFORE INSERT ON household_member FOR EACH ROW EXECUTE FUNCTION tell()"
        )
        assert say("POST", "/household/members", child, **bearer).status_code == 500
        database.run("DROP TRIGGER tell ON household_member; DROP FUNCTION tell()")
        database.run(f"DO $$ BEGIN RAISE WARNING 'told' USING DETAIL = '{CANARY}'; END $$")
        database.run("BEGIN; LOCK TABLE household_member IN ACCESS EXCLUSIVE MODE")
        assert say("POST", "/household/members", child, **bearer).status_code == 503
        database.run("ROLLBACK")
        # A mail that cannot be made, and one that nobody takes.
        database.run(
            "INSERT INTO message (channel, recipient, language, template, params) VALUES "
            f"('email', '{CANARY}@exemple.fr', 'fr', 'no-such-template', '{{\"name\": \"{CANARY}\"}}'), "
            f"('email', 'refused@{CANARY}.fr', 'fr', 'account-exists', '{{}}')"
        )
        deadline = time.monotonic() + 20
        while database.value("SELECT count(*) FROM message WHERE attempts = 0") and time.monotonic() < deadline:
            time.sleep(0.05)
        metrics = client.get(f"{address}/metrics").text
    assert len(refusals) > 10
    leaks = [
        f"{answer.request.method} {answer.request.url.path}"
        for answer in refusals
        if CANARY in answer.text.replace(answer.json().get("instance", ""), "")
    ]
    assert leaks == []
    assert CANARY not in metrics
    audit = [row[0] for row in database.rows("SELECT e::text FROM audit_event e")]
    assert len(audit) >= 3
    assert [row for row in audit if CANARY in row] == []
    written = {name: (logs / name).read_text("utf-8", "replace") for name in ("api", "worker", "postgres")}
    assert written["api"], "the faults above are told of"
    assert "no-such-template" in written["worker"]
    assert "violates check constraint" in written["postgres"]
    assert "WARNING:  told" in written["postgres"]
    assert [f"{name}: {line}" for name, text in written.items() for line in text.splitlines() if CANARY in line] == []


def _wrong(request_id: str) -> list[tuple[str, str, Any]]:
    """Wrong values, each with the word in it."""
    return [
        ("POST", "/sessions", {"email": f"{CANARY}@exemple.fr", "password": f"{CANARY} faux", "client": "app"}),
        ("POST", "/sessions", {"email": f"{CANARY}@exemple.fr", "password": f"{CANARY} faux", "client": CANARY}),
        ("POST", "/accounts", {"email": CANARY, "password": CANARY, "first_name": CANARY * 99, "last_name": [CANARY]}),
        ("POST", "/accounts", {"email": f"{CANARY}@", "unknown": CANARY}),
        ("POST", "/service-keys", {"service": CANARY, "key": CANARY}),
        ("POST", "/service-keys", {"service": "enfance", "key": f"{CANARY}-2XDP-9RTF"}),
        ("POST", "/household/members", {"kind": CANARY, "first_name": {CANARY: 1}, "birth_date": CANARY}),
        ("POST", "/household/members", CANARY),
        ("PATCH", "/me", {"phone": CANARY, "locale": CANARY}),
        ("POST", f"/requests/{request_id}/messages", {"body": CANARY * 5000}),
        ("POST", "/requests", {"type": CANARY, "data": {CANARY: CANARY}}),
        ("GET", f"/invoices?limit={CANARY}&cursor={CANARY}", None),
        ("GET", f"/enrollments/{CANARY}", None),
        ("POST", "/password-resets/confirmation", {"token": CANARY, "password": CANARY}),
        ("POST", "/accounts/activation", {"token": CANARY}),
        ("POST", "/sessions/refresh", {"refresh_token": CANARY}),
        ("POST", "/oauth/token", {"client_secret": CANARY}),
    ]
