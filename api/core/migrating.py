"""Migrations: to the newest schema, and what the process needs to know about it."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.core.settings import PROJECT, ConfigurationError


def alembic_config() -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    return config


def newest_revision() -> str:
    """The revision that this release needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


async def migrate(dsn: str, revision: str = "head") -> None:
    """Bring the schema to a revision, as the owner of the tables; safe beside running processes and other migrations."""
    config = alembic_config()

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        if revision == "base" or revision.startswith("-"):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)

    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1), connect_args={"timeout": 5})
    try:
        async with engine.connect() as connection:
            version = await connection.scalar(text("SELECT current_setting('server_version_num')::int"))
            if not version or version < 150000:
                raise ConfigurationError("PostgreSQL 15 or newer is needed.")
            await connection.rollback()
            await connection.run_sync(run)
    finally:
        await engine.dispose()


async def refuse_weak_walls(dsn: str, role: str) -> None:
    """Raises ConfigurationError when the application role could pass by row level security, or owns a table."""
    engine = create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
        connect_args={"timeout": 5, "server_settings": {"role": role}},
    )
    try:
        async with engine.connect() as connection:
            weak = await connection.scalar(
                text(
                    "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relkind = 'r') "
                    "FROM pg_roles r WHERE rolname = current_user"
                )
            )
    finally:
        await engine.dispose()
    if weak is not False:
        raise ConfigurationError(
            f"The database role {role} could pass by row level security: it must own nothing and be an ordinary role."
        )
