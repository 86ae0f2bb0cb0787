"""The manners of every route: unknown query parameters are refused, and a body is JSON."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException


def _query_names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    return names.union(*(_query_names(child) for child in dependant.dependencies))


class StrictRoute(APIRoute):
    """A route that refuses what it does not know."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, after the checks."""
        handle = super().get_route_handler()
        known = _query_names(self.dependant)
        takes_json = bool(self.dependant.body_params)

        async def strict(request: Request) -> Response:
            if request.scope["query_string"] and (unknown := request.query_params.keys() - known):
                raise RequestValidationError(
                    [{"type": "extra_forbidden", "loc": ("query", name)} for name in sorted(unknown)]
                )
            if takes_json and not request.headers.get("content-type", "").lower().startswith("application/json"):
                raise HTTPException(415)
            return await handle(request)

        return strict


def router(prefix: str = "", *, tag: str) -> APIRouter:
    """A feature's router."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute)
