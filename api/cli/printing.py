"""What is printed for a reader: the contract, the settings, whether a draw is right."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from api.cli.running import Json, err, out
from api.core import openapi
from api.core.operators import Refused
from api.core.settings import Settings, load_settings
from api.draws import service as draws
from api.draws.schemas import DrawRead

commands = typer.Typer()


@commands.command("draw")
def draw(
    verify: Annotated[
        Path,
        typer.Option(help="The result of a draw, as GET /activities/{id}/draw gives it; - reads it from the input."),
    ],
) -> None:
    """Draw the lots of a published draw again, and say whether they are right. Needs no database."""
    text = sys.stdin.read() if str(verify) == "-" else verify.read_text()
    try:
        told = DrawRead.model_validate_json(text)
    except ValidationError:
        raise Refused(f"{verify} n'est pas le résultat d'un tirage.") from None
    for fault in (found := draws.faults(told)):
        err.print(fault, soft_wrap=True)
    if found:
        raise Refused("Le tirage publié n'est pas celui de sa graine.")
    out.print(f"Le tirage est exact : {len(told.entries)} inscriptions, graine {told.seed}.", soft_wrap=True)


@commands.command("openapi")
def print_openapi() -> None:
    """Print the contract, as committed in openapi.yaml."""
    from api.app import create_app

    print(openapi.as_yaml(create_app(Settings.model_construct())), end="")


@commands.command("settings")
def list_settings(as_json: Json = False) -> None:
    """List the settings: each an environment variable, with what it is now."""
    settings = load_settings()
    rows = [
        {
            "variable": f"FOYER_{name.upper()}",
            "value": _shown(name, getattr(settings, name)),
            "meaning": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    table = Table("Variable", "Valeur", "Sens")
    for row in rows:
        table.add_row(row["variable"], row["value"], row["meaning"])
    out.print(table)


def _shown(name: str, value: object) -> str:
    """A value without the password it may hold."""
    text = str(value if value is not None else "")
    head, at, tail = text.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at and name.endswith("_url") else text
