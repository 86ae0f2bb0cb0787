"""Decisions about accounts. No answer ever tells whether an address is known."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries
from api.accounts.models import Account, Proof, Purpose
from api.accounts.schemas import AccountCreate, ProfileUpdate
from api.audit import service as audit
from api.core import etags
from api.core.database import Database, as_system
from api.core.errors import FieldRefused, InvalidField, Problem
from api.core.settings import Settings
from api.outbox import service as outbox
from api.security import limits, passwords, secrets

ACTIVATION_LASTS, RESET_LASTS = timedelta(hours=24), timedelta(hours=1)


class LinkSpent(Problem):
    """The link was used, replaced by a newer one, or is too old."""

    status, code, title = 410, "link-spent", "This link is no longer good"
    fr = "Ce lien a déjà servi, ou il est trop ancien. Demandez-en un nouveau."
    en = "This link was used already, or is too old. Ask for a new one."


class WrongPassword(InvalidField):
    """The present password is not right."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__(
            "/current_password",
            "wrong-password",
            "Ce n'est pas votre mot de passe actuel.",
            "This is not your present password.",
        )


class PasswordNeeded(InvalidField):
    """The password is asked for again before what matters."""

    def __init__(self) -> None:
        super().__init__(
            "/current_password",
            "missing",
            "Pour changer de téléphone, saisissez votre mot de passe actuel.",
            "To change your phone, type your present password.",
        )


async def refuse_easy_password(password: str, settings: Settings, *own_words: str) -> None:
    """Raises InvalidField at /password, with what would be better."""
    words = [
        part
        for word in own_words
        for part in (word, *word.replace("@", " ").replace(".", " ").replace("-", " ").split())
    ]
    try:
        await passwords.check(password, [*words, settings.town, "foyer", "enfance", "espace", "citoyens"])
    except FieldRefused as refused:
        raise InvalidField("/password", refused.code, refused.fr, refused.en) from None


async def sign_up(
    database: Database, settings: Settings, new: AccountCreate, language: str, network: str, now: datetime
) -> None:
    """Open an account that waits for its activation. A known address gets a mail that says so, the caller the same answer."""
    await refuse_easy_password(new.password, settings, new.email, new.first_name, new.last_name)
    await limits.count_or_refuse(
        database, now, secrets.keyed(settings.secrets.token_pepper, "sign-up", network), limits.SIGN_UP_NETWORK
    )
    password_hash = await passwords.hash_password(new.password)
    may_mail = await _may_mail(database, settings, "activation", new.email, now)
    facts = new.model_dump(exclude={"password", "locale"}) | {
        "password_hash": password_hash,
        "locale": new.locale or language,
    }
    async with database.transaction("auth") as db:
        key = queries.email_key(new.email)
        created = await db.scalar(
            upsert(Account)
            .values(facts | {"email_key": key})
            .on_conflict_do_nothing(index_elements=["email_key"])
            .returning(Account.id)
        )
        if not may_mail:
            return
        if created:
            await _send_activation(db, settings, created, new.email, facts["locale"], now)
            return
        account = await queries.by_email(db, new.email)
        if account is None:
            return
        if account.activated_at:
            await outbox.enqueue(
                db, settings, "account-exists", account.email, language=account.locale, account_id=account.id
            )
        else:
            # Never activated: the newest sign-up counts, and its link replaces the one before.
            await db.execute(
                update(Account).where(Account.id == account.id).values(facts | {"version": account.version + 1})
            )
            await _send_activation(db, settings, account.id, account.email, facts["locale"], now)


async def resend_activation(database: Database, settings: Settings, email: str, now: datetime) -> None:
    """A new activation link, if the address has an account that waits for one."""
    if not await _may_mail(database, settings, "activation", email, now):
        return
    async with database.transaction("auth") as db:
        account = await queries.by_email(db, email)
        if account and account.activated_at is None:
            await _send_activation(db, settings, account.id, account.email, account.locale, now)


