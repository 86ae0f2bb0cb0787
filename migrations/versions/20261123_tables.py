"""The tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_tables"
down_revision = None
branch_labels = None
depends_on = None


# UUIDv7 with the microseconds in rand_a (RFC 9562, 6.2, method 3): ids made one after the other are in that order.
NEW_ID = """
CREATE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex((us % 1000) * 4096 / 1000), 3, '0')
            || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid
    FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS clock
$$
"""


def upgrade() -> None:
    op.execute(NEW_ID)
    op.execute("CREATE SEQUENCE request_number")
    op.execute("CREATE SEQUENCE enrollment_number")
    op.create_table(
        "attempts",
        sa.Column("bucket", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_attempts")),
    )
    op.create_table(
        "audit_event",
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.Column("facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_account_id_id", "audit_event", ["account_id", "id"], unique=False)
    op.create_index("ix_audit_event_family_id_id", "audit_event", ["family_id", "id"], unique=False)
    op.create_table(
        "idempotent_answer",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotent_answer")),
    )
    op.create_table(
        "message",
        sa.Column(
            "channel",
            sa.Enum("email", "sms", name="channel", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "sent",
                "failed",
                "expired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default=sa.text("'pending'"),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_message_sent_has_time")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(
        "ix_message_due", "message", ["next_attempt_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_table(
        "request_type",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("description_fr", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("form", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_request_type")),
    )
    op.create_table(
        "role",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("is_agent", sa.Boolean(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_role")),
    )
    op.create_table(
        "service",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name_fr", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("opens_fr", sa.Text(), nullable=False),
        sa.Column("opens_en", sa.Text(), nullable=False),
        sa.Column("how_to_get_fr", sa.Text(), nullable=False),
        sa.Column("how_to_get_en", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("slug", name=op.f("uq_service_slug")),
    )
    op.create_table(
        "account",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default=sa.text("'fr'"), nullable=False),
        sa.Column("role", sa.Text(), server_default=sa.text("'parent'"), nullable=False),
        sa.Column("authorization_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("locale IN ('fr', 'en')", name=op.f("ck_account_locale")),
        sa.ForeignKeyConstraint(["role"], ["role.slug"], name=op.f("fk_account_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email_key", name=op.f("uq_account_email_key")),
    )
    op.create_table(
        "activity",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("age_min", sa.Integer(), nullable=False),
        sa.Column("age_max", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prices_cents", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("age_max >= age_min", name=op.f("ck_activity_ages")),
        sa.CheckConstraint("cardinality(prices_cents) = 4", name=op.f("ck_activity_four_prices")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_activity_dates")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_activity_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
        sa.UniqueConstraint("service_id", "code", name=op.f("uq_activity_service_id_code")),
    )
    op.create_table(
        "child",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("search_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("school", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("grade", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("has_pai", sa.Boolean(), nullable=False),
        sa.Column("diet", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_child_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_child")),
        sa.UniqueConstraint("service_id", "reference", name=op.f("uq_child_service_id_reference")),
    )
    op.create_index("ix_child_search_name", "child", ["search_name"], unique=False)
    op.create_table(
        "family",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_family_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family")),
        sa.UniqueConstraint("service_id", "reference", name=op.f("uq_family_service_id_reference")),
    )
    op.create_table(
        "activity_day",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "day IN ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')", name=op.f("ck_activity_day_day")
        ),
        sa.CheckConstraint("taken >= 0 AND taken <= places", name=op.f("ck_activity_day_never_oversold")),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activity.id"], name=op.f("fk_activity_day_activity_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("activity_id", "day", name=op.f("pk_activity_day")),
    )
    op.create_table(
        "adult",
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("responsible", "co_responsible", name="role", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("search_name", sa.Text(), nullable=False),
        sa.Column("is_payer", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_adult_family_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adult")),
        sa.UniqueConstraint("family_id", "reference", name=op.f("uq_adult_family_id_reference")),
    )
    op.create_index("ix_adult_search_name", "adult", ["search_name"], unique=False)
    op.create_table(
        "enrollment",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "confirmed",
                "waitlisted",
                "offered",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(state = 'offered') = (offered_until IS NOT NULL)", name=op.f("ck_enrollment_offered_until")
        ),
        sa.CheckConstraint("cardinality(days) > 0", name=op.f("ck_enrollment_days")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_enrollment_dates")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_enrollment_account_id")),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_enrollment_activity_id")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_enrollment_child_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_enrollment_family_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint("reference", name=op.f("uq_enrollment_reference")),
    )
    op.create_index("ix_enrollment_activity_id_state_id", "enrollment", ["activity_id", "state", "id"], unique=False)
    op.create_index("ix_enrollment_family_id_id", "enrollment", ["family_id", "id"], unique=False)
    op.create_table(
        "family_child",
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_family_child_child_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_family_child_family_id")),
        sa.PrimaryKeyConstraint("family_id", "child_id", name=op.f("pk_family_child")),
    )
    op.create_index("ix_family_child_child_id", "family_child", ["child_id"], unique=False)
    op.create_table(
        "household_member",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("spouse", "child", "contact", name="kind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("relationship", sa.Text(), nullable=True),
        sa.Column("may_collect", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("emergency", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind <> 'child' OR birth_date IS NOT NULL", name=op.f("ck_household_member_child_has_birth_date")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_household_member_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_member")),
    )
    op.create_index("ix_household_member_account_id", "household_member", ["account_id"], unique=False)
    op.create_index(
        "uq_household_member_spouse",
        "household_member",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'spouse'"),
    )
    op.create_table(
        "proof",
        sa.Column(
            "purpose",
            sa.Enum(
                "activation",
                "password_reset",
                "second_factor",
                "key_objection",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "data",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proof_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_proof_token_hash")),
    )
    op.create_index("ix_proof_account_id_purpose", "proof", ["account_id", "purpose"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "request",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "in_review",
                "accepted",
                "refused",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name=op.f("ck_request_refused_with_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_request_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["agent_id"], ["account.id"], name=op.f("fk_request_agent_id")),
        sa.ForeignKeyConstraint(["type"], ["request_type.slug"], name=op.f("fk_request_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sa.UniqueConstraint("reference", name=op.f("uq_request_reference")),
    )
    op.create_index("ix_request_account_id_id", "request", ["account_id", "id"], unique=False)
    op.create_index("ix_request_state_id", "request", ["state", "id"], unique=False)
    op.create_table(
        "second_factor",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_second_factor_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "session",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "client",
            sa.Enum("browser", "app", name="client", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"], unique=False)
    op.create_table(
        "adult_private",
        sa.Column("adult_id", sa.Uuid(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("postal_code", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("city", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("quotient", sa.Integer(), nullable=True),
        sa.Column("quotient_from", sa.Date(), nullable=True),
        sa.Column("quotient_to", sa.Date(), nullable=True),
        sa.CheckConstraint("quotient >= 0", name=op.f("ck_adult_private_quotient")),
        sa.ForeignKeyConstraint(["adult_id"], ["adult.id"], name=op.f("fk_adult_private_adult_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("adult_id", name=op.f("pk_adult_private")),
    )
    op.create_index("ix_adult_private_phone", "adult_private", ["phone"], unique=False)
    op.create_table(
        "enrollment_day",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_enrollment_day_activity_id")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_enrollment_day_child_id")),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_enrollment_day_enrollment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_enrollment_day_family_id")),
        sa.PrimaryKeyConstraint("enrollment_id", "day", name=op.f("pk_enrollment_day")),
        sa.UniqueConstraint("child_id", "activity_id", "day", name=op.f("uq_enrollment_day_child_id_activity_id_day")),
    )
    op.create_table(
        "invoice",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("adult_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.Column("paid_cents", sa.Integer(), nullable=False),
        sa.Column(
            "balance_cents",
            sa.Integer(),
            sa.Computed("greatest(total_cents - paid_cents, 0)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "source_state",
            sa.Enum(
                "issued",
                "settled",
                "treasury",
                name="source_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("debt_reference", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("direct_debit", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_invoice_due_after_issued")),
        sa.CheckConstraint("period_to >= period_from", name=op.f("ck_invoice_period")),
        sa.ForeignKeyConstraint(["adult_id"], ["adult.id"], name=op.f("fk_invoice_adult_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_invoice_family_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_invoice_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("service_id", "number", name=op.f("uq_invoice_service_id_number")),
    )
    op.create_index("ix_invoice_adult_id_issued_on_id", "invoice", ["adult_id", "issued_on", "id"], unique=False)
    op.create_index("ix_invoice_family_id_issued_on_id", "invoice", ["family_id", "issued_on", "id"], unique=False)
    op.create_table(
        "request_event",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("by_agent", sa.Boolean(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "submitted",
                "in_review",
                "accepted",
                "refused",
                "withdrawn",
                name="event_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_request_event_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_request_event_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_event")),
    )
    op.create_index("ix_request_event_request_id", "request_event", ["request_id"], unique=False)
    op.create_table(
        "service_key",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("adult_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_symbols", sa.Text(), nullable=False),
        sa.Column(
            "deliver_by",
            sa.Enum("sms", "email", "counter", name="deliver_by", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("challenge_hash", sa.LargeBinary(), nullable=True),
        sa.Column("challenged_by", sa.Uuid(), nullable=True),
        sa.Column("challenged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_dates", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name=op.f("ck_service_key_used_by_someone")),
        sa.CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name=op.f("ck_service_key_used_or_revoked")),
        sa.ForeignKeyConstraint(["adult_id"], ["adult.id"], name=op.f("fk_service_key_adult_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_service_key_family_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_key_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_service_key_key_hash")),
    )
    op.create_index("ix_service_key_challenge_hash", "service_key", ["challenge_hash"], unique=False)
    op.create_index(
        "uq_service_key_open",
        "service_key",
        ["adult_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL AND revoked_at IS NULL"),
    )
    op.create_table(
        "service_link",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("adult_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_service_link_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["adult_id"], ["adult.id"], name=op.f("fk_service_link_adult_id")),
        sa.ForeignKeyConstraint(["family_id"], ["family.id"], name=op.f("fk_service_link_family_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_link_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_link")),
    )
    op.create_index("ix_service_link_family_id", "service_link", ["family_id"], unique=False)
    op.create_index(
        "uq_service_link_live",
        "service_link",
        ["account_id", "adult_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=True),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("unit_price_cents", sa.Integer(), nullable=False),
        sa.Column("amount_cents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_invoice_line_activity_id")),
        sa.ForeignKeyConstraint(["child_id"], ["child.id"], name=op.f("fk_invoice_line_child_id")),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_invoice_line")),
    )


def downgrade() -> None:
    op.drop_table("invoice_line")
    op.drop_index("uq_service_link_live", table_name="service_link", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_service_link_family_id", table_name="service_link")
    op.drop_table("service_link")
    op.drop_index(
        "uq_service_key_open",
        table_name="service_key",
        postgresql_where=sa.text("used_at IS NULL AND revoked_at IS NULL"),
    )
    op.drop_index("ix_service_key_challenge_hash", table_name="service_key")
    op.drop_table("service_key")
    op.drop_index("ix_request_event_request_id", table_name="request_event")
    op.drop_table("request_event")
    op.drop_index("ix_invoice_family_id_issued_on_id", table_name="invoice")
    op.drop_index("ix_invoice_adult_id_issued_on_id", table_name="invoice")
    op.drop_table("invoice")
    op.drop_table("enrollment_day")
    op.drop_index("ix_adult_private_phone", table_name="adult_private")
    op.drop_table("adult_private")
    op.drop_index("ix_session_account_id", table_name="session")
    op.drop_table("session")
    op.drop_table("second_factor")
    op.drop_index("ix_request_state_id", table_name="request")
    op.drop_index("ix_request_account_id_id", table_name="request")
    op.drop_table("request")
    op.drop_table("recovery_code")
    op.drop_index("ix_proof_account_id_purpose", table_name="proof")
    op.drop_table("proof")
    op.drop_index(
        "uq_household_member_spouse", table_name="household_member", postgresql_where=sa.text("kind = 'spouse'")
    )
    op.drop_index("ix_household_member_account_id", table_name="household_member")
    op.drop_table("household_member")
    op.drop_index("ix_family_child_child_id", table_name="family_child")
    op.drop_table("family_child")
    op.drop_index("ix_enrollment_family_id_id", table_name="enrollment")
    op.drop_index("ix_enrollment_activity_id_state_id", table_name="enrollment")
    op.drop_table("enrollment")
    op.drop_index("ix_adult_search_name", table_name="adult")
    op.drop_table("adult")
    op.drop_table("activity_day")
    op.drop_table("family")
    op.drop_index("ix_child_search_name", table_name="child")
    op.drop_table("child")
    op.drop_table("activity")
    op.drop_table("account")
    op.drop_table("service")
    op.drop_table("role")
    op.drop_table("request_type")
    op.drop_index("ix_message_due", table_name="message", postgresql_where=sa.text("state = 'pending'"))
    op.drop_table("message")
    op.drop_table("idempotent_answer")
    op.drop_index("ix_audit_event_family_id_id", table_name="audit_event")
    op.drop_index("ix_audit_event_account_id_id", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_table("attempts")
    op.execute("DROP SEQUENCE enrollment_number")
    op.execute("DROP SEQUENCE request_number")
    op.execute("DROP FUNCTION new_id()")
