"""The second wall: who may see a row, said by the database itself, to a role that cannot pass by it.

Three settings, set by foyer_open or act_as for one transaction: app.account_id (who looks), app.actor (parent, agent,
auth: nobody yet, system: worker, import, command line) and app.presented (the hash of a key that was typed).
"""

from alembic import op

revision = "20261123_walls"
down_revision = "20261123_tables"
branch_labels = None
depends_on = None

ROLE = "foyer_app"

COUNT_AS_SYSTEM = """RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
        DECLARE before text := coalesce(current_setting('app.actor', true), ''); counted integer;
        BEGIN
            PERFORM set_config('app.actor', 'system', true);
            SELECT count(*) INTO counted FROM enrollment WHERE {};
            PERFORM set_config('app.actor', before, true);
            RETURN counted;
        END $$"""
FUNCTIONS = {
    "viewer()": """RETURNS uuid LANGUAGE sql STABLE AS
        $$ SELECT nullif(current_setting('app.account_id', true), '')::uuid $$""",
    "actor()": """RETURNS text LANGUAGE sql STABLE AS
        $$ SELECT coalesce(current_setting('app.actor', true), '') $$""",
    "my_adults()": """RETURNS uuid[] LANGUAGE sql STABLE AS
        $$ SELECT array(SELECT adult_id FROM service_link WHERE account_id = viewer() AND ended_at IS NULL) $$""",
    "my_families()": """RETURNS uuid[] LANGUAGE sql STABLE AS
        $$ SELECT array(SELECT family_id FROM service_link WHERE account_id = viewer() AND ended_at IS NULL) $$""",
    "my_paid_families()": """RETURNS uuid[] LANGUAGE sql STABLE AS
        $$ SELECT array(SELECT a.family_id FROM service_link l JOIN adult a ON a.id = l.adult_id
                        WHERE l.account_id = viewer() AND l.ended_at IS NULL AND a.is_payer) $$""",
    "my_children()": """RETURNS uuid[] LANGUAGE sql STABLE AS
        $$ SELECT array(SELECT child_id FROM family_child WHERE family_id = ANY (my_families())) $$""",
    "account_scopes(account uuid)": """RETURNS text[] LANGUAGE sql STABLE AS $$
        SELECT array(
            SELECT unnest(r.scopes) FROM account a JOIN role r ON r.slug = a.role WHERE a.id = $1
            UNION
            SELECT unnest(s.scopes) FROM service_link l JOIN service s ON s.id = l.service_id
            WHERE l.account_id = $1 AND l.ended_at IS NULL
            ORDER BY 1) $$""",
    # The first words of every request: who looks, whether the session lives, whether the right is held now.
    "foyer_open(who uuid, sid uuid, known_version integer, wanted text)": """RETURNS text LANGUAGE plpgsql VOLATILE AS $$
        DECLARE version integer; agent boolean;
        BEGIN
            PERFORM set_config('app.account_id', who::text, true), set_config('app.actor', 'parent', true);
            SELECT a.authorization_version, r.is_agent INTO version, agent
            FROM session s JOIN account a ON a.id = s.account_id JOIN role r ON r.slug = a.role
            WHERE s.id = sid AND s.account_id = who AND s.ended_at IS NULL AND s.expires_at > now();
            IF NOT FOUND THEN
                PERFORM set_config('app.account_id', '', true), set_config('app.actor', '', true);
                RETURN 'ended';
            END IF;
            IF version = known_version OR wanted = ANY (account_scopes(who)) THEN
                IF agent THEN PERFORM set_config('app.actor', 'agent', true); END IF;
                RETURN 'ok';
            END IF;
            PERFORM set_config('app.account_id', '', true), set_config('app.actor', '', true);
            RETURN 'scope-missing' || coalesce(
                (SELECT ':' || name_fr FROM service WHERE wanted = ANY (scopes) ORDER BY position LIMIT 1), '');
        END $$""",
    # An invoice's state is derived, here only.
    "invoice_state(total integer, paid integer, source text, due date, debit boolean, today date)": """
        RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT CASE
            WHEN total < 0 THEN 'credit_note'
            WHEN source = 'settled' OR paid >= total THEN 'paid'
            WHEN source = 'treasury' THEN 'sent_to_treasury'
            WHEN due < today THEN 'overdue'
            WHEN debit THEN 'direct_debit_planned'
            WHEN paid > 0 THEN 'partly_paid'
            ELSE 'to_pay' END $$""",
    # Numbers that a parent may know of rows that they may not see. (A SET clause would need a superuser.)
    "waiting_count(wanted_activity uuid)": COUNT_AS_SYSTEM.format("activity_id = $1 AND state = 'waitlisted'"),
    "waiting_rank(wanted_activity uuid, wanted_enrollment uuid)": COUNT_AS_SYSTEM.format(
        "activity_id = $1 AND state = 'waitlisted' AND id <= $2"
    ),
    "notify_message()": """RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('message', ''); RETURN NULL; END $$""",
}

