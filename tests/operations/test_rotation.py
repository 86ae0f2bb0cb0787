"""Another key for what is encrypted: nobody notices, and the one before opens nothing any more."""

import json

import httpx2
import pyotp

from bench.machine import data_directory
from tests.conftest import foyer, free_port, served


def test_an_agent_signs_in_after_a_change_of_key(environment: dict[str, str]) -> None:
    """The seed of the second factor is read with the key of before, then written anew."""
    with data_directory() as folder:
        own = environment | {"FOYER_DATA_DIR": str(folder), "FOYER_PORT": str(free_port())}
        name = ["--first-name", "Aude", "--last-name", "Agente", "--role", "manager"]
        made = json.loads(foyer(own, "agents", "add", "aude@ville.exemple.fr", *name, "--json").stdout)
        before = json.loads((folder / "secrets.json").read_text())
        assert foyer(own, "secrets", "--rotate").returncode == 0
        during = json.loads((folder / "secrets.json").read_text())
        assert during["former_encryption_keys"] == [before["encryption_key"]]
        assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600
        assert during["signing_key"] == before["signing_key"]
        done = foyer(own, "reencrypt")
        assert "Rechiffré : 1." in done.stdout, done.stderr
        after = json.loads((folder / "secrets.json").read_text())
        assert after["former_encryption_keys"] == []
        assert "Rechiffré : 0." in foyer(own, "reencrypt").stdout
        address = f"http://127.0.0.1:{own['FOYER_PORT']}/api/v1"
        with served(own, "--no-worker"), httpx2.Client(base_url=address) as http:
            body = {"email": made["email"], "password": made["password"], "client": "app"}
            challenge = http.post("/sessions", json=body).json()["challenge"]
            code = pyotp.TOTP(made["totp_secret"]).now()
            answer = http.post("/sessions/second-factor", json={"challenge": challenge, "code": code})
            assert answer.status_code == 201
