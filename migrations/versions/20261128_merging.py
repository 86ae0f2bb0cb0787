"""Two files of one family become one, as the back office says: what hung on the old one hangs on the other."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_merging"
down_revision = "20261127_publik"
branch_labels = None
depends_on = None

# An adult of both files, by the reference, becomes one; any other moves. Nothing that a parent had is lost.
MERGE = """CREATE FUNCTION merge_families(old uuid, target uuid) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE one record;
    BEGIN
        FOR one IN SELECT a.id AS gone, b.id AS kept FROM adult a JOIN adult b ON b.family_id = target AND b.reference = a.reference
            WHERE a.family_id = old
        LOOP
            UPDATE service_link g SET ended_at = now(), end_reason = 'merged' WHERE g.adult_id = one.gone AND g.ended_at IS NULL
                AND EXISTS (SELECT FROM service_link k WHERE k.adult_id = one.kept AND k.account_id = g.account_id AND k.ended_at IS NULL);
            UPDATE service_key g SET revoked_at = now() WHERE g.adult_id = one.gone AND g.used_at IS NULL AND g.revoked_at IS NULL
                AND EXISTS (SELECT FROM service_key k WHERE k.adult_id = one.kept AND k.used_at IS NULL AND k.revoked_at IS NULL);
            UPDATE service_key SET adult_id = one.kept, family_id = target WHERE adult_id = one.gone;
            UPDATE service_link SET adult_id = one.kept, family_id = target WHERE adult_id = one.gone;
            UPDATE invoice SET adult_id = one.kept, family_id = target WHERE adult_id = one.gone;
            DELETE FROM adult WHERE id = one.gone;
        END LOOP;
        UPDATE adult SET family_id = target WHERE family_id = old;
        UPDATE service_key SET family_id = target WHERE family_id = old;
        UPDATE service_link SET family_id = target WHERE family_id = old;
        UPDATE invoice SET family_id = target WHERE family_id = old;
        UPDATE enrollment SET family_id = target WHERE family_id = old;
        UPDATE enrollment_day SET family_id = target WHERE family_id = old;
        UPDATE request SET data = jsonb_set(data, '{family_id}', to_jsonb(target::text)) WHERE data ->> 'family_id' = old::text;
        INSERT INTO family_child (family_id, child_id) SELECT target, child_id FROM family_child WHERE family_id = old
            ON CONFLICT DO NOTHING;
        DELETE FROM family_child WHERE family_id = old;
        UPDATE family SET merged_into = target WHERE id = old OR merged_into = old;
        INSERT INTO audit_event (action, family_id, facts)
            VALUES ('family.merged', target, jsonb_build_object('from', (SELECT reference FROM family WHERE id = old)));
    END $$"""
ACTIONS = (
    r"enrollment\.|family\.(changed|merged)$|request\.(submitted|accepted|refused|withdrawn)$"
    r"|service_key\.(attached|detached)$|invoice\.paid$"
)
BEFORE = ACTIONS.replace("(changed|merged)", "changed")


def _tell(actions: str) -> None:
    op.execute(f"""CREATE OR REPLACE FUNCTION tell_integration() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO integration_event (type, family_id, facts, created_at)
        SELECT action, family_id, facts, created_at FROM written WHERE action ~ '^({actions})';
        RETURN NULL;
    END $$""")  # noqa: S608 - constants


def upgrade() -> None:
    op.add_column("family", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_family_merged_into"), "family", "family", ["merged_into"], ["id"])
    op.create_index(
        "ix_family_merged_into", "family", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    op.execute(MERGE)
    _tell(ACTIONS)


def downgrade() -> None:
    _tell(BEFORE)
    op.execute("DROP FUNCTION merge_families(uuid, uuid)")
    op.drop_column("family", "merged_into")
