"""Agents publish activities and decide about enrollments: who decides, documents to bring, requested and refused."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_roster"
down_revision = "20261124_notices"
branch_labels = None
depends_on = None

BEFORE = ("confirmed", "waitlisted", "offered", "cancelled")
STATES = (*BEFORE, "requested", "refused")


def _states(states: tuple[str, ...]) -> None:
    names = ", ".join(f"'{state}'" for state in states)
    op.execute("ALTER TABLE enrollment DROP CONSTRAINT IF EXISTS ck_enrollment_state")
    op.execute(f"ALTER TABLE enrollment ADD CONSTRAINT ck_enrollment_state CHECK (state IN ({names}))")


def upgrade() -> None:
    op.add_column("activity", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("activity", sa.Column("documents", sa.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("activity", sa.Column("decided_by", sa.String(40), server_default="places", nullable=False))
    op.create_check_constraint(op.f("ck_activity_decided_by"), "activity", "decided_by IN ('places', 'agent')")
    op.create_check_constraint(op.f("ck_activity_opening"), "activity", "closes_at >= opens_at")
    op.create_check_constraint(op.f("ck_activity_prices"), "activity", "0 <= ALL (prices_cents)")
    op.add_column("enrollment", sa.Column("reason", sa.Text(), nullable=True))
    _states(STATES)
    op.create_check_constraint(
        op.f("ck_enrollment_refused_with_reason"), "enrollment", "(state = 'refused') = (reason IS NOT NULL)"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_enrollment_refused_with_reason"), "enrollment")
    op.execute("UPDATE enrollment SET state = 'cancelled' WHERE state IN ('requested', 'refused')")
    _states(BEFORE)
    op.drop_column("enrollment", "reason")
    for name in ("prices", "opening", "decided_by"):
        op.drop_constraint(op.f(f"ck_activity_{name}"), "activity")
    for name in ("decided_by", "documents", "version"):
        op.drop_column("activity", name)
