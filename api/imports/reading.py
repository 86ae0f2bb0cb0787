"""A file of the back office read and typed, and laid on disk as what COPY takes.

It needs no database: while PostgreSQL merges one file, the next one is read in a thread.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from api.imports.files import records
from api.imports.kinds import Kind
from api.imports.values import NULL, Dropped, Rejected

REPORT_EVERY = 1 << 18  # bytes
Progress = Callable[[str, int, int], None]  # file, bytes read, bytes in all


@dataclass
class Typed:
    """The rows that can be read, as CSV with their line first; what was found in the others; how many there were."""

    rows: io.BufferedRandom
    findings: io.BufferedRandom
    read: int = 0

    def found(self) -> Iterator[tuple[Any, ...]]:
        """Line, column, whether the row is rejected, why."""
        self.findings.seek(0)
        for line in self.findings:
            yield tuple(orjson.loads(line))

    def close(self) -> None:
        """Both files are gone with it."""
        self.rows.close()
        self.findings.close()


def type_file(kind: Kind, path: Path, header: list[str], progress: Progress) -> Typed:
    """Read a file whole; memory holds a row. Both files have no name, so nobody else can open them."""
    typed = Typed(tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115 - closed by close()
    text = io.TextIOWrapper(typed.rows, encoding="utf-8", newline="")
    csv.writer(text).writerows(_rows(kind, path, header, typed, progress))
    text.flush()
    text.detach()
    typed.rows.seek(0)
    return typed


def _rows(kind: Kind, path: Path, header: list[str], typed: Typed, progress: Progress) -> Iterator[list[Any]]:
    size, told = path.stat().st_size, 0
    places = [(column, header.index(column.name)) for column in kind.columns]

    def find(line: int, column: str, reason: str, *, rejection: bool = True) -> None:
        typed.findings.write(orjson.dumps([line, column, rejection, reason]) + b"\n")

    for record in records(path):
        typed.read += 1
        if record.end - told > REPORT_EVERY:
            told = record.end
            progress(kind.file, told, size)
        if record.problem or len(record.fields) != len(header):
            find(record.line, "", record.problem or f"{len(record.fields)} colonnes au lieu de {len(header)}")
            continue
        row: dict[str, Any] = {}
        for column, place in places:
            try:
                value = column.read(record.fields[place])
            except Rejected as rejected:
                find(record.line, column.name, str(rejected))
                break
            if isinstance(value, Dropped):
                find(record.line, column.name, value.warning, rejection=False)
                value = None
            row[column.name] = value
        else:
            if problem := kind.check(row):
                find(record.line, *problem)
                continue
            if warning := kind.warn(row):
                find(record.line, *warning, rejection=False)
            values = (*row.values(), *(how(row) for _, how in kind.derived.values()))
            yield [record.line, *(NULL if value is None else value for value in values)]
    progress(kind.file, size, size)
