"""Giving keys out and taking them in. The numbers are those of the security rules, "The service key"."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries as accounts
from api.accounts.models import Account, Proof, Purpose
from api.accounts.service import LinkSpent
from api.audit import service as audit
from api.core.database import Database, as_system
from api.core.errors import InvalidField, Problem
from api.core.settings import Settings
from api.families import queries as families
from api.families.models import Service, ServiceLink
from api.families.service import tell_holder
from api.outbox import service as outbox
from api.outbox.models import Channel
from api.security import limits, secrets
from api.security.passwords import in_pool
from api.service_keys import queries
from api.service_keys.models import LIFETIME_DAYS, MAX_WRONG_DATES, Delivery, ServiceKey
from api.service_keys.schemas import IssuedRead, KeyIssue

OBJECTION_LASTS = timedelta(days=7)
CHALLENGE_LASTS = timedelta(minutes=15)


class UnknownService(InvalidField):
    """No service has this name."""

    def __init__(self) -> None:
        super().__init__("/service", "unknown-service", "Ce service n'existe pas.", "This service does not exist.")


class KeyMistyped(InvalidField):
    """The check symbol does not fit: a typing error, which costs no attempt."""

    code = "key-mistyped"

    def __init__(self) -> None:
        super().__init__(
            "/key",
            "key-mistyped",
            "Il y a une faute de frappe. La clé compte 12 caractères, comme K7QM-2XDP-9RTF. Comparez-la au message, caractère par caractère.",
            "There is a typing error. The key has 12 characters, as K7QM-2XDP-9RTF. Compare it with the message, character by character.",
        )


class KeyNotAccepted(Problem):
    """Unknown, used, expired or revoked: the answer does not tell which."""

    status, code, title, commits = 422, "key-not-accepted", "The key is not accepted", True
    fr = "Cette clé n'est pas reconnue. Vérifiez les 12 caractères du message, ou demandez-en une autre."
    en = "This key is not recognised. Check the 12 characters of the message, or ask for another."


class WrongBirthDate(Problem):
    """No child of the file has this birth date; the third wrong one revokes the key."""

    status, code, title, commits = 422, "wrong-birth-date", "The date does not fit", True
    fr = "Cette date ne correspond à aucun enfant du dossier. Après trois erreurs, la clé ne pourra plus servir."
    en = "This date fits no child of the file. After three errors the key can no longer be used."


@dataclass(frozen=True, slots=True)
class Challenged:
    """The key is good, and asks for a second proof."""

    challenge: str


async def attach(
    db: AsyncSession,
    database: Database,
    settings: Settings,
    account_id: UUID,
    slug: str,
    typed: str,
    network: str,
    now: datetime,
) -> ServiceLink | Challenged:
    """Take a key in. Raises KeyMistyped, UnknownService, KeyNotAccepted, TooManyRequests."""
    key = secrets.read_service_key(typed)
    if key is None:
        raise KeyMistyped  # before any hash or counter
    service = await families.service_by_slug(db, slug)
    if service is None:
        raise UnknownService
    buckets = await _count_attempt(database, settings, account_id, network, now)
    key_hash = await in_pool(secrets.hash_service_key, key, settings.secrets.key_pepper)
    found = await queries.present(db, key_hash, service.id)
    reason = _why_refused(found, now)
    if found is None or reason:
        family = found.family_id if found else None
        await audit.record(
            db, "service_key.refused", actor=account_id, account_id=account_id, family_id=family, reason=reason
        )
        await _alert_town(db, database, settings, now)
        raise KeyNotAccepted
    await limits.forget(database, now, buckets)
    if found.asks_second_proof:
        token = secrets.new_token()
        found.challenge_hash, found.challenged_by, found.challenged_at = secrets.hash_token(token), account_id, now
        await db.flush()
        return Challenged(token)
    return await _accept(db, settings, account_id, found, service, now)


async def answer_challenge(
    db: AsyncSession, settings: Settings, account_id: UUID, challenge: str, born: date, now: datetime
) -> ServiceLink:
    """The second proof of a key that travelled on paper. Raises KeyNotAccepted, WrongBirthDate."""
    key = await queries.lock_challenged(db, account_id, secrets.hash_token(challenge))
    if key is None or _why_refused(key, now) or key.challenged_at is None or now - key.challenged_at > CHALLENGE_LASTS:
        raise KeyNotAccepted
    async with as_system(db):  # the children of a file that is not the caller's yet
        right = await queries.has_child_born(db, key.family_id, born)
        service = await db.get_one(Service, key.service_id)
    if not right:
        key.wrong_dates += 1
        await audit.record(
            db, "service_key.wrong_date", actor=account_id, account_id=account_id, family_id=key.family_id
        )
        if key.wrong_dates < MAX_WRONG_DATES:
            raise WrongBirthDate
        key.revoked_at = now
        raise KeyNotAccepted
    return await _accept(db, settings, account_id, key, service, now)


async def detach(db: AsyncSession, account_id: UUID, link_id: UUID, now: datetime) -> None:
    """Give one's key up: everything it opened is closed at the next request. Raises NotFound."""
    link = await families.lock_link(db, account_id, link_id)
    await _end_link(db, link, "detached", account_id, now)


