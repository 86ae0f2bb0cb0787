"""Imports in the database."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read
from api.imports.models import ImportChunk

REJECTS, WARNINGS = "rejets.csv", "avertissements.csv"
MAY = Read("SELECT 'true'::text")
RUN = f"""json_build_object('id', r.id, 'state', r.state, 'created_at', r.created_at, 'started_at', r.started_at,
    'finished_at', r.finished_at, 'dry_run', r.dry_run, 'files', r.files, 'progress', r.progress, 'counts', r.counts, 'problem', r.problem,
    'by', (SELECT trim(a.first_name || ' ' || a.last_name) FROM account a WHERE a.id = r.account_id),
    'has_rejects', EXISTS (SELECT FROM import_chunk c WHERE c.run_id = r.id AND c.name = '{REJECTS}'),
    'has_warnings', EXISTS (SELECT FROM import_chunk c WHERE c.run_id = r.id AND c.name = '{WARNINGS}'))"""
PAGE = Read(f"""
    WITH page AS (
        SELECT r.*, row_number() OVER (ORDER BY r.id DESC) AS place FROM import_run r
        WHERE (:after::uuid IS NULL OR r.id < :after) ORDER BY r.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object('items', coalesce(json_agg({RUN} ORDER BY r.place) FILTER (WHERE r.place <= :limit), '[]'),
        'next_cursor', (SELECT p.id FROM page p WHERE p.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit)))::text
    FROM page r
""")
ONE = Read(f"SELECT {RUN}::text FROM import_run r WHERE r.id = :id::uuid")


async def keep_chunk(db: AsyncSession, run_id: UUID, name: str, position: int, content: bytes) -> None:
    """Keep a piece of a file."""
    await db.execute(insert(ImportChunk).values(run_id=run_id, name=name, position=position, content=content))


async def chunks(db: AsyncSession, run_id: UUID, name: str) -> AsyncIterator[bytes]:
    """The pieces of a file in their order, one in memory at a time."""
    position = 0
    while content := await db.scalar(
        select(ImportChunk.content).where(
            ImportChunk.run_id == run_id, ImportChunk.name == name, ImportChunk.position == position
        )
    ):
        yield content
        position += 1


async def drop_chunks(db: AsyncSession, run_id: UUID) -> None:
    """Forget every file of an import."""
    await db.execute(delete(ImportChunk).where(ImportChunk.run_id == run_id))
