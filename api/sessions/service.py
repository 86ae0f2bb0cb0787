"""Signing in: one duration and one answer for an unknown address and a wrong password."""

import hmac
import secrets as system_secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries as accounts
from api.accounts.models import PARENT, Account, Proof, Purpose
from api.audit import service as audit
from api.core.database import Database
from api.core.errors import Problem
from api.core.settings import Settings
from api.second_factors import service as second_factors
from api.second_factors.models import SecondFactor
from api.security import limits, passwords, secrets
from api.security.principal import NotSignedIn
from api.security.tokens import LIFETIME, Claims, Tokens
from api.sessions import queries
from api.sessions.models import GRACE, Client, Session
from api.sessions.schemas import SessionCreate, TokenRead

PARENT_LASTS, PARENT_IDLE = timedelta(days=30), timedelta(days=14)
AGENT_LASTS, AGENT_IDLE = timedelta(hours=12), timedelta(minutes=30)
CHALLENGE_LASTS = timedelta(minutes=5)


class WrongCredentials(Problem):
    """The address or the password is not right."""

    status, code, title = 401, "wrong-credentials", "Not recognised"
    fr = (
        "L'adresse mail ou le mot de passe n'est pas reconnu. Vérifiez les deux, ou choisissez « Mot de passe oublié »."
    )
    en = "The mail address or the password is not recognised. Check both, or choose “Forgotten password”."


class NotActivated(Problem):
    """The password is right, but the account waits for its activation."""

    status, code, title = 403, "not-activated", "Not activated yet"
    fr = "Votre compte n'est pas encore activé. Ouvrez le mail « Activez votre compte », ou demandez-en un autre."
    en = "Your account is not activated yet. Open the mail “Activate your account”, or ask for another."


class SecondFactorNeeded(Problem):
    """An agent's account has no second factor yet."""

    status, code, title = 403, "second-factor-needed", "A second factor is needed"
    fr = "Les comptes d'agents demandent un second facteur. Demandez à l'administrateur de l'activer."
    en = "Agents' accounts need a second factor. Ask the administrator to set it up."


class WrongCode(Problem):
    """The code is not right, was used already, or the challenge has passed."""

    status, code, title = 401, "wrong-code", "Not recognised"
    fr = "Ce code n'est pas reconnu. Attendez le code suivant et saisissez ses 6 chiffres."
    en = "This code is not recognised. Wait for the next one and type its 6 digits."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with its two tokens; `device` recognises the browser next time."""

    account_id: UUID
    client: Client
    access: TokenRead
    refresh_token: str
    lasts: timedelta
    device: str


@dataclass(frozen=True, slots=True)
class Challenged:
    """The password was right; the second factor is asked for."""

    challenge: str


def device_mark(settings: Settings, account_id: UUID, device: str) -> str:
    """A cookie that says: this device signed in to this account before. Only we can make it."""
    return (
        f"{device}.{secrets.urlsafe(secrets.keyed(settings.secrets.token_pepper, 'device', device, str(account_id)))}"
    )


def _is_known_device(settings: Settings, account_id: UUID, mark: str) -> bool:
    return hmac.compare_digest(mark.encode(), device_mark(settings, account_id, mark.partition(".")[0]).encode())


async def sign_in(
    database: Database,
    settings: Settings,
    tokens: Tokens,
    body: SessionCreate,
    *,
    network: str,
    device: str,
    mark: str,
    now: datetime,
) -> SignedIn | Challenged:
    """Check the password; no database connection is held while it is hashed.

    Raises WrongCredentials, NotActivated, SecondFactorNeeded, TooManyRequests.
    """
    pepper = settings.secrets.token_pepper
    async with database.transaction("auth") as db:
        account = await accounts.by_email(db, body.email)
        # Asked for an unknown address too: the same statements, the same time.
        factor = await db.get(SecondFactor, account.id if account else UUID(int=0))
    # A device that signed in before counts by itself, so that nobody else can lock its owner out.
    known = account is not None and bool(mark) and _is_known_device(settings, account.id, mark)
    bucket = (
        secrets.keyed(pepper, "sign-in-device", mark)
        if known
        else secrets.keyed(pepper, "sign-in", accounts.email_key(body.email))
    )
    net_bucket = secrets.keyed(pepper, "sign-in-network", network)
    await limits.refuse_blocked(database, now, bucket, net_bucket)
    if not await passwords.verify(body.password, account.password_hash if account else None):
        failures = await limits.count(database, now, bucket, limits.SIGN_IN)
        await limits.count(database, now, net_bucket, limits.SIGN_IN_NETWORK)
        if failures > limits.SIGN_IN.count:
            await limits.refuse_blocked(database, now, bucket)
        raise WrongCredentials
    assert account is not None  # noqa: S101 - verify() is false without a stored hash
    await limits.clear(database, now, bucket)
    if account.activated_at is None:
        raise NotActivated
    new_hash = await passwords.hash_password(body.password) if passwords.needs_rehash(account.password_hash) else None
    async with database.transaction("auth") as db:
        if new_hash:
            await db.execute(
                update(Account).where(Account.id == account.id).values(password_hash=new_hash, version=Account.version)
            )
        if factor:
            return Challenged(await _challenge(db, account.id, body.client, now))
        if account.role != PARENT:
            raise SecondFactorNeeded
        return await _open(db, settings, tokens, account, body.client, device, now)


async def pass_second_factor(
    database: Database, settings: Settings, tokens: Tokens, challenge: str, code: str, *, device: str, now: datetime
) -> SignedIn:
    """Finish signing in with a TOTP code, each good once, or a recovery code; raises WrongCode, TooManyRequests."""
    async with database.transaction("auth") as db:
        asked = await db.scalar(
            select(Proof).where(
                Proof.token_hash == secrets.hash_token(challenge),
                Proof.purpose == Purpose.SECOND_FACTOR,
                Proof.used_at.is_(None),
                Proof.expires_at > now,
            )
        )
    if asked is None:
        raise WrongCode
    bucket = secrets.keyed(settings.secrets.token_pepper, "second-factor", str(asked.account_id))
    await limits.refuse_blocked(database, now, bucket)
    async with database.transaction("auth") as db:
        if await second_factors.spend_code(db, settings, asked.account_id, code, now):
            await limits.clear(database, now, bucket)
            await accounts.spend_proof(db, Purpose.SECOND_FACTOR, asked.token_hash, now)
            account = await accounts.lock(db, asked.account_id)
            return await _open(db, settings, tokens, account, Client(asked.data["client"]), device, now)
    await limits.count(database, now, bucket, limits.SECOND_FACTOR)
    raise WrongCode


async def pass_passkey(
    database: Database,
    settings: Settings,
    tokens: Tokens,
    credential: dict[str, Any],
    client: Client,
    *,
    device: str,
    now: datetime,
) -> SignedIn:
    """Sign in with a passkey: the device has checked its holder, which is both factors at once. Raises PasskeyRefused."""
    from api.second_factors import passkeys

    async with database.transaction("auth") as db:
        account_id = await passkeys.check(db, database, settings, credential, now)
        account = await accounts.lock(db, account_id)
        return await _open(db, settings, tokens, account, client, device, now)


async def refresh(database: Database, settings: Settings, tokens: Tokens, presented: str, now: datetime) -> SignedIn:
    """The successor of a refresh token. A spent one ends the session; within 10 s it gives the same successor again.

    Raises NotSignedIn.
    """
    session_id, generation, proof = _parse(presented)
    async with database.transaction("auth") as db:
        session = await queries.lock_presented(db, session_id)
        if session is None or not hmac.compare_digest(proof, _refresh_proof(settings, session, generation)):
            raise NotSignedIn
        over = session.is_over(now)
        if not over and generation == session.generation:
            session.generation += 1
            session.rotated_at = now
        elif not over and not (generation == session.generation - 1 and now - session.rotated_at <= GRACE):
            session.ended_at = now
            await audit.record(db, "session.refresh_reused", actor=session.account_id, account_id=session.account_id)
            over = True
        if not over:
            account = await accounts.lock(db, session.account_id)
            access = await _access(db, tokens, account, session, now)
            return SignedIn(
                account.id, session.client, access, _refresh_token(settings, session), session.expires_at - now, ""
            )
    raise NotSignedIn


async def end(db: AsyncSession, account_id: UUID, session_id: UUID, now: datetime) -> None:
    """Sign a device out; raises NotFound when it is not one's own."""
    session = await queries.lock(db, account_id, session_id)
    session.ended_at = session.ended_at or now


