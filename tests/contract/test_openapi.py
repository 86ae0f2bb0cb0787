"""The contract: committed, complete, and true of the answers."""

import re
import uuid
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
import yaml

from tests.conftest import PROJECT, Database, foyer
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal, Software

SPEC: dict[str, Any] = yaml.safe_load((PROJECT / "openapi.yaml").read_text())
OPERATIONS = [(path, method, op) for path, item in SPEC["paths"].items() for method, op in item.items()]
PUBLIC = {
    "create_account",
    "activate_account",
    "resend_activation_mail",
    "request_password_reset",
    "confirm_password_reset",
    "create_session",
    "pass_second_factor",
    "refresh_session",
    "list_services",
    "object_to_service_key",
    "get_town",
    "list_notices",
    "confirm_email_change",
    "read_calendar",
    "get_draw",
    "create_client_token",
    "begin_passkey_session",
    "create_passkey_session",
}
BODY: dict[str, Any] = {}


NEEDED = {"families": {"search": "xx"}, "estimate": {"child_id": str(uuid.uuid4()), "days": "mon"}}


def call(portal: Portal, path: str, method: str, headers: dict[str, str]) -> httpx2.Response:
    """An operation with ids that belong to nobody."""
    url = portal.address + re.sub(r"{\w+}", str(uuid.uuid4()), path.replace("{day}", "2027-01-04"))
    params = NEEDED.get(path.rsplit("/", 1)[-1], {}) if method == "get" else {}
    body = SPEC["paths"][path][method].get("requestBody", {}).get("content", {})
    if "multipart/form-data" in body:
        return portal.http.request(method.upper(), url, headers=headers, files={"file": ("a.pdf", b"%PDF-1.7")})
    sends = "application/json" in body or method in {"post", "put", "patch"}
    return portal.http.request(method.upper(), url, params=params, headers=headers, json=BODY if sends else None)


def test_the_committed_contract_is_the_code(environment: dict[str, str]) -> None:
    """`foyer openapi` prints openapi.yaml, whatever the settings are."""
    printed = foyer(environment | {"FOYER_TOWN": "Ailleurs", "FOYER_PUBLIC_URL": "https://ailleurs.example"}, "openapi")
    assert printed.stdout == (PROJECT / "openapi.yaml").read_text(), "run `make openapi` and read the difference"


def test_the_portal_serves_the_contract(portal: Portal) -> None:
    """The file as committed."""
    assert portal.http.get(f"{portal.address}/openapi.yaml").text == (PROJECT / "openapi.yaml").read_text()


def test_operation_ids_are_unique_verbs_with_nouns() -> None:
    """They name the functions of generated clients."""
    ids = [op["operationId"] for _, _, op in OPERATIONS]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", i) for i in ids)


@pytest.mark.parametrize(("path", "method", "op"), OPERATIONS, ids=[op["operationId"] for _, _, op in OPERATIONS])
def test_an_operation_names_its_right_or_is_listed_public(
    portal: Portal, path: str, method: str, op: dict[str, Any]
) -> None:
    """Without a token it is 401; with a token of nobody's making too."""
    assert ("x-scope" in op) != (op["operationId"] in PUBLIC)
    if "x-scope" in op:
        for headers in ({}, {"Authorization": "Bearer e30.e30.e30"}):
            answer = call(portal, path, method, headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


@pytest.fixture(scope="module")
def keyless(portal: Portal) -> Parent:
    """A parent without a key."""
    return portal.parent()


@pytest.fixture(scope="module")
def holder(portal: Portal, agent: Agent, database: Database) -> Parent:
    """A parent with a key."""
    database.run("DELETE FROM attempts")
    return portal.parent_with_key(agent)


SCOPED = [(p, m, op) for p, m, op in OPERATIONS if "x-scope" in op]
BY_ID = [o for o in SCOPED if re.search(r"_id}|{reference}", o[0])]
NOT_FOR_ALL = [
    (p, m, op) for p, m, op in SCOPED if not op["x-scope"].startswith("account:")
]  # which everybody who signs in holds


@pytest.mark.parametrize(("path", "method", "op"), NOT_FOR_ALL, ids=[op["operationId"] for _, _, op in NOT_FOR_ALL])
def test_an_operation_is_refused_without_its_scope(
    portal: Portal, keyless: Parent, agent: Agent, path: str, method: str, op: dict[str, Any]
) -> None:
    """403 with the scope's name, before the body or the row is looked at."""
    who = keyless if op["x-scope"] not in keyless.tokens["scope"].split() else agent
    answer = call(portal, path, method, who.headers())
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "scope-missing", op["x-scope"])


