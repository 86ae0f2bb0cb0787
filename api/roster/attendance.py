"""The attendance sheet of a month: a PDF to print and tick."""

from datetime import date
from pathlib import Path
from typing import Any

from api.core import paper

TEMPLATE = Path(__file__).with_name("attendance.typ")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
LETTERS = ("L", "M", "M", "J", "V", "S", "D")


def render(*, town: str, name: str, venue: str, month: date, days: list[date], children: list[dict[str, Any]]) -> bytes:
    """The PDF/A. `children` have name, born, grade, pai and, for each day, whether they are expected, and absent."""
    data = {
        "town": town,
        "name": name,
        "venue": venue,
        "month": f"{MONTHS[month.month - 1]} {month.year}",
        "days": [[LETTERS[day.weekday()], str(day.day)] for day in days],
        "children": children,
    }
    return paper.render(TEMPLATE, data)
