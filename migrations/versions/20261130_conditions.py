"""Hours and conditions of an activity, deadlines, changes of days, absences, siblings together, and calendars."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261130_conditions"
down_revision = "20261129_waiting_list"
branch_labels = None
depends_on = None

STAFF = "(SELECT actor()) IN ('system', 'agent')"
MY_ENROLLMENT = "EXISTS (SELECT FROM enrollment e WHERE e.id = enrollment_id)"  # the enrollment's own wall says whose
MINE = "(SELECT actor()) IN ('system', 'auth') OR account_id = (SELECT viewer())"
TABLES = {"absence": f"{STAFF} OR {MY_ENROLLMENT}", "calendar_feed": MINE}
ACTIVITY: tuple[sa.Column[Any], ...] = (
    sa.Column("time_from", sa.Time(), nullable=True),
    sa.Column("time_to", sa.Time(), nullable=True),
    sa.Column("schools", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("residents_only", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("notice_days", sa.Integer(), server_default="2", nullable=False),
    sa.Column("absence_days", sa.Integer(), server_default="1", nullable=False),
    sa.Column("absence_time", sa.Time(), server_default="10:00", nullable=False),
)
ENROLLMENT: tuple[sa.Column[Any], ...] = (
    sa.Column("group_id", sa.Uuid(), nullable=True),
    sa.Column("cancel_until", sa.Date(), nullable=True),
    sa.Column("days_from", sa.Date(), nullable=True),
    sa.Column("days_before", sa.ARRAY(sa.Text()), nullable=True),
)
CHECKS = {
    "activity": {
        "hours": "(time_from IS NULL) = (time_to IS NULL) AND time_to > time_from",
        "notice_days": "notice_days BETWEEN 0 AND 90",
        "absence_days": "absence_days BETWEEN 0 AND 30",
    },
    "enrollment": {"days_before": "(days_before IS NULL) = (days_from IS NULL)"},
}


def upgrade() -> None:
    for table, columns in (("activity", ACTIVITY), ("enrollment", ENROLLMENT)):
        for column in columns:
            op.add_column(table, column)
    op.execute("UPDATE enrollment SET cancel_until = greatest(starts_on, created_at::date + 1)")
    op.alter_column("enrollment", "cancel_until", nullable=False)
    for table, checks in CHECKS.items():
        for name, check in checks.items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, check)
    op.create_index(
        "ix_enrollment_group_id", "enrollment", ["group_id"], postgresql_where=sa.text("group_id IS NOT NULL")
    )
    op.create_index("ix_enrollment_child_id", "enrollment", ["child_id"])
    op.create_index(
        "ix_enrollment_days_from", "enrollment", ["days_from"], postgresql_where=sa.text("days_from IS NOT NULL")
    )
    op.create_table(
        "absence",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("in_time", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_absence_enrollment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("enrollment_id", "day", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_told_at", "absence", ["told_at"])
    op.create_table(
        "calendar_feed",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_calendar_feed_token_hash")),
    )
    for table, allowed in TABLES.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO foyer_app")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        for command in ("SELECT", "DELETE"):
            op.execute(f"CREATE POLICY {table}_{command.lower()} ON {table} FOR {command} USING ({allowed})")
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({allowed})")
        op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({allowed}) WITH CHECK ({allowed})")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for name in ("days_from", "child_id", "group_id"):
        op.drop_index(f"ix_enrollment_{name}", "enrollment")
    for table, checks in CHECKS.items():
        for name in checks:
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    for table, columns in (("activity", ACTIVITY), ("enrollment", ENROLLMENT)):
        for column in columns:
            op.drop_column(table, column.name)
