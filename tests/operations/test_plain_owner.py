"""A town whose database user is nobody special, as a hoster gives one: it may make roles and databases, and is bound by every wall."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from api.core.embedded import embedded_postgres
from bench.machine import data_directory
from tests.conftest import PROJECT, foyer, free_port, served


@pytest.fixture(scope="module")
def plain(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `foyer` runs with: an address, and secrets of its own."""
    with data_directory() as folder, embedded_postgres(folder) as dsn:

        async def prepare() -> None:
            connection = await asyncpg.connect(dsn)
            await connection.execute("CREATE ROLE town LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS")
            await connection.execute("CREATE DATABASE town OWNER town")
            await connection.close()

        asyncio.run(prepare())
        secrets = tmp_path_factory.mktemp("plain") / "secrets.json"
        own = environment | {
            "FOYER_DATABASE_URL": dsn.replace("//foyer@", "//town@").replace("/foyer?", "/town?"),
            "FOYER_SECRET_FILE": str(secrets),
            "FOYER_PORT": str(free_port()),
        }
        assert foyer(own, "secrets", str(secrets)).returncode == 0
        migrated = foyer(own, "migrate")
        assert migrated.returncode == 0, migrated.stderr
        yield own


def test_everything_works_for_an_ordinary_user(plain: dict[str, str], tmp_path: Path) -> None:
    """Import, an agent who signs in and finds a family, a copy, and bringing it back."""
    imported = foyer(plain, "import", str(PROJECT / "api/demo/town"), "--rejects", str(tmp_path / "r.csv"), "--json")
    assert json.loads(imported.stdout)["familles.csv"]["applied"] > 1000, imported.stderr
    name = ["--first-name", "Aude", "--last-name", "Agente", "--role", "manager", "--json"]
    agent = json.loads(foyer(plain, "agents", "add", "agente@ville.exemple.fr", *name).stdout)
    copied = foyer(plain, "backup", str(tmp_path / "monday"))
    assert copied.returncode == 0, copied.stderr
    restored = foyer(plain, "restore", str(tmp_path / "monday"))
    assert restored.returncode == 0, restored.stderr
    with served(plain, "--no-worker"):
        address = f"http://127.0.0.1:{plain['FOYER_PORT']}/api/v1"
        credentials = {"email": agent["email"], "password": agent["password"], "client": "app"}
        challenge = httpx2.post(f"{address}/sessions", json=credentials).json()["challenge"]
        answer = httpx2.post(
            f"{address}/sessions/second-factor", json={"challenge": challenge, "code": agent["recovery_codes"][0]}
        )
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        found = httpx2.get(f"{address}/agent/families", params={"search": "souza"}, headers=headers)
        assert found.json()["items"]