async def object_to(db: AsyncSession, token: str, now: datetime) -> None:
    """« Ce n'est pas moi »: close the access that a notice told of. Raises LinkSpent."""
    proof = await accounts.spend_proof(db, Purpose.KEY_OBJECTION, secrets.hash_token(token), now)
    if proof is None:
        raise LinkSpent
    async with as_system(db):  # another person's link, named by the notice
        link = await db.get(ServiceLink, UUID(proof.data["link"]), with_for_update=True)
        if link is not None and link.ended_at is None:
            await _end_link(db, link, "objected", proof.account_id, now)


async def issue(db: AsyncSession, settings: Settings, agent_id: UUID, order: KeyIssue, now: datetime) -> IssuedRead:
    """Give a key to one adult; their key before it is dead. It travels to the contact on record only.

    Raises NotFound, and InvalidField at /deliver_by when the file has no such contact.
    """
    adult, private, family, service = await families.adult_for_agent(db, order.adult_id)
    to = {Delivery.SMS: private and private.phone, Delivery.EMAIL: private and private.email}.get(order.deliver_by)
    if order.deliver_by is not Delivery.COUNTER and not to:
        missing_fr, missing_en = (
            ("téléphone", "phone") if order.deliver_by is Delivery.SMS else ("adresse mail", "mail address")
        )
        raise InvalidField(
            "/deliver_by",
            "no-contact",
            f"Le dossier n'a pas de {missing_fr} pour cette personne. Choisissez une autre remise.",
            f"The file has no {missing_en} for this person. Choose another delivery.",
        )
    await queries.revoke_open(db, now, adult_id=adult.id)
    shown = secrets.new_service_key()
    symbols = shown.replace("-", "")
    expires_at = now + timedelta(days=LIFETIME_DAYS[order.deliver_by])
    key = ServiceKey(
        service_id=service.id,
        family_id=family.id,
        adult_id=adult.id,
        deliver_by=order.deliver_by,
        issued_by=agent_id,
        expires_at=expires_at,
        key_hash=await in_pool(secrets.hash_service_key, symbols, settings.secrets.key_pepper),
        last_symbols=symbols[-2:],
        wrong_dates=0,
    )
    db.add(key)
    await db.flush()
    if to:
        await outbox.enqueue(
            db,
            settings,
            "service-key",
            to,
            channel=Channel.SMS if order.deliver_by is Delivery.SMS else Channel.EMAIL,
            secret={"key": shown},
            expires_at=expires_at,
            service=service.name_fr,
            until=f"{expires_at.astimezone(settings.zone):%d/%m/%Y}",
        )
    await audit.record(
        db,
        "service_key.issued",
        actor=agent_id,
        family_id=family.id,
        key=str(key.id),
        deliver_by=order.deliver_by.value,
    )
    return IssuedRead(
        id=key.id,
        adult_id=adult.id,
        deliver_by=order.deliver_by,
        last_symbols=key.last_symbols,
        expires_at=expires_at,
        sent_to=_masked(to) if to else None,
        key=shown if order.deliver_by is Delivery.COUNTER else None,
    )


async def revoke(db: AsyncSession, settings: Settings, agent_id: UUID, key_id: UUID, now: datetime) -> None:
    """Kill an open key, and close what a used one has opened; a dead one stays as it is. Raises NotFound."""
    key = await queries.get_for_agent(db, key_id)
    if await queries.revoke_open(db, now, key_id=key.id):
        await audit.record(db, "service_key.revoked", actor=agent_id, family_id=key.family_id, key=str(key_id))
    elif link_id := await queries.opened_by(db, key.id):
        await close_access(db, settings, agent_id, link_id, now)


async def close_access(db: AsyncSession, settings: Settings, agent_id: UUID, link_id: UUID, now: datetime) -> None:
    """An agent takes an account out of a file: a key in the wrong hands, a judgment. Its holder is told. Raises NotFound."""
    async with as_system(db):  # an agent reads links; who is in a file is changed by keys, and here
        link = await families.lock_live_link(db, link_id)
    await _end_link(db, link, "closed", agent_id, now)
    await tell_holder(db, settings, "access-closed", link, await db.get_one(Service, link.service_id))


