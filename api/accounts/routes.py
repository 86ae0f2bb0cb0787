"""Accounts and the profile."""

from typing import Annotated

from fastapi import Response

from api.accounts import queries, service
from api.accounts.schemas import (
    AccountCreate,
    EmailChange,
    EmailInput,
    PasswordChange,
    PasswordReset,
    ProfileRead,
    ProfileUpdate,
    TokenInput,
)
from api.core.clock import Now
from api.core.database import DatabaseDep, PublicSession, SessionDep
from api.core.errors import PreconditionRequired, Stale, TooManyRequests, answers, problems
from api.core.etags import IfMatch
from api.core.languages import ReaderLanguage
from api.core.routing import router as new_router
from api.core.schemas import Accepted
from api.core.settings import SettingsDep
from api.security.addresses import ClientNetwork
from api.security.principal import Principal, Reader, Reads, Requires
from api.security.scopes import Scope
from api.security.silence import in_step
from api.town.gate import Open
from api.town.models import Function, SwitchedOff

router = new_router(tag="accounts")
AccountReader = Annotated[Reader, Reads(Scope.ACCOUNT_READ)]
AccountWriter = Annotated[Principal, Requires(Scope.ACCOUNT_WRITE)]


@router.post(
    "/accounts",
    status_code=202,
    responses=problems(TooManyRequests, SwitchedOff),
    dependencies=[Open(Function.SIGN_UP)],
)
async def create_account(
    body: AccountCreate,
    database: DatabaseDep,
    settings: SettingsDep,
    language: ReaderLanguage,
    network: ClientNetwork,
    now: Now,
) -> Accepted:
    """Ask for an account. The answer is the same for a known address; the mail tells its owner."""
    async with in_step():
        await service.sign_up(database, settings, body, language, network, now)
    return Accepted()


@router.post("/accounts/activation", status_code=204, responses=problems(service.LinkSpent))
async def activate_account(body: TokenInput, db: PublicSession, now: Now) -> None:
    """Activate an account with the token of the mail, good once."""
    await service.activate(db, body.token, now)


@router.post("/accounts/activation-mail", status_code=202)
async def resend_activation_mail(body: EmailInput, database: DatabaseDep, settings: SettingsDep, now: Now) -> Accepted:
    """Send the activation mail again, at most once a minute and five times a day."""
    async with in_step():
        await service.resend_activation(database, settings, body.email, now)
    return Accepted()


@router.post("/password-resets", status_code=202)
async def request_password_reset(body: EmailInput, database: DatabaseDep, settings: SettingsDep, now: Now) -> Accepted:
    """Ask for a mail to choose a new password."""
    async with in_step():
        await service.request_reset(database, settings, body.email, now)
    return Accepted()


@router.post("/password-resets/confirmation", status_code=204, responses=problems(service.LinkSpent))
async def confirm_password_reset(body: PasswordReset, db: PublicSession, settings: SettingsDep, now: Now) -> None:
    """Set a new password with the token of the mail; every session ends."""
    await service.reset_password(db, settings, body.token, body.password, now)


@router.get("/me", responses=answers(200, ProfileRead))
async def get_profile(caller: AccountReader) -> Response:
    """The signed-in person, and what the account may do now."""
    return await caller.versioned(queries.PROFILE)


@router.patch("/me", responses=problems(Stale, PreconditionRequired, service.WrongPassword, TooManyRequests))
async def update_profile(
    body: ProfileUpdate,
    db: SessionDep,
    database: DatabaseDep,
    caller: AccountWriter,
    settings: SettingsDep,
    response: Response,
    now: Now,
    if_match: IfMatch = None,
) -> ProfileRead:
    """Change one's own details. Another phone than the one that is there needs the password, and the mailbox is told."""
    account = await service.update_profile(db, database, settings, caller.account_id, body, if_match, now)
    response.headers["ETag"] = account.etag
    more = {
        "scopes": sorted(await queries.scopes(db, account.id)),
        "pending_email": await queries.pending_email(db, account.id, now),
    }
    return ProfileRead.model_validate({**vars(account), **more})


@router.put("/me/password", status_code=204, responses=problems(service.WrongPassword, TooManyRequests))
async def change_password(
    body: PasswordChange, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> None:
    """Change the password with the present one; every other session ends."""
    account = await service.prove_password(db, database, settings, caller.account_id, body.current_password, now)
    await service.change_password(db, settings, account, caller.session_id, body.password, now)


@router.post("/me/email-change", status_code=202, responses=problems(service.WrongPassword, TooManyRequests))
async def ask_email_change(
    body: EmailChange, db: SessionDep, database: DatabaseDep, caller: AccountWriter, settings: SettingsDep, now: Now
) -> Accepted:
    """Ask for another mail address, with the password. It changes once the mail sent to it is answered."""
    account = await service.prove_password(db, database, settings, caller.account_id, body.current_password, now)
    await service.ask_email_change(db, database, settings, account, body.email, now)
    return Accepted()


@router.post("/me/email-change/confirmation", status_code=204, responses=problems(service.LinkSpent))
async def confirm_email_change(body: TokenInput, db: PublicSession, settings: SettingsDep, now: Now) -> None:
    """Confirm the new address with the token of the mail, from any device."""
    await service.confirm_email_change(db, settings, body.token, now)
