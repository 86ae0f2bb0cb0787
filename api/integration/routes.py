"""The integrators' API."""

import base64
import binascii
from typing import Annotated
from uuid import UUID

from fastapi import Form, Header, Path, Query, Request, Response
from sqlalchemy import text

from api.core import pages
from api.core.clock import Now
from api.core.database import DatabaseDep, PublicSession, SessionDep
from api.core.errors import InvalidField, NotFound, TooManyRequests, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.core.uploads import FILE
from api.families import queries as families
from api.families import service as families_service
from api.imports import lines, queue
from api.imports import queries as imports
from api.imports.bodies import BODY, sent_files
from api.imports.routes import report_of
from api.imports.schemas import ImportAccepted, ImportRead
from api.integration import queries, service, webhooks, writing
from api.integration.principal import ClientPrincipal, RequiresClient
from api.integration.schemas import (
    ActivityPut,
    ClientTokenRead,
    DeliveryList,
    EventList,
    FamilyWrite,
    FamilyWritten,
    IntegrationEnrollmentList,
    InvoicePut,
    WebhookAdded,
    WebhookCreate,
    WebhookList,
    WebhookTried,
    Written,
)
from api.security.addresses import ClientNetwork
from api.security.scopes import Scope
from api.security.tokens import LIFETIME, Tokens

router = new_router(tag="integration")
FamiliesClient = Annotated[ClientPrincipal, RequiresClient(Scope.INTEGRATION_FAMILIES)]
ActivitiesClient = Annotated[ClientPrincipal, RequiresClient(Scope.INTEGRATION_ACTIVITIES)]
EnrollmentsClient = Annotated[ClientPrincipal, RequiresClient(Scope.INTEGRATION_ENROLLMENTS)]
InvoicesClient = Annotated[ClientPrincipal, RequiresClient(Scope.INTEGRATION_INVOICES)]
EventsClient = Annotated[ClientPrincipal, RequiresClient(Scope.INTEGRATION_EVENTS)]
Reference = Annotated[str, Path(min_length=1, max_length=100, description="the back office's own reference")]
NDJSON = "application/x-ndjson"
LINES = {"schema": {"type": "string", "description": "one object a line: `file`, and the columns of that file"}}
ONE_IMPORT = text(imports.RUN.join(["SELECT ", " FROM import_run r WHERE r.id = :id"]))


