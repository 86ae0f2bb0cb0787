"""Publik: its people who are linked to a file, and the payments it takes. A payment outlives the next import."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_publik"
down_revision = "20261126_counter"
branch_labels = None
depends_on = None

BEFORE = (
    r"enrollment\.|family\.changed$|request\.(submitted|accepted|refused|withdrawn)$|service_key\.(attached|detached)$"
)


def _tell(actions: str) -> None:
    op.execute(f"""CREATE OR REPLACE FUNCTION tell_integration() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO integration_event (type, family_id, facts, created_at)
        SELECT action, family_id, facts, created_at FROM written WHERE action ~ '^({actions})';
        RETURN NULL;
    END $$""")  # noqa: S608 - constants


def _table(name: str, *columns: sa.schema.SchemaItem, read: str) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO foyer_app")
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {name}_read ON {name} FOR SELECT USING ({read})")
    op.execute(
        f"CREATE POLICY {name}_write ON {name} USING ((SELECT actor()) = 'system') WITH CHECK ((SELECT actor()) = 'system')"
    )


def upgrade() -> None:
    _table(
        "invoice_payment",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.Column("paid_in_all_cents", sa.Integer(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_payment_invoice_id")),
        sa.UniqueConstraint("source", "transaction_id", name=op.f("uq_invoice_payment_source_transaction_id")),
        sa.CheckConstraint("amount_cents >= 0", name=op.f("ck_invoice_payment_amount")),
        read="(SELECT actor()) IN ('system', 'agent') OR EXISTS (SELECT FROM invoice i WHERE i.id = invoice_id)",
    )
    op.create_index("ix_invoice_payment_invoice_id", "invoice_payment", ["invoice_id"])
    _table(
        "publik_user",
        sa.Column("name_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_publik_user_account_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("name_id", name=op.f("uq_publik_user_name_id")),
        read="(SELECT actor()) = 'system'",
    )
    op.create_index("ix_publik_user_account_id", "publik_user", ["account_id"])
    _tell(BEFORE + r"|invoice\.paid$")


def downgrade() -> None:
    _tell(BEFORE)
    op.drop_table("publik_user")
    op.drop_table("invoice_payment")
