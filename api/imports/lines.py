"""NDJSON as the back office's files: each line an object, with `file` and the columns of that file by their names."""

import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO, Any

from api.core import strict_json
from api.core.errors import InvalidField
from api.core.settings import Settings
from api.imports.kinds import Kind, all_kinds

LONGEST = 1 << 16  # bytes of a line
ISO_DAY = re.compile(r"^(\d{4})-(\d\d)-(\d\d)$")


class UnreadableLine(InvalidField):
    """A line is not an object that a file knows: nothing of the body is taken."""

    def __init__(self, number: int, fr: str, en: str) -> None:
        super().__init__(f"/lines/{number}", "line", f"Ligne {number} : {fr}.", f"Line {number}: {en}.")


@dataclass
class LineFile:
    """One of the files that the lines made; read as an uploaded file is."""

    filename: str | None
    file: IO[bytes]

    async def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        return self.file.read(size)


async def files_of(body: AsyncIterator[bytes], settings: Settings) -> list[LineFile]:
    """The files that the lines make, on disk; memory holds a line. Raises UnreadableLine."""
    kinds = {kind.file: kind for kind in all_kinds(settings.zone)}
    made: dict[str, LineFile] = {}
    number = 0
    async for line in _lines(body):
        number += 1
        if not line.strip():
            continue
        row = _object(line, number)
        kind = kinds.get(str(row.pop("file", "")))
        if kind is None:
            expected = ", ".join(kinds)
            raise UnreadableLine(number, f"« file » doit être un de {expected}", f"“file” must be one of {expected}")
        if kind.file not in made:
            made[kind.file] = LineFile(kind.file, tempfile.TemporaryFile())  # noqa: SIM115 - read by the caller
            made[kind.file].file.write(_csv([column.name for column in kind.columns]))
        made[kind.file].file.write(_csv(_cells(kind, row, number)))
    for one in made.values():
        one.file.seek(0)
    return list(made.values())


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest, number = b"", 0
    async for piece in body:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            number += 1
            yield line
        if len(rest) > LONGEST:
            raise UnreadableLine(number + 1, "elle est trop longue", "it is too long")
    if rest:
        yield rest


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        row = strict_json.read(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise UnreadableLine(number, "ce n'est pas un objet JSON entier", "this is not a whole JSON object")
    return row


def _cells(kind: Kind, row: dict[str, Any], number: int) -> list[str]:
    names = [column.name for column in kind.columns]
    if unknown := sorted(row.keys() - set(names)):
        raise UnreadableLine(
            number, f"la colonne « {unknown[0][:50]} » n'existe pas", f"there is no column “{unknown[0][:50]}”"
        )
    return [_cell(row.get(name)) for name in names]


def _cell(value: object) -> str:
    """JSON's values as the files have them: OUI and NON, days as JJ/MM/AAAA."""
    if isinstance(value, bool):
        return "OUI" if value else "NON"
    if value is None:
        return ""
    if found := ISO_DAY.match(str(value)):
        return "/".join(reversed(found.groups()))
    return str(value).replace("\n", " ")


def _csv(cells: list[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerow(cells)
    return written.getvalue().encode()
