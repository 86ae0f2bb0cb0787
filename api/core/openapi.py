"""The OpenAPI document: the same whatever the environment, with problems as application/problem+json."""

from collections.abc import Iterator
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}


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
        title="Foyer", version="1.0.0", summary="The family portal of a town hall.", routes=app.routes, openapi_version="3.1.0",
        description="JSON API of the family portal. Every refusal is application/problem+json (RFC 9457) with a stable `code`.",
    )
    schemas = spec["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    spec["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, route in api_routes(app):
        for method in (m.lower() for m in route.methods):
            _dress(spec["paths"][path][method], scope_of(route))
    return spec


def _dress(operation: dict[str, Any], scope: str | None) -> None:
    answers = operation["responses"]
    if scope:
        operation["security"] = [{"bearer": []}]
        operation["x-scope"] = scope
        answers.setdefault("401", {"description": "`not-signed-in`: sign in, or refresh"})
        answers.setdefault("403", {"description": f"`scope-missing`: {scope} is not held"})
    if "requestBody" in operation:
        answers.setdefault("415", {"description": "`unsupported-media-type`: the body is not JSON"})
    answers.setdefault("413", {"description": "`too-large`: the body is over 1 MB"})
    answers.setdefault("503", {"description": "`unavailable`: try again after Retry-After"})
    if "parameters" in operation or "requestBody" in operation:
        answers.setdefault("422", {"description": "`invalid`: some fields need correcting"})
    for status, answer in answers.items():
        if int(status) >= 400:
            answer["content"] = {"application/problem+json": {"schema": PROBLEM}}
            answer["description"] = "Some fields need correcting" if answer["description"] == "Validation Error" else answer["description"]


def as_yaml(app: FastAPI) -> str:
    """The document as it is committed."""
    return yaml.safe_dump(document(app), sort_keys=False, allow_unicode=True, width=120)
