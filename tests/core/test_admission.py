"""The waiting room: in order, as long as it is worth it, with a place that is kept, and never behind a database that stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import httpx2
import pytest

from api.app import create_app
from api.core.admission import Admission, WaitingRoom
from api.core.database import MOST_READS, Database
from api.core.errors import Busy
from api.core.routing import StrictRoute
from api.core.settings import Settings


@asynccontextmanager
async def turn(room: Admission, key: object = None) -> AsyncIterator[None]:
    """As a request does: stand in the line, then work. Without a key it is nobody's before."""
    key = key or object()
    arrival = room.come(key)
    with room.line(arrival, key):
        async with room.enter(arrival):
            yield


class Crowd:
    """So many who work until they are told to go."""

    def __init__(self, room: Admission, size: int) -> None:
        self.room, self.go, self.order = room, asyncio.Event(), list[int]()
        self.tasks = [asyncio.create_task(self._come(n)) for n in range(size)]

    async def _come(self, number: int) -> None:
        async with turn(self.room):
            await self.go.wait()
            self.order.append(number)

    async def leave(self) -> None:
        """All of them."""
        self.go.set()
        await asyncio.gather(*self.tasks)


def is_empty(room: Admission) -> bool:
    """Nobody is in, and every slot is free."""
    return (room.free, room.inside, room.queue) == (room.slots, [], [])


async def test_who_came_first_goes_first() -> None:
    """One slot, five who come one after the other: they leave in that order."""
    room = Admission(1)
    crowd = Crowd(room, 5)
    await asyncio.sleep(0)
    await crowd.leave()
    assert crowd.order == [0, 1, 2, 3, 4]
    assert is_empty(room)


async def test_a_line_that_is_too_long_sends_away_at_once_with_the_place_and_the_time() -> None:
    """What is expected is the time from one who leaves to the next, times those ahead; one is to be back before, and told anew."""
    room = Admission(2, patience=10)
    room.pace = 2
    crowd = Crowd(room, 8)
    await asyncio.sleep(0)
    refused = [task for task in crowd.tasks if task.done()]
    told = [task.exception() for task in refused]
    assert [one.extra for one in told] == [  # type: ignore[union-attr]
        {"place": 7, "expected_seconds": 12},
        {"place": 8, "expected_seconds": 14},
    ]
    assert [one.retry_after for one in told] == [3, 5]  # type: ignore[union-attr]
    crowd.tasks = [task for task in crowd.tasks if not task.done()]
    await crowd.leave()
    assert is_empty(room)


async def test_a_place_is_kept_for_who_comes_back_with_the_same_key() -> None:
    """Who was sent away first is ahead of who came later; asking again at once brings the same place and no other."""
    room = Admission(1, patience=10)
    room.pace = 20
    crowd = Crowd(room, 1)
    await asyncio.sleep(0)

    async def place_of(key: str) -> int:
        with pytest.raises(WaitingRoom) as told:
            async with turn(room, key):
                pass
        place: int = told.value.extra["place"]
        return place

    assert [await place_of(key) for key in ("ana", "leo", "zoe")] == [2, 3, 4]
    assert [await place_of(key) for key in ("zoe", "zoe", "ana", "leo")] == [4, 4, 2, 3]
    room.pace = 4
    came: list[str] = []

    async def come(key: str) -> None:
        async with turn(room, key):
            came.append(key)

    back = [asyncio.create_task(come(key)) for key in ("leo", "ana")]  # the two before zoe, the later one first
    await asyncio.sleep(0)
    assert await place_of("zoe") == 4
    await crowd.leave()
    await asyncio.gather(*back)
    assert came == ["ana", "leo"]
    await come("zoe")  # a free slot waits for nobody
    assert is_empty(room)
    assert (room.away.of, room.away.arrivals) == ({}, [])


async def test_who_does_not_come_back_is_not_waited_for_but_keeps_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment after the time that was told the others go on; who is late is first then."""
    room = Admission(1, patience=10)
    room.pace = 20
    crowd = Crowd(room, 1)
    await asyncio.sleep(0)
    with pytest.raises(WaitingRoom):
        async with turn(room, "late"):
            pass
    due = room.away.of["late"][1]
    monkeypatch.setattr("time.monotonic", lambda: due + 5)
    with pytest.raises(WaitingRoom) as told:
        async with turn(room, "other"):
            pass
    assert told.value.extra["place"] == 2  # behind who works, not behind who is late
    late, other = room.away.back("late", due + 5), room.away.back("other", due + 5)
    assert late is not None
    assert other is not None
    assert late < other
    monkeypatch.undo()
    await crowd.leave()


async def test_who_asks_twice_at_the_same_time_has_one_place() -> None:
    """A double click while nothing moves: one place is kept, and none is left behind when it is taken."""
    room = Admission(1, stall=0.05)
    holder = Crowd(room, 1)
    await asyncio.sleep(0)

    async def ask() -> None:
        async with turn(room, "twice"):
            pass

    told = await asyncio.gather(ask(), ask(), return_exceptions=True)
    assert [type(one) for one in told] == [WaitingRoom, WaitingRoom]
    assert len(room.away.arrivals) == 1
    await holder.leave()
    await ask()
    assert (room.away.of, room.away.arrivals) == ({}, [])


async def test_nobody_waits_behind_a_database_that_stands_still() -> None:
    """Nobody leaves: who waits is sent away after a moment, who left the line leaves no hole, and afterwards it goes on."""
    room = Admission(1, stall=0.05)
    holder = Crowd(room, 1)
    await asyncio.sleep(0)
    gone = Crowd(room, 1)
    await asyncio.sleep(0)
    gone.tasks[0].cancel()
    with pytest.raises(WaitingRoom) as told:
        async with turn(room, "key"):
            pass
    assert told.value.extra["place"] == 2
    await holder.leave()
    async with turn(room, "key"):
        pass
    assert is_empty(room)


def test_more_reads_than_can_be_answered_soon_are_refused_at_once() -> None:
    """So many at the same time and no more; as soon as one has its answer the next may ask."""
    database = Database("postgresql://nobody@localhost/nothing")
    with ExitStack() as crowd:
        for _ in range(MOST_READS):
            crowd.enter_context(database.a_read())
        with pytest.raises(Busy), database.a_read():
            pass
    with database.a_read():
        pass


async def test_a_crowd_that_reads_is_sent_away_before_anything_is_done_for_it(settings: Settings) -> None:
    """503 with a time to come back for every read of the API, whoever asks; the page itself and the health are there."""
    database = Database("postgresql://nobody@localhost/nothing")
    app = create_app(settings, database)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost") as client:
        with ExitStack() as crowd:
            for _ in range(MOST_READS):
                crowd.enter_context(database.a_read())
            for path in ("/api/v1/invoices", "/api/v1/activities", "/api/v1/services"):
                told = await client.get(path)
                assert (told.status_code, told.json()["code"]) == (503, "unavailable")
                assert int(told.headers["Retry-After"]) >= 1
            assert (await client.get("/healthz")).status_code == 200
            assert "Espace" in (await client.get("/")).text
        assert (await client.get("/api/v1/invoices")).status_code == 401


def test_every_route_that_waits_for_the_database_asks_first_who_comes() -> None:
    """Or strangers could fill the line, and take up the places of who waits."""
    waiting = [route for route in create_app(Settings()).routes if isinstance(route, StrictRoute) and route.waits]
    assert len(waiting) > 50
    assert [route.path for route in waiting if not route.recognize] == []
