"""`foyer`: the operator's side. Exit status 0 only when it worked; a refusal is a sentence, not a traceback."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import asyncpg
import segno
import typer
import uvloop
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from api import serving
from api.core import logging, migrating, openapi
from api.core.clock import utcnow
from api.core.database import APPLICATION_ROLE, Database
from api.core.embedded import embedded_postgres
from api.core.settings import ConfigurationError, Settings, load_settings, write_secrets
from api.demo import people
from api.draws import service as draws
from api.draws.schemas import DrawRead
from api.imports import queue
from api.imports import watch as watching
from api.imports.files import Unusable
from api.imports.service import import_folder
from api.integration import service as integration
from api.integration.service import ClientRefused
from api.letters import service as letters
from api.operations import backups, rotation
from api.second_factors.agents import AgentExists, add_agent

Result = TypeVar("Result")
cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Foyer, the family portal of a town hall.",
    pretty_exceptions_enable=False,
)
agents = typer.Typer(no_args_is_help=True, help="Agents' accounts.")
cli.add_typer(agents, name="agents")
clients = typer.Typer(no_args_is_help=True, help="Other software: client credentials.")
cli.add_typer(clients, name="clients")
out, err = Console(), Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


class Refused(Exception):
    """A sentence for the operator; the command ends with status 1."""


@contextlib.contextmanager
def database_address(settings: Settings) -> Iterator[str]:
    """The configured database, or the embedded one held up meanwhile."""
    if settings.database_url:
        yield settings.database_url
    else:
        with embedded_postgres(settings.data_dir) as dsn:
            yield dsn


@contextlib.contextmanager
def ready_database(settings: Settings) -> Iterator[str]:
    """The database with its tables: the embedded one is migrated here, another one by its operator."""
    with database_address(settings) as dsn:
        if not settings.database_url:
            run(migrating.migrate(dsn))
        yield dsn


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; what the operator can mend becomes a sentence."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except (Unusable, AgentExists, ClientRefused, ConfigurationError) as error:
        raise Refused(str(error)) from None
    except asyncpg.InvalidPasswordError:
        raise Refused("The database refuses the user or the password of FOYER_DATABASE_URL.") from None
    except asyncpg.UndefinedTableError:
        raise Refused("The database has no tables yet. Run `foyer migrate` first.") from None
    except (
        OSError,
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.CannotConnectNowError,
        TimeoutError,
    ) as error:
        raise Refused(
            f"The database cannot be reached ({error or type(error).__name__}). Check FOYER_DATABASE_URL and that the server runs."
        ) from None
    except asyncpg.InvalidParameterValueError as error:
        if APPLICATION_ROLE in str(error):
            raise Refused("The database has no tables yet. Run `foyer migrate` first.") from None
        raise
    except SQLAlchemyError as error:
        raise Refused(f"The database refused: {getattr(error, 'orig', error)}") from None


@cli.command()
def serve(
    worker: Annotated[bool, typer.Option(help="Run the worker beside the API.")] = True,
    migrate: Annotated[bool, typer.Option(help="Bring the schema up to date first.")] = True,
) -> None:
    """Migrate, then serve the API and the SPA, with the worker beside."""
    _serve(load_settings(), with_worker=worker, with_migration=migrate)


def _serve(settings: Settings, *, with_worker: bool, with_migration: bool) -> None:
    from api.app import create_app  # not for every command: its routes take as long as all the rest

    logging.configure()
    serving.refuse_taken_port(settings)
    assert settings.secrets  # noqa: S101 - reads or makes them now, before anything listens
    with database_address(settings) as dsn:
        if with_migration:
            run(migrating.migrate(dsn))
        run(migrating.refuse_weak_walls(dsn, APPLICATION_ROLE))
        app = create_app(settings, Database(dsn, pool_size=settings.pool_size))
        out.print(f"Foyer écoute sur [bold]{settings.address}[/bold] (Ctrl-C pour arrêter)")
        with contextlib.suppress(KeyboardInterrupt):
            run(serving.serve_until_stopped(serving.server(app, settings), with_worker=with_worker))


@cli.command()
def worker(until_input_closes: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """Send the waiting mails and SMS, and do the periodic work."""
    os.nice(5)  # a mail may wait for the processor, somebody who waits for an answer may not
    logging.configure()
    settings = load_settings()
    with database_address(settings) as dsn:
        run(serving.work(settings, dsn, until_input_closes=until_input_closes))


@cli.command("run-imports", hidden=True)
def run_imports() -> None:
    """Run the imports that wait; the worker calls it."""
    logging.configure()
    settings = load_settings()
    with database_address(settings) as dsn:
        run(_run_imports(settings, dsn))


@cli.command("run-letters", hidden=True)
def run_letters() -> None:
    """Make the letters that wait; the worker calls it."""
    logging.configure()
    settings = load_settings()
    with database_address(settings) as dsn:
        run(_run_letters(settings, dsn))


async def _run_letters(settings: Settings, dsn: str) -> None:
    database = Database(dsn, pool_size=2)
    try:
        await letters.make_waiting(database, settings)
    finally:
        await database.close()


async def _run_imports(settings: Settings, dsn: str) -> None:
    database = Database(dsn, pool_size=2)
    try:
        await queue.run_waiting(dsn, database, settings)
    finally:
        await database.close()


@cli.command()
def demo() -> None:
    """The demonstration town: loaded once, then served. What `make run` runs."""
    settings = load_settings().model_copy(update={"demo": True})
    serving.refuse_taken_port(settings)
    with database_address(settings) as dsn:
        run(migrating.migrate(dsn))
        run(_load_demo(settings, dsn))
        _print_sign_ins(settings)
        _serve(settings, with_worker=True, with_migration=False)


async def _load_demo(settings: Settings, dsn: str) -> None:
    if people.sign_ins(settings):
        return
    out.print("Chargement de la ville de démonstration…")
    with _progress() as show:
        await import_folder(dsn, settings, people.TOWN, settings.data_dir / "rejets.csv", progress=show)
    database = Database(dsn)
    await database.open()
    try:
        await people.make_people(database, settings, utcnow())
    finally:
        await database.close()


def _print_sign_ins(settings: Settings) -> None:
    found, page = people.sign_ins(settings), f"{settings.address}/demonstration"
    labels = {"without_key": "Parent sans clé", "with_key": "Parent avec clé", "agent": "Agent"}
    lines = [f"\n[bold]Démonstration[/bold] : {settings.address}"]
    for name, label in labels.items():
        person = found[name]
        lines += [
            f"\n[bold]{label}[/bold]",
            f"  mail          {person['email']}",
            f"  mot de passe  {person['password']}",
        ]
        if "key" in person:
            lines.append(
                f"  clé enfance   {person['key']}  (à saisir dans Profil, « Je modifie mon Espace », « Suivant »)"
            )
        if "code" in person:
            lines.append(f"  code actuel   {person['code']}  (les suivants sont sur {page})")
    mails = "le serveur SMTP configuré" if settings.mail_url else page
    messages = "la passerelle configurée" if settings.sms_url else page
    lines.append(f"\nLes mails arrivent sur {mails}, les SMS sur {messages}.\n")
    out.print("\n".join(lines), soft_wrap=True, highlight=False)


@cli.command()
def migrate() -> None:
    """Bring the database's schema to this release."""
    with database_address(load_settings()) as dsn:
        run(migrating.migrate(dsn))
    out.print("Le schéma est à jour.")


