"""The waiting room: who waits for the database, in which order, and who is told to come back and when.

Whoever would wait longer than a page should is answered at once with their place and the time to come back, and keeps that place
for as long (who they are, and their Idempotency-Key), so that pressing again and again gains nothing. All of it is of one process.
"""

import asyncio
import heapq
import math
import time
from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager

from api.core.errors import Busy

PATIENCE = 5.0  # seconds that somebody waits with an open request; who would wait longer is told when to come back
STALL = 2.0  # seconds without anybody leaving: the database stands still, and nobody is kept
GRACE = 2.0  # seconds after the time to come back for which the others wait
EARLY = 0.7  # the part of the time expected after which one is told to be back
BACK = 100  # who come back in a second, at most
KEPT = 600.0  # seconds after it for which the place is kept: who is back later than told goes first
MOST = 100_000  # places kept
FIRST_GUESS = 0.01  # seconds from one who leaves to the next, until it is known
LEARNING = 0.05  # how much one who leaves changes what is known
OUTLIER = 4  # times the usual: more tells of a moment, not of the pace


class WaitingRoom(Busy):
    """Many write at the same time: come back after Retry-After with the same Idempotency-Key, and the place is kept."""

    code, title = "waiting-room", "Many at the same time"
    fr = "Beaucoup de familles font une demande en ce moment. Vous êtes au rang {place} de la file : votre tour vient dans {wait} environ."
    en = "Many families are sending a request right now. You are number {place} in the queue: your turn comes in about {wait}."

    def __init__(self, place: int, expected: int, back_in: int) -> None:
        super().__init__(place=place, wait=f"{-(-expected // 60)} min" if expected > 90 else f"{expected} s")
        self.retry_after = back_in
        self.extra = {"place": place, "expected_seconds": expected}


class Away:
    """Those who were told to come back, by their key, in the order in which they first came."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []  # of those whom the others wait for
        self.of: dict[Hashable, tuple[float, float]] = {}  # key: when they came, when they should be back
        self.swept = 0.0

    def keep(self, key: Hashable, arrival: float, due: float) -> None:
        """Keep a place, as long as there is room for places. One who asked twice at the same time has one, the first."""
        if key in self.of:
            arrival = min(arrival, self._forget(key))
        if len(self.of) < MOST:
            self.of[key] = (arrival, due)
            insort(self.arrivals, arrival)

    def back(self, key: Hashable, now: float) -> float | None:
        """When who is back first came; they are no longer away."""
        if now > self.swept + 1:
            self._sweep(now)
        return self._forget(key) if key in self.of else None

    def _forget(self, key: Hashable) -> float:
        arrival, _ = self.of.pop(key)
        self._count_out(arrival)
        return arrival

    def _sweep(self, now: float) -> None:
        self.swept = now
        for key, (arrival, due) in list(self.of.items()):
            if due + GRACE < now:
                self._count_out(arrival)
            if due + KEPT < now:
                del self.of[key]

    def _count_out(self, arrival: float) -> None:
        place = bisect_left(self.arrivals, arrival)
        if place < len(self.arrivals) and self.arrivals[place] == arrival:
            del self.arrivals[place]


class Admission:
    """Lets `slots` work at once. Others wait in the order in which they first came, as long as it is worth it."""

    def __init__(self, slots: int, patience: float = PATIENCE, stall: float = STALL) -> None:
        self.slots, self.free, self.patience, self.stall = slots, slots, patience, stall
        self.inside: list[float] = []  # when everybody came who waits or works
        self.queue: list[tuple[float, asyncio.Future[None]]] = []  # those who wait: a heap
        self.away = Away()
        self.pace = FIRST_GUESS
        self.moved = 0.0  # when somebody left last, or came to an empty room
        self.last = 0.0

    def come(self, key: Hashable) -> float:
        """The place in the order of who comes, or is back with their key. Raises WaitingRoom rather than keep anybody too long."""
        now = time.monotonic()
        arrival = self.away.back(key, now) or self._arrive(now)
        if len(self.inside) >= self.slots and self._ahead(arrival) * self.pace > self.patience:
            raise self._send_away(key, arrival)
        return arrival

    @contextmanager
    def line(self, arrival: float, key: Hashable) -> Iterator[None]:
        """Stand in the line at that place."""
        insort(self.inside, arrival)
        try:
            yield
        except WaitingRoom:
            raise self._send_away(key, arrival) from None
        finally:
            del self.inside[bisect_left(self.inside, arrival)]

    @asynccontextmanager
    async def enter(self, arrival: float) -> AsyncIterator[None]:
        """Wait for a slot and hold it. Raises WaitingRoom when nothing moves."""
        if self.free == self.slots:
            self.moved = time.monotonic()
        if self.free:
            self.free -= 1
        else:
            await self._wait(arrival)
        try:
            yield
        finally:
            self._leave()

    def _arrive(self, now: float) -> float:
        """The time, later than anybody's before."""
        self.last = max(now, math.nextafter(self.last, math.inf))
        return self.last

    def _ahead(self, arrival: float) -> int:
        """How many came before."""
        return bisect_left(self.inside, arrival) + bisect_left(self.away.arrivals, arrival)

    def _send_away(self, key: Hashable, arrival: float) -> WaitingRoom:
        """Told to be back early, and to be told anew: the pace is a guess, and the line must not run empty.

        Who is further behind comes back later, and all of them no more often than is cheap to answer.
        """
        ahead, away = self._ahead(arrival), len(self.away.of) + 1
        expected = ahead * self.pace
        soon = max(self.patience, away / BACK) * (0.5 + 0.5 * min(1, ahead / away))
        back_in = max(1, round(min(EARLY * expected - self.patience / 2, soon)))
        self.away.keep(key, arrival, time.monotonic() + back_in)
        return WaitingRoom(ahead + 1, math.ceil(expected), back_in)

    async def _wait(self, arrival: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.queue, (arrival, turn))
        try:
            while not turn.done():
                began = time.monotonic()
                await asyncio.wait({turn}, timeout=self.stall)
                now = time.monotonic()
                # Woken late, it is we who are busy, with all who come at once, and not the database that stands still.
                if not turn.done() and now - began < self.stall * 1.2 and now - self.moved > self.stall:
                    raise WaitingRoom(0, 0, 0)  # noqa: TRY301 - the line says which place; cleaned up below, as when the client goes
        except BaseException:  # shed, or the client has gone
            if turn.done() and not turn.cancelled():
                self._leave()
            else:
                turn.cancel()
            raise

    def _leave(self) -> None:
        """Hand the slot to who waits longest."""
        now = time.monotonic()
        while self.queue and self.queue[0][1].cancelled():
            heapq.heappop(self.queue)
        if not self.queue:
            self.moved = now
            self.free += 1
            return
        self.pace += LEARNING * (min(now - self.moved, OUTLIER * self.pace) - self.pace)
        self.moved = now
        heapq.heappop(self.queue)[1].set_result(None)
