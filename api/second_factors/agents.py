"""Agents' accounts, as the operator makes them: activated, with a second factor, everything shown once."""

import secrets as system_secrets
from datetime import datetime

import pyotp
from sqlalchemy import select

from api.accounts import queries
from api.accounts.models import Account, Role
from api.audit import service as audit
from api.core.database import Database
from api.core.operators import Refused
from api.core.schemas import Output
from api.core.settings import Settings
from api.second_factors import service as second_factors
from api.second_factors.models import SecondFactor
from api.security import passwords, secrets

WORDS = [
    "acajou",
    "aligator",
    "ananas",
    "balata",
    "bambou",
    "bergamote",
    "boucan",
    "cabiai",
    "cacao",
    "canopee",
    "carbet",
    "caouanne",
    "cassave",
    "colibri",
    "corossol",
    "couleuvre",
    "crique",
    "dentelle",
    "fromager",
    "goyave",
    "grenade",
    "hamac",
    "harpie",
    "hibiscus",
    "ibis",
    "iguane",
    "jacana",
    "jaguar",
    "kayak",
    "lamantin",
    "lianes",
    "luth",
    "maracuja",
    "manioc",
    "martin",
    "mangrove",
    "mombin",
    "morpho",
    "ocelot",
    "orchidee",
    "paresseux",
    "palmiste",
    "papaye",
    "pirogue",
    "plage",
    "quassia",
    "ramboutan",
    "roucou",
    "savane",
    "tamanoir",
    "tapir",
    "tatou",
    "toucan",
    "touloulou",
    "tukusipan",
    "vanille",
    "wassai",
    "yaya",
]


class AgentExists(Refused):
    """The address has an account already, or the role does not exist."""


class NewAgent(Output):
    """What the operator hands over; it cannot be shown again."""

    email: str
    password: str
    totp_secret: str
    totp_uri: str
    recovery_codes: list[str]


def passphrase() -> str:
    """Six words of sixty: 35 bits, and a number of 20 more; easy to type from paper."""
    return "-".join(
        [*(system_secrets.choice(WORDS) for _ in range(6)), str(system_secrets.randbelow(1_000_000)).zfill(6)]
    )


async def add_agent(
    database: Database, settings: Settings, *, email: str, first_name: str, last_name: str, role: str, now: datetime
) -> NewAgent:
    """Make an agent's account. Raises AgentExists, also for a role that is not an agent's."""
    password, secret = passphrase(), pyotp.random_base32(32)
    password_hash = await passwords.hash_password(password)
    async with database.transaction("system") as db:
        kinds = {role.slug: role.is_agent for role in await db.scalars(select(Role))}
        if not kinds.get(role):
            raise AgentExists(
                f"Le rôle « {role} » n'existe pas. Rôles d'agents : {', '.join(r for r, agent in kinds.items() if agent)}."
            )
        if await queries.by_email(db, email):
            raise AgentExists(f"L'adresse {email} a déjà un compte.")
        account = Account(
            email=email,
            email_key=queries.email_key(email),
            password_hash=password_hash,
            first_name=first_name,
            last_name=last_name,
            role=role,
            activated_at=now,
            locale="fr",
            version=1,
        )
        db.add(account)
        await db.flush()
        db.add(
            SecondFactor(
                account_id=account.id, secret=secrets.encrypt(settings.secrets.encryption_keys, secret), last_step=0
            )
        )
        codes = await second_factors.renew_recovery_codes(db, account.id)
        await audit.record(db, "agent.added", actor=None, account_id=account.id, role=role)
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"Foyer {settings.town}")
    return NewAgent(email=email, password=password, totp_secret=secret, totp_uri=uri, recovery_codes=codes)
