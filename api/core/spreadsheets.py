"""CSV that a French spreadsheet opens as it is: semicolons, a byte order mark, and no cell that runs as a formula."""

import csv
import io
from collections.abc import Iterable

FORMULA = tuple("=+-@＝＋－＠\t\r\n")  # OWASP, « CSV Injection »: their full-width forms as well


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def sheet(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as a file; None is an empty cell."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerows([neutral("" if cell is None else str(cell)) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")