SYSTEM = "(SELECT actor()) = 'system'"
STAFF = "(SELECT actor()) IN ('system', 'agent')"
AUTH = "(SELECT actor()) IN ('system', 'auth')"
MINE = "account_id = (SELECT viewer())"
MY_FAMILY = "family_id = ANY ((SELECT my_families())::uuid[])"

# table: (who may read, who may write); a write is checked on the row before and after.
POLICIES = {
    "account": (f"{STAFF} OR {AUTH} OR id = (SELECT viewer())", f"{AUTH} OR id = (SELECT viewer())"),
    "session": (f"{AUTH} OR {MINE}", f"{AUTH} OR {MINE}"),
    "proof": (f"{AUTH} OR {MINE}", f"{AUTH} OR {MINE}"),
    "second_factor": (f"{AUTH} OR {MINE}", f"{AUTH} OR {MINE}"),
    "recovery_code": (f"{AUTH} OR {MINE}", f"{AUTH} OR {MINE}"),
    "household_member": (f"{SYSTEM} OR {MINE}", f"{SYSTEM} OR {MINE}"),
    "family": (f"{STAFF} OR id = ANY ((SELECT my_families())::uuid[])", SYSTEM),
    "adult": (f"{STAFF} OR {MY_FAMILY}", SYSTEM),
    "adult_private": (f"{STAFF} OR adult_id = ANY ((SELECT my_adults())::uuid[])", SYSTEM),
    "child": (f"{STAFF} OR id = ANY ((SELECT my_children())::uuid[])", SYSTEM),
    "family_child": (f"{STAFF} OR {MY_FAMILY}", SYSTEM),
    # A parent's link needs a key that this very account used for that very adult.
    "service_link": (
        f"{STAFF} OR {AUTH} OR {MINE}",
        f"{SYSTEM} OR ({MINE} AND EXISTS (SELECT FROM service_key k WHERE k.adult_id = service_link.adult_id AND k.used_by = account_id))",
    ),
    # Whoever presents a key's hash holds the key.
    "service_key": (
        f"{STAFF} OR used_by = (SELECT viewer()) OR challenged_by = (SELECT viewer()) "
        "OR encode(key_hash, 'hex') = (SELECT current_setting('app.presented', true))",
        f"{STAFF} OR used_by = (SELECT viewer()) OR challenged_by = (SELECT viewer()) "
        "OR encode(key_hash, 'hex') = (SELECT current_setting('app.presented', true))",
    ),
    "request": (f"{STAFF} OR {MINE}", f"{STAFF} OR {MINE}"),
    "request_event": (f"{STAFF} OR {MINE}", f"{STAFF} OR {MINE}"),
    "invoice": (
        f"{STAFF} OR adult_id = ANY ((SELECT my_adults())::uuid[]) OR family_id = ANY ((SELECT my_paid_families())::uuid[])",
        SYSTEM,
    ),
    "invoice_line": (f"{STAFF} OR EXISTS (SELECT FROM invoice i WHERE i.id = invoice_id)", SYSTEM),
    "enrollment": (f"{STAFF} OR {MY_FAMILY}", f"{STAFF} OR {MY_FAMILY}"),
    "enrollment_day": (f"{STAFF} OR {MY_FAMILY}", f"{STAFF} OR {MY_FAMILY}"),
    "idempotent_answer": (f"{SYSTEM} OR {MINE}", f"{SYSTEM} OR {MINE}"),
    # Everybody's doings are written down; few read them, and nobody changes an audit row.
    "message": (STAFF, STAFF),
    "audit_event": (f"{STAFF} OR {MINE} OR {MY_FAMILY}", "false"),
}
ANYONE_INSERTS = ("message", "audit_event")


def upgrade() -> None:
    op.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN "
        f"CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; END IF; "
        # Two databases of one server may be migrated at once.
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    # Being its administrator is not enough from PostgreSQL 16 on: to become it, one must be granted it. An operator whose
    # user may not grant has done it before.
    op.execute(
        f"DO $$ BEGIN EXECUTE 'GRANT {ROLE} TO ' || quote_ident(current_user); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
    )
    for signature, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {signature} {body}")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON role, service, request_type, alembic_version FROM {ROLE}")
    op.execute(f"REVOKE UPDATE, DELETE ON audit_event FROM {ROLE}")
    for table, (read, write) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT USING ({read})")
        insert = "true" if table in ANYONE_INSERTS else write
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT WITH CHECK ({insert})")
        op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE USING ({write}) WITH CHECK ({write})")
        op.execute(f"CREATE POLICY {table}_delete ON {table} FOR DELETE USING ({write})")
    op.execute(
        "CREATE TRIGGER message_due AFTER INSERT ON message FOR EACH STATEMENT EXECUTE FUNCTION notify_message()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER message_due ON message")
    for table in POLICIES:
        for kind in ("read", "insert", "update", "delete"):
            op.execute(f"DROP POLICY {table}_{kind} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {ROLE}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {ROLE}")
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    # The role stays: another database of the same server may use it.
