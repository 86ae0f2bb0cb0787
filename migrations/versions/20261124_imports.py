"""Imports that are sent over HTTP and run by the worker."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_imports"
down_revision = "20261124_search"
branch_labels = None
depends_on = None

STAFF = "(SELECT actor()) IN ('system', 'agent')"


def upgrade() -> None:
    jsonb = sa.dialects.postgresql.JSONB
    op.create_table(
        "import_run",
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(40), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("files", jsonb(), nullable=False),
        sa.Column("progress", jsonb(none_as_null=True), nullable=True),
        sa.Column("counts", jsonb(none_as_null=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_import_run_state")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_import_run_account_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index("ix_import_run_state", "import_run", ["state"])
    op.create_table(
        "import_chunk",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_import_chunk_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "name", "position", name=op.f("pk_import_chunk")),
    )
    for table in ("import_run", "import_chunk"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO foyer_app")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_all ON {table} USING ({STAFF}) WITH CHECK ({STAFF})")
    op.execute(
        "CREATE TRIGGER import_due AFTER INSERT ON import_run FOR EACH STATEMENT EXECUTE FUNCTION notify_message()"
    )


def downgrade() -> None:
    op.drop_table("import_chunk")
    op.drop_table("import_run")