@cli.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new folder.")]) -> None:
    """Copy the whole database into a folder, while everything runs. The secrets are not in it: keep them elsewhere."""
    settings = load_settings()
    with ready_database(settings) as dsn:
        made = run(backups.backup(dsn, settings, folder, utcnow()))
    rows = sum(int(count) for count, _ in made.tables.values())
    out.print(f"Sauvegarde faite : {len(made.tables)} tables, {rows} lignes, {folder}", soft_wrap=True)


@cli.command()
def erased() -> None:
    """Print the ids of the accounts that were erased, a line each: kept elsewhere, they survive the loss of the database."""
    with ready_database(load_settings()) as dsn:
        for account_id in run(backups.list_erased(dsn)):
            print(account_id)


@cli.command()
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
        run(migrating.migrate(dsn))
    out.print(f"Base restaurée et vérifiée. La précédente s'appelle {old}.", soft_wrap=True)
    out.print(f"Comptes effacés depuis la sauvegarde, effacés de nouveau : {again}.")


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """A bar a file, on standard error and only for a person."""
    columns = (TextColumn("{task.description:<14}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(file: str, done: int, size: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=size)
            bars.update(tasks[file], completed=done)

        yield show


@cli.command("import")
def import_files(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder of fusions.csv, familles.csv, enfants.csv, activites.csv, factures.csv, lignes.csv."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,
    as_json: Json = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows are written; FOLDER/rejets.csv by default.")
    ] = None,
    watched: Annotated[
        bool, typer.Option("--watch", help="Go on: import what arrives in the folder, then put it aside.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, help="With --watch, seconds between two looks.")] = 30,
) -> None:
    """Import the back office's files. The same files again change nothing."""
    if not folder.is_dir():
        raise Refused(f"{folder} n'est pas un dossier.")
    if watched:
        _watch(folder.resolve(), every, as_json)
        return
    settings, report = load_settings(), rejects or folder / "rejets.csv"
    with ready_database(settings) as dsn, _progress() as show:
        try:
            counts = run(import_folder(dsn, settings, folder.resolve(), report, dry_run=dry_run, progress=show))
        except PermissionError:
            raise Refused(
                f"{report} ne peut pas être écrit. Choisissez un autre fichier : --rejects FICHIER."
            ) from None
    if as_json:
        print(json.dumps(counts))
        return
    _print_counts(counts, report, dry_run=dry_run)


def _watch(folder: Path, every: float, as_json: bool) -> None:
    """Until Ctrl-C; a line a delivery."""
    settings = load_settings()

    def told(counts: dict[str, dict[str, int]] | None, aside: Path, problem: str) -> None:
        if as_json:
            print(json.dumps({"folder": str(aside), "counts": counts, "problem": problem or None}), flush=True)
        elif counts is None:
            err.print(f"[bold red]✗[/bold red] {aside.name} : {problem}", highlight=False)
        else:
            _print_counts(counts, aside / "rejets.csv")

    with ready_database(settings) as dsn, contextlib.suppress(KeyboardInterrupt):
        err.print(f"Foyer attend des fichiers dans {folder} (Ctrl-C pour arrêter)", soft_wrap=True)
        run(watching.watch(dsn, settings, folder, every=every, told=told))


def _print_counts(counts: dict[str, dict[str, int]], report: Path, *, dry_run: bool = False) -> None:
    table = Table(
        "Fichier",
        "Lues",
        "Appliquées",
        "Inchangées",
        "Rejetées",
        "Avertissements",
        title="Essai, rien n'est changé" if dry_run else None,
    )
    for name, c in counts.items():
        table.add_row(name, *(str(c[k]) for k in ("read", "applied", "unchanged", "rejected", "warnings")))
    out.print(table)
    if any(c["rejected"] for c in counts.values()):
        out.print(f"Lignes rejetées, avec leur motif : {report}")
    if any(c["warnings"] for c in counts.values()):
        out.print(f"Lignes reprises avec un avertissement : {report.with_name('avertissements.csv')}")


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
    with ready_database(settings) as dsn:
        agent = run(_add_agent(settings, dsn, email, first_name, last_name, role))
    if as_json:
        print(agent.model_dump_json())
        return
    out.print(f"Mot de passe : [bold]{agent.password}[/bold]\nSecond facteur : {agent.totp_uri}", soft_wrap=True)
    segno.make(agent.totp_uri).terminal(compact=True)
    out.print("Codes de secours : " + "  ".join(agent.recovery_codes))
    out.print("Ces informations ne seront plus affichées.")


async def _add_agent(settings: Settings, dsn: str, email: str, first_name: str, last_name: str, role: str) -> Any:
    database = Database(dsn, pool_size=1)
    try:
        return await add_agent(
            database, settings, email=email, first_name=first_name, last_name=last_name, role=role, now=utcnow()
        )
    finally:
        await database.close()


@clients.command("add")
def clients_add(
    name: Annotated[str, typer.Argument(help="What the software is called.")],
    scope: Annotated[list[str], typer.Option(help="A right, as integration:families; give several.")],
    as_json: Json = False,
) -> None:
    """Register other software. Its secret is shown once."""
    _show_client(_with_database(lambda database: integration.add_client(database, name, scope)), as_json)


@clients.command("rotate")
def clients_rotate(name: Annotated[str, typer.Argument(help="The client's name.")], as_json: Json = False) -> None:
    """A new secret beside the last one; the one before that dies."""
    _show_client(_with_database(lambda database: integration.rotate_secret(database, name, utcnow())), as_json)


@clients.command("disable")
def clients_disable(name: Annotated[str, typer.Argument(help="The client's name.")]) -> None:
    """Shut a client out, from its next request on."""
    _with_database(lambda database: integration.disable_client(database, name, utcnow()))
    out.print(f"« {name} » n'a plus accès.")


def _show_client(client: Any, as_json: bool) -> None:
    if as_json:
        print(client.model_dump_json())
        return
    out.print(f"client_id      {client.client_id}\nclient_secret  [bold]{client.client_secret}[/bold]", soft_wrap=True)
    out.print("Le secret ne sera plus affiché.")


def _with_database(work: Callable[[Database], Coroutine[Any, Any, Result]]) -> Result:
    async def whole(dsn: str) -> Result:
        database = Database(dsn, pool_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    with ready_database(load_settings()) as dsn:
        return run(whole(dsn))


@cli.command("draw")
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


@cli.command("openapi")
def print_openapi() -> None:
    """Print the contract, as committed in openapi.yaml."""
    from api.app import create_app

    print(openapi.as_yaml(create_app(Settings.model_construct())), end="")


@cli.command("secrets")
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


@cli.command()
def reencrypt() -> None:
    """Write what a former key encrypted with the present one, and forget the former (after `foyer secrets --rotate`)."""
    settings = load_settings()
    with ready_database(settings) as dsn:
        done = run(rotation.reencrypt(dsn, settings))
    out.print(f"Rechiffré : {done}. L'ancienne clé est oubliée.")


@cli.command("settings")
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


def main() -> None:
    """Run a command; a refusal is printed on standard error, with status 1."""
    try:
        cli()
    except (Refused, ConfigurationError) as error:
        err.print(f"[bold red]✗[/bold red] {error}", highlight=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
