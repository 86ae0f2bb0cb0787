"""Agents, and other software."""

from collections.abc import Coroutine
from typing import Annotated, Any

import segno
import typer

from api.cli.running import Json, out, with_database
from api.core.clock import utcnow
from api.core.database import Database
from api.core.settings import load_settings
from api.integration import service as integration
from api.second_factors.agents import NewAgent, add_agent

commands = typer.Typer()
agents = typer.Typer(no_args_is_help=True, help="Agents' accounts.")
commands.add_typer(agents, name="agents")
clients = typer.Typer(no_args_is_help=True, help="Other software: client credentials.")
commands.add_typer(clients, name="clients")


@agents.command("add")
def agents_add(
    email: Annotated[str, typer.Argument(help="The agent's mail address.")],
    first_name: Annotated[str, typer.Option(help="First name.")],
    last_name: Annotated[str, typer.Option(help="Last name.")],
    role: Annotated[str, typer.Option(help="reader, desk, manager or administrator.")],
    as_json: Json = False,
) -> None:
    """Make an agent's account. Password, second factor and recovery codes are shown once."""
    settings = load_settings()

    def add(database: Database) -> Coroutine[Any, Any, NewAgent]:
        return add_agent(
            database, settings, email=email, first_name=first_name, last_name=last_name, role=role, now=utcnow()
        )

    agent = with_database(add)
    if as_json:
        print(agent.model_dump_json())
        return
    out.print(f"Mot de passe : [bold]{agent.password}[/bold]\nSecond facteur : {agent.totp_uri}", soft_wrap=True)
    segno.make(agent.totp_uri).terminal(compact=True)
    out.print("Codes de secours : " + "  ".join(agent.recovery_codes))
    out.print("Ces informations ne seront plus affichées.")


@clients.command("add")
def clients_add(
    name: Annotated[str, typer.Argument(help="What the software is called.")],
    scope: Annotated[list[str], typer.Option(help="A right, as integration:families; give several.")],
    as_json: Json = False,
) -> None:
    """Register other software. Its secret is shown once."""
    _show_client(with_database(lambda database: integration.add_client(database, name, scope)), as_json)


@clients.command("rotate")
def clients_rotate(name: Annotated[str, typer.Argument(help="The client's name.")], as_json: Json = False) -> None:
    """A new secret beside the last one; the one before that dies."""
    _show_client(with_database(lambda database: integration.rotate_secret(database, name, utcnow())), as_json)


@clients.command("disable")
def clients_disable(name: Annotated[str, typer.Argument(help="The client's name.")]) -> None:
    """Shut a client out, from its next request on."""
    with_database(lambda database: integration.disable_client(database, name, utcnow()))
    out.print(f"« {name} » n'a plus accès.")


def _show_client(client: Any, as_json: bool) -> None:
    if as_json:
        print(client.model_dump_json())
        return
    out.print(f"client_id      {client.client_id}\nclient_secret  [bold]{client.client_secret}[/bold]", soft_wrap=True)
    out.print("Le secret ne sera plus affiché.")
