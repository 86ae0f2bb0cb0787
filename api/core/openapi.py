"""The OpenAPI document: the same whatever the environment, with problems as application/problem+json."""

from collections.abc import Iterator
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}
IMPLIED = {  # what any operation may answer
    "401": ("NotSignedIn", "`not-signed-in`: sign in, or refresh"),
    "403": ("ScopeMissing", "`scope-missing`: the right `x-scope` is not held"),
    "408": ("TooSlow", "`too-slow`: the body did not arrive in time"),
    "413": ("TooLarge", "`too-large`: the body is over 1 MB"),
    "415": ("UnsupportedMediaType", "`unsupported-media-type`: the body is not JSON"),
    "422": ("Invalid", "`invalid`: some fields need correcting, named in `errors`"),
    "429": ("TooManyRequests", "`too-many-requests`: other software asks too often; wait for Retry-After"),
    "503": (
        "Unavailable",
        "`unavailable`, or `waiting-room` with a `place`: try again after Retry-After, with the same Idempotency-Key",
    ),
}


def scope_of(route: APIRoute) -> str | None:
    """The right that a route names in its signature; None when it is public."""
    waiting = list(route.dependant.dependencies)
    while waiting:
        dependant = waiting.pop()
        if scope := getattr(dependant.call, "scope", None):
            return str(scope)
        waiting += dependant.dependencies
    return None


def api_routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """The routes of the contract, each with its whole path."""
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute) and found.include_in_schema:
            yield str(found.path), found.original_route


def document(app: FastAPI) -> dict[str, Any]:
    """The document as data."""
    spec = get_openapi(
        title="Foyer",
        version="1.0.0",
        summary="The family portal of a town hall.",
        routes=app.routes,
        openapi_version="3.1.0",
        description="JSON API of the family portal. Every refusal is application/problem+json (RFC 9457) with a stable `code`.",
    )
    schemas = spec["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    spec["components"]["responses"] = {
        name: {"description": words, "content": {"application/problem+json": {"schema": PROBLEM}}}
        for name, words in IMPLIED.values()
    }
    spec["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for _, route in api_routes(app):
        for method in (m.lower() for m in route.methods or ()):
            _dress(spec["paths"][route.path_format][method], scope_of(route))
    return spec


def _dress(operation: dict[str, Any], scope: str | None) -> None:
    answers = operation["responses"]
    for status, answer in answers.items():
        if int(status) >= 400:
            answer["content"] = {"application/problem+json": {"schema": PROBLEM}}
    implied = ["413", "503"]
    if scope:
        operation["security"] = [{"bearer": []}]
        operation["x-scope"] = scope
        implied += ["401", "403"]
        implied += ["429"] if scope.startswith("integration:") else []
    if "requestBody" in operation:
        implied += ["408", "415"]
    if "parameters" in operation or "requestBody" in operation:
        implied.append("422")
        if answers.get("422", {}).get("description") == "Validation Error":
            del answers["422"]
    for status in implied:
        answers.setdefault(status, {"$ref": f"#/components/responses/{IMPLIED[status][0]}"})


def as_yaml(app: FastAPI) -> str:
    """The document as it is committed."""
    return yaml.safe_dump(document(app), sort_keys=False, allow_unicode=True, width=120)
