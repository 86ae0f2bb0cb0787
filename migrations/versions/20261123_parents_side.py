"""What parents and the service say to each other on a request, passkeys, and the proof of a new mail address."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_parents_side"
down_revision = "20261123_reference_data"
branch_labels = None
depends_on = None

MINE = "account_id = (SELECT viewer())"
STAFF_OR_MINE = f"(SELECT actor()) IN ('system', 'agent') OR {MINE}"
AUTH_OR_MINE = f"(SELECT actor()) IN ('system', 'auth') OR {MINE}"
POLICIES = {"request_message": STAFF_OR_MINE, "request_document": STAFF_OR_MINE, "passkey": AUTH_OR_MINE}
STATES = ["submitted", "in_review", "accepted", "refused", "withdrawn"]
PURPOSES = ["activation", "password_reset", "second_factor", "key_objection"]
# Who an actor is, without showing them: a parent may know that an agent looked, not which.
ACTOR_KIND = """CREATE FUNCTION actor_kind(who uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
    DECLARE before text := coalesce(current_setting('app.actor', true), ''); kind text;
    BEGIN
        PERFORM set_config('app.actor', 'system', true);
        SELECT CASE WHEN r.is_agent THEN 'agent' ELSE 'parent' END INTO kind
        FROM account a JOIN role r ON r.slug = a.role WHERE a.id = who;
        PERFORM set_config('app.actor', before, true);
        RETURN coalesce(kind, 'portal');
    END $$"""


def _values(table: str, name: str, column: str, values: list[str]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, sa.column(column).in_(values))


def upgrade() -> None:
    op.create_table(
        "request_message",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("by_agent", sa.Boolean(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_request_message_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_request_message_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_message")),
    )
    op.create_index("ix_request_message_request_id", "request_message", ["request_id"])
    op.create_table(
        "request_document",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("by_agent", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_request_document_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_request_document_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_document")),
    )
    op.create_index("ix_request_document_request_id", "request_document", ["request_id"])
    op.create_table(
        "passkey",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_passkey_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index("ix_passkey_account_id", "passkey", ["account_id"])
    for table, who in POLICIES.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO foyer_app")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_all ON {table} USING ({who}) WITH CHECK ({who})")
    op.execute(ACTOR_KIND)
    _values("request", "state", "state", [*STATES, "correction_requested"])
    _values("request_event", "event_state", "state", [*STATES, "correction_requested"])
    op.add_column("request", sa.Column("correction", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_request_refused_with_reason"), "request")
    op.create_check_constraint(
        op.f("ck_request_answer_with_reason"),
        "request",
        "(state IN ('refused', 'correction_requested')) = (reason IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_request_correction"),
        "request",
        "(state = 'correction_requested') = (correction IS NOT NULL) AND correction IN ('incomplete', 'incorrect', 'outdated')",
    )
    _values("proof", "purpose", "purpose", [*PURPOSES, "email_change"])
    op.drop_constraint(op.f("ck_account_locale"), "account")
    op.create_check_constraint(op.f("ck_account_locale"), "account", "locale ~ '^[a-z]{2,3}$'")
    op.add_column("account", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "closed_at")
    op.drop_constraint(op.f("ck_account_locale"), "account")
    op.execute("UPDATE account SET locale = 'fr' WHERE locale NOT IN ('fr', 'en')")
    op.create_check_constraint(op.f("ck_account_locale"), "account", "locale IN ('fr', 'en')")
    op.execute("DELETE FROM proof WHERE purpose = 'email_change'")
    _values("proof", "purpose", "purpose", PURPOSES)
    op.drop_constraint(op.f("ck_request_correction"), "request")
    op.drop_constraint(op.f("ck_request_answer_with_reason"), "request")
    op.execute("UPDATE request SET state = 'in_review', reason = NULL WHERE state = 'correction_requested'")
    op.create_check_constraint(
        op.f("ck_request_refused_with_reason"), "request", "(state = 'refused') = (reason IS NOT NULL)"
    )
    op.drop_column("request", "correction")
    op.execute("UPDATE request_event SET state = 'in_review' WHERE state = 'correction_requested'")
    _values("request_event", "event_state", "state", STATES)
    _values("request", "state", "state", STATES)
    op.execute("DROP FUNCTION actor_kind(uuid)")
    for table in POLICIES:
        op.drop_table(table)
