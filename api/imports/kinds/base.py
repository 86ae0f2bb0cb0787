"""What an import needs to know of a file."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from api.imports.values import Reader


@dataclass(frozen=True)
class Column:
    """A column: how it is read, and how PostgreSQL holds it in staging."""

    name: str
    read: Reader
    type: str = "text"


Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A file: its columns, its rules, and the statements that merge its staged rows.

    `rejects` give (line, column_name, reason) of rows that contradict others or the database. `merge` statements write
    into the real tables and note each changed `line` in the temporary table `changed`. $1 is the service.
    """

    name: str
    columns: list[Column]
    merge: list[str]
    key: list[str] = field(default_factory=list)
    check: Callable[[Row], tuple[str, str] | None] = lambda row: None
    warn: Callable[[Row], tuple[str, str] | None] = lambda row: None
    derived: dict[str, tuple[str, Callable[[Row], Any]]] = field(default_factory=dict)  # column: (type, how)
    rejects: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name}.csv"
