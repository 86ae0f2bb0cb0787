"""Letters in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from api.core.database import Read, found
from api.letters.models import LetterBatch

MOST = 2000  # letters a batch: what one tray of a printer takes, and a PDF that opens
CANDIDATE = """a.family_id IN (SELECT family_id FROM family_child) AND p.address <> '' AND p.city <> ''
    AND NOT EXISTS (SELECT FROM service_link l WHERE l.adult_id = a.id AND l.ended_at IS NULL)
    AND NOT EXISTS (SELECT FROM service_key k WHERE k.adult_id = a.id AND k.used_at IS NULL AND k.revoked_at IS NULL AND k.expires_at > now())"""
BATCH = """json_build_object('id', b.id, 'state', b.state, 'created_at', b.created_at, 'finished_at', b.finished_at, 'total', b.total,
    'made', b.made, 'problem', b.problem, 'pdf_until', CASE WHEN b.pdf IS NOT NULL THEN b.pdf_until END,
    'by', (SELECT trim(c.first_name || ' ' || c.last_name) FROM account c WHERE c.id = b.account_id))"""
LIST = Read(f"""
    SELECT json_build_object('next_cursor', NULL, 'most', {MOST},
        'candidates', (SELECT count(*) FROM adult a JOIN adult_private p ON p.adult_id = a.id WHERE {CANDIDATE}),
        'items', (SELECT coalesce(json_agg({BATCH} ORDER BY b.id DESC), '[]')
            FROM (SELECT * FROM letter_batch ORDER BY id DESC LIMIT 25) b))::text
""")
ONE = Read(f"SELECT {BATCH}::text FROM letter_batch b WHERE b.id = :id::uuid")
CANDIDATES = text(f"""
    SELECT a.id AS adult_id, a.family_id, f.service_id, f.reference AS file, trim(a.title || ' ' || a.first_name || ' ' || a.last_name) AS name,
        p.address, p.postal_code || ' ' || p.city AS city
    FROM adult a JOIN adult_private p ON p.adult_id = a.id JOIN family f ON f.id = a.family_id
    WHERE {CANDIDATE} ORDER BY p.postal_code, a.last_name, a.id LIMIT {MOST}
""")


async def with_pdf(db: AsyncSession, batch_id: UUID, now: datetime) -> LetterBatch:
    """A batch whose PDF is there; raises NotFound."""
    there = select(LetterBatch).where(
        LetterBatch.id == batch_id, LetterBatch.pdf.is_not(None), LetterBatch.pdf_until > now
    )
    return found(await db.scalar(there.options(undefer(LetterBatch.pdf)).with_for_update()))


async def drop_old(db: AsyncSession, now: datetime) -> None:
    """Forget the PDFs whose day is over."""
    await db.execute(
        update(LetterBatch).where(LetterBatch.pdf.is_not(None), LetterBatch.pdf_until <= now).values(pdf=None)
    )
