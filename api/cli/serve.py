"""The API."""

import contextlib
from typing import Annotated

import typer

from api import serving
from api.app import create_app
from api.cli.running import database_address, out, run
from api.cli.running import migrate as run_migrations
from api.core import logging
from api.core.database import APPLICATION_ROLE, Database
from api.core.settings import Settings, load_settings
from api.core.walls import refuse_weak_walls

commands = typer.Typer()


@commands.command()
def serve(
    worker: Annotated[bool, typer.Option(help="Run the worker beside the API.")] = True,
    migrate: Annotated[bool, typer.Option(help="Bring the schema up to date first.")] = True,
) -> None:
    """Migrate, then serve the API and the SPA, with the worker beside."""
    serve_town(load_settings(), with_worker=worker, with_migration=migrate)


def serve_town(settings: Settings, *, with_worker: bool, with_migration: bool) -> None:
    """The API on the configured address, and what it needs before; returns when it is told to stop."""
    logging.configure()
    serving.refuse_taken_port(settings)
    assert settings.secrets  # noqa: S101 - reads or makes them now, before anything listens
    with database_address(settings) as dsn:
        if with_migration:
            run_migrations(dsn)
        run(refuse_weak_walls(dsn, APPLICATION_ROLE))
        app = create_app(settings, Database(dsn, pool_size=settings.pool_size))
        out.print(f"Foyer écoute sur [bold]{settings.address}[/bold] (Ctrl-C pour arrêter)")
        with contextlib.suppress(KeyboardInterrupt):
            run(serving.serve_until_stopped(serving.server(app, settings), with_worker=with_worker))
