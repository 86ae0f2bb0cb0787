"""JSON that can be read in one way only (RFC 8259, 4 and 6): no name twice in an object, no number that is none."""

import json
import math
from typing import Any

from starlette.requests import Request


def read(body: bytes | str) -> Any:
    """The value; raises JSONDecodeError, and ValueError or RecursionError for what no reader takes."""
    return json.loads(body, object_pairs_hook=_object, parse_constant=_refuse, parse_float=_number)


class JsonRequest(Request):
    """A request whose JSON is read so: who checks it and who uses it read the same."""

    async def json(self) -> Any:
        """The body's value; raises as `read`."""
        return read(await self.body())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise json.JSONDecodeError("a name is there twice", "", 0)
    return found


def _refuse(name: str) -> float:
    raise json.JSONDecodeError(f"{name} is no number", "", 0)


def _number(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text[:20])
