"""What `make run` starts: a town with people who can sign in, also beside an older database."""

import json
import os
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import free_port, served


def test_the_demonstration_starts_again_without_its_sign_ins(tmp_path: Path) -> None:
    """Its parent enrolls a child; the folder is deleted, the database is not: new people, and nothing that was is lost."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FOYER_")} | {
        "FOYER_DATA_DIR": str(tmp_path),
        "FOYER_PORT": str(free_port()),
    }
    api = f"http://127.0.0.1:{environment['FOYER_PORT']}/api/v1"
    people = tmp_path / "demonstration.json"

    def get(path: str, **params: Any) -> list[dict[str, Any]]:
        return list(httpx2.get(api + path, headers=parent, params=params).json()["items"])

    def sign_in() -> dict[str, str]:
        known = json.loads(people.read_text())["with_key"]
        body = {"email": known["email"], "password": known["password"], "client": "app"}
        return {"Authorization": f"Bearer {httpx2.post(f'{api}/sessions', json=body).json()['access_token']}"}

    with served(environment, command="demo"):
        parent = sign_in()
        children = [child["id"] for family in get("/family") for child in family["children"]]
        wishes = [
            {"child_id": child, "activity_id": activity["id"], "days": activity["days"][:1]}
            for child in children
            for activity in get("/activities", child_id=child, limit=100)
        ]
        sent = httpx2.post(f"{api}/enrollments/baskets", headers=parent, json={"items": wishes[:20]})
        assert any(one["enrollment"] for one in sent.json()["items"])
        enrolled = get("/enrollments")
    people.unlink()
    with served(environment, command="demo"):
        parent = sign_in()
        assert [one["reference"] for one in get("/enrollments")] == [one["reference"] for one in enrolled]
