"""The worker's process: mails and SMS as they come, and the periodic work in one visible list."""

import asyncio
import signal
import sys

from api.core.database import Database
from api.core.settings import Settings
from api.draws.service import draw_closed_windows
from api.enrollments.places import end_what_is_over, offer_free_places, pass_lapsed_offers_on, settle_changes
from api.imports import queue as imports
from api.integration.webhooks import deliver_due
from api.letters import service as letters
from api.outbox.worker import Worker
from api.privacy.retention import Retention


async def work(settings: Settings, dsn: str, *, until_input_closes: bool) -> None:
    """The worker until a signal, or until whoever started it is gone."""
    database = Database(dsn, pool_size=4)
    running = Worker(
        database,
        settings,
        (
            pass_lapsed_offers_on,
            end_what_is_over,
            settle_changes,
            draw_closed_windows,
            offer_free_places,
            imports.start_waiting,
            letters.start_waiting,
            deliver_due,
            Retention(),
        ),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.stop)
    if until_input_closes:
        loop.add_reader(sys.stdin.fileno(), running.stop)
    await running.run()
    await database.close()
