"""The two ways to the database, both under the application role that row level security binds.

*Writes* use an ORM session inside one transaction that commits before the answer leaves. *Reads* use one statement of
plain SQL that PostgreSQL turns into JSON once (`Read`), on asyncpg alone: see docs/decisions.md for the measurement.
Either way the first statement calls `foyer_open`, which says who is looking (row level security reads it), whether the
session is alive, and whether the caller still holds the scope.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import DateTime, Enum, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Uuid

from api.core.admission import Admission
from api.core.connections import POOL_WAIT, Connections
from api.core.errors import Busy, NotFound, Problem
from api.core.recent import Recent

APPLICATION_ROLE = "foyer_app"
# Answers within 5 s even when the database is frozen; see security.md, "Nothing lost, nothing twice".
LIMITS = {"statement_timeout": "4500", "lock_timeout": "3000", "idle_in_transaction_session_timeout": "15000"}
# The order of evaluation of foyer_open and of what it guards must not be left to parallel workers.
PLANNER = {"max_parallel_workers_per_gather": "0", "jit": "off", "timezone": "UTC"}
CONNECT_TIMEOUT = 2.0  # seconds
COMMAND_TIMEOUT = 4.8  # seconds, for a database that cannot even tell that its own limit has passed
MOST_READS = 600  # at once: more could not be answered within a second or so
Row = TypeVar("Row")


class Base(DeclarativeBase):
    """Every table: named constraints, times with a zone, enumerations as checked text."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
    }


def values_of(kind: type[Any], name: str) -> Enum:
    """An enumeration stored as its values under a CHECK, not as a native type that a downgrade leaves behind."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=name,
        values_callable=lambda k: [m.value for m in k],
        length=40,
    )


class Identified:
    """A row with a UUIDv7 made by the database."""

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("new_id()"))


class Created:
    """A row that knows when it was made."""

    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Database:
    """An engine for writes and a pool for reads, on one address."""

    def __init__(self, dsn: str, *, pool_size: int = 10, role: str | None = APPLICATION_ROLE) -> None:
        self.dsn = dsn
        self.settings = LIMITS | PLANNER | ({"role": role} if role else {}) | {"application_name": "foyer"}
        self.pool_size = pool_size
        self.engine: AsyncEngine = create_async_engine(
            dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
            pool_timeout=POOL_WAIT,
            connect_args={
                "server_settings": self.settings,
                "timeout": CONNECT_TIMEOUT,
                "command_timeout": COMMAND_TIMEOUT,
            },
        )
        self.sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.connections: Connections | None = None
        self.reading = 0
        self.recent = Recent()
        # Some connections are left for who signs in: a storm of writes shuts nobody out.
        self.admission = Admission(max(1, pool_size - 2))

    async def open(self) -> None:
        """Make the pool for reads; raises OSError or a PostgresError when the database cannot be reached."""
        pool = await asyncpg.create_pool(
            self.dsn,
            min_size=1,
            max_size=self.pool_size,
            server_settings=self.settings,
            timeout=CONNECT_TIMEOUT,
            command_timeout=COMMAND_TIMEOUT,
            reset=_nothing_to_reset,
        )
        self.connections = Connections(pool, self.pool_size)

    async def close(self) -> None:
        """Give every connection back."""
        if self.connections:
            await self.connections.pool.close()
        await self.engine.dispose()

    @property
    def is_full(self) -> bool:
        """Whether as many read as can be answered soon."""
        return self.reading >= MOST_READS

    @contextmanager
    def a_read(self) -> Iterator[None]:
        """Around a request that reads. Raises Busy at once, instead of keeping more than can be answered soon."""
        if self.is_full:
            raise Busy
        self.reading += 1
        try:
            yield
        finally:
            self.reading -= 1

    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None:
        """One row of one statement, in a transaction of its own."""
        assert self.connections is not None, "open() first"  # noqa: S101 - a programming error
        return await self.connections.fetchrow(sql, args)

    @asynccontextmanager
    async def transaction(self, actor: str = "system") -> AsyncIterator[AsyncSession]:
        """A transaction outside any request, by default as the system: the worker, the import, the command line."""
        async with self.sessions() as session, session.begin():
            await act_as(session, actor)
            yield session

    async def one_by_one(
        self,
        due: Callable[[AsyncSession], Awaitable[Iterable[UUID]]],
        settle: Callable[[AsyncSession, UUID], Awaitable[None]],
    ) -> None:
        """The worker's way: look what is due, then settle each in a transaction of its own, which looks again."""
        async with self.transaction() as db:
            ids = list(await due(db))
        for row_id in ids:
            async with self.transaction() as db:
                await settle(db, row_id)


