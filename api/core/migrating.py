"""Migrations, to the newest schema and back."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.core.settings import PROJECT, ConfigurationError


def alembic_config() -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    return config


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
