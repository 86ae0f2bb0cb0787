"""Problems: every refusal is a fact with a code, a status and a sentence in each language (RFC 9457).

A feature subclasses Problem; raising it is enough, the answer is made here. Input is never echoed.
"""

from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.core.languages import preferred


class Problem(Exception):
    """A refusal. `fr` and `en` are the sentence for the person; `**facts` fill it."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid"
    title: ClassVar[str] = "The request was refused"
    fr: ClassVar[str] = "La demande a été refusée."
    en: ClassVar[str] = "The request was refused."
    retry_after: int | None = None  # seconds
    commits: ClassVar[bool] = False  # a refusal that leaves a trace: what was written before it stays

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts = facts
        self.extra: dict[str, Any] = {}

    def detail(self, language: str) -> str:
        """The sentence for the person."""
        return (self.en if language == "en" else self.fr).format(**self.facts)


class NotFound(Problem):
    """Does not exist, or is somebody else's: the two cannot be told apart."""

    status, code, title = 404, "not-found", "Not found"
    fr = "Cet élément n'existe pas, ou n'est pas accessible avec votre compte."
    en = "This does not exist, or cannot be seen with your account."


class InvalidField(Problem):
    """One field of the body is refused by a rule of the domain; `pointer` is its place, as /email."""

    status, code, title = 422, "invalid", "Some fields need correcting"
    fr, en = "{fr}", "{en}"

    def __init__(self, pointer: str, field_code: str, fr: str, en: str) -> None:
        super().__init__(fr=fr, en=en)
        self.pointer, self.field_code = pointer, field_code


class Stale(Problem):
    """If-Match does not name the present version."""

    status, code, title = 412, "stale", "Changed meanwhile"
    fr = "Ces informations ont été modifiées entre-temps. Rechargez la page, puis refaites votre modification."
    en = "This has been changed meanwhile. Reload the page, then make your change again."


class PreconditionRequired(Problem):
    """If-Match is missing."""

    status, code, title = 428, "precondition-required", "If-Match is required"
    fr = "La version de départ de la modification manque (en-tête If-Match)."
    en = "The version that is being changed is missing (If-Match header)."


class Busy(Problem):
    """The database or the hashing pool cannot take more now."""

    status, code, title = 503, "unavailable", "Temporarily unavailable"
    fr = "Le service est momentanément indisponible. Rien n'a été perdu : réessayez dans quelques instants."
    en = "The service is unavailable for a moment. Nothing was lost: try again shortly."
    retry_after = 2


class TooManyRequests(Problem):
    """A limit was reached; Retry-After says how long to wait, in seconds."""

    status, code, title = 429, "too-many-requests", "Too many attempts"
    fr = "Trop d'essais. Réessayez dans {wait}."
    en = "Too many attempts. Try again in {wait}."

    def __init__(self, seconds: int) -> None:
        super().__init__(wait=f"{-(-seconds // 60)} min" if seconds > 60 else f"{seconds} s")
        self.retry_after = seconds


class FieldError(BaseModel):
    """One refused field."""

    pointer: str = Field(description="JSON pointer into the body, or /query/NAME")
    code: str
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457, with a stable `code`."""

    model_config = ConfigDict(defer_build=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    errors: list[FieldError] | None = None
    scope: str | None = Field(None, description="the missing scope, with scope-missing")
    service: str | None = Field(None, description="the service whose key grants the missing scope")
    error: str | None = Field(None, description="of the token endpoint: the code of RFC 6749")
    place: int | None = Field(None, description="the place in the queue, with waiting-room")
    expected_seconds: int | None = Field(None, description="until one's turn, about, with waiting-room")
    agent: str | None = Field(None, description="the agent who holds the request, with held-by-another")


STATUS_WORDS: dict[int, tuple[str, str, str]] = {
    404: ("not-found", "Cette adresse n'existe pas.", "This address does not exist."),
    405: ("method-not-allowed", "Cette action n'existe pas à cette adresse.", "This action does not exist here."),
    408: (
        "too-slow",
        "Le contenu envoyé n'est pas arrivé à temps. Renvoyez-le.",
        "What was sent did not arrive in time. Send it again.",
    ),
    413: ("too-large", "Le contenu envoyé est trop volumineux.", "What was sent is too large."),
    415: (
        "unsupported-media-type",
        "Envoyez du JSON (Content-Type: application/json), ou un fichier en multipart/form-data.",
        "Send JSON (Content-Type: application/json), or a file as multipart/form-data.",
    ),
    422: ("invalid", "Certains champs sont à corriger.", "Some fields need correcting."),
    500: (
        "internal-error",
        "Une erreur inattendue est survenue. L'équipe est prévenue.",
        "Something unexpected failed.",
    ),
    503: ("unavailable", Busy.fr, Busy.en),
}
FIELD_WORDS: dict[str, tuple[str, str, str]] = {
    "missing": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "extra_forbidden": ("unknown", "Ce champ n'existe pas.", "This field does not exist."),
    "doubled": ("doubled", "Ce champ est là deux fois.", "This field is there twice."),
    "string_too_short": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "string_too_long": ("too-long", "Au plus {max_length} caractères.", "At most {max_length} characters."),
    "too_short": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "too_long": ("too-long", "Au plus {max_length}.", "At most {max_length}."),
    "date_from_datetime_parsing": ("date", "Cette date n'existe pas.", "This date does not exist."),
    "date_parsing": ("date", "Cette date n'existe pas.", "This date does not exist."),
    "date_type": ("date", "Une date est attendue, comme 2019-04-30.", "A date is expected, as 2019-04-30."),
    "uuid_parsing": ("id", "Cet identifiant n'est pas valable.", "This identifier is not valid."),
    "literal_error": ("choice", "Choisissez une des valeurs proposées.", "Choose one of the values offered."),
    "enum": ("choice", "Choisissez une des valeurs proposées.", "Choose one of the values offered."),
    "int_type": ("number", "Un nombre entier est attendu.", "A whole number is expected."),
    "int_parsing": ("number", "Un nombre entier est attendu.", "A whole number is expected."),
    "int_from_float": ("number", "Un nombre entier est attendu.", "A whole number is expected."),
    "bool_type": ("yes-no", "« true » ou « false » est attendu.", "“true” or “false” is expected."),
    "json_invalid": ("json", "Le contenu n'est pas du JSON valable.", "The body is not valid JSON."),
    "greater_than_equal": ("too-small", "Au moins {ge}.", "At least {ge}."),
    "less_than_equal": ("too-large", "Au plus {le}.", "At most {le}."),
}


def problem_response(
    request: Request, status: int, code: str, title: str, detail: str, retry_after: int | None = None, **extra: Any
) -> Response:
    """An `application/problem+json` answer."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.scope.get("request_id", ""),
        **extra,
    }
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


