"""Who waits for the database, and for how long: in the order they came, or not at all."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.core.errors import Busy

PATIENCE = 25.0  # seconds: a page waits 30, a proxy 60; who would wait longer is told at once when to come back
STALL = 2.0  # seconds without anybody leaving: the database stands still, and nobody is kept
FIRST_GUESS = 0.01  # seconds from one who leaves to the next, until it is known
LEARNING = 0.05  # how much one who leaves changes what is known
OUTLIER = 4  # times the usual: more tells of a moment, not of the pace


class Admission:
    """Lets `slots` work at once. Others wait first come, first served; when that would take too long they are shed at once."""

    def __init__(self, slots: int, patience: float = PATIENCE, stall: float = STALL) -> None:
        self.slots, self.free, self.patience, self.stall = slots, slots, patience, stall
        self.queue: deque[asyncio.Future[None]] = deque()
        self.pace = FIRST_GUESS
        self.moved = 0.0  # when somebody left last, or came to an empty room

    @property
    def expected(self) -> float:
        """Seconds that who comes now would wait."""
        return len(self.queue) * self.pace

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it. Raises Busy, with the time it would have taken, rather than keep anybody too long."""
        if self.expected > self.patience:
            raise self._busy()
        if self.free == self.slots:
            self.moved = time.monotonic()
        if self.free:
            self.free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._leave()

    async def _wait(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(turn)
        try:
            while not turn.done():
                began = time.monotonic()
                await asyncio.wait({turn}, timeout=self.stall)
                now = time.monotonic()
                # Woken late, it is we who are busy, with all who come at once, and not the database that stands still.
                if not turn.done() and now - began < self.stall * 1.2 and now - self.moved > self.stall:
                    raise self._busy()  # noqa: TRY301 - cleaned up below, as when the client goes
        except BaseException:  # shed, or the client has gone
            if turn.done():
                self._leave()
            else:
                self.queue.remove(turn)
            raise

    def _leave(self) -> None:
        """Hand the slot to who waits longest."""
        now = time.monotonic()
        if self.queue:
            self.pace += LEARNING * (min(now - self.moved, OUTLIER * self.pace) - self.pace)
        self.moved = now
        if self.queue:
            self.queue.popleft().set_result(None)
        else:
            self.free += 1

    def _busy(self) -> Busy:
        busy = Busy()
        busy.retry_after = max(Busy.retry_after or 1, math.ceil(self.expected))
        return busy
