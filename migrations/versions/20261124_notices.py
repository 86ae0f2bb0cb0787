"""Dated notices, functions that are switched off, and the right to write both."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_notices"
down_revision = "20261124_letters"
branch_labels = None
depends_on = None

RIGHT = "agent:notices"


def upgrade() -> None:
    jsonb = sa.dialects.postgresql.JSONB
    op.create_table(
        "notice",
        sa.Column("body", jsonb(none_as_null=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_notice_times")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_ends_at", "notice", ["ends_at"])
    op.create_table(
        "switched_off",
        sa.Column("function", sa.String(40), nullable=False),
        sa.Column("message", jsonb(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "function IN ('sign-up', 'service-keys', 'requests', 'enrollments')", name=op.f("ck_switched_off_function")
        ),
        sa.PrimaryKeyConstraint("function", name=op.f("pk_switched_off")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON notice, switched_off TO foyer_app")
    op.execute(
        f"UPDATE role SET scopes = array_append(scopes, '{RIGHT}') WHERE slug IN ('manager', 'administrator')"  # noqa: S608 - a constant
    )


def downgrade() -> None:
    op.execute(f"UPDATE role SET scopes = array_remove(scopes, '{RIGHT}')")  # noqa: S608 - a constant
    op.drop_table("switched_off")
    op.drop_table("notice")
