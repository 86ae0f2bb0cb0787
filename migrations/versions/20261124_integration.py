"""Other software: clients with two secrets, and events in the order of their commits."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_integration"
down_revision = "20261124_imports"
branch_labels = None
depends_on = None

SYSTEM = "(SELECT actor()) = 'system'"
AUTH = "(SELECT actor()) IN ('system', 'auth')"
# A client is no person: its rows are the town's. What it may touch is said by its scope, in the route.
CLIENT_OPEN = """CREATE FUNCTION client_open(who uuid, wanted text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
    DECLARE known client%ROWTYPE;
    BEGIN
        PERFORM set_config('app.account_id', '', true), set_config('app.actor', 'system', true);
        SELECT * INTO known FROM client WHERE id = who;
        IF FOUND AND known.disabled_at IS NULL AND wanted = ANY (known.scopes) THEN RETURN 'ok'; END IF;
        PERFORM set_config('app.actor', '', true);
        RETURN CASE WHEN known.disabled_at IS NOT NULL THEN 'ended' ELSE 'scope-missing' END;
    END $$"""
# What other software may have to know, out of what is written down anyway.
TELL = r"""CREATE FUNCTION tell_integration() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO integration_event (type, family_id, facts, created_at)
        SELECT action, family_id, facts, created_at FROM written
        WHERE action ~ '^(enrollment\.|family\.changed$|request\.(submitted|accepted|refused|withdrawn)$|service_key\.(attached|detached)$)';
        RETURN NULL;
    END $$"""


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _wall(table: str, who: str, *, anyone_inserts: bool = False) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO foyer_app")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_all ON {table} USING ({who}) WITH CHECK ({who})")
    if anyone_inserts:
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK (true)")


def upgrade() -> None:
    _table(
        "client",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("name", name=op.f("uq_client_name")),
    )
    _table(
        "client_secret",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name=op.f("fk_client_secret_client_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_client_secret_secret_hash")),
    )
    op.create_index("ix_client_secret_client_id", "client_secret", ["client_id"])
    _table(
        "integration_event",
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.Column("facts", sa.dialects.postgresql.JSONB(none_as_null=True), nullable=False),
        sa.UniqueConstraint("number", name=op.f("uq_integration_event_number")),
    )
    op.create_index("ix_integration_event_new", "integration_event", ["id"], postgresql_where=sa.text("number IS NULL"))
    _table(
        "webhook",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("entered_until", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_webhook_client_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_webhook_client_id", "webhook", ["client_id"])
    _table(
        "webhook_delivery",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(40), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_delivery_state")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("webhook_id", "event_number", name=op.f("uq_webhook_delivery_webhook_id_event_number")),
    )
    op.create_index(
        "ix_webhook_delivery_due",
        "webhook_delivery",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    _wall("client", AUTH)
    _wall("webhook", SYSTEM)
    _wall("webhook_delivery", SYSTEM)
    _wall("client_secret", AUTH)
    _wall("integration_event", SYSTEM, anyone_inserts=True)
    op.execute(CLIENT_OPEN)
    op.execute(TELL)
    op.execute(
        "CREATE TRIGGER tell_integration AFTER INSERT ON audit_event REFERENCING NEW TABLE AS written "
        "FOR EACH STATEMENT EXECUTE FUNCTION tell_integration()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_integration ON audit_event")
    op.execute("DROP FUNCTION tell_integration()")
    op.execute("DROP FUNCTION client_open(uuid, text)")
    for table in ("webhook_delivery", "webhook", "integration_event", "client_secret", "client"):
        op.drop_table(table)
