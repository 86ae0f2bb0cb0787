"""A copy made while people write, brought back elsewhere: everything is there, and who was erased is not."""

from pathlib import Path

import pytest

from bench.machine import data_directory
from tests.conftest import foyer, free_port, served
from tests.portal import PASSWORD, Agent, Parent, Portal

READS = ("/me", "/family", "/invoices", "/enrollments", "/service-keys")


@pytest.fixture(scope="module")
def copied(
    portal: Portal, agent: Agent, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Parent, Parent]:
    """A copy of the town, a parent who is in it, and one who was erased after it was made."""
    portal.database.run("DELETE FROM attempts")
    stays, goes = portal.parent_with_key(agent), portal.parent()
    folder = tmp_path_factory.mktemp("backups") / "monday"
    made = foyer(environment, "backup", str(folder))
    assert made.returncode == 0, made.stderr
    version = goes.get("/me").headers["etag"]
    assert goes.send("DELETE", "/me", {"current_password": PASSWORD}, if_match=version).status_code == 204
    return folder, stays, goes


def test_a_copy_brought_back_elsewhere_answers_the_same(
    portal: Portal, environment: dict[str, str], copied: tuple[Path, Parent, Parent], tmp_path: Path
) -> None:
    """Same people, same answers; an account erased since then is erased there too."""
    folder, stays, goes = copied
    before = {path: stays.get(path).text for path in READS}
    (tmp_path / "erased").write_text(foyer(environment, "erased").stdout)
    with data_directory() as elsewhere:
        other = environment | {
            "FOYER_DATA_DIR": str(elsewhere),
            "FOYER_SECRET_FILE": str(Path(environment["FOYER_DATA_DIR"]) / "secrets.json"),
            "FOYER_PORT": str(free_port()),
        }
        done = foyer(other, "restore", str(folder), "--erased", str(tmp_path / "erased"))
        assert done.returncode == 0, done.stderr
        assert "effacés de nouveau : 1." in done.stdout
        with served(other, "--no-worker"):
            there = f"http://127.0.0.1:{other['FOYER_PORT']}/api/v1"
            here, stays.http.base_url = stays.http.base_url, there
            try:
                parent = portal.sign_in(stays.email)
                assert {path: parent.get(path).text for path in READS} == before
                answer = portal.http.post(
                    "/sessions", json={"email": goes.email, "password": PASSWORD, "client": "app"}
                )
                assert (answer.status_code, answer.json()["code"]) == (401, "wrong-credentials")
            finally:
                stays.http.base_url = here


def test_a_damaged_copy_is_refused(
    environment: dict[str, str], copied: tuple[Path, Parent, Parent], tmp_path: Path
) -> None:
    """One bit is enough; nothing of the present database was touched."""
    folder, stays, _ = copied
    content = bytearray((folder / "base.dump").read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "base.dump").write_bytes(content)
    (damaged / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    done = foyer(environment, "restore", str(damaged))
    assert done.returncode == 1
    assert "abîmé" in done.stderr
    assert stays.get("/me").status_code == 200


def test_a_portal_that_runs_is_not_replaced(environment: dict[str, str], copied: tuple[Path, Parent, Parent]) -> None:
    """It is told to stop first, and goes on."""
    folder, stays, _ = copied
    done = foyer(environment, "restore", str(folder))
    assert done.returncode == 1
    assert "en service" in done.stderr
    assert stays.get("/family").status_code == 200


def test_a_copy_never_replaces_another(environment: dict[str, str], copied: tuple[Path, Parent, Parent]) -> None:
    """The folder must be new."""
    done = foyer(environment, "backup", str(copied[0]))
    assert done.returncode == 1
    assert "existe déjà" in done.stderr
