"""Agents, and other software."""

import json
from collections.abc import Coroutine
from typing import Annotated, Any

import segno
import typer
from rich.table import Table

from api.cli.running import Json, out, with_database
from api.core.clock import utcnow
from api.core.database import Database
from api.core.settings import load_settings
from api.integration import service as integration
from api.second_factors.agents import (
    NewAgent,
    add_agent,
    change_role,
    close_agent,
    list_agents,
    recover_agent,
    sign_out_agent,
)

commands = typer.Typer()
Address = Annotated[str, typer.Argument(help="The agent's mail address.")]
RoleName = Annotated[str, typer.Argument(help="reader, desk, manager or administrator.")]
agents = typer.Typer(no_args_is_help=True, help="Agents' accounts.")
commands.add_typer(agents, name="agents")
clients = typer.Typer(no_args_is_help=True, help="Other software: client credentials.")
commands.add_typer(clients, name="clients")


@agents.command("add")
def agents_add(
    email: Address,
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

    _show_agent(with_database(add), as_json)


@agents.command("list")
def agents_list(as_json: Json = False) -> None:
    """Every agent who can sign in, and where they are signed in."""
    seen = with_database(lambda database: list_agents(database, utcnow()))
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in seen]))
        return
    table = Table("Adresse", "Nom", "Rôle", "Sessions", "Vu le")
    for one in seen:
        last = f"{one.last_used_at:%d/%m/%Y %H:%M} UTC" if one.last_used_at else "jamais"
        table.add_row(one.email, f"{one.first_name} {one.last_name}", one.role, str(one.sessions), last)
    out.print(table)


@agents.command("sign-out")
def agents_sign_out(email: Address) -> None:
    """End all sessions of an agent, from the next request on."""
    with_database(lambda database: sign_out_agent(database, email, utcnow()))
    out.print(f"Toutes les sessions de {email} sont terminées.")


@agents.command("role")
def agents_role(email: Address, role: RoleName) -> None:
    """Give an agent another role, from the next request on."""
    with_database(lambda database: change_role(database, email, role))
    out.print(f"{email} a maintenant le rôle « {role} ».")


@agents.command("recover")
def agents_recover(email: Address, as_json: Json = False) -> None:
    """For who lost phone or password: all of it new, shown once. What was before, and every session, ends."""
    settings = load_settings()
    _show_agent(with_database(lambda database: recover_agent(database, settings, email, utcnow())), as_json)


@agents.command("close")
def agents_close(email: Address) -> None:
    """An agent who leaves: no access from the next request on. The name stays beside what they did."""
    with_database(lambda database: close_agent(database, email, utcnow()))
    out.print(f"Le compte de {email} est fermé.")


def _show_agent(agent: NewAgent, as_json: bool) -> None:
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
