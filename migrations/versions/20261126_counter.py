"""The counter: accounts that an agent opened, and the right to do so."""

import sqlalchemy as sa
from alembic import op

revision = "20261126_counter"
down_revision = "20261125_roster"
branch_labels = None
depends_on = None

RIGHT = "agent:counter"


def upgrade() -> None:
    op.add_column("account", sa.Column("opened_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_account_opened_by"), "account", "account", ["opened_by"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        op.f("ix_account_opened_by"), "account", ["opened_by"], postgresql_where=sa.text("opened_by IS NOT NULL")
    )
    op.execute(
        f"UPDATE role SET scopes = array_append(scopes, '{RIGHT}') WHERE slug IN ('desk', 'manager', 'administrator')"  # noqa: S608 - a constant
    )


def downgrade() -> None:
    op.execute(f"UPDATE role SET scopes = array_remove(scopes, '{RIGHT}')")  # noqa: S608 - a constant
    op.drop_column("account", "opened_by")
