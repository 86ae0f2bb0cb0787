"""A window and a draw: criteria that give points, a seed whose digest is published before, and the result after."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261201_draw"
down_revision = "20261130_conditions"
branch_labels = None
depends_on = None

COLUMNS: dict[str, tuple[sa.Column[Any], ...]] = {
    "activity": (
        sa.Column("criteria", JSONB(), server_default="[]", nullable=False),
        sa.Column("draws_at", sa.DateTime(timezone=True), nullable=True),
    ),
    "enrollment": (
        sa.Column("declared", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("declared_reason", sa.Text(), nullable=True),
        sa.Column("draw", JSONB(), nullable=True),
    ),
}


def _deciders(names: str) -> None:
    op.execute("ALTER TABLE activity DROP CONSTRAINT IF EXISTS ck_activity_decided_by")
    op.execute(f"ALTER TABLE activity ADD CONSTRAINT ck_activity_decided_by CHECK (decided_by IN ({names}))")


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, column)
    _deciders("'places', 'agent', 'draw'")
    op.create_check_constraint(op.f("ck_activity_draws_at"), "activity", "draws_at >= closes_at")
    op.create_table(
        "activity_draw",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("seed_digest", sa.Text(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", JSONB(), nullable=True),
        sa.CheckConstraint("(drawn_at IS NULL) = (result IS NULL)", name=op.f("ck_activity_draw_result")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_draw_activity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_activity_draw")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON activity_draw TO foyer_app")


def downgrade() -> None:
    op.drop_table("activity_draw")
    op.drop_constraint(op.f("ck_activity_draws_at"), "activity")
    op.execute("UPDATE activity SET decided_by = 'agent' WHERE decided_by = 'draw'")
    _deciders("'places', 'agent'")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column.name)
