"""What an operator meets: wrong settings, a taken port, a database that is away."""

import json
import os
import resource
import signal
import socket
import time
from pathlib import Path

import httpx2
import pytest
import typer

from api import cli
from tests.conftest import Database, foyer, free_port, served
from tests.portal import Portal


def words(text: str) -> str:
    """A message without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"FOYER_DATABASE_URL": "mysql://x/y"}, "only PostgreSQL"),
        ({"FOYER_PORT": "abc"}, "FOYER_PORT"),
        ({"FOYER_TIMEZONE": "Mars/Base"}, "FOYER_TIMEZONE"),
        ({"FOYER_DATABASE_URL": "postgresql://foyer@127.0.0.1:1/foyer"}, "The secrets are missing"),
    ],
)
def test_a_wrong_setting_is_a_sentence(
    environment: dict[str, str], tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    """It names the variable and ends with status 1; secrets are never made beside an external database."""
    done = foyer(environment | {"FOYER_DATA_DIR": str(tmp_path), "FOYER_PORT": str(free_port())} | variables, "serve")
    assert done.returncode == 1
    assert sentence in words(done.stderr)
    assert "Traceback" not in done.stderr


def test_a_database_that_is_away_is_a_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    """With what to check."""
    assert foyer(environment, "secrets", str(tmp_path / "secrets.json")).returncode == 0
    away = environment | {
        "FOYER_DATABASE_URL": "postgresql://foyer@127.0.0.1:1/foyer",
        "FOYER_SECRET_FILE": str(tmp_path / "secrets.json"),
        "FOYER_PORT": str(free_port()),
    }
    for command in (("serve",), ("migrate",), ("import", "api/demo/town")):
        done = foyer(away, *command)
        assert (done.returncode, "Check FOYER_DATABASE_URL" in words(done.stderr)) == (1, True)
        assert "Traceback" not in done.stderr


def test_a_port_in_use_is_a_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    """With another to try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = foyer(
            environment | {"FOYER_DATA_DIR": str(tmp_path), "FOYER_PORT": str(taken.getsockname()[1])}, "serve"
        )
    assert done.returncode == 1
    assert "FOYER_PORT" in words(done.stderr)


def test_secrets_are_private_and_never_replaced(environment: dict[str, str], tmp_path: Path) -> None:
    """Mode 600; a second `foyer secrets` refuses."""
    file = tmp_path / "secrets.json"
    assert foyer(environment, "secrets", str(file)).returncode == 0
    before = file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert foyer(environment, "secrets", str(file)).returncode == 1
    assert file.read_text() == before


def test_an_agents_account_is_made_once(environment: dict[str, str], portal: Portal) -> None:
    """The same address, or a role that is not an agent's, is refused."""
    assert portal
    add = ("agents", "add", "unique@ville.exemple.fr", "--first-name", "A", "--last-name", "B", "--json", "--role")
    first, again, wrong = (
        foyer(environment, *add, "desk"),
        foyer(environment, *add, "desk"),
        foyer(environment, *add, "parent"),
    )
    assert (first.returncode, again.returncode, wrong.returncode) == (0, 1, 1)
    made = json.loads(first.stdout)
    assert set(made) == {"email", "password", "totp_secret", "totp_uri", "recovery_codes"}
    assert len(made["recovery_codes"]) == 10


def test_settings_are_listed_without_their_passwords(environment: dict[str, str]) -> None:
    """Each variable with its value and meaning."""
    done = foyer(environment | {"FOYER_MAIL_URL": "smtp://user:motdepasse@mail.exemple.fr"}, "settings", "--json")
    listed = {row["variable"]: row["value"] for row in json.loads(done.stdout)}
    assert "motdepasse" not in done.stdout
    assert listed["FOYER_MAIL_URL"] == "smtp://…@mail.exemple.fr"
    assert listed["FOYER_TIMEZONE"] == "America/Cayenne"