async def fresh_access(
    db: AsyncSession, tokens: Tokens, account_id: UUID, session_id: UUID, now: datetime
) -> TokenRead:
    """An access token with the rights as they are now, for the present session."""
    account = await accounts.lock(db, account_id)
    await db.refresh(account)
    return await _access(db, tokens, account, await queries.lock(db, account_id, session_id), now)


async def _challenge(db: AsyncSession, account_id: UUID, client: Client, now: datetime) -> str:
    token = secrets.new_token()
    await db.execute(
        insert(Proof).values(
            purpose=Purpose.SECOND_FACTOR,
            token_hash=secrets.hash_token(token),
            account_id=account_id,
            expires_at=now + CHALLENGE_LASTS,
            data={"client": client.value},
        )
    )
    return token


async def _open(
    db: AsyncSession, settings: Settings, tokens: Tokens, account: Account, client: Client, device: str, now: datetime
) -> SignedIn:
    lasts, idle = (PARENT_LASTS, PARENT_IDLE) if account.role == PARENT else (AGENT_LASTS, AGENT_IDLE)
    session = Session(
        account_id=account.id,
        client=client,
        device=device,
        seed=system_secrets.token_bytes(32),
        generation=0,
        rotated_at=now,
        idle_seconds=int(idle.total_seconds()),
        expires_at=now + lasts,
    )
    db.add(session)
    await db.flush()
    await audit.record(db, "session.opened", actor=account.id, account_id=account.id)
    access = await _access(db, tokens, account, session, now)
    mark = device_mark(settings, account.id, secrets.new_token())
    return SignedIn(account.id, client, access, _refresh_token(settings, session), lasts, mark)


async def _access(db: AsyncSession, tokens: Tokens, account: Account, session: Session, now: datetime) -> TokenRead:
    scopes = await accounts.scopes(db, account.id)
    claims = Claims(account.id, session.id, account.authorization_version, scopes, 0)
    token = tokens.issue(claims, session.client.value, int(now.timestamp()))
    return TokenRead(access_token=token, expires_in=LIFETIME, scope=" ".join(sorted(scopes)))


def _refresh_proof(settings: Settings, session: Session, generation: int) -> bytes:
    return secrets.urlsafe(
        secrets.keyed(settings.secrets.token_pepper, "refresh", session.seed.hex(), str(session.id), str(generation))
    ).encode()


def _refresh_token(settings: Settings, session: Session) -> str:
    """The session's present refresh token: only who knows the seed and the pepper can make it, or the one after it."""
    return f"{session.id.hex}.{session.generation}.{_refresh_proof(settings, session, session.generation).decode()}"


def _parse(presented: str) -> tuple[UUID, int, bytes]:
    try:
        session_id, generation, proof = presented.split(".")
        return UUID(session_id), int(generation), proof.encode()
    except ValueError:
        raise NotSignedIn from None
