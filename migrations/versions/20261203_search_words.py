"""The beginnings of names are found by their words, as fast in a region as in a village: the lists of a trigram grow with the town.

What sounds alike is still found by trigrams, when nothing begins so.
"""

from alembic import op

revision = "20261203_search_words"
down_revision = "20261202_key_index"
branch_labels = None
depends_on = None

FIND = """CREATE OR REPLACE FUNCTION find_by_name(pattern text, wanted text, most integer) RETURNS TABLE (person_id uuid, score real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public SET pg_trgm.word_similarity_threshold = 0.45 AS $$
    BEGIN
        IF wanted = '' OR coalesce(current_setting('app.actor', true), '') NOT IN ('system', 'agent') THEN RETURN; END IF;
        RETURN QUERY SELECT p.person_id, 2::real FROM person_name p WHERE {begins} LIMIT most;
        IF NOT FOUND THEN
            RETURN QUERY SELECT p.person_id, word_similarity(wanted, p.name) AS likeness FROM person_name p
                WHERE wanted <% p.name ORDER BY likeness DESC, p.person_id LIMIT most;
        END IF;
    END $$"""
WORDS = "array_to_tsvector(string_to_array(btrim(name), ' '))"
# The words wanted are letters and digits alone (families/queries.py search_name): there is nothing to quote.
BEGIN = f"{WORDS} @@ ('''' || replace(wanted, ' ', ''':* & ''') || ''':*')::tsquery"


def upgrade() -> None:
    op.execute(f"CREATE INDEX ix_person_name_words ON person_name USING gin ({WORDS})")
    op.execute(FIND.format(begins=BEGIN.replace("(name)", "(p.name)")))


def downgrade() -> None:
    op.execute(FIND.format(begins="p.name LIKE pattern"))
    op.execute("DROP INDEX ix_person_name_words")