def test_a_killed_portal_leaves_no_server_and_comes_back_with_its_data(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """kill -9 of `foyer serve`: worker and PostgreSQL end by themselves; the next start has what was acknowledged."""
    own = environment | {
        "FOYER_DATA_DIR": str(tmp_path / "data"),
        "FOYER_PORT": str(free_port()),
        "FOYER_MAIL_URL": "",
        "FOYER_SMS_URL": "",
    }
    address = f"http://127.0.0.1:{own['FOYER_PORT']}/api/v1"
    body = {"email": "garde@exemple.fr", "password": "quatre mots bien choisis", "first_name": "A", "last_name": "B"}
    with served(own) as process:
        assert httpx2.post(f"{address}/accounts", json=body).status_code == 202
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 20
        while _users_of(str(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _users_of(str(tmp_path)) == []
    with served(own):
        answer = httpx2.post(
            f"{address}/sessions", json={"email": body["email"], "password": body["password"], "client": "app"}
        )
        assert answer.json()["code"] == "not-activated"


def _users_of(folder: str) -> list[str]:
    """Processes whose environment or command names the folder, but for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if folder in (entry / "environ").read_text("utf-8", "replace") or folder in (
                    entry / "cmdline"
                ).read_text("utf-8", "replace"):
                    found.append((entry / "cmdline").read_text("utf-8", "replace"))
            except OSError:
                continue
    return found


def test_a_frozen_database_is_answered_503_within_seconds(
    environment: dict[str, str], portal: Portal, database: Database
) -> None:
    """A lock that nobody gives back: 503 with Retry-After, alive stays 200, and service is back at once."""
    assert environment
    parent = portal.parent()
    portal.database.run("BEGIN; LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
    try:
        answer = parent.get("/me")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert portal.http.get(f"{portal.address}/healthz").status_code == 200
    finally:
        database.run("ROLLBACK")
    assert parent.get("/me").status_code == 200


def test_a_database_that_dies_is_back_within_seconds(environment: dict[str, str], tmp_path: Path) -> None:
    """kill -9 of PostgreSQL: reads and writes are 503 meanwhile, never 500, and what was acknowledged is there after."""
    own = environment | {
        "FOYER_DATA_DIR": str(tmp_path / "data"),
        "FOYER_PORT": str(free_port()),
        "FOYER_MAIL_URL": "",
        "FOYER_SMS_URL": "",
    }
    address = f"http://127.0.0.1:{own['FOYER_PORT']}/api/v1"
    body = {"email": "retour@exemple.fr", "password": "quatre mots bien choisis", "first_name": "A", "last_name": "B"}
    credentials = {"email": body["email"], "password": body["password"], "client": "app"}
    with served(own):
        assert httpx2.post(f"{address}/accounts", json=body).status_code == 202
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and own["FOYER_DATA_DIR"] in _parents_environment(entry):
                os.kill(int(entry.name), signal.SIGKILL)
        seen, deadline = set(), time.monotonic() + 30
        while time.monotonic() < deadline:
            statuses = (
                httpx2.get(f"{address}/services").status_code,
                httpx2.post(f"{address}/sessions", json=credentials).status_code,
            )
            seen |= set(statuses)
            if statuses == (200, 403):
                break
            time.sleep(0.1)
        assert statuses == (200, 403)
        assert seen <= {200, 403, 503}


def _parents_environment(entry: Path) -> str:
    """The environment of a PostgreSQL server process, the postmaster, or nothing for any other."""
    try:
        words = (entry / "cmdline").read_text().split("\0")
        return (
            (entry / "environ").read_text("utf-8", "replace")
            if words[0].endswith("/postgres") and "-D" in words
            else ""
        )
    except OSError:
        return ""


def test_a_write_on_a_frozen_table_is_503_too(portal: Portal, database: Database) -> None:
    """Within the lock's time-out, with nothing half done."""
    parent = portal.parent()
    body = {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
    database.run("BEGIN; LOCK TABLE household_member IN ACCESS EXCLUSIVE MODE")
    try:
        answer = parent.post("/household/members", body)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    finally:
        database.run("ROLLBACK")
    assert parent.post("/household/members", body).status_code == 201
    assert len(parent.get("/household/members").json()["items"]) == 1


def test_connections_that_are_only_held_keep_nobody_out(environment: dict[str, str], portal: Portal) -> None:
    """Started where a process may have 256 files, as a system gives few unless it is asked: 600 who say nothing, and one is answered."""
    assert portal
    usual, port = resource.getrlimit(resource.RLIMIT_NOFILE), free_port()
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, usual[1]))
    held: list[socket.socket] = []
    try:
        with served(environment | {"FOYER_PORT": str(port)}, "--no-worker"):
            resource.setrlimit(resource.RLIMIT_NOFILE, usual)
            held += [socket.create_connection(("127.0.0.1", port)) for _ in range(600)]
            assert httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
            for connection in held:
                connection.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def test_every_command_is_where_the_start_looks_for_it() -> None:
    """The help has them all; one that is asked for is found without loading the others."""
    for module, names in cli.MODULES.items():
        found = typer.main.get_command(cli.program(names[0]))
        assert set(names) == set(found.commands), module  # type: ignore[attr-defined]
    every = {name for names in cli.MODULES.values() for name in names}
    assert set(typer.main.get_command(cli.program()).commands) == every  # type: ignore[attr-defined]


def test_the_release_before_goes_on_with_the_schema_of_the_next(
    portal: Portal, database: Database, environment: dict[str, str]
) -> None:
    """Processes that run stay ready after the next release's migration, and one that is started again serves; on an older schema
    nobody is ready.
    """
    present = database.value("SELECT version_num FROM alembic_version")
    try:
        database.run("UPDATE alembic_version SET version_num = '29991231_next'")
        assert portal.http.get(f"{portal.address}/readyz").status_code == 200
        with served(environment | {"FOYER_PORT": str(free_port())}, "--no-worker"):
            pass
        assert database.value("SELECT version_num FROM alembic_version") == "29991231_next"
        database.run("UPDATE alembic_version SET version_num = '20260101_before'")
        assert portal.http.get(f"{portal.address}/readyz").status_code == 503
    finally:
        database.run("UPDATE alembic_version SET version_num = $1", present)
