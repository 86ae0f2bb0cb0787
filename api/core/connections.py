"""The connections that reads go over: one read at a time on each, in the order in which people came."""

import asyncio
from collections import deque
from typing import Any

import asyncpg

Connection = Any  # asyncpg's PoolConnectionProxy, which has no public type

POOL_WAIT = 1.0  # seconds for a connection


class Connections:
    """Hands the connection of who has read to who waits longest.

    asyncpg's pool lets a newcomer pass by who was just woken, and giving back and taking anew costs a tenth of a read
    (bench/README.md). It still makes the connections, has them while nobody waits, and looks at those on which something failed.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", size: int) -> None:
        self.pool, self.free = pool, size
        self.waiting: deque[asyncio.Future[Connection | None]] = deque()

    async def fetchrow(self, sql: str, args: tuple[object, ...]) -> asyncpg.Record | None:
        """One row of one statement. Raises TimeoutError when no connection is free in time."""
        connection = await self._take()
        try:
            row: asyncpg.Record | None = await connection.fetchrow(sql, *args)
        except BaseException:
            await self._give_back(connection)
            raise
        if connection.is_closed() or not self._hand_over(connection):
            await self._give_back(connection)
        return row

    async def _take(self) -> Connection:
        if self.free:
            self.free -= 1
            return await self._acquire()
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            async with asyncio.timeout(POOL_WAIT):
                connection = await turn
        except BaseException:  # waited too long, or gone: what was handed over in this very moment goes on to the next
            if turn.done() and not turn.cancelled():
                await self._pass_on(turn.result())
            raise
        return connection or await self._acquire()

    async def _acquire(self) -> Connection:
        try:
            return await self.pool.acquire()
        except BaseException:
            self._leave()
            raise

    async def _pass_on(self, connection: Connection | None) -> None:
        if connection is None:
            self._leave()
        elif not self._hand_over(connection):
            await self._give_back(connection)

    async def _give_back(self, connection: Connection) -> None:
        try:
            await self.pool.release(connection)
        finally:
            self._leave()

    def _leave(self) -> None:
        """Whoever is next takes a connection of the pool."""
        if not self._hand_over(None):
            self.free += 1

    def _hand_over(self, connection: Connection | None) -> bool:
        while self.waiting:
            if not (turn := self.waiting.popleft()).done():
                turn.set_result(connection)
                return True
        return False