@pytest.mark.parametrize(
    ("path", "method", "op"),
    BY_ID,
    ids=[o[2]["operationId"] for o in BY_ID],
)
def test_an_id_of_nobody_is_not_found(
    portal: Portal, holder: Parent, agent: Agent, software: Software, path: str, method: str, op: dict[str, Any]
) -> None:
    """404 for whoever holds the scope, or 422 for an empty body: never another's row, never a fault."""
    who = {"agent": agent, "integration": software}.get(op["x-scope"].partition(":")[0], holder)
    assert call(portal, path, method, who.headers()).status_code in (
        {404} if method in {"get", "delete"} else {404, 422}
    )


def test_answers_fit_the_schemas_they_promise(
    portal: Portal, holder: Parent, agent: Agent, software: Software, administrator: Agent
) -> None:
    """Reads are made by the database; what they make is what the contract says, field by field."""
    portal.database.run("DELETE FROM attempts")
    holder.post(
        "/household/members", {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
    )
    request = holder.post(
        "/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}}
    ).json()["id"]
    ids = {
        "member_id": holder.get("/household/members").json()["items"][0]["id"],
        "request_id": request,
        "invoice_id": holder.get("/invoices").json()["items"][0]["id"],
        "activity_id": holder.get("/activities").json()["items"][0]["id"],
        "family_id": holder.family.id if holder.family else "",
        "reference": holder.family.reference if holder.family else "",
    }
    ids["enrollment_id"] = enroll(holder, activity(portal.database)).json()["id"]
    holder.post("/me/calendar")
    child = holder.family.children[0]["id"] if holder.family else ""
    checked = 0
    for path, method, op in OPERATIONS:
        schema = op["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema")
        names = re.findall(r"{(\w+)}", path)
        if method != "get" or not schema or not set(names) <= set(ids) or path.endswith("/draw"):
            continue  # (a draw is read where one is drawn: tests/draws)
        who = agent if "/agent/" in path else software if "/integration/" in path else holder
        who = administrator if op.get("x-scope") == "agent:audit" else who
        needed = {"families": {"search": ids["reference"]}, "estimate": {"child_id": child, "days": "mon"}}
        params = needed.get(path.rsplit("/", 1)[-1], {})
        answer = who.get(path.removeprefix("/api/v1").format(**ids), **params)
        assert answer.status_code == 200, path
        jsonschema.Draft202012Validator({"$ref": schema["$ref"], "components": SPEC["components"]}).validate(
            answer.json()
        )
        for model in (SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]],):
            assert set(answer.json()) == set(model["properties"]), path
        checked += 1
    assert checked >= 14


def test_the_typescript_client_is_generated_from_the_contract(tmp_path: Path) -> None:
    """The committed client is what orval makes of openapi.yaml."""
    import shutil
    import subprocess

    target = PROJECT / "frontend" / "src" / "lib" / "api" / "generated"
    kept = tmp_path / "generated"
    shutil.copytree(target, kept)
    try:
        subprocess.run(
            [str(PROJECT / ".build/bin/python"), "scripts/node.py", "run", "--prefix", "frontend", "client"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
        )
        made = {f.name: f.read_text() for f in target.iterdir()}
        assert made == {f.name: f.read_text() for f in kept.iterdir()}, "run `make openapi`"
        barrel = (target.parent / "client.ts").read_text()
        assert all(f"'./generated/{name}'" in barrel for name in made), "a new tag is named in client.ts"
    finally:
        shutil.rmtree(target)
        shutil.copytree(kept, target)


def test_schemas_have_names_of_their_own() -> None:
    """Two classes of one name would rename both in every generated client."""
    assert [name for name in SPEC["components"]["schemas"] if "__" in name] == []
