"""What every command shares: a database, a loop, and refusals that are sentences."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
import uvloop
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from api.core import walls
from api.core.database import APPLICATION_ROLE, Database
from api.core.embedded import embedded_postgres
from api.core.operators import Refused
from api.core.settings import Settings, load_settings

Result = TypeVar("Result")
out, err = Console(), Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@contextlib.contextmanager
def database_address(settings: Settings) -> Iterator[str]:
    """The configured database, or the embedded one held up meanwhile."""
    if settings.database_url:
        yield settings.database_url
    else:
        with embedded_postgres(settings.data_dir) as dsn:
            yield dsn


@contextlib.contextmanager
def ready_database(settings: Settings) -> Iterator[str]:
    """The database with its tables: the embedded one is migrated here, another one by its operator."""
    with database_address(settings) as dsn:
        if not settings.database_url:
            migrate(dsn)
        yield dsn


def migrate(dsn: str) -> None:
    """Bring the schema to this release, if it is not."""
    if run(walls.is_migrated(dsn)):
        return
    from api.core import migrating  # alembic: most starts find the schema as it must be

    run(migrating.migrate(dsn))


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end; what the operator can mend becomes a sentence."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except asyncpg.InvalidPasswordError:
        raise Refused("The database refuses the user or the password of FOYER_DATABASE_URL.") from None
    except asyncpg.UndefinedTableError:
        raise Refused("The database has no tables yet. Run `foyer migrate` first.") from None
    except (
        OSError,
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.CannotConnectNowError,
        TimeoutError,
    ) as error:
        raise Refused(
            f"The database cannot be reached ({error or type(error).__name__}). Check FOYER_DATABASE_URL and that the server runs."
        ) from None
    except asyncpg.InvalidParameterValueError as error:
        if APPLICATION_ROLE in str(error):
            raise Refused("The database has no tables yet. Run `foyer migrate` first.") from None
        raise
    except SQLAlchemyError as error:
        raise Refused(f"The database refused: {getattr(error, 'orig', error)}") from None


def with_database(work: Callable[[Database], Coroutine[Any, Any, Result]]) -> Result:
    """Run with the configured database, ready."""

    async def whole(dsn: str) -> Result:
        database = Database(dsn, pool_size=1)
        try:
            return await work(database)
        finally:
            await database.close()

    with ready_database(load_settings()) as dsn:
        return run(whole(dsn))