async def _accept(
    db: AsyncSession, settings: Settings, account_id: UUID, key: ServiceKey, service: Service, now: datetime
) -> ServiceLink:
    """One transaction: consume, link, rights, audit, and the notices to who is in the file already."""
    if not await queries.consume(db, key.id, account_id, now):
        raise KeyNotAccepted
    await db.execute(
        upsert(ServiceLink)
        .values(account_id=account_id, service_id=service.id, family_id=key.family_id, adult_id=key.adult_id)
        .on_conflict_do_nothing(index_elements=["account_id", "adult_id"], index_where=ServiceLink.ended_at.is_(None))
    )
    mine = (ServiceLink.account_id == account_id, ServiceLink.adult_id == key.adult_id, ServiceLink.ended_at.is_(None))
    link = (await db.scalars(select(ServiceLink).where(*mine))).one()
    await accounts.bump_rights(db, account_id)
    await audit.record(
        db,
        "service_key.attached",
        actor=account_id,
        account_id=account_id,
        family_id=key.family_id,
        key=str(key.id),
        service=service.slug,
    )
    await _notify_family(db, settings, link, service, now)
    return link


async def _notify_family(
    db: AsyncSession, settings: Settings, link: ServiceLink, service: Service, now: datetime
) -> None:
    """Tell every other adult whose account is in the file, with a link to object."""
    async with as_system(db):  # the others' accounts, to write to them; nothing of them goes to the caller
        for other in await families.links(db, link.family_id):
            if other.account_id == link.account_id:
                continue
            account = await db.get_one(Account, other.account_id)
            token = secrets.new_token()
            await db.execute(
                insert(Proof).values(
                    purpose=Purpose.KEY_OBJECTION,
                    token_hash=secrets.hash_token(token),
                    account_id=account.id,
                    expires_at=now + OBJECTION_LASTS,
                    data={"link": str(link.id)},
                )
            )
            await outbox.enqueue(
                db,
                settings,
                "service-key-attached",
                account.email,
                language=account.locale,
                account_id=account.id,
                secret={"token": token},
                expires_at=now + OBJECTION_LASTS,
                service=service.name_fr,
            )


async def _end_link(db: AsyncSession, link: ServiceLink, reason: str, actor: UUID, now: datetime) -> None:
    async with as_system(db):  # a link cannot be changed by its holder in any other way than this
        link.ended_at, link.end_reason = now, reason
        await db.flush()
        await accounts.bump_rights(db, link.account_id)
    await audit.record(db, f"service_key.{reason}", actor=actor, account_id=link.account_id, family_id=link.family_id)


def _why_refused(key: ServiceKey | None, now: datetime) -> str:
    """For the audit only."""
    if key is None:
        return "unknown"
    if key.used_at:
        return "spent"
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at <= now else ""


async def _count_attempt(
    database: Database, settings: Settings, account_id: UUID, network: str, now: datetime
) -> bytes:
    """Count before looking, in transactions of their own; the account's bucket, for a success to clear."""
    pepper = settings.secrets.token_pepper
    account = secrets.keyed(pepper, "key", str(account_id))
    await limits.count_or_refuse(database, now, account, limits.KEY_ACCOUNT)
    await limits.count_or_refuse(
        database, now, secrets.keyed(pepper, "key-day", str(account_id)), limits.KEY_ACCOUNT_DAY
    )
    await limits.count_or_refuse(database, now, secrets.keyed(pepper, "key-network", network), limits.KEY_NETWORK)
    await limits.count_or_refuse(database, now, secrets.keyed(pepper, "key-town"), limits.KEY_TOWN)
    return account


async def _alert_town(db: AsyncSession, database: Database, settings: Settings, now: datetime) -> None:
    """The town is told once an hour, when so many keys were refused that somebody may be guessing."""
    bucket = secrets.keyed(settings.secrets.token_pepper, "key-alert")
    if await limits.count(database, now, bucket, limits.KEY_ALERT) == limits.KEY_ALERT.count:
        await outbox.enqueue(db, settings, "keys-refused", settings.contact_email, number=str(limits.KEY_ALERT.count))


def _masked(contact: str) -> str:
    """Enough of a contact for an agent to recognise it."""
    name, at, domain = contact.partition("@")
    return f"{name[:2]}…{at}{domain}" if at else f"{contact[:4]}…{contact[-2:]}"
