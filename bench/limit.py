"""The limit: the same answer by hand, Starlette and asyncpg, with the same token check and the same statement.

uvicorn bench.limit:app
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.core.clock import utcnow
from api.core.database import APPLICATION_ROLE, PLANNER
from api.core.settings import load_settings
from api.invoices.queries import PAGE
from api.security.tokens import Tokens

settings = load_settings()
tokens = Tokens(settings.secrets.signing_key, settings.address)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """A pool, as the portal has one."""
    app.state.pool = await asyncpg.create_pool(
        os.environ["BENCH_DSN"], min_size=1, max_size=10, server_settings=PLANNER | {"role": APPLICATION_ROLE}
    )
    yield
    await app.state.pool.close()


async def list_invoices(request: Request) -> Response:
    """Token, one statement, bytes."""
    claims = tokens.verify(request.headers["authorization"][7:], utcnow().timestamp())
    limit = int(request.query_params.get("limit", 25))
    given = {
        "viewer": claims.account_id,
        "session": claims.session_id,
        "version": claims.version,
        "scope": "invoices:read",
        "today": date(2026, 11, 23),
        "state": None,
        "family": None,
        "day": None,
        "after": None,
        "limit": limit,
    }
    async with request.app.state.pool.acquire() as connection:
        row = await connection.fetchrow(PAGE.text, *PAGE.values(given))
    return Response(row["body"], media_type="application/json")


app = Starlette(routes=[Route("/api/v1/invoices", list_invoices)], lifespan=lifespan)
