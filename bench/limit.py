"""The limit: the same answers by hand, Starlette and asyncpg, with the same token check and the same statements.

uvicorn bench.limit:app
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.activities import queries as activities
from api.core.clock import utcnow
from api.core.database import APPLICATION_ROLE, PLANNER, Read
from api.core.schemas import plain
from api.core.settings import load_settings
from api.enrollments import queries as enrollments
from api.families import queries as families
from api.invoices import queries as invoices
from api.security.tokens import Tokens

settings = load_settings()
tokens = Tokens(settings.secrets.signing_key, settings.address)
town = plain(settings.town)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """A pool, as the portal has one."""
    app.state.pool = await asyncpg.create_pool(
        os.environ["BENCH_DSN"], min_size=1, max_size=10, server_settings=PLANNER | {"role": APPLICATION_ROLE}
    )
    yield
    await app.state.pool.close()


def by_hand(read: Read, scope: str) -> Callable[[Request], Awaitable[Response]]:
    """Token, one statement, bytes."""

    async def answer(request: Request) -> Response:
        now = utcnow()
        claims = tokens.verify(request.headers["authorization"][7:], now.timestamp())
        given = {
            "viewer": claims.account_id,
            "session": claims.session_id,
            "version": claims.version,
            "scope": scope,
            "today": date(now.year, now.month, now.day),
            "now": now,
            "town": town,
            "child": request.query_params.get("child_id"),
            "state": None,
            "family": None,
            "day": None,
            "after": None,
            "limit": int(request.query_params.get("limit", 25)),
        }
        async with request.app.state.pool.acquire() as connection:
            row = await connection.fetchrow(read.text, *read.values(given))
        return Response(row["body"], media_type="application/json")

    return answer


app = Starlette(
    routes=[
        Route("/api/v1/invoices", by_hand(invoices.PAGE, "invoices:read")),
        Route("/api/v1/family", by_hand(families.FILES, "family:read")),
        Route("/api/v1/activities", by_hand(activities.PAGE, "enrollments:read")),
        Route("/api/v1/enrollments", by_hand(enrollments.PAGE, "enrollments:read")),
    ],
    lifespan=lifespan,
)
