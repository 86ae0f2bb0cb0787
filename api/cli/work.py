"""The worker, and what it starts in processes of their own."""

import os
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from api import working
from api.cli.running import database_address, run
from api.core import logging
from api.core.database import Database
from api.core.settings import Settings, load_settings
from api.imports import queue
from api.letters import service as letters

commands = typer.Typer()


@commands.command()
def worker(until_input_closes: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """Send the waiting mails and SMS, and do the periodic work."""
    os.nice(5)  # a mail may wait for the processor, somebody who waits for an answer may not
    logging.configure()
    settings = load_settings()
    with database_address(settings) as dsn:
        run(working.work(settings, dsn, until_input_closes=until_input_closes))


@commands.command("run-imports", hidden=True)
def run_imports() -> None:
    """Run the imports that wait; the worker calls it."""
    _with_two_connections(queue.run_waiting)


@commands.command("run-letters", hidden=True)
def run_letters() -> None:
    """Make the letters that wait; the worker calls it."""
    _with_two_connections(letters.make_waiting)


def _with_two_connections(work: Callable[[Database, Settings], Coroutine[Any, Any, None]]) -> None:
    """One that works, and one that says that it still does."""
    logging.configure()
    settings = load_settings()

    async def whole(dsn: str) -> None:
        database = Database(dsn, pool_size=2)
        try:
            await work(database, settings)
        finally:
            await database.close()

    with database_address(settings) as dsn:
        run(whole(dsn))
