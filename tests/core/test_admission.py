"""Waiting for the database: in order, as long as it is worth it, and never behind one that stands still."""

import asyncio

import pytest

from api.core.admission import Admission
from api.core.errors import Busy


async def test_who_came_first_goes_first() -> None:
    """One slot, five who come one after the other: they leave in that order."""
    room, order, go = Admission(1), list[int](), asyncio.Event()

    async def come(number: int) -> None:
        async with room.enter():
            await go.wait()
            order.append(number)

    tasks = [asyncio.create_task(come(n)) for n in range(5)]
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert (room.free, len(room.queue)) == (1, 0)


async def test_a_queue_that_is_too_long_sheds_at_once_with_the_time_to_come_back() -> None:
    """What is expected is the time from one who leaves to the next, times those ahead."""
    room, go = Admission(2, patience=10), asyncio.Event()
    room.pace = 2

    async def come() -> None:
        async with room.enter():
            await go.wait()

    tasks = [asyncio.create_task(come()) for _ in range(8)]
    await asyncio.sleep(0)
    assert room.expected == 12
    with pytest.raises(Busy) as shed:
        await come()
    assert shed.value.retry_after == 12
    go.set()
    await asyncio.gather(*tasks)


async def test_nobody_waits_behind_a_database_that_stands_still() -> None:
    """Nobody leaves: who waits is shed after a moment, who left the queue leaves no hole, and afterwards it goes on."""
    room, go = Admission(1, stall=0.05), asyncio.Event()

    async def come() -> None:
        async with room.enter():
            await go.wait()

    holder = asyncio.create_task(come())
    await asyncio.sleep(0)
    gone = asyncio.create_task(come())
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(Busy):
        await come()
    go.set()
    await holder
    await come()
    assert (room.free, len(room.queue)) == (1, 0)
