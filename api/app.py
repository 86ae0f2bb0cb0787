"""The composition root: every router in one visible list, and what surrounds them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import generate_latest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.middleware.cors import CORSMiddleware

from api.absences.routes import router as absences
from api.accounts.routes import router as accounts
from api.activities.routes import router as activities
from api.calendars.routes import router as calendars
from api.core import errors
from api.core.database import Database
from api.core.errors import Busy
from api.core.languages import preferred
from api.core.routing import waiting_routes
from api.core.settings import PROJECT, Settings
from api.core.static import Spa
from api.core.walls import is_enough
from api.core.web import Surroundings
from api.counter.routes import router as counter
from api.demo.routes import router as demo
from api.desk.routes import router as desk
from api.draws.routes import router as draws
from api.enrollments.routes import router as enrollments
from api.families.agent_routes import router as agent_families
from api.families.routes import router as families
from api.household.routes import router as household
from api.imports.routes import router as imports
from api.integration.routes import router as integration
from api.invoices.routes import router as invoices
from api.letters.routes import router as letters
from api.oversight.routes import router as oversight
from api.privacy.routes import router as privacy
from api.publik.routes import router as publik
from api.requests.routes import router as requests
from api.roster.routes import router as roster
from api.second_factors.routes import router as second_factors
from api.security.addresses import is_of_the_house
from api.security.tokens import Tokens
from api.service_keys.agent_routes import router as agent_service_keys
from api.service_keys.routes import router as service_keys
from api.sessions.routes import router as sessions
from api.town.agent_routes import router as agent_town
from api.town.routes import router as town

ROUTERS = [
    invoices,  # what is asked for most comes first
    families,
    activities,
    enrollments,
    draws,
    absences,
    calendars,
    household,
    requests,
    accounts,
    sessions,
    second_factors,
    privacy,
    service_keys,
    town,
    desk,
    roster,
    counter,
    imports,
    integration,
    letters,
    oversight,
    agent_town,
    agent_families,
    agent_service_keys,
    publik,
]
# What few ask for and takes long to load is loaded beside, once the portal answers.
LATER = ("api.second_factors.passkeys", "api.calendars.feed", "jsonschema")
DATABASE_AWAY = (
    OSError,
    TimeoutError,
    PoolTimeout,
    OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that died in the middle of a word
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.OperatorInterventionError,  # shut down, cancelled, not yet ready
    asyncpg.PostgresSystemError,  # a disk that fails
    asyncpg.TransactionRollbackError,  # a deadlock: one of the two goes on
    asyncpg.ReadOnlySQLTransactionError,  # a replica that is not yet the primary
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


def create_app(settings: Settings, database: Database | None = None) -> FastAPI:
    """The application on a database; without one it only describes itself (`foyer openapi`)."""
    app = FastAPI(title="Foyer", openapi_url=None, docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.settings = settings
    if database:
        app.state.database = database
        app.state.tokens = Tokens(settings.secrets.signing_key, settings.address)
    # Their routes side by side: an included router would be searched through for every request.
    for router in [*ROUTERS, demo] if settings.demo else ROUTERS:
        app.router.routes.extend(router.routes)
    errors.install(app)
    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, _database_away)
    app.add_exception_handler(DBAPIError, _database_error)
    _add_operator_routes(app)
    if database:
        app.router.default = Spa(PROJECT / "frontend" / "build", settings)  # after 405 of a known path
    app.add_middleware(Surroundings, waiting=waiting_routes(app.router.routes))
    if origins := [o.strip() for o in settings.cors_origins.split(",") if o.strip()]:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["ETag", "Retry-After"],
        )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    await app.state.database.open()
    for module in LATER:
        asyncio.get_running_loop().run_in_executor(None, import_module, module)
    yield
    await app.state.database.close()


async def _database_away(request: Request, _: Exception) -> Response:
    language = preferred(request.headers.get("accept-language", ""))
    busy = Busy()
    return errors.problem_response(request, busy.status, busy.code, busy.title, busy.detail(language), busy.retry_after)


async def _database_error(request: Request, error: Exception) -> Response:
    """A time-out or a lost connection that SQLAlchemy wrapped is 503; anything else is a fault of ours."""
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    if isinstance(cause, DATABASE_AWAY) or getattr(error, "connection_invalidated", False):
        return await _database_away(request, error)
    raise error


def _add_operator_routes(app: FastAPI) -> None:
    """Health, metrics, the contract and the public keys: for machines, outside the contract."""
    committed = PROJECT / "openapi.yaml"

    @app.get("/healthz", include_in_schema=False)
    async def check_health() -> PlainTextResponse:
        """The process answers."""
        return PlainTextResponse("ok")

    @app.get("/readyz", include_in_schema=False)
    async def check_ready(request: Request) -> JSONResponse:
        """The database answers, and has the schema that this release needs, or a later one."""
        try:
            async with asyncio.timeout(3):
                row = await request.app.state.database.fetchrow("SELECT version_num FROM alembic_version")
        except (*DATABASE_AWAY, asyncpg.PostgresError):
            raise Busy from None
        if not row or not is_enough(row["version_num"]):
            raise Busy
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False)
    async def read_metrics(request: Request) -> PlainTextResponse:
        """Prometheus, of this machine or network."""
        if not is_of_the_house(request):
            raise errors.NotFound
        return PlainTextResponse(generate_latest().decode(), media_type="text/plain; version=0.0.4")

    @app.get("/openapi.yaml", include_in_schema=False)
    async def read_contract() -> Response:
        """The committed contract."""
        return Response(committed.read_bytes(), media_type="application/yaml")

    @app.get("/.well-known/jwks.json", include_in_schema=False)
    async def read_public_keys(request: Request) -> JSONResponse:
        """The public keys of the access tokens."""
        return JSONResponse(request.app.state.tokens.jwks())
