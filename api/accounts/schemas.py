"""What goes in and comes out of accounts."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from api.core.errors import FieldRefused
from api.core.schemas import BirthDate, Email, Input, Mailbox, Name, Opaque, OptionalText, Output, Phone

CurrentPassword = Annotated[str, Field(min_length=1, max_length=1000, description="the present one, again")]
Locale = Annotated[str, Field(pattern="^[a-z]{2,3}$", description="the language of mails and SMS: fr, en, …")]
Password = Annotated[str, Field(min_length=1, max_length=1000, description="12 to 128 characters; any are allowed")]


class AccountCreate(Input):
    """A new account."""

    email: Email
    password: Password
    first_name: Name
    last_name: Name
    birth_date: BirthDate | None = None
    phone: Phone | None = None
    locale: Locale | None = Field(None, description="the language of mails and SMS; else Accept-Language")


class TokenInput(Input):
    """The token of a link."""

    token: Opaque


class EmailInput(Input):
    """An address to write to, if it is known."""

    email: Mailbox


class PasswordReset(Input):
    """A new password, with the token of the mail."""

    token: Opaque
    password: Password


class PasswordChange(Input):
    """A new password, with the present one."""

    current_password: CurrentPassword
    password: Password


class EmailChange(Input):
    """A new mail address, with the present password."""

    email: Email
    current_password: CurrentPassword


class ProfileUpdate(Input):
    """The fields to change; those left out stay."""

    first_name: Name | None = None
    last_name: Name | None = None
    birth_date: BirthDate | None = None
    phone: Phone | None = None
    address: OptionalText | None = None
    postal_code: OptionalText | None = None
    city: OptionalText | None = None
    locale: Locale | None = None
    current_password: CurrentPassword | None = Field(
        None, description="needed to change or remove a phone that is there: messages go to it"
    )

    @field_validator("first_name", "last_name", "locale")
    @classmethod
    def not_null(cls, value: str | None) -> str:
        """These may be left out, but not emptied."""
        if value is None:
            raise FieldRefused("missing", "Ce champ est nécessaire.", "This field is needed.")
        return value


class ProfileRead(Output):
    """The signed-in person."""

    id: UUID
    email: str
    pending_email: str | None = Field(description="a new address that waits for its confirmation")
    first_name: str
    last_name: str
    birth_date: date | None
    phone: str | None
    address: str | None
    postal_code: str | None
    city: str | None
    locale: str
    role: str
    scopes: list[str] = Field(description="what the account may do now")
    created_at: datetime
    version: int
