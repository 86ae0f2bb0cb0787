"""The base of every input: unknown fields are refused, text is trimmed and normalised, NUL is not text."""

import re
import unicodedata
from datetime import date
from typing import Annotated

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.core.clock import utcnow
from api.core.errors import FieldRefused

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# They turn what follows around: a name would be read as another.
TURNS_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _plain(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FieldRefused(
            "text", "Ce texte contient des caractères illisibles.", "This text has unreadable characters."
        ) from None
    text = unicodedata.normalize("NFC", value).strip()
    if any((unicodedata.category(c) == "Cc" and c not in "\n\t") or c in TURNS_AROUND for c in text):
        raise FieldRefused("text", "Ce texte contient des caractères interdits.", "This text has forbidden characters.")
    return text


def plain(value: str) -> str:
    """A text as it is searched: lower case, without accents; `%` and `_` are themselves."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", value.lower()) if not unicodedata.combining(c))
    return bare.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def normal_email(value: str) -> str:
    """A mail address in its normal form; raises FieldRefused."""
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise FieldRefused(
            "email",
            "Cette adresse n'est pas valable. Exemple : prenom.nom@exemple.fr",
            "This address is not valid. Example: first.last@example.org",
        ) from None


# Who has no mailbox signs in with a name of this domain, which can never be one (RFC 6761, 6.4). Nothing is sent there.
NO_MAILBOX = "@sans-mail.invalid"
LOGIN = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+")


def normal_login(value: str) -> str:
    """A mail address, or the name that the counter gave to who has none; raises FieldRefused."""
    name = value.lower().removesuffix(NO_MAILBOX)
    return name + NO_MAILBOX if LOGIN.fullmatch(name) else normal_email(value)


def mailbox(value: str) -> str:
    """A mail address to write to; raises FieldRefused, with what to do for who has none."""
    if LOGIN.fullmatch(value.lower().removesuffix(NO_MAILBOX)):
        raise FieldRefused(
            "no-mailbox",
            "Ce compte n'a pas d'adresse mail. Demandez un nouveau courrier à l'accueil de la mairie.",
            "This account has no mail address. Ask the town hall's desk for a new letter.",
        )
    return normal_email(value)


def normal_phone(value: str, region: str = "GF") -> str | None:
    """A phone as people type it, in E.164 (`+594694…`); None when it cannot be one."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    # "Possible" and not "valid": whole ranges in use, such as 06 39 98, are judged invalid.
    if not phonenumbers.is_possible_number(number):
        return None
    if (
        region == "GF"
        and not value.strip().startswith("+")
        and value.strip().startswith(("06", "07"))
        and not value.strip().startswith("0694")
    ):
        number = phonenumbers.parse(value, "FR")  # a mobile of mainland France, typed the national way
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def valid_phone(value: str, region: str = "GF") -> str:
    """A phone in E.164; raises FieldRefused."""
    if (number := normal_phone(value, region)) is None:
        raise FieldRefused(
            "phone",
            "Ce numéro n'est pas valable. Exemple : 0694 12 34 56",
            "This number is not valid. Example: 0694 12 34 56",
        )
    return number


def _written(value: object) -> object:
    """A day or a moment is written as RFC 3339 has it; a bare number is not taken for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and ISO_DAY.match(value)):
        return value
    raise FieldRefused("date", "Une date est attendue, comme 2019-04-30.", "A date is expected, as 2019-04-30.")


def _birth_date(value: date) -> date:
    if not value.year >= 1900 or value > utcnow().date():
        raise FieldRefused("date", "Cette date de naissance n'est pas possible.", "This date of birth is not possible.")
    return value


Text = Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=200)]
OptionalText = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=200)]
LongText = Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=4000)]
Name = Annotated[str, BeforeValidator(_plain), StringConstraints(min_length=1, max_length=100)]
Email = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=254), AfterValidator(normal_email)]
Mailbox = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=254), AfterValidator(mailbox)]
Login = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=254), AfterValidator(normal_login)]
Phone = Annotated[str, BeforeValidator(_plain), StringConstraints(max_length=30), AfterValidator(valid_phone)]
CalendarDay = Annotated[date, BeforeValidator(_written)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
BirthDate = Annotated[CalendarDay, AfterValidator(_birth_date)]
Opaque = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Input(BaseModel):
    """A body: an unknown field is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """What is answered. Its schema is built when first needed: most answers are ready JSON, and all of them at once are a part of each start."""

    model_config = ConfigDict(defer_build=True)


class Page(Output):
    """The next page's cursor, beside `items`."""

    next_cursor: str | None = Field(description="pass it as ?cursor= for the next page; null on the last")


class Accepted(Output):
    """The same answer whether or not the address is known."""

    status: str = "accepted"
    wait_seconds: int = Field(60, description="how long before asking again sends another mail")
