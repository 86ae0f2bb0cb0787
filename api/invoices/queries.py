"""Invoices in the database: one statement a read, JSON made once."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.core.database import Read

SUMMARY = """'id', i.id, 'family_id', i.family_id, 'number', i.number, 'period_from', i.period_from, 'period_to', i.period_to,
    'issued_on', i.issued_on, 'due_on', i.due_on, 'total_cents', i.total_cents, 'paid_cents', i.paid_cents,
    'balance_cents', i.balance_cents, 'state', {state}"""
STATE = "invoice_state(i.total_cents, i.paid_cents, i.source_state, i.due_on, i.direct_debit, :today::date)"
# Whoever pays for the file, or is billed on the invoice. Arrays, so that both arms are looked up in their index.
MINE = """(i.adult_id = ANY ((SELECT array(SELECT l.adult_id FROM service_link l WHERE l.account_id = :viewer AND l.ended_at IS NULL))::uuid[])
    OR i.family_id = ANY ((SELECT array(SELECT l.family_id FROM service_link l JOIN adult a ON a.id = l.adult_id
        WHERE l.account_id = :viewer AND l.ended_at IS NULL AND a.is_payer))::uuid[]))"""
PAGE = Read(f"""
    WITH page AS (
        SELECT i.*, {STATE} AS state, row_number() OVER (ORDER BY i.issued_on DESC, i.id DESC) AS place
        FROM invoice i
        WHERE {MINE}
            AND (:family::uuid IS NULL OR i.family_id = :family)
            AND (:state::text IS NULL OR {STATE} = :state)
            AND (:day::date IS NULL OR (i.issued_on, i.id) < (:day, :after::uuid))
        ORDER BY i.issued_on DESC, i.id DESC LIMIT :limit::int + 1
    )
    SELECT json_build_object(
        'items', coalesce(json_agg(json_build_object({SUMMARY.format(state="i.state")}) ORDER BY i.place) FILTER (WHERE i.place <= :limit), '[]'),
        'next_cursor', max(i.issued_on || '~' || i.id) FILTER (WHERE i.place = :limit AND EXISTS (SELECT FROM page WHERE place > :limit))
    )::text
    FROM page i
""")
_ONE = f"""
    SELECT json_build_object({SUMMARY.format(state=STATE)}, 'debt_reference', i.debt_reference,
        'payer', (SELECT trim(a.title || ' ' || a.first_name || ' ' || a.last_name) FROM adult a WHERE a.id = i.adult_id),
        'lines', coalesce((SELECT json_agg(json_build_object('label', l.label, 'child_id', c.id, 'child_first_name', c.first_name,
                'activity_code', t.code, 'activity_name', t.name, 'quantity', l.quantity, 'unit_price_cents', l.unit_price_cents,
                'amount_cents', l.amount_cents) ORDER BY l.position)
            FROM invoice_line l LEFT JOIN child c ON c.id = l.child_id LEFT JOIN activity t ON t.id = l.activity_id
            WHERE l.invoice_id = i.id), '[]'))::text
    FROM invoice i WHERE i.id = :id::uuid AND {MINE}
"""
ONE = Read(_ONE)
ONE_FOR = text(_ONE.replace(":today::date", "CAST(:today AS date)").replace(":id::uuid", ":id"))
OWN = text(f"SELECT EXISTS (SELECT FROM invoice i WHERE i.id = :id AND {MINE})")


async def is_own(db: AsyncSession, account_id: UUID, invoice_id: UUID | None) -> bool:
    """Whether the account may see the invoice."""
    return bool(await db.scalar(OWN, {"viewer": account_id, "id": invoice_id}))
