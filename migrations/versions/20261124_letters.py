"""Letters with keys: the batches, and a key that travels by letter."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_letters"
down_revision = "20261124_integration"
branch_labels = None
depends_on = None

STAFF = "(SELECT actor()) IN ('system', 'agent')"


def _deliveries(*names: str) -> None:
    op.drop_constraint(op.f("ck_service_key_deliver_by"), "service_key")
    op.create_check_constraint(op.f("ck_service_key_deliver_by"), "service_key", sa.column("deliver_by").in_(names))


def upgrade() -> None:
    _deliveries("sms", "email", "counter", "letter")
    op.create_table(
        "letter_batch",
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(40), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("made", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pdf_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_letter_batch_state")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_letter_batch_account_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_batch")),
    )
    op.create_index("ix_letter_batch_state", "letter_batch", ["state"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON letter_batch TO foyer_app")
    op.execute("ALTER TABLE letter_batch ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE letter_batch FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY letter_batch_all ON letter_batch USING ({STAFF}) WITH CHECK ({STAFF})")
    op.execute(
        "CREATE TRIGGER letters_due AFTER INSERT ON letter_batch FOR EACH STATEMENT EXECUTE FUNCTION notify_message()"
    )


def downgrade() -> None:
    op.drop_table("letter_batch")
    op.execute("SELECT set_config('app.actor', 'system', true)")
    op.execute("UPDATE service_key SET deliver_by = 'counter' WHERE deliver_by = 'letter'")
    _deliveries("sms", "email", "counter")
