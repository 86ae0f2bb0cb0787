"""The back office's files."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from api.cli.running import Json, err, out, ready_database, run
from api.core.operators import Refused
from api.core.settings import load_settings
from api.imports import watch as watching
from api.imports.service import import_folder

commands = typer.Typer()


@contextlib.contextmanager
def progress_bars() -> Iterator[Any]:
    """A bar a file, on standard error and only for a person."""
    columns = (TextColumn("{task.description:<14}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(file: str, done: int, size: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=size)
            bars.update(tasks[file], completed=done)

        yield show


@commands.command("import")
def import_files(
    folder: Annotated[
        Path,
        typer.Argument(
            help="The folder of fusions.csv, familles.csv, enfants.csv, sorties.csv, activites.csv, factures.csv, lignes.csv."
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
    with ready_database(settings) as dsn, progress_bars() as show:
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
