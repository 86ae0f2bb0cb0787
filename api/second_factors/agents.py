"""Agents' accounts, as the operator has them in hand: made with a second factor, everything shown once; signed out, given
another role, helped after a lost phone, closed."""

import secrets as system_secrets
from datetime import datetime

import pyotp
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries
from api.accounts.models import Account, Role
from api.audit import service as audit
from api.core.database import Database
from api.core.operators import Refused
from api.core.schemas import Output
from api.core.settings import Settings
from api.outbox import service as outbox
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


class NoSuchAgent(Refused):
    """No agent signs in with that address."""


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


class AgentSeen(Output):
    """An agent, and whether they are signed in somewhere."""

    email: str
    first_name: str
    last_name: str
    role: str
    sessions: int
    last_used_at: datetime | None


LIST = text("""
    SELECT a.email, a.first_name, a.last_name, a.role, max(s.rotated_at) AS last_used_at, count(s.id) FILTER (WHERE s.ended_at IS NULL
        AND s.expires_at > :now AND s.rotated_at + make_interval(secs => s.idle_seconds) > :now) AS sessions
    FROM account a JOIN role r ON r.slug = a.role LEFT JOIN session s ON s.account_id = a.id
    WHERE r.is_agent AND a.closed_at IS NULL GROUP BY a.id ORDER BY a.email_key
""")


async def list_agents(database: Database, now: datetime) -> list[AgentSeen]:
    """Every agent who can sign in."""
    async with database.transaction("system") as db:
        rows = await db.execute(LIST, {"now": now})
        return [AgentSeen.model_validate(dict(row)) for row in rows.mappings()]


async def _lock_agent(db: AsyncSession, email: str) -> Account:
    """Raises NoSuchAgent, also for a parent's address: parents are nobody's but their own."""
    account = await queries.by_email(db, email)
    role = await db.get(Role, account.role) if account else None
    if account is None or role is None or not role.is_agent:
        raise NoSuchAgent(f"Aucun agent n'a l'adresse {email}. `foyer agents list` les montre tous.")
    return await queries.lock(db, account.id)


async def sign_out_agent(database: Database, email: str, now: datetime) -> None:
    """End all their sessions, from the next request on. Raises NoSuchAgent."""
    async with database.transaction("system") as db:
        account = await _lock_agent(db, email)
        await queries.end_other_sessions(db, account.id, now)
        await audit.record(db, "agent.signed_out", actor=None, account_id=account.id)


async def change_role(database: Database, email: str, role: str) -> None:
    """Other rights, from the next request on. Raises NoSuchAgent, AgentExists for a role that is not an agent's."""
    async with database.transaction("system") as db:
        account = await _lock_agent(db, email)
        await _refuse_unknown_role(db, role)
        account.role = role
        await db.flush()
        await queries.bump_rights(db, account.id)
        await audit.record(db, "agent.role_changed", actor=None, account_id=account.id, role=role)


async def recover_agent(database: Database, settings: Settings, email: str, now: datetime) -> NewAgent:
    """Another password, second factor and recovery codes, for who lost theirs; the old ones and every session end. Raises NoSuchAgent."""
    password, secret = passphrase(), pyotp.random_base32(32)
    password_hash = await passwords.hash_password(password)
    async with database.transaction("system") as db:
        account = await _lock_agent(db, email)
        await _end_access(db, account, password_hash, now)
        codes = await _give_second_factor(db, settings, account, secret)
        await outbox.enqueue(
            db, settings, "password-changed", account.email, language=account.locale, account_id=account.id
        )
        await audit.record(db, "agent.recovered", actor=None, account_id=account.id)
        return _shown(settings, account.email, password, secret, codes)


async def close_agent(database: Database, email: str, now: datetime) -> None:
    """Never again, from the next request on. The name stays beside what they did; the address is free. Raises NoSuchAgent."""
    unusable = await passwords.hash_password(system_secrets.token_urlsafe(32))
    async with database.transaction("system") as db:
        account = await _lock_agent(db, email)
        await _end_access(db, account, unusable, now)
        account.email = account.email_key = f"closed-{account.id}@invalid"
        account.activated_at, account.closed_at = None, now
        await db.flush()
        await queries.bump_rights(db, account.id)
        await audit.record(db, "agent.closed", actor=None, account_id=account.id)


async def _end_access(db: AsyncSession, account: Account, password_hash: str, now: datetime) -> None:
    """Nothing that opened the account before opens it any longer."""
    account.password_hash = password_hash
    await db.flush()
    for table in ("proof", "second_factor", "recovery_code", "passkey"):
        await db.execute(text(f"DELETE FROM {table} WHERE account_id = :id"), {"id": account.id})  # noqa: S608 - constants
    await queries.end_other_sessions(db, account.id, now)


async def _refuse_unknown_role(db: AsyncSession, role: str) -> None:
    kinds = {one.slug: one.is_agent for one in await db.scalars(select(Role))}
    if not kinds.get(role):
        agents = ", ".join(slug for slug, is_agent in kinds.items() if is_agent)
        raise AgentExists(f"Le rôle « {role} » n'existe pas. Rôles d'agents : {agents}.")


async def _give_second_factor(db: AsyncSession, settings: Settings, account: Account, secret: str) -> list[str]:
    """The recovery codes that go with it."""
    sealed = secrets.encrypt(settings.secrets.encryption_keys, secret)
    db.add(SecondFactor(account_id=account.id, secret=sealed, last_step=0))
    return await second_factors.renew_recovery_codes(db, account.id)


def _shown(settings: Settings, email: str, password: str, secret: str, codes: list[str]) -> NewAgent:
    uri = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"Foyer {settings.town}")
    return NewAgent(email=email, password=password, totp_secret=secret, totp_uri=uri, recovery_codes=codes)


async def add_agent(
    database: Database, settings: Settings, *, email: str, first_name: str, last_name: str, role: str, now: datetime
) -> NewAgent:
    """Make an agent's account. Raises AgentExists, also for a role that is not an agent's."""
    password, secret = passphrase(), pyotp.random_base32(32)
    password_hash = await passwords.hash_password(password)
    async with database.transaction("system") as db:
        await _refuse_unknown_role(db, role)
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
        codes = await _give_second_factor(db, settings, account, secret)
        await audit.record(db, "agent.added", actor=None, account_id=account.id, role=role)
    return _shown(settings, email, password, secret, codes)
