"""Imports of the back office's files, by an agent."""

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.core import pages
from api.core.database import DatabaseDep, SessionDep, act_as
from api.core.errors import InvalidField, NotFound, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.core.uploads import FILE
from api.imports import queries, queue
from api.imports.bodies import BODY, sent_files
from api.imports.schemas import ImportAccepted, ImportList, ImportRead
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/agent/imports", tag="agent")
ImportsReader = Annotated[Reader, Reads(Scope.AGENT_IMPORTS)]
ImportsAgent = Annotated[Principal, Requires(Scope.AGENT_IMPORTS)]


@router.post("", status_code=202, response_model=ImportAccepted, responses=problems(InvalidField), openapi_extra=BODY)
async def start_import(
    request: Request, caller: ImportsReader, database: DatabaseDep, settings: SettingsDep
) -> ImportAccepted:
    """Import the CSV files, each by its name, of 512 MB in all at most; with `dry_run` everything is checked and nothing changed.

    The worker does it; imports wait for each other.
    """
    await caller.body(queries.MAY)  # the right is proved before a byte of the files is taken
    async with sent_files(request) as (files, dry_run), database.sessions() as db, db.begin():
        await act_as(db, "agent", caller.account_id)
        run = await queue.enqueue(db, settings, caller.account_id, files, dry_run=dry_run)
    return ImportAccepted(id=run.id, state=run.state)


@router.get("", responses=answers(200, ImportList))
async def list_imports(caller: ImportsReader, limit: pages.Limit = 25, cursor: pages.Cursor = None) -> Response:
    """Imports, the newest first."""
    return await caller.json(queries.PAGE, limit=limit, after=pages.uuid_cursor(cursor))


@router.get("/{import_id}", responses=answers(200, ImportRead, NotFound))
async def get_import(import_id: UUID, caller: ImportsReader) -> Response:
    """Where an import stands, and its counts."""
    return await caller.json(queries.ONE, id=import_id)


@router.get("/{import_id}/rejects", response_class=StreamingResponse, responses=FILE | problems(NotFound))
async def get_import_rejects(import_id: UUID, db: SessionDep, caller: ImportsAgent) -> Response:
    """The rejected rows with file, line, column and reason: CSV for a spreadsheet, formulas disarmed."""
    return await report_of(db, import_id, queries.REJECTS)


@router.get("/{import_id}/warnings", response_class=StreamingResponse, responses=FILE | problems(NotFound))
async def get_import_warnings(import_id: UUID, db: SessionDep, caller: ImportsAgent) -> Response:
    """The rows that were taken with a warning, in the same form."""
    return await report_of(db, import_id, queries.WARNINGS)


async def report_of(db: SessionDep, import_id: UUID, name: str) -> Response:
    """A report of an import as a file; raises NotFound when it has none."""
    # Reports are short; the transaction ends before the answer leaves.
    content = b"".join([piece async for piece in queries.chunks(db, import_id, name)])
    if not content:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
