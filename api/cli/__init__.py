"""`foyer`: the operator's side. Exit status 0 only when it worked; a refusal is a sentence, not a traceback."""

import gc
import sys
from importlib import import_module

import typer

# Where each command is. One is loaded without the others: a process that only serves does not wait for what it will not use.
MODULES = {
    "serve": ("serve",),
    "work": ("worker", "run-imports", "run-letters"),
    "demonstration": ("demo",),
    "database": ("migrate", "backup", "erased", "restore", "secrets", "reencrypt"),
    "imports": ("import",),
    "people": ("agents", "clients"),
    "printing": ("draw", "openapi", "settings"),
}


def program(asked: str = "") -> typer.Typer:
    """The command that is asked for; all of them when it is none of them, for the help."""
    whole = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        help="Foyer, the family portal of a town hall.",
        pretty_exceptions_enable=False,
    )
    whole.callback()(lambda: None)  # a group also when one command is all it has
    needed = [module for module, names in MODULES.items() if asked in names]
    for module in needed or MODULES:
        whole.add_typer(import_module(f"api.cli.{module}").commands)
    return whole


def main() -> None:
    """Run a command; a refusal is printed on standard error, with status 1."""
    gc.disable()  # what is loaded stays: looking through it again and again for what is gone took a sixth of the start
    from api.cli.running import err
    from api.core.operators import Refused

    whole = program(sys.argv[1] if len(sys.argv) > 1 else "")
    gc.freeze()
    gc.enable()
    try:
        whole()
    except Refused as error:
        err.print(f"[bold red]✗[/bold red] {error}", highlight=False)
        sys.exit(1)
