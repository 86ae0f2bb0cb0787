"""One's own data: who looked, everything, and the end."""

from typing import Annotated

import orjson
from fastapi import Response

from api.accounts import service as accounts
from api.core import etags, pages
from api.core.clock import Now, Today
from api.core.database import DatabaseDep, SessionDep
from api.core.errors import PreconditionRequired, Stale, TooManyRequests, answers, problems
from api.core.etags import IfMatch
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.privacy import queries, service
from api.privacy.schemas import AccessList, Closing, ExportRead
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/me", tag="privacy")
AccountReader = Annotated[Reader, Reads(Scope.ACCOUNT_READ)]
AccountWriter = Annotated[Principal, Requires(Scope.ACCOUNT_WRITE)]


@router.get("/audit", responses=answers(200, AccessList))
async def list_access(caller: AccountReader, limit: pages.Limit = 25, cursor: pages.Cursor = None) -> Response:
    """Who looked at or changed one's account and family files, the newest first."""
    return await caller.json(queries.ACCESS, limit=limit, after=pages.uuid_cursor(cursor))


@router.get("/export", responses=answers(200, ExportRead))
async def export_my_data(caller: AccountReader, now: Now, today: Today) -> Response:
    """Everything that the portal keeps about the person (RGPD, articles 15 and 20), as one JSON file."""
    export: dict[str, object] = {"exported_at": now}
    for name, read in queries.EXPORT.items():
        part = orjson.loads(await caller.body(read, limit=queries.EVERYTHING, after=None, today=today) or "{}")
        export[name] = part.get("items", part)
    headers = {"Content-Disposition": f'attachment; filename="mes-donnees-{now:%Y-%m-%d}.json"'}
    return Response(orjson.dumps(export, option=orjson.OPT_INDENT_2), media_type="application/json", headers=headers)


@router.delete(
    "",
    status_code=204,
    responses=problems(accounts.WrongPassword, TooManyRequests, service.AgentAccount, Stale, PreconditionRequired),
)
async def close_account(
    body: Closing,
    db: SessionDep,
    database: DatabaseDep,
    caller: AccountWriter,
    settings: SettingsDep,
    now: Now,
    if_match: IfMatch = None,
) -> None:
    """Close the account and erase its data; the family file, its invoices and the other parent's access stay."""
    account = await accounts.prove_password(db, database, settings, caller.account_id, body.current_password, now)
    etags.check(account, if_match)
    await service.close(db, settings, account, now)