@router.post(
    "/oauth/token",
    response_model=ClientTokenRead,
    responses=problems(service.OAuthError, service.InvalidClient, TooManyRequests),
)
async def create_client_token(
    request: Request,
    db: PublicSession,
    database: DatabaseDep,
    settings: SettingsDep,
    network: ClientNetwork,
    now: Now,
    grant_type: Annotated[str, Form(max_length=100)],
    scope: Annotated[str, Form(max_length=500, description="fewer rights than the client holds")] = "",
    client_id: Annotated[str, Form(max_length=100)] = "",
    client_secret: Annotated[str, Form(max_length=200)] = "",
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> ClientTokenRead:
    """Client credentials (RFC 6749, 4.4): the client's id and secret as HTTP Basic or in the form, a token of 5 minutes."""
    if grant_type != "client_credentials":
        raise service.OAuthError("unsupported_grant_type", "client_credentials")
    if authorization:
        client_id, client_secret = _basic(authorization)
    tokens: Tokens = request.app.state.tokens
    token, granted = await service.grant(db, database, settings, tokens, client_id, client_secret, scope, network, now)
    return ClientTokenRead(access_token=token, expires_in=LIFETIME, scope=granted)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise service.InvalidClient from None
    if scheme.lower() != "basic" or not colon:
        raise service.InvalidClient
    return user, password


@router.get("/integration/families/{reference}", responses=answers(200, FamilyWrite, NotFound))
async def get_integration_family(reference: Reference, db: SessionDep, client: FamiliesClient) -> Response:
    """A family file as it is now, in the form in which it is written."""
    return Response(await queries.family(db, reference), media_type="application/json")


@router.put("/integration/families/{reference}", responses=problems(InvalidField))
async def put_integration_family(
    reference: Reference, body: FamilyWrite, client: FamiliesClient, database: DatabaseDep, settings: SettingsDep
) -> FamilyWritten:
    """Write a family file, by the rules of the import. The same again changes nothing; who is not named stays."""
    return await writing.put_family(database.dsn, settings, reference, body)


@router.delete("/integration/families/{reference}/children/{child}", status_code=204, responses=problems(NotFound))
async def remove_integration_child(
    reference: Reference, child: Reference, db: SessionDep, client: FamiliesClient, settings: SettingsDep, now: Now
) -> None:
    """A child is in a family file no more: custody has ended, or it lives in the other home. Its parents there are told.

    A file of children that still names it does not bring it back; writing the family with it does.
    """
    family_id, child_id = await families.child_in_file(db, reference, child)
    await families_service.let_child_leave(db, settings, family_id, child_id, agent_id=None, now=now)


@router.put("/integration/invoices/{number}", responses=problems(InvalidField))
async def put_integration_invoice(
    number: Reference, body: InvoicePut, client: InvoicesClient, database: DatabaseDep, settings: SettingsDep
) -> Written:
    """Write an invoice with its lines, by the rules of the import. The same again changes nothing."""
    return await writing.put_invoice(database.dsn, settings, number, body)


@router.put("/integration/activities/{code}", responses=problems(InvalidField))
async def put_integration_activity(
    code: Reference, body: ActivityPut, client: ActivitiesClient, database: DatabaseDep, settings: SettingsDep
) -> Written:
    """Write an activity, by the rules of the import. The same again changes nothing."""
    return await writing.put_activity(database.dsn, settings, code, body)


@router.get("/integration/enrollments", responses=answers(200, IntegrationEnrollmentList))
async def list_integration_enrollments(
    db: SessionDep,
    client: EnrollmentsClient,
    activity: Annotated[str | None, Query(max_length=100, description="the code of an activity")] = None,
    limit: pages.Limit = 25,
    cursor: pages.Cursor = None,
) -> Response:
    """Enrollments as they are now, in the order they came, by the back office's references. Changes come as events."""
    page = {"activity": activity, "limit": limit, "after": pages.uuid_cursor(cursor)}
    return Response(await db.scalar(queries.ENROLLMENTS, page), media_type="application/json")


@router.post(
    "/integration/imports",
    status_code=202,
    response_model=ImportAccepted,
    responses=problems(InvalidField),
    openapi_extra={"requestBody": {"required": True, "content": BODY["requestBody"]["content"] | {NDJSON: LINES}}},
)
async def start_integration_import(
    request: Request,
    client: InvoicesClient,
    database: DatabaseDep,
    settings: SettingsDep,
    dry_run: Annotated[bool, Query(description="with NDJSON: check everything, change nothing")] = False,
) -> ImportAccepted:
    """Import many rows at once: CSV files as agents send them, or NDJSON. Memory does not grow with the body.

    A line of NDJSON is `{"file": "factures.csv", "numero": "F-1", "emise": "2026-11-05", "total": "12.50", …}`: the columns
    of the file, days as YYYY-MM-DD, true and false. A line that is not whole refuses the body; a row that the rules
    refuse is in the report.
    """
    if request.headers.get("content-type", "").startswith(NDJSON):
        files = await lines.files_of(request.stream(), settings)
        async with database.transaction() as db:
            run = await queue.enqueue(db, settings, None, list(files), dry_run=dry_run)
    else:
        async with sent_files(request) as (uploads, tried), database.transaction() as db:
            run = await queue.enqueue(db, settings, None, uploads, dry_run=tried or dry_run)
    return ImportAccepted(id=run.id, state=run.state)


@router.get("/integration/imports/{import_id}", responses=problems(NotFound))
async def get_integration_import(import_id: UUID, db: SessionDep, client: InvoicesClient) -> ImportRead:
    """Where an import stands, and its counts."""
    row = await db.scalar(ONE_IMPORT, {"id": import_id})
    if row is None:
        raise NotFound
    return ImportRead.model_validate(row)


@router.get("/integration/imports/{import_id}/rejects", response_class=Response, responses=FILE | problems(NotFound))
async def get_integration_rejects(import_id: UUID, db: SessionDep, client: InvoicesClient) -> Response:
    """The rejected rows with file, line, column and reason, as CSV."""
    return await report_of(db, import_id, imports.REJECTS)


@router.get("/integration/events", responses=answers(200, EventList))
async def list_integration_events(
    db: SessionDep,
    client: EventsClient,
    after: Annotated[int, Query(ge=0, le=2**62, description="the id of the last event that was dealt with")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """What happened after an event, in order and without a gap. Ask again with `next_after`; to begin anew, with 0.

    Nothing is marked as read: who asks again for what they had gets it again.
    """
    await queries.number_events(db)
    body = await db.scalar(queries.EVENTS, {"after": after, "limit": limit})
    return Response(body, media_type="application/json")


@router.get("/integration/webhooks", responses=answers(200, WebhookList))
async def list_webhooks(db: SessionDep, client: EventsClient) -> Response:
    """The client's webhooks."""
    return Response(await db.scalar(queries.WEBHOOKS, {"client": client.client_id}), media_type="application/json")


@router.post("/integration/webhooks", status_code=201, responses=problems(InvalidField))
async def create_webhook(
    body: WebhookCreate, db: SessionDep, client: EventsClient, settings: SettingsDep
) -> WebhookAdded:
    """Have events sent to an address from now on, signed after Standard Webhooks 1.0.

    A delivery that is not answered with 2xx within 10 seconds is tried again, ten times within three days.
    """
    return await webhooks.add(db, settings, client.client_id, body.url)


@router.delete("/integration/webhooks/{webhook_id}", status_code=204, responses=problems(NotFound))
async def delete_webhook(webhook_id: UUID, db: SessionDep, client: EventsClient, now: Now) -> None:
    """Send nothing more there."""
    (await queries.own_webhook(db, client.client_id, webhook_id)).disabled_at = now


@router.post("/integration/webhooks/{webhook_id}/secret", responses=problems(NotFound))
async def rotate_webhook_secret(
    webhook_id: UUID, db: SessionDep, client: EventsClient, settings: SettingsDep
) -> WebhookAdded:
    """A new signing key. Messages carry its signature and that of the last one, until the next change."""
    return await webhooks.rotate(settings, await queries.own_webhook(db, client.client_id, webhook_id))


@router.post("/integration/webhooks/{webhook_id}/test", responses=problems(NotFound))
async def try_webhook(
    webhook_id: UUID, db: SessionDep, client: EventsClient, settings: SettingsDep, now: Now
) -> WebhookTried:
    """Send a `webhook.test` at once, and read what came back."""
    return await webhooks.try_now(settings, await queries.own_webhook(db, client.client_id, webhook_id), now)


@router.get("/integration/webhooks/{webhook_id}/deliveries", responses=answers(200, DeliveryList, NotFound))
async def list_webhook_deliveries(webhook_id: UUID, db: SessionDep, client: EventsClient) -> Response:
    """The newest deliveries, with what came back of each."""
    webhook = await queries.own_webhook(db, client.client_id, webhook_id)
    return Response(await db.scalar(queries.DELIVERIES, {"id": webhook.id}), media_type="application/json")
