"""Who may call what, and which fields of personal data come back: written here by hand, and compared with every operation."""

import json
import re
from typing import Any

import pytest

from tests.conftest import Database, foyer, new_client
from tests.contract.test_openapi import OPERATIONS, call
from tests.portal import Agent, Parent, Portal, Software

PARENT = {
    "account:read", "account:write", "household:read", "household:write", "requests:read", "requests:write", "service_keys:read",
    "service_keys:write",
}  # fmt: skip
KEY = {"family:read", "invoices:read", "invoices:pay", "enrollments:read", "enrollments:write"}
READER = {"account:read", "account:write", "agent:families"}
DESK = READER | {"agent:requests", "agent:keys", "agent:enrollments", "agent:counter"}
MANAGER = DESK | {"agent:activities", "agent:imports", "agent:notices"}
ROLES: dict[str, set[str]] = {
    "stranger": set(),
    "parent": PARENT,
    "parent with a key": PARENT | KEY,
    "reader": READER,
    "desk": DESK,
    "manager": MANAGER,
    "administrator": MANAGER | {"agent:accounts", "agent:audit"},
    "software for invoices": {"integration:invoices"},
}
# What ends or changes the one who asks would spoil the next question; refusals of it are asked for all the same.
ENDS = {"change_password", "close_account", "end_current_session", "end_session"}
SHOWN_OF_A_CHILD = {
    "id", "first_name", "last_name", "birth_date", "school", "grade", "diet", "has_pai", "is_mine", "custody", "sex", "reference",
}  # fmt: skip
SECRET = re.compile(r'"(password_hash|pepper|secret_hash|token_hash|key_hash|totp_secret|email_key|search_name)"')


@pytest.fixture(scope="module")
def people(
    portal: Portal,
    agent: Agent,
    colleague: Agent,
    administrator: Agent,
    environment: dict[str, str],
    database: Database,
) -> dict[str, Parent | None]:
    """One of each role."""
    database.run("DELETE FROM attempts")
    name = ["--first-name", "Rita", "--last-name", "Lectrice", "--role", "reader"]
    made = foyer(environment, "agents", "add", "rita@ville.exemple.fr", *name, "--json")
    client = new_client(environment, "Essai des droits", "integration:invoices")
    return {
        "stranger": None,
        "parent": portal.parent(),
        "parent with a key": portal.parent_with_key(agent),
        "reader": portal.sign_in_agent(json.loads(made.stdout)),
        "desk": colleague,
        "manager": agent,
        "administrator": administrator,
        "software for invoices": Software(portal.http, "", {}, extra=client),
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_what_is_its_own_and_nothing_else(
    portal: Portal, people: dict[str, Parent | None], role: str
) -> None:
    """Every operation: 401 for a stranger, 403 past the role's rights, and neither within them. What is for people is 401 for
    software, which is nobody.
    """
    who, wrong = people[role], []
    for path, method, op in OPERATIONS:
        scope, name = op.get("x-scope"), op["operationId"]
        if scope is None or (scope in ROLES[role] and (method == "delete" or name in ENDS)):
            continue  # public ones; and what would end the one who asks
        status = call(portal, path, method, who.headers() if who else {}).status_code
        refused = {401} if who is None else {401, 403} if isinstance(who, Software) else {403}
        if (status in refused) == (scope in ROLES[role]):
            wrong.append(f"{name} ({scope}): {status}")
    assert wrong == []


def test_what_a_parent_may_see_of_others_is_listed_field_by_field(people: dict[str, Parent | None]) -> None:
    """The family as a parent has it: of the other adult name and role; no field of an agent's view, none that is new by accident."""
    parent = people["parent with a key"]
    assert parent
    seen = parent.get("/family").json()["items"][0]
    other = next(adult for adult in seen["adults"] if not adult["is_me"])
    filled = {name for name, value in other.items() if value not in (None, "", [], {}, False)}
    assert filled <= {"id", "role", "title", "first_name", "last_name", "is_payer"}, other
    children = {name for child in seen["children"] for name in child}
    assert children <= SHOWN_OF_A_CHILD


def test_no_answer_has_a_field_that_is_nobodys(people: dict[str, Parent | None]) -> None:
    """Hashes, seeds and search columns are in no answer of anybody."""
    for who in people.values():
        if who is None:
            continue
        for path, method, op in OPERATIONS:
            if method == "get" and "{" not in path and "x-scope" in op:
                text = _text(who, path.removeprefix("/api/v1"))
                assert not SECRET.search(text), (op["operationId"], SECRET.search(text))


def _text(who: Parent, path: str) -> str:
    needed: dict[str, Any] = {"/agent/families": {"search": "souza"}}
    answer = who.get(path, **needed.get(path, {}))
    return answer.text if "json" in answer.headers.get("content-type", "") else ""
