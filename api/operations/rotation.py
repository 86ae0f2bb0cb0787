"""Another key for what is encrypted in the database.

`foyer secrets --rotate` makes it and keeps the one before for reading; when every process was started again with both,
`foyer reencrypt` writes everything anew, and the one before is forgotten.
"""

import base64
import secrets as system_secrets

from sqlalchemy import text

from api.core.database import Database
from api.core.settings import ConfigurationError, Secrets, Settings, change_secrets
from api.security import secrets

# Every column that is encrypted, with the key of its table.
COLUMNS = {
    "second_factor": ("account_id", "secret"),
    "webhook": ("id", "secrets"),
    "message": ("id", "secrets"),
    "letter_batch": ("id", "pdf"),
}
A_TIME = 500  # rows


def rotate(settings: Settings) -> None:
    """A new key to encrypt with; the present one still reads."""

    def change(now: Secrets) -> Secrets:
        new = system_secrets.token_urlsafe(32)
        return now.model_copy(update={"encryption_key": new, "former_encryption_keys": now.encryption_keys})

    assert settings.secrets  # noqa: S101 - makes or reads them, and says what is missing
    change_secrets(settings.secrets_path, change)


async def reencrypt(dsn: str, settings: Settings) -> int:
    """Write everything that a former key encrypted with the present one, then forget the former ones; how many rows.

    Raises ConfigurationError when something can be read with none of the keys: then the former ones stay.
    """
    keys, done = settings.secrets.encryption_keys, 0
    database = Database(dsn, pool_size=1)
    try:
        for table, (key, column) in COLUMNS.items():
            done += await _reencrypt(database, keys, table, key, column)
    finally:
        await database.engine.dispose()
    change_secrets(settings.secrets_path, lambda now: now.model_copy(update={"former_encryption_keys": []}))
    return done


async def _reencrypt(database: Database, keys: list[str], table: str, key: str, column: str) -> int:
    select = text(f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {key} FOR UPDATE")  # noqa: S608 - constants
    update = text(f"UPDATE {table} SET {column} = :anew WHERE {key} = :row")  # noqa: S608 - constants
    done = 0
    async with database.transaction() as db:
        async for row, stored in await db.stream(select, execution_options={"yield_per": A_TIME}):
            hidden = stored if isinstance(stored, bytes) else base64.urlsafe_b64decode(stored)
            if secrets.is_of(keys[0], hidden):
                continue
            content = secrets.decrypt_bytes(keys, hidden)
            if content is None:
                raise ConfigurationError(f"{table} {row}: chiffré avec une clé que le fichier des secrets n'a pas.")
            anew = secrets.encrypt_bytes(keys, content)
            as_stored = anew if isinstance(stored, bytes) else base64.urlsafe_b64encode(anew).decode()
            await db.execute(update, {"anew": as_stored, "row": row})
            done += 1
    return done