async def activate(db: AsyncSession, token: str, now: datetime) -> None:
    """Open the account; raises LinkSpent."""
    proof = await queries.spend_proof(db, Purpose.ACTIVATION, secrets.hash_token(token), now)
    if proof is None:
        raise LinkSpent
    account = await queries.lock(db, proof.account_id)
    account.activated_at = account.activated_at or now
    await audit.record(db, "account.activated", actor=account.id, account_id=account.id)


async def request_reset(database: Database, settings: Settings, email: str, now: datetime) -> None:
    """A link to choose a new password, if the address has an account. One that was never activated is activated by it."""
    if not await _may_mail(database, settings, "reset", email, now):
        return
    async with database.transaction("auth") as db:
        account = await queries.by_email(db, email)
        if account:
            token = await new_proof(db, account.id, Purpose.PASSWORD_RESET, now + RESET_LASTS)
            await outbox.enqueue(
                db,
                settings,
                "password-reset",
                account.email,
                language=account.locale,
                account_id=account.id,
                secret={"token": token},
                expires_at=now + RESET_LASTS,
            )


async def reset_password(db: AsyncSession, settings: Settings, token: str, password: str, now: datetime) -> None:
    """Set the password of a link's account and end all its sessions; raises LinkSpent, InvalidField."""
    proof = await queries.spend_proof(db, Purpose.PASSWORD_RESET, secrets.hash_token(token), now)
    if proof is None:
        raise LinkSpent
    account = await queries.lock(db, proof.account_id)
    # A refusal rolls the spending back: the link stays good for a better password.
    await refuse_easy_password(password, settings, account.email, account.first_name, account.last_name)
    account.activated_at = account.activated_at or now  # the mailbox is proved
    await _set_password(db, settings, account, password, now)


async def prove_password(
    db: AsyncSession, database: Database, settings: Settings, account_id: UUID, current: str, now: datetime
) -> Account:
    """One's own account, locked, for who knows its password; raises WrongPassword, TooManyRequests."""
    bucket = secrets.keyed(settings.secrets.token_pepper, "password-again", str(account_id))
    await limits.refuse_blocked(database, now, bucket)
    account = await queries.lock(db, account_id)
    if not await passwords.verify(current, account.password_hash):
        await limits.count(database, now, bucket, limits.PASSWORD_AGAIN)
        raise WrongPassword
    await limits.clear(database, now, bucket)
    return account


async def change_password(
    db: AsyncSession, settings: Settings, account: Account, session_id: UUID, password: str, now: datetime
) -> None:
    """Change a password that was proved and end every other session; raises InvalidField."""
    await refuse_easy_password(password, settings, account.email, account.first_name, account.last_name)
    await _set_password(db, settings, account, password, now, but=session_id)


async def ask_email_change(
    db: AsyncSession, database: Database, settings: Settings, account: Account, email: str, now: datetime
) -> None:
    """Write to the new address, and tell the present one. An address that has an account is only told that it has one."""
    if not await _may_mail(database, settings, "email-change", str(account.id), now):
        return
    token = await new_proof(db, account.id, Purpose.EMAIL_CHANGE, now + ACTIVATION_LASTS, email=email)
    async with as_system(db):  # whose address it is, the caller may not know
        taken = await queries.by_email(db, email)
    if taken is None:
        await outbox.enqueue(
            db,
            settings,
            "email-change",
            email,
            language=account.locale,
            account_id=account.id,
            secret={"token": token},
            expires_at=now + ACTIVATION_LASTS,
        )
    elif taken.id != account.id:
        await outbox.enqueue(db, settings, "account-exists", taken.email, language=taken.locale, account_id=taken.id)
    await outbox.enqueue(
        db, settings, "email-change-asked", account.email, language=account.locale, account_id=account.id
    )
    await audit.record(db, "account.email_change_asked", actor=account.id, account_id=account.id)


