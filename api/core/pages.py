"""Keyset pages: a cursor names the last row seen, so that the next page costs the same as the first.

The database makes the cursor: the values a list is ordered by, joined by `~`.
"""

from datetime import date
from math import isfinite
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.core.errors import InvalidField

Limit = Annotated[int, Query(ge=1, le=100, description="rows a page")]
Cursor = Annotated[str | None, Query(max_length=200, description="the `next_cursor` of the page before")]


class BadCursor(InvalidField):
    """The cursor is not one of ours."""

    def __init__(self) -> None:
        super().__init__("/query/cursor", "cursor", "Ce curseur n'est pas valable.", "This cursor is not valid.")


def uuid_cursor(cursor: str | None) -> UUID | None:
    """The cursor of a list ordered by id; raises BadCursor."""
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise BadCursor from None


def score_cursor(cursor: str | None) -> tuple[float | None, UUID | None]:
    """The cursor of a list ordered by a score and an id; raises BadCursor."""
    if not cursor:
        return None, None
    try:
        number, _, row = cursor.partition("~")
        score = float(number)
        if not isfinite(score):
            raise BadCursor
        return score, UUID(row)
    except ValueError:
        raise BadCursor from None


def date_cursor(cursor: str | None) -> tuple[date | None, UUID | None]:
    """The cursor of a list ordered by a day and an id; raises BadCursor."""
    if not cursor:
        return None, None
    try:
        day, _, row = cursor.partition("~")
        return date.fromisoformat(day), UUID(row)
    except ValueError:
        raise BadCursor from None
