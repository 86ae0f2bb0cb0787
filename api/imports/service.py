"""The import: COPY into staging, reject what contradicts, merge in sets; one transaction a file, one import at a time.

Memory does not grow with the files: rows are typed to disk (reading.py) and stream from there into COPY, rejected ones into a temporary table and from there to
`rejets.csv`. A row is applied, unchanged or rejected, and counted once.
"""

import asyncio
import contextlib
import csv
from collections.abc import AsyncGenerator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from api.core.database import APPLICATION_ROLE
from api.core.settings import Settings
from api.core.spreadsheets import neutral
from api.imports.files import Unusable, read_header, records
from api.imports.kinds import Kind, all_kinds
from api.imports.reading import Progress, Typed, type_file
from api.imports.values import NULL

ONE_AT_A_TIME = 0x696D706F  # an advisory lock of our own


@dataclass
class Counts:
    """What became of a file's rows: read = applied + unchanged + rejected."""

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: int = 0


class AlreadyRunning(Unusable):
    """Another import is running."""


async def import_folder(
    dsn: str,
    settings: Settings,
    folder: Path,
    rejects: Path,
    *,
    dry_run: bool = False,
    alone: bool = True,
    service: str = "enfance",
    progress: Progress | None = None,
) -> dict[str, dict[str, int]]:
    """Import the files that the folder has; the counts of each, by file. Rejected rows go to the file `rejects`, rows that
    were taken with a warning to `avertissements.csv` beside it.

    Without `alone` a few rows go in beside another import, all of them or, when one is rejected, none.

    Raises Unusable when there is no file, a header does not fit, or another import runs: then nothing was changed.
    """
    kinds = [kind for kind in all_kinds(settings.zone) if (folder / kind.file).is_file()]
    if not kinds:
        names = ", ".join(kind.file for kind in all_kinds(settings.zone))
        raise Unusable(f"Le dossier {folder} n'a aucun des fichiers attendus : {names}.")
    headers = {kind.name: read_header(folder / kind.file, [c.name for c in kind.columns]) for kind in kinds}
    connection = await asyncpg.connect(
        dsn, timeout=5, server_settings={"role": APPLICATION_ROLE, "application_name": "foyer import", "jit": "off"}
    )
    try:
        if alone and not await connection.fetchval("SELECT pg_try_advisory_lock($1)", ONE_AT_A_TIME):
            raise AlreadyRunning("Un autre import est en cours. Attendez sa fin, puis recommencez.")
        # This connection is ours alone and closed below. Whole files are merged in sets: on tables that were never analysed
        # the planner takes them for a few rows and would compare each with each (20,000 families: 371 s; 23 s so).
        await connection.execute(
            "SET app.actor = 'system'; SET statement_timeout = 0; SET lock_timeout = '30s'; SET enable_nestloop = off; "
            "SET work_mem = '64MB'; SET temp_buffers = '32MB'"  # a million rows are joined and sorted in memory, by one import alone
        )
        if not alone:
            await connection.execute("SET app.written_by_name = 'on'")
        service_id = await connection.fetchval("SELECT id FROM service WHERE slug = $1", service)
        if service_id is None:
            raise Unusable(f"Le service « {service} » n'existe pas.")
        with _report(rejects) as rejected, _report(rejects.with_name("avertissements.csv")) as warned:
            whole = connection.transaction()
            if dry_run or not alone:
                await whole.start()
            counts = {}
            async with contextlib.aclosing(_typed(kinds, headers, folder, progress or (lambda *_: None))) as files:
                async for kind, typed in files:
                    one = _Import(connection, kind, folder / kind.file, typed, service_id)
                    async with connection.transaction():
                        counts[kind.file] = asdict(await one.run(rejected, warned))
            if dry_run or (not alone and any(count["rejected"] for count in counts.values())):
                await whole.rollback()
            elif not alone:
                await whole.commit()
    finally:
        await connection.close(timeout=5)
    return counts


async def _typed(
    kinds: list[Kind], headers: dict[str, list[str]], folder: Path, progress: Progress
) -> AsyncGenerator[tuple[Kind, Typed]]:
    """Each file read, in turn; the next one is read while what was given is worked on."""

    def begin(kind: Kind) -> "asyncio.Task[Typed]":
        return asyncio.create_task(asyncio.to_thread(type_file, kind, folder / kind.file, headers[kind.name], progress))

    coming = begin(kinds[0])
    try:
        for kind, following in zip(kinds, [*kinds[1:], None], strict=True):
            with contextlib.closing(await coming) as typed:
                if following:
                    coming = begin(following)
                yield kind, typed
    finally:
        (await coming).close()  # begun and not wanted any more


