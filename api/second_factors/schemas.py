"""What goes in and comes out of second factors."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.accounts.schemas import CurrentPassword
from api.core.schemas import Input, Name, Output


class PasskeyRead(Output):
    """A device that signs in without a password."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class SecondFactorsRead(Output):
    """What proves the person beside the password."""

    totp: bool = Field(description="a code of an application is asked for at each sign-in")
    recovery_codes_left: int
    passkeys: list[PasskeyRead]


class TotpSetup(Output):
    """A secret for an authenticator; nothing is on before its first code is confirmed."""

    setup: str = Field(description="send it back with the first code, within 15 minutes")
    secret: str = Field(description="base32, for who cannot read the picture")
    uri: str = Field(description="otpauth://")
    qr: str = Field(description="the same as a picture: a data: URI of SVG")


class TotpConfirmation(Input):
    """The first code that the authenticator shows."""

    setup: str = Field(min_length=1, max_length=2000)
    code: str = Field(min_length=6, max_length=20)


class RecoveryCodesRead(Output):
    """Ten codes, shown once; each replaces the authenticator once."""

    recovery_codes: list[str]


class PasskeyOptions(Output):
    """What the browser's `navigator.credentials` takes, as JSON (WebAuthn level 3)."""

    options: dict[str, Any]


class PasskeyCreate(Input):
    """The browser's answer to the creation options."""

    credential: dict[str, Any]
    name: Name = Field(description="what the person calls the device")


class PasswordProof(Input):
    """The present password again, before something that matters."""

    current_password: CurrentPassword
