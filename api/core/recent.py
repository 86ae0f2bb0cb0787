"""Answers that are the same for everybody, kept for a second: however many ask at once, the database is asked once."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

FRESH = 1.0  # seconds; `Age` and `Cache-Control: max-age` tell of it
RENEWED = 0.75  # seconds after which it is asked for again, while who comes still has this one: nobody waits under load
KEPT = 1000  # answers


def etag_of(body: str) -> str:
    """An ETag that is another when a byte is."""
    return f'"{hashlib.blake2b(body.encode(), digest_size=12).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and when it was asked for (the monotonic clock)."""

    body: str | None
    etag: str
    made: float

    @property
    def age(self) -> float:
        """Seconds since it was true."""
        return time.monotonic() - self.made


class Recent:
    """The answers of this process."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self.asking: dict[Hashable, asyncio.Task[Kept]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[str | None]]) -> Kept:
        """What was true at most a second ago. Who asks meanwhile waits for the same answer; a failure is everybody's who waits."""
        kept = self.kept.get(key)
        if kept and kept.age < RENEWED:
            return kept
        if not (task := self.asking.get(key)):
            task = self.asking[key] = asyncio.create_task(self._ask(key, ask))
            task.add_done_callback(_take_note)
        if kept and kept.age < FRESH:
            return kept
        return await asyncio.shield(task)  # one who goes away does not take the others' answer along

    async def _ask(self, key: Hashable, ask: Callable[[], Awaitable[str | None]]) -> Kept:
        made = time.monotonic()
        try:
            body = await ask()
        finally:
            del self.asking[key]
        kept = self.kept[key] = Kept(body, etag_of(body or ""), made)
        self.kept.move_to_end(key)
        while len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return kept


def _take_note(task: "asyncio.Task[Kept]") -> None:
    """A failure that nobody waited for is met again by the next who asks."""
    if not task.cancelled():
        task.exception()
