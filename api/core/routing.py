"""The manners of every route, and a short way through FastAPI for reads.

Unknown query parameters are refused, and a body is JSON. A read that answers with ready JSON and depends only on the
request is called directly: the same signature, the same validation, the same document, without the general dependency
resolver, which costs as much as the database (bench/README.md has the figures). Any other route is FastAPI's own.
"""

import inspect
from collections.abc import Callable, Coroutine, Hashable, Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.params import File, Form
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from api.core.database import open_session
from api.core.strict_json import JsonRequest

API = "/api/v1"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def _tree(dependant: Dependant) -> Iterator[Dependant]:
    """A dependant and all that it depends on."""
    yield dependant
    for child in dependant.dependencies:
        yield from _tree(child)


def _query_names(dependant: Dependant) -> set[str]:
    return {field.alias for child in _tree(dependant) for field in child.query_params}


class StrictRoute(APIRoute):
    """A route that refuses what it does not know."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.methods == {"GET"} and self.response_field is None and _is_simple(self.dependant):
            self.app = _short_way(self.dependant)

    def get_route_handler(self) -> Handler:
        """FastAPI's handler, after the checks."""
        handle = super().get_route_handler()
        known = _query_names(self.dependant)
        wanted = _media_type(self.dependant)
        tree = [child.call for child in _tree(self.dependant)]
        # What says who comes, before anything else is done: the principals have it.
        self.recognize = [vars(call)["recognize"] for call in tree if "recognize" in getattr(call, "__dict__", {})]

        async def strict(request: Request) -> Response:
            _refuse_unknown(request, known)
            if not request.headers.get("content-type", "").lower().startswith(wanted):
                raise HTTPException(415)
            if wanted == FORM:
                _refuse_doubled("body", (await request.form()).multi_items())
            return await handle(request)

        async def in_line(request: Request) -> Response:
            place = self.come(request)
            if wanted == JSON:
                await _whole_body(request)  # nobody stands behind one that comes slowly
            with request.app.state.database.admission.line(*place):
                return await strict(request)

        self.waits = open_session in tree
        answer = in_line if self.waits else strict

        async def handler(request: Request) -> Response:
            return await answer(JsonRequest(request.scope, request.receive))

        return handler

    def come(self, request: Request) -> tuple[float, Hashable]:
        """One's place in the line for the database, and the key that keeps it: who asks, with their Idempotency-Key or else for what.

        Raises WaitingRoom, and NotSignedIn: who is nobody does not stand there.
        """
        if not hasattr(request.state, "arrival"):
            who = [recognize(request) for recognize in self.recognize]
            what = request.headers.get("idempotency-key") or f"{request.method} {request.url.path}"
            request.state.key = (*who, what)
            request.state.arrival = request.app.state.database.admission.come(request.state.key)
        return request.state.arrival, request.state.key


def waiting_routes(routes: Iterable[BaseRoute]) -> dict[tuple[str, str], StrictRoute]:
    """The routes that wait for the database, by method and path: on opening morning who must wait is told so before anything else."""
    waiting = (
        route for route in routes if isinstance(route, StrictRoute) and route.waits and not route.param_convertors
    )
    return {(method, route.path): route for route in waiting for method in route.methods or ()}


async def _whole_body(request: Request) -> None:
    """Read it; the request keeps it. Raises HTTPException, as FastAPI does, when the client has gone."""
    try:
        await request.body()
    except ClientDisconnect:
        raise HTTPException(400) from None


def _media_type(dependant: Dependant) -> str:
    """What a body must be: nothing asked without one, a form, a form with files, else JSON."""
    kinds = {type(field.field_info) for child in _tree(dependant) for field in child.body_params}
    if not kinds:
        return ""
    if kinds == {Form}:
        return FORM
    return "multipart/form-data" if kinds <= {Form, File} else JSON


def _refuse_unknown(request: Request, known: set[str]) -> None:
    if not request.scope["query_string"]:
        return
    if unknown := request.query_params.keys() - known:
        raise RequestValidationError([{"type": "extra_forbidden", "loc": ("query", name)} for name in sorted(unknown)])
    _refuse_doubled("query", request.query_params.multi_items())


def _refuse_doubled(place: str, given: list[tuple[str, Any]]) -> None:
    """No parameter of ours is a list: of two, one program would take the first and another the last."""
    names = [name for name, _ in given]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise RequestValidationError([{"type": "doubled", "loc": (place, name)} for name in sorted(doubled)])


def _is_simple(dependant: Dependant) -> bool:
    """Whether everything the endpoint takes is a scalar of path or query, or an async function of the request."""
    return (
        inspect.iscoroutinefunction(dependant.call)
        and not (dependant.header_params or dependant.cookie_params or dependant.body_params)
        and not (dependant.request_param_name or dependant.response_param_name or dependant.background_tasks_param_name)
        and all(_is_of_the_request(child) for child in dependant.dependencies)
    )


def _is_of_the_request(child: Dependant) -> bool:
    parameters = (
        child.path_params or child.query_params or child.header_params or child.cookie_params or child.body_params
    )
    return inspect.iscoroutinefunction(child.call) and not parameters and not child.dependencies


def _short_way(dependant: Dependant) -> Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]:
    """The endpoint as ASGI. Refusals go to the application's handlers, as from any other route."""
    endpoint, known = dependant.call, {field.alias for field in dependant.query_params}
    parameters = [("path", f) for f in dependant.path_params] + [("query", f) for f in dependant.query_params]
    children = [(c.name, c.call, c.request_param_name) for c in dependant.dependencies]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        with request.app.state.database.a_read():
            response = await answer(request)
        await response(scope, receive, send)

    async def answer(request: Request) -> Response:
        _refuse_unknown(request, known)
        values: dict[str, Any] = {}
        for name, call, request_name in children:
            values[str(name)] = await call(**({request_name: request} if request_name else {}))  # type: ignore[misc] # _is_simple saw it
        errors: list[Any] = []
        query = request.query_params if request.scope["query_string"] else {}
        for place, field in parameters:
            given = (request.path_params if place == "path" else query).get(field.alias)
            if given is None and not field.field_info.is_required():
                values[field.name] = field.get_default()
                continue
            if given is None:
                errors.append({"type": "missing", "loc": (place, field.alias)})
                continue
            values[field.name], wrong = field.validate(given, {}, loc=(place, field.alias))
            errors += wrong or []
        if errors:
            raise RequestValidationError(errors)
        response: Response = await endpoint(**values)  # type: ignore[misc] # _is_simple saw it
        return response

    return app


def operation_id(route: APIRoute) -> str:
    """`verb_noun`, the function's own name: unique, and it stays."""
    return route.name


def router(prefix: str = "", *, tag: str) -> APIRouter:
    """A feature's router, under the API's version."""
    return APIRouter(prefix=API + prefix, tags=[tag], route_class=StrictRoute, generate_unique_id_function=operation_id)
