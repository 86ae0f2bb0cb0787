"""Which operation may show which field about a person: written by hand, and compared with every answer of the contract.

That the answers have the contract's fields and no others is tested in test_openapi.py; each operation belongs to the roles that hold
its right (tests/hostile/test_roles.py). A field more here is a decision about people's privacy, not a detail.
"""

from collections.abc import Iterator
from typing import Any

from tests.contract.test_openapi import OPERATIONS, SPEC

ABOUT_PEOPLE = {
    "address", "birth_date", "city", "diet", "email", "grade", "has_pai", "login", "phone", "postal_code", "quotient", "recipient", "school",
}  # fmt: skip
CONTACT = {"email", "phone"}
HOME = {"address", "city", "postal_code"}
AT_SCHOOL = {"school", "grade"}
CARE = {"diet", "has_pai"}  # that a plan exists and what is not eaten, never why (CNIL, NS-058)
MEMBER = CONTACT | {"birth_date"}  # what a parent declared of the own household
REQUESTER = {f"requester.{name}" for name in MEMBER}
AGENTS_FAMILY = {f"adults.{name}" for name in CONTACT | HOME | {"birth_date", "quotient"}} | {
    f"children.{name}" for name in AT_SCHOOL | {"birth_date"}
}
MAY_SHOW: dict[str, set[str]] = {
    # a parent: oneself, what one declared, one's children and one's own quotient; of the other parent nothing
    "get_profile": CONTACT | HOME | {"birth_date"},
    "update_profile": CONTACT | HOME | {"birth_date"},
    "list_household_members": {f"items.{name}" for name in MEMBER},
    "create_household_member": MEMBER,
    "get_household_member": MEMBER,
    "update_household_member": MEMBER,
    "list_families": {f"items.children.{name}" for name in AT_SCHOOL | CARE | {"birth_date"}} | {"items.quotient"},
    # agents who answer requests: who asks; whom a message could not reach
    "list_request_queue": {f"items.{name}" for name in REQUESTER},
    "get_queued_request": REQUESTER,
    "review_request": REQUESTER,
    "ask_request_correction": REQUESTER,
    "accept_request": REQUESTER,
    "refuse_request": REQUESTER,
    "assign_request": REQUESTER,
    "list_messages": {"items.recipient"},
    # agents who look for a family, and see who holds its keys
    "search_families": {f"items.{name}" for name in AGENTS_FAMILY},
    "get_family_file": AGENTS_FAMILY,
    "get_family_activity": {"links.email"},
    # agents who have the list of an activity: nothing of the adults
    "list_activity_enrollments": {f"items.child.{name}" for name in AT_SCHOOL | {"birth_date"}},
    # the counter, for who has no mailbox
    "search_accounts": {"items.login"},
    "open_account": {"login"},
    "get_account": {"login"},
    # the back office reads what it wrote
    "get_integration_family": AGENTS_FAMILY | {f"children.{name}" for name in CARE},
}


def fields(schema: dict[str, Any], path: str = "", within: tuple[str, ...] = ()) -> Iterator[str]:
    """Every field that an answer of a schema can have, with the way to it."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name not in within:
            yield from fields(SPEC["components"]["schemas"][name], path, (*within, name))
        return
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, ()):
            yield from fields(one, path, within)
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from fields(inner, path, within)
    for name, one in schema.get("properties", {}).items():
        yield f"{path}{name}"
        yield from fields(one, f"{path}{name}.", within)


def shown(op: dict[str, Any]) -> set[str]:
    """The fields about people in an operation's answers that worked."""
    contents = [
        content
        for status, answer in op["responses"].items()
        if status.startswith("2")
        for content in answer.get("content", {}).values()
    ]
    found = {name for content in contents for name in fields(content.get("schema", {}))}
    return {name for name in found if name.rsplit(".", 1)[-1] in ABOUT_PEOPLE}


def test_every_answer_shows_of_people_what_is_listed_and_no_more() -> None:
    """A field that is new in an answer, or that is no longer there, is a line in the table above."""
    found = {op["operationId"]: names for _, _, op in OPERATIONS if (names := shown(op))}
    assert found == MAY_SHOW
