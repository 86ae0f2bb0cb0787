"""The worker, and what it starts in processes of their own."""

import os
from typing import Annotated

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
    logging.configure()
    settings = load_settings()
    with database_address(settings) as dsn:
        run(_run_imports(settings, dsn))


async def _run_imports(settings: Settings, dsn: str) -> None:
    database = Database(dsn, pool_size=2)
    try:
        await queue.run_waiting(dsn, database, settings)
    finally:
        await database.close()


@commands.command("run-letters", hidden=True)
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