def _language(request: Request) -> str:
    return preferred(request.headers.get("accept-language", ""))


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for it
    return answer_to(request, error)


def answer_to(request: Request, error: Problem) -> Response:
    """What a refusal says to its reader."""
    language = _language(request)
    extra = dict(error.extra)
    if isinstance(error, InvalidField):
        extra["errors"] = [{"pointer": error.pointer, "code": error.field_code, "detail": error.detail(language)}]
    return problem_response(
        request, error.status, error.code, error.title, error.detail(language), error.retry_after, **extra
    )


UNREADABLE = InvalidField("/", "unreadable", "Le contenu envoyé ne peut pas être lu.", "What was sent cannot be read.")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    if error.status_code == 400:  # the framework's word for a body that is no UTF-8, or no form
        return answer_to(request, UNREADABLE)
    answer = refusal_of(request, error)
    if error.status_code == 405 and (route := request.scope.get("route")):
        # The framework names the methods of one route; the address has several.
        same = (other.methods for other in request.app.router.routes if getattr(other, "path", "") == route.path)
        answer.headers["Allow"] = ", ".join(sorted(set().union(*same)))
    return answer


def refusal_of(request: Request, error: HTTPException) -> Response:
    """What a status that is no rule of ours means, in the reader's language."""
    code, fr, en = STATUS_WORDS.get(error.status_code, STATUS_WORDS[422])
    words = en if _language(request) == "en" else fr
    answer = problem_response(request, error.status_code, code, code.replace("-", " "), words)
    answer.headers.update(error.headers or {})
    return answer


def field_error(error: dict[str, Any], language: str) -> dict[str, str]:
    """One of Pydantic's errors as the contract words it."""
    place = [str(part) for part in error["loc"] if not isinstance(part, str) or part != "body"]
    if error["type"] == "value_error" and isinstance(cause := error.get("ctx", {}).get("error"), FieldRefused):
        code, fr, en = cause.code, cause.fr, cause.en
        place = [*place, cause.field] if cause.field else place
    else:
        code, fr, en = FIELD_WORDS.get(
            error["type"], ("value", "Cette valeur ne convient pas.", "This value does not fit.")
        )
    if error["type"] == "json_invalid":
        place = []
    words = (
        (en if language == "en" else fr).format(**error.get("ctx", {}))
        if "{" in fr
        else (en if language == "en" else fr)
    )
    return {"pointer": "/" + "/".join(place), "code": code, "detail": words}


class FieldRefused(ValueError):
    """Raised in a schema's validator: the code and the sentences for one field; a validator of the whole model names it."""

    def __init__(self, code: str, fr: str, en: str, field: str = "") -> None:
        super().__init__(code)
        self.code, self.fr, self.en, self.field = code, fr, en, field


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    language = _language(request)
    code, fr, en = STATUS_WORDS[422]
    errors = [field_error(e, language) for e in error.errors()]
    return problem_response(request, 422, code, InvalidField.title, en if language == "en" else fr, errors=errors)


def internal_error(request: Request) -> Response:
    """The answer to what nobody foresaw; the log has the rest."""
    code, fr, en = STATUS_WORDS[500]
    return problem_response(request, 500, code, "Internal error", en if _language(request) == "en" else fr)


def install(app: FastAPI) -> None:
    """Make every layer's refusals problems."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)


Responses = dict[int | str, dict[str, Any]]


def answers(status: int, model: type[BaseModel] | None = None, *kinds: type[Problem], **more: Any) -> Responses:
    """The `responses=` of a route whose answer does not go through its return type: the model, then its refusals."""
    return {status: ({"model": model} if model else {}) | more} | problems(*kinds)


def problems(*kinds: type[Problem]) -> Responses:
    """The `responses=` of a route: which refusals it documents, one entry a status."""
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {
        status: {
            "model": ProblemDetails,
            "description": "; ".join(f"`{k.code}`: {(k.__doc__ or k.title).splitlines()[0]}" for k in these),
        }
        for status, these in by_status.items()
    }
