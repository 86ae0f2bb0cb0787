"""The functions of the policies name their schema: pg_dump reads without a search path, and an owner who is no superuser is bound by
the policies when the town is backed up.
"""

import re

from alembic import op

revision = "20261206_qualified_walls"
down_revision = "20261205_quicker_ids"
branch_labels = None
depends_on = None

BODIES = {
    "my_adults": "SELECT adult_id FROM public.service_link WHERE account_id = public.viewer() AND ended_at IS NULL",
    "my_families": "SELECT family_id FROM public.service_link WHERE account_id = public.viewer() AND ended_at IS NULL",
    "my_paid_families": "SELECT a.family_id FROM public.service_link l JOIN public.adult a ON a.id = l.adult_id "
    "WHERE l.account_id = public.viewer() AND l.ended_at IS NULL AND a.is_payer",
    "my_children": "SELECT child_id FROM public.family_child WHERE family_id = ANY (public.my_families())",
}


def define(name: str, body: str) -> None:
    """Redefine one of the functions."""
    op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS uuid[] LANGUAGE sql STABLE AS $$ SELECT array({body}) $$")


def upgrade() -> None:
    for name, body in BODIES.items():
        define(name, body)


def downgrade() -> None:
    for name, body in BODIES.items():
        define(name, re.sub(r"\bpublic\.", "", body))
