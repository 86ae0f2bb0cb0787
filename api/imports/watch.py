"""A folder that the back office writes into: what arrives whole is imported, then put aside with its report."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from api.core.clock import utcnow
from api.core.settings import Settings
from api.imports.files import Unusable
from api.imports.kinds import all_kinds
from api.imports.reading import Progress
from api.imports.service import AlreadyRunning, import_folder

DONE = "importes"
Told = Callable[
    [dict[str, dict[str, int]] | None, Path, str], None
]  # counts or None, where the files lie, what was wrong
Look = dict[str, tuple[int, int]]  # file name: bytes, time of the last change in nanoseconds


def look(folder: Path, settings: Settings) -> Look:
    """The files that an import knows, as they are now."""
    present = [folder / kind.file for kind in all_kinds(settings.zone) if (folder / kind.file).is_file()]
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in present}


async def watch(
    dsn: str, settings: Settings, folder: Path, *, every: float, told: Told, progress: Progress | None = None
) -> None:
    """Look into the folder every so many seconds, for ever. Files are taken when two looks found them the same.

    They go to `importes/DATE_TIME/` with their report, also when they could not be used.
    """
    before: Look = {}
    while True:
        now = look(folder, settings)
        if now and now == before:
            before = {}
            try:
                await _take(dsn, settings, folder, now, told, progress)
            except AlreadyRunning:
                before = now
        else:
            before = now
        await asyncio.sleep(every)


async def _take(dsn: str, settings: Settings, folder: Path, files: Look, told: Told, progress: Progress | None) -> None:
    """Put the files aside first, so that a new delivery is never mixed with the one in hand."""
    aside = folder / DONE / f"{utcnow().astimezone(settings.zone):%Y-%m-%d_%H%M%S}"
    aside.mkdir(parents=True)
    for name in files:
        shutil.move(folder / name, aside / name)
    try:
        counts = await import_folder(dsn, settings, aside, aside / "rejets.csv", progress=progress)
    except AlreadyRunning:
        for name in files:
            shutil.move(aside / name, folder / name)
        aside.rmdir()
        raise
    except Unusable as unusable:
        (aside / "erreur.txt").write_text(f"{unusable}\n")
        told(None, aside, str(unusable))
    else:
        told(counts, aside, "")