@contextlib.contextmanager
def _report(path: Path) -> Iterator[Any]:
    """A CSV writer whose file takes its name when everything is written."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as output:
            writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
            writer.writerow(["fichier", "ligne", "colonne", "motif", "contenu"])
            yield writer
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


class _Import:
    """One file on its way into the database."""

    def __init__(
        self, connection: "asyncpg.Connection[Any]", kind: Kind, path: Path, typed: Typed, service_id: object
    ) -> None:
        self.connection, self.kind, self.path, self.typed = connection, kind, path, typed
        self.service_id = service_id
        self.counts = Counts(read=typed.read)

    async def run(self, rejected: Any, warned: Any) -> Counts:
        """Stage, reject, merge, report."""
        columns = {c.name: c.type for c in self.kind.columns} | {
            name: kind for name, (kind, _) in self.kind.derived.items()
        }
        await self.connection.execute(
            "CREATE TEMP TABLE staging (line int, "
            + ", ".join(f"{name} {kind}" for name, kind in columns.items())
            + ");"
            "CREATE TEMP TABLE changed (line int);"
            "CREATE TEMP TABLE finding (line int, column_name text, is_rejection boolean, reason text)"
        )
        await self.connection.copy_to_table(
            "staging", source=self.typed.rows, columns=["line", *columns], format="csv", null=NULL
        )
        await self.connection.copy_records_to_table("finding", records=self.typed.found())
        await self.connection.execute("ANALYZE staging")
        await self._reject_contradictions()
        for statement in self.kind.merge:
            await self._run(statement)
        await self._count()
        await self._tell(rejected, warned)
        await self.connection.execute("DROP TABLE staging, changed, finding")
        return self.counts

    async def _reject_contradictions(self) -> None:
        if self.kind.key:
            key = ", ".join(self.kind.key)
            await self._find(
                f"SELECT line, '{self.kind.key[-1]}', 'en double : lignes ' || first || ' et ' || line FROM "  # noqa: S608 - constants
                f"(SELECT line, first_value(line) OVER (PARTITION BY {key} ORDER BY line) AS first FROM staging) d WHERE line <> first",
                rejection=True,
            )
        for statement in self.kind.rejects:
            await self._find(statement, rejection=True)
        for statement in self.kind.warnings:
            await self._find(statement, rejection=False)

    async def _find(self, statement: str, *, rejection: bool) -> None:
        await self._run(
            f"INSERT INTO finding SELECT f.line, f.c, {rejection}, f.reason FROM ({statement}) f(line, c, reason)"  # noqa: S608 - constants
        )
        if rejection:
            await self.connection.execute(
                "DELETE FROM staging s USING finding f WHERE f.line = s.line AND f.is_rejection"
            )

    async def _run(self, statement: str) -> None:
        await self.connection.execute(statement, *([self.service_id] if "$1" in statement else []))

    async def _count(self) -> None:
        row = await self.connection.fetchrow(
            "SELECT (SELECT count(DISTINCT line) FROM finding WHERE is_rejection) AS rejected, "
            "(SELECT count(*) FROM finding WHERE NOT is_rejection) AS warnings, (SELECT count(DISTINCT line) FROM changed) AS applied"
        )
        assert row is not None  # noqa: S101 - aggregates always answer
        self.counts.rejected, self.counts.warnings, self.counts.applied = (
            row["rejected"],
            row["warnings"],
            row["applied"],
        )
        self.counts.unchanged = self.counts.read - self.counts.applied - self.counts.rejected

    async def _tell(self, rejected: Any, warned: Any) -> None:
        """Each finding with its row, by a second walk beside the file; both are in the order of lines."""
        source = records(self.path)
        record = next(source, None)
        async for found in self.connection.cursor("SELECT * FROM finding ORDER BY line, column_name"):
            while record is not None and record.line < found["line"]:
                record = next(source, None)
            content = ";".join(record.fields) if record is not None and record.line == found["line"] else ""
            cells = [self.kind.file, found["line"], found["column_name"], found["reason"], content]
            (rejected if found["is_rejection"] else warned).writerow([neutral(str(cell)) for cell in cells])
