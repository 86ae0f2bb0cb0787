"""An enrollment is the parents' as long as its child is in their file: where and when a child is, is not for who has no custody any more."""

from alembic import op

revision = "20261207_custody"
down_revision = "20261206_qualified_walls"
branch_labels = None
depends_on = None

BEFORE = "family_id = ANY ((SELECT my_families())::uuid[])"
AFTER = f"({BEFORE} AND child_id = ANY ((SELECT my_children())::uuid[]))"


def say(whose: str) -> None:
    """Whose the rows are, beside the agents'."""
    who = f"(SELECT actor()) IN ('system', 'agent') OR {whose}"
    for table in ("enrollment", "enrollment_day"):
        op.execute(f"ALTER POLICY {table}_read ON {table} USING ({who})")
        op.execute(f"ALTER POLICY {table}_insert ON {table} WITH CHECK ({who})")
        op.execute(f"ALTER POLICY {table}_update ON {table} USING ({who}) WITH CHECK ({who})")
        op.execute(f"ALTER POLICY {table}_delete ON {table} USING ({who})")


def upgrade() -> None:
    say(AFTER)


def downgrade() -> None:
    say(BEFORE)
