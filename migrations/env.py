"""Alembic's environment: one migration at a time, and never waiting long for a lock that a running process holds."""

from alembic import context
from sqlalchemy import Connection, text

from api.models import metadata

ONE_AT_A_TIME = 0x666F7965  # an advisory lock of our own


def run(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
    connection.execute(text("SET lock_timeout = '3s'"))
    connection.commit()
    try:
        context.configure(
            connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=False
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ONE_AT_A_TIME})
        connection.commit()


run(context.config.attributes["connection"])
