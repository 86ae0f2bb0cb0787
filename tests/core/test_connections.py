"""The connections that reads go over, on the real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from api.core.connections import Connections

SIZE = 2
BACKEND = "SELECT pg_backend_pid() AS pid, pg_sleep($1)"


def on(dsn: str, work: Callable[[Connections], Awaitable[None]]) -> None:
    """Run on connections of their own, and see that afterwards all of them are free."""

    async def whole() -> None:
        pool = await asyncpg.create_pool(dsn, min_size=0, max_size=SIZE)
        connections = Connections(pool, SIZE)
        try:
            async with asyncio.timeout(20):  # a connection that was lost is waited for
                await work(connections)
            assert connections.free == SIZE
            assert not connections.waiting
            assert pool.get_idle_size() == pool.get_size()
        finally:
            pool.terminate()

    asyncio.run(whole())


def test_reads_are_answered_in_the_order_in_which_they_came(dsn: str) -> None:
    """Who comes later is not served before who waits, over no more connections than there are."""

    async def work(connections: Connections) -> None:
        served: dict[int, list[int]] = {}  # on each connection

        async def read(number: int) -> None:
            row = await connections.fetchrow(BACKEND, (0.01,))
            assert row
            served.setdefault(row["pid"], []).append(number)

        first = [asyncio.create_task(read(number)) for number in range(20)]
        await asyncio.sleep(0.03)
        await asyncio.gather(*first, *(read(number) for number in range(20, 30)))
        assert len(served) == SIZE
        assert all(numbers == sorted(numbers) for numbers in served.values())

    on(dsn, work)


def test_a_read_that_fails_or_leaves_disturbs_nobody_else(dsn: str) -> None:
    """A statement that fails, a caller who goes in the middle of one or while waiting: the others have their rows."""

    async def work(connections: Connections) -> None:
        async def fail() -> None:
            with pytest.raises(asyncpg.PostgresSyntaxError):
                await connections.fetchrow("SELEKT", ())

        reads = [asyncio.create_task(connections.fetchrow(BACKEND, (0.05,))) for _ in range(10)]
        failing = [asyncio.create_task(fail()) for _ in range(5)]
        reads += [asyncio.create_task(connections.fetchrow(BACKEND, (0.02,))) for _ in range(10)]
        await asyncio.sleep(0.02)
        leavers = [*reads[:1], *reads[5:8], *reads[12:14]]
        for leaver in leavers:
            leaver.cancel()
        rows = await asyncio.gather(*reads, return_exceptions=True)
        await asyncio.gather(*failing)
        for read, row in zip(reads, rows, strict=True):
            assert isinstance(row, asyncio.CancelledError if read in leavers else asyncpg.Record), row

    on(dsn, work)


def test_who_leaves_as_the_connection_is_handed_over_passes_it_on(dsn: str) -> None:
    """Cancelled in the very moment in which it was their turn, they take no connection along."""

    async def work(connections: Connections) -> None:
        held = [await connections._take() for _ in range(SIZE)]
        leaver, stayer = (asyncio.create_task(connections.fetchrow(BACKEND, (0,))) for _ in range(2))
        await asyncio.sleep(0)
        await connections._pass_on(held[0])
        leaver.cancel()  # before it could run
        assert await stayer
        assert leaver.cancelled()
        await connections._pass_on(held[1])

    on(dsn, work)


def test_a_connection_that_died_is_replaced(dsn: str) -> None:
    """The server ends a connection under a read: that one fails, who waits gets a new one."""

    async def work(connections: Connections) -> None:
        async def end_oneself() -> None:
            with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError)):
                await connections.fetchrow("SELECT pg_terminate_backend(pg_backend_pid())", ())

        ending = [asyncio.create_task(end_oneself()) for _ in range(SIZE)]
        await asyncio.sleep(0)
        assert all(await asyncio.gather(*(connections.fetchrow(BACKEND, (0,)) for _ in range(5))))
        await asyncio.gather(*ending)

    on(dsn, work)


def test_nobody_waits_longer_than_a_second_for_a_connection(dsn: str) -> None:
    """Who has no connection after that is told so, and who reads goes on."""

    async def work(connections: Connections) -> None:
        holders = [asyncio.create_task(connections.fetchrow(BACKEND, (1.5,))) for _ in range(SIZE)]
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await connections.fetchrow(BACKEND, (0,))
        assert all(await asyncio.gather(*holders))

    on(dsn, work)
