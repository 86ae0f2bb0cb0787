"""`foyer backup` and `foyer restore`: PostgreSQL's own dump, with a manifest that says what must be in it.

The manifest is counted in the very snapshot that is dumped. A restore goes into a database beside the present one, is counted
there, and only then takes its name; the one before stays, under another.
"""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from api.accounts.models import Account
from api.core.database import APPLICATION_ROLE, Database
from api.core.embedded import Layout
from api.core.settings import ConfigurationError, Settings
from api.privacy import service as privacy

DUMP, MANIFEST = "base.dump", "manifest.json"
# The owner of the tables is bound by row level security too where it is no superuser.
AS_SYSTEM = "-c app.actor=system"
TABLES = (
    """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"""
)
# The order of rows does not matter, one bit of one of them does.
SUM = "SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS sum FROM {table} t"

# Roles are the server's, not the database's: a new server does not know ours yet.
MAKE_ROLE = f"""DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') THEN
        CREATE ROLE {APPLICATION_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    EXECUTE 'GRANT {APPLICATION_ROLE} TO ' || quote_ident(current_user);
    EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"""


class Unrestorable(ConfigurationError):
    """The copy is not whole, or cannot be brought back here; nothing was changed."""


@dataclass
class Manifest:
    """What a copy holds."""

    made_at: str
    revision: str  # of the schema
    sha256: str  # of the dump
    tables: dict[str, list[str]]  # by name: how many rows, and the sum of what they say


async def backup(dsn: str, settings: Settings, folder: Path, now: datetime) -> Manifest:
    """Copy the database as it is in one moment into a new folder. Raises ConfigurationError."""
    part = await asyncio.to_thread(_new_folder, folder)
    connection = await asyncpg.connect(dsn, command_timeout=None, server_settings={"app.actor": "system"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            tables = await _counted(connection)
            revision = await connection.fetchval("SELECT version_num FROM alembic_version")
            await _run(
                settings, "pg_dump", "--format=custom", "--no-owner", "--enable-row-security", f"--snapshot={snapshot}",
                f"--file={part / DUMP}", dsn=dsn,
            )  # fmt: skip
    finally:
        await connection.close()
    manifest = Manifest(now.isoformat(), revision, await asyncio.to_thread(_digest, part / DUMP), tables)
    (part / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    part.rename(folder)
    return manifest


async def restore(
    dsn: str, settings: Settings, folder: Path, now: datetime, known: Iterable[UUID] = ()
) -> tuple[str, int]:
    """Bring a copy back in place of the present database; the name that the present one has from now on, and how many people
    who asked to be erased since the copy was made were erased in it again: those that the present database knows, and `known`.

    Raises Unrestorable when the copy is not whole, and when somebody is connected to the present database.
    """
    manifest = await asyncio.to_thread(_whole, folder)
    name = urlsplit(dsn).path.lstrip("/")
    stamp = f"{now:%Y%m%d%H%M%S}"
    fresh, old = f"{name}_restored_{stamp}", f"{name}_before_{stamp}"
    erased = {*known, *await list_erased(dsn)}
    control = await asyncpg.connect(_named(dsn, "postgres"), command_timeout=None)
    try:
        await control.execute(MAKE_ROLE)
        await control.execute(f'CREATE DATABASE "{fresh}" TEMPLATE template0')
        try:
            await _run(
                settings, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction",
                str(folder / DUMP), dsn=_named(dsn, fresh),
            )  # fmt: skip
            await _compare(_named(dsn, fresh), manifest)
            again = await _erase_again(_named(dsn, fresh), settings, erased, now)
            await control.execute(f'ALTER DATABASE "{name}" RENAME TO "{old}"')
        except BaseException as error:
            await control.execute(f'DROP DATABASE "{fresh}" WITH (FORCE)')
            if isinstance(error, asyncpg.ObjectInUseError):
                told = "La base est en service. Arrêtez le portail et ses tâches, puis recommencez."
                raise Unrestorable(told) from None
            raise
        await control.execute(f'ALTER DATABASE "{fresh}" RENAME TO "{name}"')
    finally:
        await control.close()
    return old, again


async def _counted(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, list[str]]:
    names = [row["relname"] for row in await connection.fetch(TABLES)]
    counted = {}
    for name in names:
        row = await connection.fetchrow(SUM.format(table=f'"{name}"'))
        assert row is not None  # noqa: S101 - aggregates always answer
        counted[name] = [str(row["rows"]), row["sum"]]
    return counted


async def _compare(dsn: str, manifest: Manifest) -> None:
    connection = await asyncpg.connect(dsn, command_timeout=None, server_settings={"app.actor": "system"})
    try:
        found = await _counted(connection)
    finally:
        await connection.close()
    if differ := sorted(
        name for name in manifest.tables.keys() | found.keys() if manifest.tables.get(name) != found.get(name)
    ):
        raise Unrestorable(f"La copie relue n'est pas celle qui a été faite : {', '.join(differ)}.")


async def list_erased(dsn: str) -> list[UUID]:
    """The accounts that were erased until now; none where there is no database yet."""
    try:
        connection = await asyncpg.connect(dsn, timeout=5, server_settings={"app.actor": "system"})
    except asyncpg.InvalidCatalogNameError:
        return []
    try:
        if not await connection.fetchval("SELECT to_regclass('account')"):
            return []
        return [row["id"] for row in await connection.fetch("SELECT id FROM account WHERE closed_at IS NOT NULL")]
    finally:
        await connection.close()


async def _erase_again(dsn: str, settings: Settings, erased: Iterable[UUID], now: datetime) -> int:
    database, again = Database(dsn, pool_size=1), 0
    try:
        for account_id in erased:
            async with database.transaction() as db:
                account = await db.get(Account, account_id)
                if account is not None and account.closed_at is None:
                    await privacy.close(db, settings, account, now, tell=False)
                    again += 1
    finally:
        await database.engine.dispose()
    return again


def _new_folder(folder: Path) -> Path:
    """Where a copy is made before it takes its name."""
    if folder.exists():
        raise ConfigurationError(f"{folder} existe déjà : une sauvegarde n'en remplace jamais une autre.")
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    return part


def _named(dsn: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _whole(folder: Path) -> Manifest:
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
        digest = _digest(folder / DUMP)
    except (OSError, ValueError, TypeError):
        raise Unrestorable(f"{folder} n'est pas une sauvegarde de Foyer.") from None
    if digest != manifest.sha256:
        raise Unrestorable(f"{folder / DUMP} a été abîmé depuis sa sauvegarde : prenez une autre copie.")
    return manifest


def _without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """An address for a command line, which everybody on the machine can read, and the password for the environment."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, {}
    host = f"{parts.username}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=host)), {"PGPASSWORD": unquote(parts.password)}


async def _run(settings: Settings, program: str, *arguments: str, dsn: str) -> None:
    """One of PostgreSQL's programs, of the same release as the embedded server when that is the one."""
    found = shutil.which(program)
    if not settings.database_url:
        beside = Layout(settings.data_dir).prepare() / program
        found = str(beside) if beside.exists() else found
    if found is None:
        raise ConfigurationError(
            f"{program} manque : installez les programmes clients de PostgreSQL (postgresql-client)."
        )
    address, password = _without_password(dsn)
    environment = os.environ | {"PGOPTIONS": AS_SYSTEM} | password
    process = await asyncio.create_subprocess_exec(
        found, f"--dbname={address}", *arguments, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    if process.returncode:
        lines = told.decode(errors="replace").splitlines()
        raise Unrestorable(f"{program} : {next((line for line in lines if 'error' in line), process.returncode)}")
