"""A route that the town may switch off names its function: `dependencies=[Open(Function.REQUESTS)]`."""

from typing import Any

import orjson
from fastapi import Depends

from api.core.database import DatabaseDep
from api.town.models import Function, SwitchedOff
from api.town.queries import SWITCHED


def Open(function: Function) -> Any:
    """A dependency that raises SwitchedOff, with the town's words, while the function is off."""

    async def refuse(database: DatabaseDep) -> None:
        row = await database.fetchrow(SWITCHED.text, *SWITCHED.values({"function": function.value}))
        if row:
            raise SwitchedOff(orjson.loads(row["message"]))

    return Depends(refuse)
