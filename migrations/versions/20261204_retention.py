"""When an account that nobody uses will be closed: its owner was told the day."""

import sqlalchemy as sa
from alembic import op

revision = "20261204_retention"
down_revision = "20261203_search_words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("closes_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("account", "closes_on")