async def confirm_email_change(db: AsyncSession, settings: Settings, token: str, now: datetime) -> None:
    """The new address is proved: it signs in from now on, and the old one is told. Raises LinkSpent."""
    proof = await queries.spend_proof(db, Purpose.EMAIL_CHANGE, secrets.hash_token(token), now)
    if proof is None or await queries.by_email(db, proof.data["email"]):
        raise LinkSpent
    account = await queries.lock(db, proof.account_id)
    await outbox.enqueue(db, settings, "email-changed", account.email, language=account.locale, account_id=account.id)
    await queries.drop_proofs(db, account.id, now, Purpose.PASSWORD_RESET)  # what went to the old mailbox
    account.email, account.email_key = proof.data["email"], queries.email_key(proof.data["email"])
    try:
        await db.flush()
    except IntegrityError as error:  # another account proved the same address in this very moment
        raise LinkSpent from error
    await audit.record(db, "account.email_changed", actor=account.id, account_id=account.id)


async def update_profile(
    db: AsyncSession,
    database: Database,
    settings: Settings,
    account_id: UUID,
    changes: ProfileUpdate,
    if_match: str | None,
    now: datetime,
) -> Account:
    """Change one's own details; raises Stale, PreconditionRequired, and PasswordNeeded or WrongPassword for another phone."""
    account = await queries.lock(db, account_id)
    etags.check(account, if_match)
    values = changes.model_dump(exclude_unset=True, exclude={"current_password"})
    if account.phone and values.get("phone", account.phone) != account.phone:
        if changes.current_password is None:
            raise PasswordNeeded
        await prove_password(db, database, settings, account_id, changes.current_password, now)
        await outbox.enqueue(
            db, settings, "phone-changed", account.email, language=account.locale, account_id=account_id
        )
    for name, value in values.items():
        setattr(account, name, value)
    await db.flush()
    await audit.record(db, "account.changed", actor=account_id, account_id=account_id, fields=" ".join(sorted(values)))
    return account


async def _set_password(
    db: AsyncSession, settings: Settings, account: Account, password: str, now: datetime, but: UUID | None = None
) -> None:
    account.password_hash = await passwords.hash_password(password)
    # Whoever knew the password before may have asked for another address, or for a link.
    await queries.drop_proofs(db, account.id, now, Purpose.EMAIL_CHANGE, Purpose.PASSWORD_RESET)
    await queries.end_other_sessions(db, account.id, now, but)
    await outbox.enqueue(
        db, settings, "password-changed", account.email, language=account.locale, account_id=account.id
    )
    await audit.record(db, "account.password_changed", actor=account.id, account_id=account.id)


async def _may_mail(database: Database, settings: Settings, kind: str, email: str, now: datetime) -> bool:
    """Once a minute and five times a day for an address and kind, known or not; past it nothing is sent, and nothing is said."""
    pepper, key = settings.secrets.token_pepper, queries.email_key(email)
    minute = await limits.count(database, now, secrets.keyed(pepper, "mail-minute", kind, key), limits.MAIL_A_MINUTE)
    if minute > limits.MAIL_A_MINUTE.count:
        return False
    day = await limits.count(database, now, secrets.keyed(pepper, "mail-day", kind, key), limits.MAIL_A_DAY)
    return day <= limits.MAIL_A_DAY.count


async def _send_activation(
    db: AsyncSession, settings: Settings, account_id: UUID, email: str, locale: str, now: datetime
) -> None:
    token = await new_proof(db, account_id, Purpose.ACTIVATION, now + ACTIVATION_LASTS)
    await outbox.enqueue(
        db,
        settings,
        "activation",
        email,
        language=locale,
        account_id=account_id,
        secret={"token": token},
        expires_at=now + ACTIVATION_LASTS,
    )


async def new_proof(db: AsyncSession, account_id: UUID, purpose: Purpose, expires_at: datetime, **data: str) -> str:
    """A new link; those of the same kind before it are no longer good."""
    await queries.drop_proofs(db, account_id, expires_at, purpose)
    token = secrets.new_token()
    await db.execute(
        insert(Proof).values(
            purpose=purpose,
            token_hash=secrets.hash_token(token),
            account_id=account_id,
            expires_at=expires_at,
            data=data,
        )
    )
    return token