async def _nothing_to_reset(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """A read leaves nothing behind: its settings ended with its own statement."""


async def act_as(session: AsyncSession, actor: str, account_id: UUID | None = None) -> None:
    """Say to row level security who acts, until the end of this transaction."""
    await session.execute(
        text("SELECT set_config('app.actor', :actor, true), set_config('app.account_id', :id, true)"),
        {"actor": actor, "id": str(account_id) if account_id else ""},
    )


@asynccontextmanager
async def as_system(session: AsyncSession) -> AsyncIterator[None]:
    """Lift the second wall for a few lines that must see beyond the caller's rows; each use says why."""
    await session.flush()
    both = "SELECT current_setting('app.actor', true), set_config('app.actor', 'system', true)"  # in this order
    row = (await session.execute(text(both))).scalar_one()
    yield
    await session.flush()
    await session.execute(text("SELECT set_config('app.actor', :actor, true)"), {"actor": row or ""})


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The request's transaction, when it is its turn (core/routing.py put it in the line). Function scope: the commit is
    done before the answer leaves.

    A refusal rolls back, but for one that says that it `commits`: the attempt it tells of must be counted.
    """
    kept: Problem | None = None
    database: Database = request.app.state.database
    async with database.admission.enter(request.state.arrival), database.sessions() as session, session.begin():
        try:
            yield session
        except Problem as refusal:
            if not refusal.commits:
                raise
            kept = refusal
    if kept:
        raise kept


async def open_public_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The transaction of a request that has no caller yet: it may touch accounts and sessions, nothing of families."""
    async with request.app.state.database.sessions() as session, session.begin():
        await act_as(session, "auth")
        yield session


async def get_database(request: Request) -> Database:
    """The application's database, for what must not share the request's transaction."""
    database: Database = request.app.state.database
    return database


SessionDep = Annotated[AsyncSession, Depends(open_session, scope="function")]
PublicSession = Annotated[AsyncSession, Depends(open_public_session, scope="function")]
DatabaseDep = Annotated[Database, Depends(get_database)]


class Sql:
    """A statement with `:names`, numbered once at import as asyncpg wants them."""

    def __init__(self, sql: str) -> None:
        self.names: list[str] = []

        def number(match: re.Match[str]) -> str:
            if match[1] not in self.names:
                self.names.append(match[1])
            return f"${self.names.index(match[1]) + 1}"

        self.text = re.sub(r"(?<![:\w]):([a-z_]+)", number, sql)

    def values(self, given: dict[str, object]) -> list[object]:
        """The arguments in their order."""
        return [given[name] for name in self.names]


class Read(Sql):
    """A read by a signed-in caller: one scalar JSON text, in one statement with the opening of the walls.

    The CASE is what guarantees that foyer_open has spoken before a row is looked at; if it ever had not, row level
    security would know nobody and show nothing.
    """

    def __init__(self, sql: str) -> None:
        super().__init__(
            "SELECT opened.verdict, CASE WHEN opened.verdict = 'ok' THEN (" + sql + ") END AS body "
            "FROM (SELECT foyer_open(:viewer::uuid, :session::uuid, :version::int, :scope::text) AS verdict OFFSET 0) opened"
        )


def found(row: Row | None) -> Row:
    """The row, or NotFound."""
    if row is None:
        raise NotFound
    return row
