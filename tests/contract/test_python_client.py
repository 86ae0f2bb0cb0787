"""A client that a tool made of openapi.yaml alone does a day's work against the portal."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.portal import PASSWORD, Agent, Portal, Software

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The generated package, importable; its name."""
    folder = tmp_path_factory.mktemp("client")
    contract = [
        "--path",
        str(PROJECT / "openapi.yaml"),
        "--output-path",
        str(folder / "foyer_client"),
        "--meta",
        "none",
    ]
    # Its hooks format what it made; nobody reads it here.
    (folder / "config.yaml").write_text("post_hooks: []\n")
    tool = [str(BIN / "openapi-python-client"), "generate", *contract, "--config", str(folder / "config.yaml")]
    done = subprocess.run(tool, check=False, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    return "foyer_client"


def call(made: str, tag: str, operation: str) -> ModuleType:
    """The module of an operation."""
    return importlib.import_module(f"{made}.api.{tag}.{operation}")


def models(made: str) -> Any:
    """The generated models."""
    return importlib.import_module(f"{made}.models")


def test_a_parent_signs_in_and_reads_their_invoices(made: str, portal: Portal, agent: Agent) -> None:
    """As a mobile app would: typed all the way."""
    parent = portal.parent_with_key(agent)
    client = importlib.import_module(f"{made}.client")
    body = models(made).SessionCreate.from_dict({"email": parent.email, "password": PASSWORD, "client": "app"})
    signed = call(made, "sessions", "create_session").sync(client=client.Client(portal.address), body=body)
    mine = client.AuthenticatedClient(portal.address, signed.access_token)
    invoices = call(made, "invoices", "list_invoices").sync(client=mine)
    assert invoices.items
    one = call(made, "invoices", "get_invoice").sync(invoices.items[0].id, client=mine)
    assert (one.number, one.total_cents) == (invoices.items[0].number, invoices.items[0].total_cents)
    sent = call(made, "requests", "create_request").sync_detailed(
        client=mine,
        body=models(made).RequestCreate.from_dict(
            {"type": "question", "data": {"subject": "Cantine", "question": "Depuis une application ?"}}
        ),
    )
    assert sent.status_code == 201, sent.content
    assert sent.parsed.state.value == "submitted"


def test_a_back_office_writes_a_family_and_reads_events(made: str, portal: Portal, software: Software) -> None:
    """From the token to the event, with nothing but the contract."""
    client = importlib.import_module(f"{made}.client")
    public = client.Client(portal.address)
    form = {"grant_type": "client_credentials"} | {k: software.extra[k] for k in ("client_id", "client_secret")}
    body_type = next(
        t for n, t in vars(models(made)).items() if n.startswith("Body") and "client_token" in t.__module__
    )
    token = call(made, "integration", "create_client_token").sync(client=public, body=body_type.from_dict(form))
    office = client.AuthenticatedClient(portal.address, token.access_token)
    adult = {"reference": "APY", "role": "responsible", "first_name": "Guido", "last_name": "Client", "is_payer": True}
    family = models(made).FamilyWrite.from_dict({"adults": [adult]})
    written = call(made, "integration", "put_integration_family").sync("PY-1", client=office, body=family)
    assert written.changed
    events = call(made, "integration", "list_integration_events")
    start = events.sync(client=office, limit=1000).next_after
    portal.parent().post("/requests", {"type": "question", "data": {"subject": "x", "question": "y"}})
    assert "request.submitted" in [event.type_ for event in events.sync(client=office, after=start).items]


def test_a_refusal_is_a_typed_problem(made: str, portal: Portal) -> None:
    """With its code and its sentence."""
    client = importlib.import_module(f"{made}.client")
    answer = call(made, "invoices", "list_invoices").sync_detailed(
        client=client.AuthenticatedClient(portal.address, "faux")
    )
    assert answer.status_code == 401
