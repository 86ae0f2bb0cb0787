"""Imports that were sent over HTTP, one after the other, in a process of their own beside the worker.

A process that dies leaves a lease that ends by itself: the import is run again, and changes nothing twice.
"""

import asyncio
import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.core import jobs, processes
from api.core.clock import utcnow
from api.core.database import Database
from api.core.errors import InvalidField
from api.core.settings import Settings
from api.imports import queries
from api.imports.files import Unusable
from api.imports.kinds import all_kinds
from api.imports.models import ImportRun
from api.imports.service import AlreadyRunning, import_folder

CHUNK = 1 << 20  # bytes
LEASE = timedelta(minutes=2)
LATER = timedelta(seconds=30)  # until an import that found another one running is tried again
HEARTBEAT = 1.0  # seconds
log = structlog.get_logger("foyer.imports")


class SentFile(Protocol):
    """A file of a multipart body."""

    filename: str | None

    async def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        ...


async def enqueue(
    db: AsyncSession, settings: Settings, account_id: UUID | None, files: list[SentFile], *, dry_run: bool
) -> ImportRun:
    """Keep the files for the worker. Raises InvalidField for a name that no import knows, a double, or an empty file."""
    known = [kind.file for kind in all_kinds(settings.zone)]
    names = [(file.filename or "").replace("\\", "/").rsplit("/", 1)[-1].lower() for file in files]
    if not files:
        raise _refused("missing", "Choisissez au moins un fichier.", "Choose at least one file.")
    if unknown := [name for name in names if name not in known]:
        expected = ", ".join(known)
        raise _refused(
            "unknown-file",
            f"« {unknown[0][:80]} » n'est pas un fichier attendu. Noms attendus : {expected}.",
            f"“{unknown[0][:80]}” is not a file that is expected. Names: {expected}.",
        )
    if len(set(names)) < len(names):
        raise _refused("double", "Le même fichier est là deux fois.", "The same file is there twice.")
    run = ImportRun(account_id=account_id, dry_run=dry_run, files=[], state=jobs.JobState.QUEUED)
    db.add(run)
    await db.flush()
    run.files = [
        {"name": name, "size": await _keep(db, run.id, name, file)} for name, file in zip(names, files, strict=True)
    ]
    await db.flush()
    await audit.record(db, "import.sent", actor=account_id, run=str(run.id), files=" ".join(names))
    return run


def _refused(code: str, fr: str, en: str) -> InvalidField:
    return InvalidField("/files", code, fr, en)


async def _keep(db: AsyncSession, run_id: UUID, name: str, file: SentFile) -> int:
    size = position = 0
    while content := await file.read(CHUNK):
        await queries.keep_chunk(db, run_id, name, position, content)
        size, position = size + len(content), position + 1
    if not size:
        raise _refused("empty", f"{name} est vide.", f"{name} is empty.")
    return size


async def start_waiting(database: Database, _: Settings) -> None:
    """For the worker: run what waits in a process of its own, so that mails go on leaving meanwhile."""
    async with database.transaction() as db:
        if not await jobs.is_waiting(db, ImportRun, utcnow()):
            return
    await processes.start("run-imports")


async def run_waiting(database: Database, settings: Settings) -> None:
    """Run the imports that wait, one after the other."""
    while True:
        async with database.transaction() as db:
            run = await jobs.claim(db, ImportRun, utcnow(), LEASE)
            if run:
                run.started_at = run.started_at or utcnow()
        if run is None or not await _run_one(database, settings, run):
            return


async def _run_one(database: Database, settings: Settings, run: ImportRun) -> bool:
    """Run one; False when another import holds the database, and it waits for its turn again."""
    progress: dict[str, object] = {}

    def note(file: str, done: int, size: int) -> None:
        progress.update(file=file, done=done, size=size)

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for file in run.files:
            async with database.transaction() as db:
                await _write(db, run.id, file["name"], place / file["name"])
        beating = asyncio.create_task(_beat(database, run.id, progress))
        try:
            counts = await import_folder(
                database.dsn, settings, place, place / queries.REJECTS, dry_run=run.dry_run, progress=note
            )
            result: dict[str, object] = {"state": jobs.JobState.DONE, "counts": counts}
        except AlreadyRunning:
            result = {"state": jobs.JobState.QUEUED}
        except Unusable as unusable:
            result = {"state": jobs.JobState.FAILED, "problem": str(unusable).replace(f"{folder}/", "")}
        except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
            log.warning("import failed", run=str(run.id), kind=type(error).__name__)
            result = {"state": jobs.JobState.FAILED, "problem": "L'import a échoué. Réessayez ; rien n'est perdu."}
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
        async with database.transaction() as db:
            await _settle(db, run.id, result, place)
    return result["state"] is not jobs.JobState.QUEUED


async def _write(db: AsyncSession, run_id: UUID, name: str, path: Path) -> None:
    with path.open("wb") as file:
        async for content in queries.chunks(db, run_id, name):
            file.write(content)


async def _beat(database: Database, run_id: UUID, progress: dict[str, object]) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)
        async with database.transaction() as db:
            await db.execute(
                update(ImportRun)
                .where(ImportRun.id == run_id)
                .values(leased_until=utcnow() + LEASE, progress=dict(progress) or None)
            )


async def _settle(db: AsyncSession, run_id: UUID, result: dict[str, object], place: Path) -> None:
    """Write down what became of it; its files give way to the reports, when those have a row."""
    if result["state"] is jobs.JobState.QUEUED:
        await db.execute(
            update(ImportRun).where(ImportRun.id == run_id).values(result | {"leased_until": utcnow() + LATER})
        )
        return
    done = {"finished_at": utcnow(), "leased_until": None, "progress": None}
    await db.execute(update(ImportRun).where(ImportRun.id == run_id).values(result | done))
    await queries.drop_chunks(db, run_id)
    for name in (queries.REJECTS, queries.WARNINGS):
        with contextlib.suppress(FileNotFoundError), (place / name).open("rb") as report:
            await _keep_report(db, run_id, name, report)


async def _keep_report(db: AsyncSession, run_id: UUID, name: str, report: BinaryIO) -> None:
    first = report.readline()
    position = 0
    while content := report.read(CHUNK):
        await queries.keep_chunk(db, run_id, name, position, (first if position == 0 else b"") + content)
        position += 1
