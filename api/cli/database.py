"""The database: its schema, copies of it, the key of its encrypted columns."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.cli.running import database_address, out, ready_database, run
from api.cli.running import migrate as run_migrations
from api.core.clock import utcnow
from api.core.operators import Refused
from api.core.settings import load_settings, write_secrets
from api.operations import backups, rotation

commands = typer.Typer()


@commands.command()
def migrate() -> None:
    """Bring the database's schema to this release."""
    with database_address(load_settings()) as dsn:
        run_migrations(dsn)
    out.print("Le schéma est à jour.")


@commands.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Copy the whole database into a folder, while everything runs. The secrets are not in it: keep them elsewhere."""
    settings = load_settings()
    with ready_database(settings) as dsn:
        made = run(backups.backup(dsn, settings, folder, utcnow()))
    rows = sum(int(count) for count, _ in made.tables.values())
    out.print(f"Sauvegarde faite : {len(made.tables)} tables, {rows} lignes, {folder}", soft_wrap=True)


@commands.command()
def erased() -> None:
    """Print the ids of the accounts that were erased, a line each: kept elsewhere, they survive the loss of the database."""
    with ready_database(load_settings()) as dsn:
        for account_id in run(backups.list_erased(dsn)):
            print(account_id)


@commands.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    known: Annotated[Path | None, typer.Option("--erased", help="What `foyer erased` printed last.")] = None,
) -> None:
    """Bring a backup back in place of the present database, which is kept under another name. Stop the portal before."""
    settings = load_settings()
    try:
        ids = [UUID(line) for line in known.read_text().split()] if known else []
    except (OSError, ValueError):
        raise Refused(f"{known} n'est pas une liste de « foyer erased ».") from None
    with database_address(settings) as dsn:
        old, again = run(backups.restore(dsn, settings, folder, utcnow(), ids))
        run_migrations(dsn)
    out.print(f"Base restaurée et vérifiée. La précédente s'appelle {old}.", soft_wrap=True)
    out.print(f"Comptes effacés depuis la sauvegarde, effacés de nouveau : {again}.")


@commands.command("secrets")
def make_secrets(
    file: Annotated[Path | None, typer.Argument(help="A new file.")] = None,
    rotate: Annotated[bool, typer.Option("--rotate", help="Another key to encrypt with, in the present file.")] = False,
) -> None:
    """Make the secrets of an installation with a database of its own; keep a copy in a safe place."""
    if rotate:
        rotation.rotate(load_settings())
        out.print("Nouvelle clé de chiffrement. Redémarrez le portail et ses tâches, puis : foyer reencrypt")
        return
    if file is None:
        raise Refused("Indiquez le fichier à créer : foyer secrets FICHIER")
    try:
        write_secrets(file)
    except FileExistsError:
        raise Refused(f"{file} existe déjà : il n'est jamais remplacé.") from None
    out.print(f"Secrets écrits dans {file}. Réglez FOYER_SECRET_FILE={file}")


@commands.command()
def reencrypt() -> None:
    """Write what a former key encrypted with the present one, and forget the former (after `foyer secrets --rotate`)."""
    settings = load_settings()
    with ready_database(settings) as dsn:
        done = run(rotation.reencrypt(dsn, settings))
    out.print(f"Rechiffré : {done}. L'ancienne clé est oubliée.")
