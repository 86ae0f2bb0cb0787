"""Requests in the database: one's own, or the agents' queue."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from api.core.database import Read, found
from api.core.search import PLAIN
from api.requests.models import Request, RequestDocument, RequestMessage, RequestType

FIELDS = """'id', r.id, 'reference', r.reference, 'type', r.type,
    'type_name', (SELECT CASE WHEN :language = 'en' THEN t.name_en ELSE t.name_fr END FROM request_type t WHERE t.slug = r.type),
    'state', r.state, 'data', r.data, 'reason', r.reason, 'correction', r.correction, 'submitted_at', r.submitted_at,
    'version', r.version,
    'unread', (SELECT count(*) FROM request_message m
               WHERE m.request_id = r.id AND m.read_at IS NULL AND m.by_agent = (actor() <> 'agent')),
    'timeline', (SELECT json_agg(json_build_object('state', e.state, 'at', e.created_at, 'by_agent', e.by_agent, 'reason', e.reason)
                 ORDER BY e.id) FROM request_event e WHERE e.request_id = r.id AND e.kind = 'state')"""
DOCUMENT = """json_build_object('id', d.id, 'name', d.name, 'media_type', d.media_type, 'size', d.size,
    'by_agent', d.by_agent, 'created_at', d.created_at)"""
CONVERSATION = f"""'messages', (SELECT coalesce(json_agg(json_build_object('id', m.id, 'body', m.body, 'by_agent', m.by_agent,
        'created_at', m.created_at, 'read_at', m.read_at) ORDER BY m.id), '[]') FROM request_message m WHERE m.request_id = r.id),
    'documents', (SELECT coalesce(json_agg({DOCUMENT} ORDER BY d.id), '[]') FROM request_document d WHERE d.request_id = r.id)"""
# What a form names by an id, by the number that people know; the form's check has seen that it is one.
FORM = """'about', json_strip_nulls(json_build_object(
        'invoice', (SELECT i.number FROM invoice i WHERE i.id = (r.data ->> 'invoice_id')::uuid),
        'family', (SELECT f.reference FROM family f WHERE f.id = (r.data ->> 'family_id')::uuid))),
    'before', r.before, 'form', (SELECT t.form FROM request_type t WHERE t.slug = r.type)"""
NAME = "(SELECT trim(a.first_name || ' ' || a.last_name) FROM account a WHERE a.id = {who})"
ASSIGNEE = f"""'assignee', CASE WHEN r.agent_id IS NOT NULL THEN json_build_object('id', r.agent_id, 'name', {NAME.format(who="r.agent_id")}) END"""
HISTORY = f"""'history', (SELECT json_agg(json_build_object('kind', e.kind, 'state', e.state, 'at', e.created_at, 'by_agent', e.by_agent,
        'by', {NAME.format(who="e.actor_id")}, 'assignee', {NAME.format(who="e.assignee_id")}, 'reason', e.reason) ORDER BY e.id)
    FROM request_event e WHERE e.request_id = r.id)"""
REQUESTER = """'requester', (SELECT json_build_object('id', a.id, 'first_name', a.first_name, 'last_name', a.last_name, 'email', a.email,
    'phone', a.phone, 'birth_date', a.birth_date) FROM account a WHERE a.id = r.account_id)"""
NEXT = "(SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit))"
TYPES_SQL = """
    SELECT json_build_object('next_cursor', NULL, 'items', coalesce(json_agg(json_build_object('type', t.slug,
        'name', CASE WHEN :language::text = 'en' THEN t.name_en ELSE t.name_fr END,
        'description', CASE WHEN :language = 'en' THEN t.description_en ELSE t.description_fr END, 'form', t.form)
        ORDER BY t.position), '[]'))::text
    FROM request_type t WHERE {which}
