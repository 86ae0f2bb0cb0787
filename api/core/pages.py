"""Keyset pages: a cursor names the last row seen, so that the next page costs the same as the first."""

import base64
import binascii
from typing import Annotated

import orjson
from fastapi import Query

from api.core.errors import InvalidField

Limit = Annotated[int, Query(ge=1, le=100, description="rows a page")]
Cursor = Annotated[str | None, Query(max_length=200, description="the `next_cursor` of the page before")]


def encode(*values: object) -> str:
    """The cursor of a row, from the values it is ordered by."""
    return base64.urlsafe_b64encode(orjson.dumps([str(v) for v in values])).decode().rstrip("=")


def decode(cursor: str | None, length: int) -> list[str] | None:
    """The values of a cursor; InvalidField when it is not one of ours."""
    if cursor is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(values, list) and len(values) == length and all(isinstance(v, str) for v in values):
            return values
    except (binascii.Error, ValueError):
        pass
    raise InvalidField("/query/cursor", "cursor", "Ce curseur n'est pas valable.", "This cursor is not valid.")
