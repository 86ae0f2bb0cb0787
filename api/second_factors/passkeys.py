"""The ceremonies of WebAuthn level 3: making a passkey, and answering with one.

Its library takes a tenth of a second to load, for what few ask: who needs it imports this module then (api/app.py loads it once
the portal answers).
"""

import base64
import hmac
import secrets as system_secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import webauthn
from sqlalchemy.ext.asyncio import AsyncSession
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from api.accounts.models import Account
from api.core.database import Database
from api.core.settings import Settings
from api.second_factors import queries, service
from api.second_factors.models import Passkey
from api.security import limits, secrets

CHALLENGE_LASTS = timedelta(minutes=5)


def creation_options(settings: Settings, account: Account, present: list[Passkey], now: datetime) -> dict[str, Any]:
    """What the browser needs to make a passkey: one that proves its holder, and that can be found without an address."""
    options = webauthn.generate_registration_options(
        rp_id=_host(settings),
        rp_name=f"Espace citoyens, {settings.town}",
        user_id=account.id.bytes,
        user_name=account.email,
        user_display_name=f"{account.first_name} {account.last_name}",
        challenge=_new_challenge(settings, str(account.id), now),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=p.credential_id) for p in present],
    )
    return dict(orjson.loads(webauthn.options_to_json(options)))


async def keep(
    db: AsyncSession,
    database: Database,
    settings: Settings,
    account: Account,
    credential: dict[str, Any],
    name: str,
    now: datetime,
) -> Passkey:
    """Keep the public half of a new passkey. Raises PasskeyRefused."""
    challenge = await _spend_challenge(database, settings, credential, str(account.id), now)
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(settings),
            expected_origin=settings.address,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise service.PasskeyRefused from None
    passkey = Passkey(
        account_id=account.id,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        name=name,
    )
    db.add(passkey)
    await db.flush()
    await service.tell(db, settings, account, "passkey-added")
    return passkey


def request_options(settings: Settings, now: datetime) -> dict[str, Any]:
    """What the browser needs to present a passkey; the same for everybody."""
    options = webauthn.generate_authentication_options(
        rp_id=_host(settings),
        challenge=_new_challenge(settings, "", now),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(orjson.loads(webauthn.options_to_json(options)))


async def check(
    db: AsyncSession, database: Database, settings: Settings, credential: dict[str, Any], now: datetime
) -> UUID:
    """The account whose passkey answered the challenge. Raises PasskeyRefused."""
    challenge = await _spend_challenge(database, settings, credential, "", now)
    try:
        presented = webauthn.base64url_to_bytes(str(credential["id"]))
        passkey = await queries.presented_passkey(db, presented)
        if passkey is None:
            raise service.PasskeyRefused
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(settings),
            expected_origin=settings.address,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise service.PasskeyRefused from None
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, now
    return passkey.account_id


def _host(settings: Settings) -> str:
    return urlsplit(settings.address).hostname or "localhost"


def _new_challenge(settings: Settings, whom: str, now: datetime) -> bytes:
    """Random bytes with their end and a seal: only we can make one, and nothing is stored for those who never answer."""
    open_part = system_secrets.token_bytes(24) + int((now + CHALLENGE_LASTS).timestamp()).to_bytes(8)
    return open_part + _seal(settings, open_part, whom)


def _seal(settings: Settings, open_part: bytes, whom: str) -> bytes:
    return secrets.keyed(settings.secrets.token_pepper, "passkey", open_part.hex(), whom)


async def _spend_challenge(
    database: Database, settings: Settings, credential: dict[str, Any], whom: str, now: datetime
) -> bytes:
    """The challenge that the browser says it answers, if it is ours, in time, and answered for the first time."""
    try:
        said = orjson.loads(webauthn.base64url_to_bytes(credential["response"]["clientDataJSON"]))
        challenge: bytes = base64.urlsafe_b64decode(said["challenge"] + "==")
    except (ValueError, KeyError, TypeError):
        raise service.PasskeyRefused from None
    open_part, seal = challenge[:32], challenge[32:]
    late = int.from_bytes(open_part[24:]) < now.timestamp()
    if late or not hmac.compare_digest(seal, _seal(settings, open_part, whom)):
        raise service.PasskeyRefused
    used = secrets.keyed(settings.secrets.token_pepper, "passkey-used", challenge.hex())
    if await limits.count(database, now, used, limits.PASSKEY_CHALLENGE) > 1:
        raise service.PasskeyRefused
    return challenge
