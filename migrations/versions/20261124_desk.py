"""The desk: who has a request in hand, kinds of request as data, saved views, texts that are written often."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261124_desk"
down_revision = "20261123_parents_side"
branch_labels = None
depends_on = None

STAFF = "(SELECT actor()) IN ('system', 'agent')"
POLICIES = {"saved_view": "account_id = (SELECT viewer())", "reply_template": STAFF}
FAMILY: dict[str, object] = {
    "type": "string",
    "format": "family",
    "maxLength": 36,
    "title": "Dossier",
    "x-title-en": "File",
}
TEMPLATES = {
    "Justificatif de domicile": "Bonjour,\n\nJoignez un justificatif de domicile de moins de trois mois. "
    "Une photo bien lisible suffit.\n\nLe service enfance",
    "Livret de famille": "Bonjour,\n\nJoignez la page du livret de famille où figure votre enfant.\n\nLe service enfance",
    "Dossier introuvable": "Bonjour,\n\nNous ne trouvons pas votre dossier avec ces informations. "
    "Indiquez le nom et la date de naissance d'un enfant inscrit.\n\nLe service enfance",
}


def _text(fr: str, en: str, longest: int, **more: object) -> dict[str, object]:
    return {"type": "string", "maxLength": longest, "title": fr, "x-title-en": en} | more


def _form(required: list[str], properties: dict[str, dict[str, object]], **more: object) -> str:
    """jsonb forgets the order of keys: each field says its place."""
    properties = {name: field | {"x-order": place} for place, (name, field) in enumerate(properties.items())}
    form = {"type": "object", "additionalProperties": False, "required": required, "properties": properties}
    return json.dumps(form | more)


KINDS: list[dict[str, str | int | None]] = [
    {
        "slug": "family-change",
        "name_fr": "Changer mes coordonnées",
        "name_en": "Change my details",
        "description_fr": "Votre adresse, votre téléphone ou votre mail dans le dossier du service.",
        "description_en": "Your address, your phone or your mail in the service's file.",
        "scope": "family:read",
        "form": _form(
            ["family_id"],
            {
                "family_id": FAMILY,
                "address": _text("Adresse", "Address", 200),
                "postal_code": _text("Code postal", "Postal code", 10),
                "city": _text("Ville", "City", 100),
                "phone": _text("Téléphone", "Phone", 30, format="phone"),
                "email": _text("Adresse mail", "Mail address", 254, format="email"),
            },
            minProperties=2,
            description="Laissez vide ce qui ne change pas.",
            **{"x-description-en": "Leave empty what does not change."},
        ),
    },
    {
        "slug": "add-child",
        "name_fr": "Ajouter un enfant",
        "name_en": "Add a child",
        "description_fr": "Un enfant qui n’est pas encore dans votre dossier. Joignez ensuite le livret de famille.",
        "description_en": "A child who is not in your file yet. Join the family record book afterwards.",
        "scope": "family:read",
        "form": _form(
            ["family_id", "first_name", "last_name", "birth_date"],
            {
                "family_id": FAMILY,
                "first_name": _text("Prénom", "First name", 100, minLength=1),
                "last_name": _text("Nom", "Last name", 100, minLength=1),
                "birth_date": {
                    "type": "string",
                    "format": "date",
                    "title": "Date de naissance",
                    "x-title-en": "Date of birth",
                },
                "school": _text("École", "School", 100),
                "note": _text("Un mot pour le service", "A word for the service", 1000),
            },
        ),
    },
    {
        "slug": "invoice-contest",
        "name_fr": "Contester une facture",
        "name_en": "Contest an invoice",
        "description_fr": "Une ligne vous semble fausse : le service vérifie et vous répond.",
        "description_en": "A line seems wrong: the service checks and answers you.",
        "scope": "invoices:read",
        "form": _form(
            ["invoice_id", "reason"],
            {
                "invoice_id": {
                    "type": "string",
                    "format": "invoice",
                    "maxLength": 36,
                    "title": "Facture",
                    "x-title-en": "Invoice",
                },
                "line": _text("Ligne concernée", "Line", 200),
                "reason": _text("Ce qui ne va pas", "What is wrong", 2000, minLength=1),
            },
        ),
    },
    {
        "slug": "question",
        "name_fr": "Poser une question",
        "name_en": "Ask a question",
        "description_fr": "Une question au service enfance, avec un document si besoin.",
        "description_en": "A question to the childhood service, with a document if needed.",
        "scope": None,
        "form": _form(
            ["subject", "question"],
            {
                "subject": _text("Sujet", "Subject", 150, minLength=1),
                "question": _text("Votre question", "Your question", 2000, minLength=1),
            },
        ),
    },
]


def _table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("id", sa.Uuid(), server_default=sa.text("new_id()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    jsonb = sa.dialects.postgresql.JSONB
    _table(
        "saved_view",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filters", jsonb(none_as_null=True), nullable=False),
    )
    op.create_foreign_key(
        op.f("fk_saved_view_account_id"), "saved_view", "account", ["account_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index("ix_saved_view_account_id", "saved_view", ["account_id"])
    _table(
        "reply_template",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )
    op.create_unique_constraint(op.f("uq_reply_template_name"), "reply_template", ["name"])
    for table, who in POLICIES.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO foyer_app")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_all ON {table} USING ({who}) WITH CHECK ({who})")
    op.add_column("request", sa.Column("before", jsonb(none_as_null=True), nullable=True))
    op.create_index("ix_request_agent_id", "request", ["agent_id"])
    op.add_column("request_event", sa.Column("assignee_id", sa.Uuid(), nullable=True))
    op.add_column("request_event", sa.Column("kind", sa.String(40), server_default=sa.text("'state'"), nullable=False))
    op.create_check_constraint(
        op.f("ck_request_event_kind"), "request_event", sa.column("kind").in_(["state", "assignment"])
    )
    op.add_column(
        "request_type",
        sa.Column("handled_by", sa.Text(), server_default=sa.text("'agent:requests'"), nullable=False),
    )
    run = op.get_bind().execute
    for position, kind in enumerate(KINDS, 2):
        run(
            sa.text(
                "INSERT INTO request_type (slug, name_fr, name_en, description_fr, description_en, scope, form, position) "
                "VALUES (:slug, :name_fr, :name_en, :description_fr, :description_en, :scope, CAST(:form AS jsonb), :position)"
            ),
            kind | {"position": position},
        )
    op.execute(
        "UPDATE request_type SET form = jsonb_set(form, '{properties,service,format}', '\"service\"') WHERE slug = 'service-key'"
    )
    op.execute("SELECT set_config('app.actor', 'system', true)")
    for name, body in TEMPLATES.items():
        run(sa.text("INSERT INTO reply_template (name, body) VALUES (:name, :body)"), {"name": name, "body": body})


def downgrade() -> None:
    op.execute("SELECT set_config('app.actor', 'system', true)")
    slugs = ", ".join(f"'{kind['slug']}'" for kind in KINDS)
    op.execute(f"DELETE FROM request WHERE type IN ({slugs})")  # noqa: S608 - constants
    op.execute(f"DELETE FROM request_type WHERE slug IN ({slugs})")  # noqa: S608 - constants
    op.drop_column("request_type", "handled_by")
    op.execute("DELETE FROM request_event WHERE kind <> 'state'")
    op.drop_constraint(op.f("ck_request_event_kind"), "request_event")
    op.drop_column("request_event", "kind")
    op.drop_column("request_event", "assignee_id")
    op.drop_index("ix_request_agent_id", "request")
    op.drop_column("request", "before")
    for table in POLICIES:
        op.drop_table(table)
