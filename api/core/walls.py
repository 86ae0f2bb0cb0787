"""What a process looks at before it serves: the schema is this release's, and the database's own wall stands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import asyncpg

from api.core.settings import PROJECT, ConfigurationError

# What everybody may know, or the portal alone writes: the application role reads these tables without saying who looks.
OPEN_TABLES = frozenset({
    "alembic_version",
    "role",
    "service",
    "request_type",
    "activity",
    "activity_day",
    "activity_draw",  # references and points, published
    "attempts",
    "notice",
    "switched_off",
})  # fmt: skip


@cache
def newest_revision() -> str:
    """The revision that this release needs; migrations are named so that the newest sorts last."""
    return max(file.stem for file in (PROJECT / "migrations" / "versions").glob("2*.py"))


@asynccontextmanager
async def _connection(dsn: str, **settings: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(dsn, timeout=5, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


def is_enough(revision: str | None) -> bool:
    """Whether a schema has what this release needs. A later one has too: the release before works on the schema of the next, so
    that processes are replaced one by one after its migration, and going back is starting it again.
    """
    return revision is not None and revision >= newest_revision()


async def is_migrated(dsn: str) -> bool:
    """Whether there is nothing to migrate."""
    async with _connection(dsn) as connection:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return False
        return is_enough(await connection.fetchval("SELECT version_num FROM alembic_version"))


async def refuse_weak_walls(dsn: str, role: str) -> None:
    """Raises ConfigurationError when the application role could pass by row level security or owns a table, or when it may
    read a table of personal rows on which row level security is not forced.
    """
    async with _connection(dsn, role=role) as connection:
        weak = await connection.fetchval(
            "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relkind = 'r') "
            "FROM pg_roles r WHERE rolname = current_user"
        )
        bare = await connection.fetchval(
            "SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity) "
            "AND relname <> ALL ($1::text[]) AND has_any_column_privilege(oid, 'SELECT')",
            list(OPEN_TABLES),
        )
    if weak is not False:
        raise ConfigurationError(
            f"The database role {role} could pass by row level security: it must own nothing and be an ordinary role."
        )
    if bare:
        raise ConfigurationError(f"Row level security is not forced on {bare}: anybody could read every row of it.")
