"""Reading a file of the back office: any of its encodings, line by line, so that a wrong row stops no other."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.core.operators import Refused

CHUNK = 1 << 20
LONGEST_RECORD = 5  # lines that one quoted field may span


class Unusable(Refused):
    """The whole file cannot be taken; the message says why, in French."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it stands in the file; `problem` when it cannot even be cut into fields."""

    line: int
    fields: list[str]
    end: int  # bytes read so far
    problem: str = ""


def encoding_of(path: Path) -> str:
    """UTF-8, with or without its mark, when the whole file is; else Windows-1252, which such software writes."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def read_header(path: Path, expected: list[str]) -> list[str]:
    """The columns of a file; raises Unusable when it is empty or a column is missing."""
    with path.open("rb") as file:
        first = file.readline(CHUNK).decode(encoding_of(path), "replace")
    names = [name.strip().strip('"').lower() for name in first.strip().split(";")]
    if not any(names):
        raise Unusable(f"{path.name} est vide : la première ligne doit nommer les colonnes ({';'.join(expected)}).")
    if missing := [name for name in expected if name not in names]:
        raise Unusable(
            f"{path.name} : il manque la ou les colonnes {', '.join(missing)}. Le séparateur doit être « ; »."
        )
    return names


def records(path: Path) -> Iterator[Record]:
    """The rows after the header, with the line each starts at. Never holds more than a few lines."""
    encoding = encoding_of(path)
    with path.open("rb") as file:
        end = len(file.readline())
        number = 1
        waiting: list[bytes] = []
        source = iter(file)
        while True:
            raw = waiting.pop(0) if waiting else next(source, None)
            if raw is None:
                return
            number += 1
            end += len(raw)
            line = raw.decode(encoding if encoding == "cp1252" else "utf-8", "replace").rstrip("\r\n")
            if not line.strip():
                continue
            if '"' not in line:
                yield Record(number, line.split(";"), end)
                continue
            fields, problem = _cut(line)
            was_open = problem == "open"
            spanned: list[bytes] = []
            while problem == "open" and len(spanned) < LONGEST_RECORD:
                more = waiting[len(spanned)] if len(waiting) > len(spanned) else next(source, None)
                if more is None:
                    break
                if len(waiting) <= len(spanned):
                    waiting.append(more)
                spanned.append(more)
                whole = (
                    line
                    + "\n"
                    + "\n".join(s.decode(encoding.removesuffix("-sig"), "replace").rstrip("\r\n") for s in spanned)
                )
                fields, problem = _cut(whole)
            if problem:
                yield Record(
                    number, line.split(";"), end, "guillemet non fermé" if was_open else "guillemets mal placés"
                )
                continue
            yield Record(number, fields, end)
            if spanned:  # those lines belong to this record
                del waiting[: len(spanned)]
                number += len(spanned)
                end += sum(map(len, spanned))


def _cut(text: str) -> tuple[list[str], str]:
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=";", strict=True))
    except csv.Error as error:
        return [], "open" if "unexpected end" in str(error) else "quotes"
    return (rows[0], "") if len(rows) == 1 else ([], "quotes")
