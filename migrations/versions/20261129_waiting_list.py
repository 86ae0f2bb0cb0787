"""The waiting list has an order of its own, which an agent may change, and keeps how each rank came to be."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_waiting_list"
down_revision = "20261128_merging"
branch_labels = None
depends_on = None

BEFORE = ("requested", "confirmed", "waitlisted", "offered", "cancelled", "refused")
STATES = (*BEFORE, "ended")
AS_SYSTEM = """LANGUAGE plpgsql VOLATILE AS $$
    DECLARE before text := coalesce(current_setting('app.actor', true), ''); {declared}
    BEGIN
        PERFORM set_config('app.actor', 'system', true);
        {body}
        PERFORM set_config('app.actor', before, true);
        RETURN {answer};
    END $$"""
RANK = "CREATE OR REPLACE FUNCTION waiting_rank(wanted_activity uuid, wanted_enrollment uuid) RETURNS integer "
RANK_BY_POSITION = RANK + AS_SYSTEM.format(
    declared="counted integer;",
    body="""SELECT count(*) INTO counted FROM enrollment WHERE activity_id = $1 AND state = 'waitlisted'
            AND position <= (SELECT e.position FROM enrollment e WHERE e.id = $2);""",
    answer="counted",
)
RANK_BY_ID = RANK + AS_SYSTEM.format(
    declared="counted integer;",
    body="SELECT count(*) INTO counted FROM enrollment WHERE activity_id = $1 AND state = 'waitlisted' AND id <= $2;",
    answer="counted",
)
# Whoever moves an enrollment onto or off the list (a parent, an agent, the worker), the list knows of it.
NOTE = """CREATE FUNCTION note_waiting() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE waited boolean := TG_OP = 'UPDATE' AND OLD.state = 'waitlisted'; ahead integer;
    BEGIN
        IF waited = (NEW.state = 'waitlisted') THEN RETURN NULL; END IF;
        ahead := waiting_rank(NEW.activity_id, NEW.id);
        INSERT INTO waiting_event (activity_id, enrollment_id, kind, from_rank, to_rank, became) VALUES (NEW.activity_id, NEW.id,
            CASE WHEN waited THEN 'left' ELSE 'joined' END, CASE WHEN waited THEN ahead + 1 END, CASE WHEN NOT waited THEN ahead END, NEW.state);
        RETURN NULL;
    END $$"""
# One enrollment's ranks, followed through what happened on its list since it joined: only ranks and causes, nobody's name.
HISTORY = "CREATE FUNCTION waiting_history(wanted_enrollment uuid) RETURNS json " + AS_SYSTEM.format(  # noqa: S608 - constants
    declared="rank integer; was integer; told json[] := '{}'; cause text; one record;",
    body="""FOR one IN SELECT v.* FROM waiting_event v JOIN enrollment e ON e.activity_id = v.activity_id WHERE e.id = $1
            AND v.id >= (SELECT min(j.id) FROM waiting_event j WHERE j.enrollment_id = $1) ORDER BY v.id LOOP
            was := rank;
            IF one.enrollment_id = $1 THEN
                rank := one.to_rank;
                cause := CASE WHEN one.kind = 'left' THEN one.became ELSE one.kind END;
            ELSIF rank IS NULL THEN CONTINUE;
            ELSE
                IF one.from_rank < rank THEN rank := rank - 1; END IF;
                IF one.to_rank <= rank THEN rank := rank + 1; END IF;
                cause := CASE one.kind WHEN 'left' THEN 'others-left' WHEN 'moved' THEN 'reordered' ELSE 'others-joined' END;
            END IF;
            IF rank IS DISTINCT FROM was THEN
                told := told || json_build_object('at', one.at, 'rank', rank, 'cause', cause,
                    'reason', CASE WHEN one.enrollment_id = $1 THEN one.reason END);
            END IF;
        END LOOP;""",
    answer="array_to_json(told[greatest(1, cardinality(told) - 49):])",
)
STAFF = "(SELECT actor()) IN ('system', 'agent')"


def _states(states: tuple[str, ...]) -> None:
    names = ", ".join(f"'{state}'" for state in states)
    op.execute("ALTER TABLE enrollment DROP CONSTRAINT IF EXISTS ck_enrollment_state")
    op.execute(f"ALTER TABLE enrollment ADD CONSTRAINT ck_enrollment_state CHECK (state IN ({names}))")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE enrollment_position")
    op.execute("GRANT USAGE ON SEQUENCE enrollment_position TO foyer_app")
    op.add_column("enrollment", sa.Column("position", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE enrollment e SET position = o.n FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM enrollment) o WHERE o.id = e.id"
    )
    op.execute("SELECT setval('enrollment_position', (SELECT coalesce(max(position), 0) + 1 FROM enrollment), false)")
    op.alter_column("enrollment", "position", nullable=False, server_default=sa.text("nextval('enrollment_position')"))
    _states(STATES)
    op.create_index("ix_enrollment_activity_id_state_position", "enrollment", ["activity_id", "state", "position"])
    op.create_table(
        "waiting_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("from_rank", sa.Integer(), nullable=True),
        sa.Column("to_rank", sa.Integer(), nullable=True),
        sa.Column("became", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('joined', 'left', 'moved')", name=op.f("ck_waiting_event_kind")),
        sa.CheckConstraint("(kind = 'moved') = (reason IS NOT NULL)", name=op.f("ck_waiting_event_moved_with_reason")),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_waiting_event_activity_id")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollment.id"], name=op.f("fk_waiting_event_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_event")),
    )
    op.create_index("ix_waiting_event_activity_id_id", "waiting_event", ["activity_id", "id"])
    op.create_index("ix_waiting_event_enrollment_id", "waiting_event", ["enrollment_id"])
    op.execute("GRANT SELECT, INSERT ON waiting_event TO foyer_app")
    op.execute("ALTER TABLE waiting_event ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE waiting_event FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY waiting_event_read ON waiting_event FOR SELECT USING ({STAFF})")
    op.execute("CREATE POLICY waiting_event_insert ON waiting_event FOR INSERT WITH CHECK (true)")
    op.execute(RANK_BY_POSITION)
    op.execute(NOTE)
    op.execute(HISTORY)
    op.execute(
        "INSERT INTO waiting_event (activity_id, enrollment_id, at, kind, to_rank, became) "
        "SELECT activity_id, id, created_at, 'joined', row_number() OVER (PARTITION BY activity_id ORDER BY position), state "
        "FROM enrollment WHERE state = 'waitlisted' ORDER BY position"
    )
    op.execute(
        "CREATE TRIGGER enrollment_waiting AFTER INSERT OR UPDATE OF state ON enrollment FOR EACH ROW EXECUTE FUNCTION note_waiting()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER enrollment_waiting ON enrollment")
    op.execute("DROP FUNCTION waiting_history(uuid)")
    op.execute("DROP FUNCTION note_waiting()")
    op.execute(RANK_BY_ID)
    op.drop_table("waiting_event")
    op.drop_index("ix_enrollment_activity_id_state_position", "enrollment")
    op.execute("UPDATE enrollment SET state = 'cancelled' WHERE state = 'ended'")
    _states(BEFORE)
    op.drop_column("enrollment", "position")
    op.execute("DROP SEQUENCE enrollment_position")