"""
TYPES = Read(TYPES_SQL.format(which="t.scope IS NULL OR t.scope = ANY (account_scopes(:viewer))"))
HANDLED_TYPES = Read(TYPES_SQL.format(which="t.handled_by = ANY (account_scopes(:viewer))"))
PAGE = Read(f"""
    WITH page AS (
        SELECT r.*, row_number() OVER (ORDER BY r.id DESC) AS place FROM request r
        WHERE r.account_id = :viewer AND (:after::uuid IS NULL OR r.id < :after) ORDER BY r.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object('next_cursor', {NEXT},
        'items', coalesce(json_agg(json_build_object({FIELDS.replace(":language", ":language::text", 1)}) ORDER BY r.place)
            FILTER (WHERE r.place <= :limit), '[]'))::text
    FROM page r
""")
ONE = Read(
    f"SELECT json_build_object({FIELDS.replace(':language', ':language::text', 1)}, {CONVERSATION}, {FORM})::text "
    "FROM request r WHERE r.account_id = :viewer AND r.id = :id::uuid"
)
# What an agent may see: the kinds of request that their rights handle.
HANDLED = "r.type IN (SELECT t.slug FROM request_type t WHERE t.handled_by = ANY (account_scopes(:viewer)))"
AGENT_PAGE = Read(f"""
    WITH page AS (
        SELECT r.*, row_number() OVER (ORDER BY r.id) AS place FROM request r JOIN account who ON who.id = r.account_id
        WHERE {HANDLED} AND (:state::text IS NULL OR r.state = :state) AND (:type::text IS NULL OR r.type = :type)
            AND CASE :assigned::text WHEN 'me' THEN r.agent_id = :viewer WHEN 'nobody' THEN r.agent_id IS NULL
                WHEN 'others' THEN r.agent_id <> :viewer ELSE true END
            AND (NOT :unread::bool OR EXISTS (SELECT FROM request_message m
                WHERE m.request_id = r.id AND m.read_at IS NULL AND NOT m.by_agent))
            AND (:search::text IS NULL OR r.reference ILIKE :pattern::text OR who.email ILIKE :pattern
                OR {PLAIN.format(text="who.first_name || ' ' || who.last_name || ' ' || who.first_name")} LIKE :pattern)
            AND (:after::uuid IS NULL OR r.id > :after) ORDER BY r.id LIMIT :limit::int + 1
    )
    SELECT json_build_object('next_cursor', {NEXT},
        'counts', (SELECT coalesce(json_object_agg(state, n), '{{}}')
            FROM (SELECT r.state, count(*) AS n FROM request r WHERE {HANDLED} GROUP BY r.state) c),
        'items', coalesce(json_agg(json_build_object({FIELDS.replace(":language", ":language::text", 1)}, {REQUESTER}, {ASSIGNEE})
            ORDER BY r.place) FILTER (WHERE r.place <= :limit), '[]'))::text
    FROM page r
""")
AGENT_ONE = Read(
    f"SELECT json_build_object({FIELDS.replace(':language', ':language::text', 1)}, {CONVERSATION}, {FORM}, {REQUESTER}, "
    f"{ASSIGNEE}, {HISTORY})::text FROM request r WHERE r.id = :id::uuid AND {HANDLED}"
)
WRITTEN = text(
    f"SELECT json_build_object({FIELDS}, {CONVERSATION}, {FORM}, {REQUESTER}, {ASSIGNEE}, {HISTORY}) FROM request r WHERE r.id = :id"
)
DOCUMENTS = Read(f"""
    SELECT json_build_object('next_cursor', NULL, 'items', (SELECT coalesce(json_agg({DOCUMENT} ORDER BY d.id), '[]')
        FROM request_document d WHERE d.request_id = r.id))::text
    FROM request r WHERE r.account_id = :viewer AND r.id = :id::uuid
""")


async def type_of(db: AsyncSession, slug: str) -> RequestType | None:
    """A kind of request."""
    return await db.get(RequestType, slug)


async def lock(db: AsyncSession, account_id: UUID, request_id: UUID) -> Request:
    """One of one's own requests, locked."""
    own = select(Request).where(Request.account_id == account_id, Request.id == request_id)
    return found(await db.scalar(own.with_for_update()))


async def document(
    db: AsyncSession, request_id: UUID, document_id: UUID, owner: UUID | None
) -> tuple[RequestDocument, bytes]:
    """A document with its content; of one's own request, or of any for an agent (`owner` None)."""
    wanted = (
        select(RequestDocument)
        .options(undefer(RequestDocument.content))
        .where(RequestDocument.request_id == request_id, RequestDocument.id == document_id)
    )
    if owner:
        wanted = wanted.where(RequestDocument.account_id == owner)
    row = found(await db.scalar(wanted))
    return row, row.content


async def same_document(db: AsyncSession, request_id: UUID, content: bytes) -> RequestDocument | None:
    """The document that has this very content, when it was sent before."""
    return await db.scalar(
        select(RequestDocument).where(
            RequestDocument.request_id == request_id,
            RequestDocument.size == len(content),
            RequestDocument.content == content,
        )
    )


async def count_documents(db: AsyncSession, request_id: UUID) -> int:
    """How many files the request has."""
    counted = select(func.count()).select_from(RequestDocument).where(RequestDocument.request_id == request_id)
    return await db.scalar(counted) or 0


async def mark_read(db: AsyncSession, request_id: UUID, *, by_agent: bool, now: datetime) -> None:
    """The messages of the other side were seen."""
    await db.execute(
        update(RequestMessage)
        .where(
            RequestMessage.request_id == request_id,
            RequestMessage.by_agent.is_(not by_agent),
            RequestMessage.read_at.is_(None),
        )
        .values(read_at=now)
    )


async def lock_for_agent(db: AsyncSession, agent_id: UUID, request_id: UUID) -> Request:
    """A request that the agent's rights handle, locked; raises NotFound."""
    handled = await db.scalar(text("SELECT account_scopes(:id)"), {"id": agent_id})
    wanted = (
        select(Request)
        .join(RequestType, RequestType.slug == Request.type)
        .where(Request.id == request_id, RequestType.handled_by.in_(handled))
    )
    return found(await db.scalar(wanted.with_for_update(of=Request)))
