"""A child leaves a file: the back office says so, or an agent. It holds against the next import of the children."""

import sqlalchemy as sa
from alembic import op

revision = "20261208_departures"
down_revision = "20261207_custody"
branch_labels = None
depends_on = None

STAFF = "(SELECT actor()) IN ('system', 'agent')"
SYSTEM = "(SELECT actor()) = 'system'"
BEFORE = (
    r"enrollment\.|family\.(changed|merged)$|request\.(submitted|accepted|refused|withdrawn)$"
    r"|service_key\.(attached|detached)$|invoice\.paid$"
)
AFTER = BEFORE.replace("(changed|merged)", "(changed|merged|child_left|child_back)").replace(
    "(attached|detached)", "(attached|detached|closed|objected)"
)


def tell(actions: str) -> None:
    """What other software is told of."""
    op.execute(f"""CREATE OR REPLACE FUNCTION tell_integration() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO integration_event (type, family_id, facts, created_at)
        SELECT action, family_id, facts, created_at FROM written WHERE action ~ '^({actions})';
        RETURN NULL;
    END $$""")  # noqa: S608 - constants


def upgrade() -> None:
    op.create_table(
        "child_departure",
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("told_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_child_departure_family_id")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_child_departure_child_id")),
        sa.PrimaryKeyConstraint("family_id", "child_id", name=op.f("pk_child_departure")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON child_departure TO foyer_app")
    op.execute("ALTER TABLE child_departure ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE child_departure FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY child_departure_read ON child_departure FOR SELECT USING ({STAFF})")
    op.execute(f"CREATE POLICY child_departure_insert ON child_departure FOR INSERT WITH CHECK ({SYSTEM})")
    op.execute(
        f"CREATE POLICY child_departure_update ON child_departure FOR UPDATE USING ({SYSTEM}) WITH CHECK ({SYSTEM})"
    )
    op.execute(f"CREATE POLICY child_departure_delete ON child_departure FOR DELETE USING ({SYSTEM})")
    tell(AFTER)


def downgrade() -> None:
    tell(BEFORE)
    op.drop_table("child_departure")
