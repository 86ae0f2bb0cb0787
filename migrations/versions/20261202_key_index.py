"""The keys of an adult, the newest first: a search in a town of 100,000 families looks them up for everybody it shows."""

from alembic import op

revision = "20261202_key_index"
down_revision = "20261201_draw"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_service_key_adult_id_id"), "service_key", ["adult_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_service_key_adult_id_id"), "service_key")
