"""Switching second factors on and off, and checking them. Every change is told to the person's mailbox."""

import hmac
import secrets as system_secrets
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import pyotp
import segno
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts.models import PARENT, Account
from api.audit import service as audit
from api.core.errors import InvalidField, Problem
from api.core.settings import Settings
from api.outbox import service as outbox
from api.second_factors import queries
from api.second_factors.models import SecondFactor
from api.second_factors.schemas import TotpSetup
from api.security import secrets

TOTP_PERIOD = 30  # seconds (RFC 6238)
RECOVERY_CODES = 10
SETUP_LASTS = timedelta(minutes=15)


class WrongFirstCode(InvalidField):
    """The authenticator's first code is not right."""

    def __init__(self) -> None:
        super().__init__(
            "/code",
            "wrong-code",
            "Ce code n'est pas le bon. Vérifiez l'heure du téléphone, puis saisissez le code suivant.",
            "This code is not right. Check the phone's clock, then type the next code.",
        )


class SetupPassed(Problem):
    """The setup was begun too long ago, or by another account."""

    status, code, title = 410, "setup-passed", "Begin again"
    fr = "Cette mise en place est trop ancienne. Recommencez."
    en = "This setup is too old. Begin again."


class AgentsKeepIt(Problem):
    """Agents must have a second factor."""

    status, code, title = 409, "second-factor-compulsory", "Agents keep their second factor"
    fr = "Les agents gardent leur double vérification. Vous pouvez en changer l'application."
    en = "Agents keep two-step sign-in. You may change the application."


class PasskeyRefused(Problem):
    """The passkey is unknown, was answered too late, or does not fit."""

    status, code, title = 401, "passkey-refused", "Not recognised"
    fr = "Cette clé d'accès n'est pas reconnue. Connectez-vous avec votre mot de passe."
    en = "This passkey is not recognised. Sign in with your password."


def begin_totp(settings: Settings, account: Account, now: datetime) -> TotpSetup:
    """A new secret; it is kept by the caller, encrypted, until its first code proves that an authenticator has it."""
    secret = pyotp.random_base32(32)
    kept = {"account": str(account.id), "secret": secret, "until": (now + SETUP_LASTS).timestamp()}
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=f"Foyer {settings.town}")
    setup = secrets.encrypt(settings.secrets.encryption_keys, orjson.dumps(kept).decode())
    return TotpSetup(setup=setup, secret=secret, uri=uri, qr=segno.make(uri, error="m").svg_data_uri(scale=5, border=4))


async def confirm_totp(
    db: AsyncSession, settings: Settings, account: Account, setup: str, code: str, now: datetime
) -> list[str]:
    """Switch the TOTP on with its first code; the recovery codes, shown once. Raises SetupPassed, WrongFirstCode."""
    kept = orjson.loads(secrets.decrypt(settings.secrets.encryption_keys, setup) or "{}")
    if kept.get("account") != str(account.id) or kept["until"] < now.timestamp():
        raise SetupPassed
    step = _matching_step(kept["secret"], code, 0, now)
    if step is None:
        raise WrongFirstCode
    factor = await queries.factor(db, account.id)
    if factor is None:
        factor = SecondFactor(account_id=account.id)
        db.add(factor)
    factor.secret, factor.last_step = secrets.encrypt(settings.secrets.encryption_keys, kept["secret"]), step
    codes = await renew_recovery_codes(db, account.id)
    await tell(db, settings, account, "second-factor-on")
    return codes


async def remove_totp(db: AsyncSession, settings: Settings, account: Account) -> None:
    """Switch the TOTP off, and its recovery codes with it. Raises AgentsKeepIt."""
    if account.role != PARENT:
        raise AgentsKeepIt
    if factor := await queries.factor(db, account.id):
        await db.delete(factor)
        await queries.replace_recovery_codes(db, account.id, [])
        await tell(db, settings, account, "second-factor-off")


async def renew_recovery_codes(db: AsyncSession, account_id: UUID) -> list[str]:
    """Ten new codes of 48 bits; those before them are no longer good."""
    codes = ["-".join(system_secrets.token_hex(2).upper() for _ in range(3)) for _ in range(RECOVERY_CODES)]
    await queries.replace_recovery_codes(db, account_id, [secrets.hash_token(c.replace("-", "")) for c in codes])
    return codes


async def tell_new_codes(db: AsyncSession, settings: Settings, account: Account) -> None:
    """The mailbox is told of new recovery codes."""
    await tell(db, settings, account, "recovery-codes-new")


async def spend_code(db: AsyncSession, settings: Settings, account_id: UUID, code: str, now: datetime) -> bool:
    """Whether the code is good, and use it up: a TOTP step once (RFC 6238, 5.2), a recovery code once."""
    factor = await queries.factor(db, account_id)
    secret = secrets.decrypt(settings.secrets.encryption_keys, factor.secret) if factor else None
    if factor and secret and (step := _matching_step(secret, code, factor.last_step, now)):
        factor.last_step = step
        return True
    return await queries.spend_recovery_code(db, account_id, secrets.hash_token(_digits(code)), now)


async def remove_passkey(db: AsyncSession, settings: Settings, account: Account, passkey_id: UUID) -> None:
    """A device no longer signs in without a password. Raises NotFound."""
    await db.delete(await queries.own_passkey(db, account.id, passkey_id))
    await tell(db, settings, account, "passkey-removed")


def _matching_step(secret: str, code: str, last_step: int, now: datetime) -> int | None:
    """The step (30 s of Unix time) of a right code that is newer than the last one used; one step late or early is taken."""
    step = int(now.timestamp()) // TOTP_PERIOD
    for candidate in (step, step - 1, step + 1):
        if candidate > last_step and hmac.compare_digest(
            pyotp.TOTP(secret).at(candidate * TOTP_PERIOD).encode(), _digits(code).encode()
        ):
            return candidate
    return None


def _digits(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()


async def tell(db: AsyncSession, settings: Settings, account: Account, template: str) -> None:
    """The mailbox and the audit are told of a change."""
    await outbox.enqueue(db, settings, template, account.email, language=account.locale, account_id=account.id)
    await audit.record(db, f"account.{template.replace('-', '_')}", actor=account.id, account_id=account.id)
