"""Finding a family by a name, fast and in spite of a spelling: trigrams.

Row level security would keep PostgreSQL from using a trigram index (LIKE is not leakproof), so the names lie once more in
a table that the application role may not touch at all; a function of the owner looks into it, for agents only, and gives
nothing but ids.
"""

from alembic import op

revision = "20261124_search"
down_revision = "20261124_desk"
branch_labels = None
depends_on = None

ROLE = "foyer_app"
KEEP = """CREATE FUNCTION keep_{table}_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
        INSERT INTO person_name (person_id, name) SELECT id, ' ' || search_name FROM changed
        ON CONFLICT (person_id) DO UPDATE SET name = excluded.name WHERE person_name.name <> excluded.name;
        RETURN NULL;
    END $$"""
FORGET = """CREATE FUNCTION forget_person_name() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
        DELETE FROM person_name WHERE person_id IN (SELECT id FROM gone);
        RETURN NULL;
    END $$"""
# A word's beginning scores 2, a word that sounds alike its likeness, 0 to 1.
FIND = """CREATE FUNCTION find_by_name(pattern text, wanted text, most integer) RETURNS TABLE (person_id uuid, score real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public SET pg_trgm.word_similarity_threshold = 0.45 AS $$
    BEGIN
        IF wanted = '' OR coalesce(current_setting('app.actor', true), '') NOT IN ('system', 'agent') THEN RETURN; END IF;
        RETURN QUERY SELECT p.person_id, 2::real FROM person_name p WHERE p.name LIKE pattern LIMIT most;
        IF NOT FOUND THEN
            RETURN QUERY SELECT p.person_id, word_similarity(wanted, p.name) AS likeness FROM person_name p
                WHERE wanted <% p.name ORDER BY likeness DESC, p.person_id LIMIT most;
        END IF;
    END $$"""
INDEXES = {
    "ix_family_reference": "family (reference)",
    "ix_adult_reference": "adult (reference)",
    "ix_child_reference": "child (reference)",
    "ix_adult_private_email": "adult_private (email)",
}


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE TABLE person_name (person_id uuid CONSTRAINT pk_person_name PRIMARY KEY, name text NOT NULL)")
    op.execute(f"REVOKE ALL ON person_name FROM {ROLE}, PUBLIC")
    op.execute("SELECT set_config('app.actor', 'system', true)")
    for table in ("adult", "child"):
        op.execute(f"INSERT INTO person_name SELECT id, ' ' || search_name FROM {table}")  # noqa: S608 - constants
        op.execute(KEEP.format(table=table))
        for event in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER keep_name_{event.lower()} AFTER {event} ON {table} REFERENCING NEW TABLE AS changed "
                f"FOR EACH STATEMENT EXECUTE FUNCTION keep_{table}_name()"
            )
    op.execute("CREATE INDEX ix_person_name_name ON person_name USING gin (name gin_trgm_ops)")
    op.execute(FORGET)
    for table in ("adult", "child"):
        op.execute(
            f"CREATE TRIGGER forget_name AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
            "FOR EACH STATEMENT EXECUTE FUNCTION forget_person_name()"
        )
    op.execute(FIND)
    op.execute("REVOKE ALL ON FUNCTION find_by_name(text, text, integer) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION find_by_name(text, text, integer) TO {ROLE}")
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")
    op.execute("DROP INDEX ix_adult_search_name")
    op.execute("DROP INDEX ix_child_search_name")


def downgrade() -> None:
    op.execute("CREATE INDEX ix_adult_search_name ON adult (search_name)")
    op.execute("CREATE INDEX ix_child_search_name ON child (search_name)")
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP FUNCTION find_by_name(text, text, integer)")
    for table in ("adult", "child"):
        for trigger in ("keep_name_insert", "keep_name_update", "forget_name"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.execute(f"DROP FUNCTION keep_{table}_name()")
    op.execute("DROP FUNCTION forget_person_name()")
    op.execute("DROP TABLE person_name")
    op.execute("DROP EXTENSION pg_trgm")
