"""Who wrote a client against the released contract goes on working."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT
from tests.contract.breaking import breaks

NOW: dict[str, Any] = yaml.safe_load((PROJECT / "openapi.yaml").read_text())
RELEASED: dict[str, Any] = yaml.safe_load((PROJECT / "tests" / "contract" / "released.yaml").read_text())


def test_the_contract_breaks_nothing_that_was_released() -> None:
    """A break needs a new version of the API. What only adds is released by copying openapi.yaml over released.yaml."""
    assert breaks(RELEASED, NOW) == []


def schema(spec: dict[str, Any], name: str) -> Any:
    """A schema of the contract."""
    return spec["components"]["schemas"][name]


BREAKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "GET /api/v1/invoices is gone": lambda s: s["paths"].pop("/api/v1/invoices"),
    "has no number any more": lambda s: schema(s, "InvoiceRead")["properties"].pop("number"),
    "may lack balance_cents": lambda s: schema(s, "InvoiceRead")["required"].remove("balance_cents"),
    "is ['string'] and no longer ['integer']": lambda s: schema(s, "InvoiceRead")["properties"].update(
        total_cents={"type": "string"}
    ),
    "now needs phone": lambda s: schema(s, "AccountCreate")["required"].append("phone"),
    "no longer takes first_name": lambda s: schema(s, "AccountCreate")["properties"].pop("first_name"),
    "no longer takes cursor": lambda s: s["paths"]["/api/v1/invoices"]["get"]["parameters"].pop(
        next(i for i, p in enumerate(s["paths"]["/api/v1/invoices"]["get"]["parameters"]) if p["name"] == "cursor")
    ),
    "no longer answers 201": lambda s: s["paths"]["/api/v1/requests"]["post"]["responses"].pop("201"),
    "is called": lambda s: s["paths"]["/api/v1/me"]["get"].update(operationId="read_me"),
    "needs the right": lambda s: s["paths"]["/api/v1/me"]["get"].update({"x-scope": "account:write"}),
    "no longer takes ['app']": lambda s: schema(s, "SessionCreate")["properties"].update(client={"enum": ["browser"]}),
}


@pytest.mark.parametrize("words", BREAKS)
def test_each_kind_of_break_is_seen(words: str) -> None:
    """Removing, renaming, narrowing."""
    changed = copy.deepcopy(NOW)
    BREAKS[words](changed)
    found = breaks(NOW, changed)
    assert any(words in one for one in found), found


def test_adding_breaks_nothing() -> None:
    """A path, an optional field, a field in an answer, a status of refusal."""
    changed = copy.deepcopy(NOW)
    changed["paths"]["/api/v1/new"] = changed["paths"]["/api/v1/me"]
    schema(changed, "AccountCreate")["properties"]["nickname"] = {"type": "string"}
    schema(changed, "InvoiceRead")["properties"]["note"] = {"type": "string"}
    changed["paths"]["/api/v1/me"]["get"]["responses"]["409"] = {"description": "x"}
    assert breaks(NOW, changed) == []
