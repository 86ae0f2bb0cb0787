"""Answers whose time tells nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

STEP = 0.1  # seconds: many times what the work takes


@asynccontextmanager
async def in_step() -> AsyncIterator[None]:
    """End at a whole step after the beginning: an address that a mail goes to takes as long as one that nobody has.

    No connection of the database is held while waiting: the work has been committed.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        yield
    finally:
        await asyncio.sleep(STEP - (loop.time() - began) % STEP)
