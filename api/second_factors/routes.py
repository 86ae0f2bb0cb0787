"""One's own second factors. Switching one on or off asks for the password again."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from api.accounts import queries as accounts
from api.accounts import service as account_service
from api.core.clock import Now
from api.core.database import DatabaseDep, SessionDep, found
from api.core.errors import NotFound, TooManyRequests, answers, problems
from api.core.routing import router as new_router
from api.core.settings import SettingsDep
from api.second_factors import queries, service
from api.second_factors.schemas import (
    PasskeyCreate,
    PasskeyOptions,
    PasskeyRead,
    PasswordProof,
    RecoveryCodesRead,
    SecondFactorsRead,
    TotpConfirmation,
    TotpSetup,
)
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope

router = new_router("/me", tag="second-factors")
AccountReader = Annotated[Reader, Reads(Scope.ACCOUNT_READ)]
AccountWriter = Annotated[Principal, Requires(Scope.ACCOUNT_WRITE)]
PASSWORD_ASKED = problems(account_service.WrongPassword, TooManyRequests)


@router.get("/second-factors", responses=answers(200, SecondFactorsRead))
async def get_second_factors(caller: AccountReader) -> Response:
    """Which second factors are on."""
    return await caller.json(queries.ALL)


@router.post("/totp", status_code=201, responses=PASSWORD_ASKED)
async def begin_totp(
    body: PasswordProof, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> TotpSetup:
    """A secret for an authenticator. Nothing is on before `confirm_totp`."""
    account = await account_service.prove_password(
        db, database, settings, caller.account_id, body.current_password, now
    )
    return service.begin_totp(settings, account, now)


@router.post("/totp/confirmation", responses=problems(service.SetupPassed, service.WrongFirstCode))
async def confirm_totp(
    body: TotpConfirmation, db: SessionDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> RecoveryCodesRead:
    """Switch the authenticator on with its first code; the answer has the recovery codes, once."""
    account = await accounts.lock(db, caller.account_id)
    codes = await service.confirm_totp(db, settings, account, body.setup, body.code, now)
    return RecoveryCodesRead(recovery_codes=codes)


@router.post("/totp/removal", status_code=204, responses=PASSWORD_ASKED | problems(service.AgentsKeepIt))
async def remove_totp(
    body: PasswordProof, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> None:
    """Switch the authenticator off."""
    account = await account_service.prove_password(
        db, database, settings, caller.account_id, body.current_password, now
    )
    await service.remove_totp(db, settings, account)


@router.post("/recovery-codes", status_code=201, responses=PASSWORD_ASKED | problems(NotFound))
async def renew_recovery_codes(
    body: PasswordProof, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> RecoveryCodesRead:
    """Ten new recovery codes, shown once; the old ones no longer work."""
    account = await account_service.prove_password(
        db, database, settings, caller.account_id, body.current_password, now
    )
    found(await queries.factor(db, account.id))
    codes = await service.renew_recovery_codes(db, account.id)
    await service.tell_new_codes(db, settings, account)
    return RecoveryCodesRead(recovery_codes=codes)


@router.post("/passkeys/options", responses=PASSWORD_ASKED)
async def begin_passkey(
    body: PasswordProof, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> PasskeyOptions:
    """What the browser needs to make a passkey, good for 5 minutes and once."""
    account = await account_service.prove_password(
        db, database, settings, caller.account_id, body.current_password, now
    )
    present = await queries.passkeys(db, account.id)
    from api.second_factors import passkeys

    return PasskeyOptions(options=passkeys.creation_options(settings, account, present, now))


@router.post("/passkeys", status_code=201, responses=problems(service.PasskeyRefused))
async def add_passkey(
    body: PasskeyCreate, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> PasskeyRead:
    """Keep a passkey that the browser made."""
    account = await accounts.lock(db, caller.account_id)
    from api.second_factors import passkeys

    passkey = await passkeys.keep(db, database, settings, account, body.credential, body.name, now)
    return PasskeyRead.model_validate(passkey, from_attributes=True)


@router.delete("/passkeys/{passkey_id:uuid}", status_code=204, responses=problems(NotFound))
async def remove_passkey(passkey_id: UUID, db: SessionDep, caller: AccountWriter, settings: SettingsDep) -> None:
    """A device no longer signs in without a password."""
    account = await accounts.lock(db, caller.account_id)
    await service.remove_passkey(db, settings, account, passkey_id)
