"""What a new town starts with: the roles, the service Enfance, the request for its key. All of it is data to change."""

import json

import sqlalchemy as sa
from alembic import op

revision = "20261123_reference_data"
down_revision = "20261123_walls"
branch_labels = None
depends_on = None

PARENT = [
    "account:read",
    "account:write",
    "household:read",
    "household:write",
    "requests:read",
    "requests:write",
    "service_keys:read",
    "service_keys:write",
]
AGENT = ["account:read", "account:write"]
DESK = [*AGENT, "agent:requests", "agent:families", "agent:keys", "agent:enrollments"]
MANAGER = [*DESK, "agent:activities", "agent:imports"]
ROLES = {
    "parent": (False, PARENT),
    "reader": (True, [*AGENT, "agent:families"]),
    "desk": (True, DESK),
    "manager": (True, MANAGER),
    "administrator": (True, [*MANAGER, "agent:accounts", "agent:audit"]),
}
ENFANCE = {
    "slug": "enfance",
    "name_fr": "Enfance",
    "name_en": "Childhood",
    "opens_fr": "Votre famille, vos factures et « créer une inscription »",
    "opens_en": "Your family, your invoices and “Create an enrollment”",
    "how_to_get_fr": "Demandez-la par la démarche « demande de clé enfance », ou par mail à espace-citoyens@ville-cayenne.fr. "
    "Elle vous sera envoyée par SMS ou par mail.",
    "how_to_get_en": "Ask for it with the request “Childhood key”, or by mail to espace-citoyens@ville-cayenne.fr. "
    "It will be sent to you by SMS or by mail.",
    "contact_email": "espace-citoyens@ville-cayenne.fr",
    "scopes": ["family:read", "invoices:read", "invoices:pay", "enrollments:read", "enrollments:write"],
    "position": 1,
}
NAME = {"type": "string", "minLength": 1, "maxLength": 100}
SERVICE_KEY = {
    "slug": "service-key",
    "name_fr": "Demande de clé enfance",
    "name_en": "Childhood key request",
    "description_fr": "Pour voir votre famille et vos factures, et inscrire vos enfants. Le service vous enverra une clé.",
    "description_en": "To see your family and your invoices, and enroll your children. The service will send you a key.",
    "scope": None,
    "form": {
        "type": "object",
        "additionalProperties": False,
        "required": ["service", "deliver_by"],
        "properties": {
            "service": {"type": "string", "minLength": 1, "maxLength": 50},
            "deliver_by": {"enum": ["sms", "email"]},
            "children": {
                "type": "array",
                "maxItems": 15,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["first_name", "last_name", "birth_date"],
                    "properties": {
                        "first_name": NAME,
                        "last_name": NAME,
                        "birth_date": {"type": "string", "format": "date"},
                    },
                },
            },
            "note": {"type": "string", "maxLength": 1000},
        },
    },
    "position": 1,
}


def upgrade() -> None:
    run = op.get_bind().execute
    for slug, (is_agent, scopes) in ROLES.items():
        run(
            sa.text("INSERT INTO role (slug, is_agent, scopes) VALUES (:slug, :agent, :scopes)"),
            {"slug": slug, "agent": is_agent, "scopes": scopes},
        )
    names = ", ".join(ENFANCE)
    run(sa.text(f"INSERT INTO service ({names}) VALUES ({', '.join(':' + n for n in ENFANCE)})"), ENFANCE)  # noqa: S608 - constants
    row = SERVICE_KEY | {"form": json.dumps(SERVICE_KEY["form"])}
    values = ", ".join("CAST(:form AS jsonb)" if n == "form" else f":{n}" for n in row)
    run(sa.text(f"INSERT INTO request_type ({', '.join(row)}) VALUES ({values})"), row)  # noqa: S608 - constants


def downgrade() -> None:
    op.execute("DELETE FROM request_type WHERE slug = 'service-key'")
    op.execute("DELETE FROM service WHERE slug = 'enfance'")
    op.execute("DELETE FROM role")
