"""What a field of the back office's files may hold; each reader gives the value or raises Rejected in French."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email

from api.core.clock import instant
from api.core.schemas import normal_phone

Reader = Callable[[str], Any]
FRENCH_DAYS = {"LU": "mon", "MA": "tue", "ME": "wed", "JE": "thu", "VE": "fri", "SA": "sat", "DI": "sun"}
AMOUNT = re.compile(r"^[-−]?[0-9]{1,9}(?:[.,][0-9]{1,2})?$")
NULL = "\x01"  # what COPY takes for no value: no text has it
SPACES = re.compile(r"[\s\u00a0\u202f]")


class Rejected(Exception):
    """The row cannot be taken."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The row is taken without this value, with a warning."""

    warning: str


def text(value: str) -> str:
    """Any text, at most 500 characters."""
    if "\x00" in value or NULL in value or len(value) > 500:
        raise Rejected("texte illisible ou trop long")
    return value.strip()


def needed(value: str) -> str:
    """Text that must be there."""
    if not (found := text(value)):
        raise Rejected("valeur manquante")
    return found


def choice(values: dict[str, Any]) -> Reader:
    """One of the words of a list."""

    def read(value: str) -> Any:
        try:
            return values[value.strip().upper()]
        except KeyError:
            raise Rejected(f"valeur inconnue (attendu : {', '.join(v for v in values if v)})") from None

    return read


yes_no = choice({"OUI": True, "NON": False})


@lru_cache(maxsize=20_000)
def day(value: str) -> date:
    """JJ/MM/AAAA."""
    try:
        found = datetime.strptime(value.strip(), "%d/%m/%Y").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        raise Rejected("date inexistante ou mal écrite (attendu : JJ/MM/AAAA)") from None
    if not 1900 <= found.year <= 2200:
        raise Rejected("date impossible")
    return found


def optional_day(value: str) -> date | None:
    """JJ/MM/AAAA, or nothing."""
    return day(value) if value.strip() else None


def opening(zone: ZoneInfo) -> Reader:
    """JJ/MM/AAAA HH:MM in the town's zone."""

    def read(value: str) -> datetime:
        head, _, clock = value.strip().partition(" ")
        try:
            return instant(day(head), time.fromisoformat(clock or "00:00"), zone)
        except ValueError:
            raise Rejected("heure mal écrite (attendu : JJ/MM/AAAA HH:MM)") from None

    return read


def closing(zone: ZoneInfo) -> Reader:
    """The end of a day in the town's zone."""
    return lambda value: instant(day(value) + timedelta(days=1), time(), zone) - timedelta(seconds=1)


@lru_cache(maxsize=20_000)
def cents(value: str) -> int:
    """An amount in euros, with a decimal comma or point, in cents; never a thousandth."""
    plain = SPACES.sub("", value)
    if not AMOUNT.match(plain):
        raise Rejected("montant illisible (attendu : des euros avec deux décimales au plus)")
    sign, digits = (-1, plain[1:]) if plain[0] in "-−" else (1, plain)
    euros, _, rest = digits.replace(".", ",").partition(",")
    return sign * (int(euros) * 100 + int((rest + "00")[:2]))


def positive_cents(value: str) -> int:
    """An amount that is not negative."""
    if (found := cents(value)) < 0:
        raise Rejected("montant négatif")
    return found


@lru_cache(maxsize=20_000)
def whole(value: str) -> int:
    """A whole number, not negative."""
    if not value.strip().isascii() or not value.strip().isdigit() or len(value.strip()) > 7:
        raise Rejected("nombre entier positif attendu")
    return int(value)


def optional_whole(value: str) -> int | None:
    """A whole number, not negative, or nothing."""
    return whole(value) if value.strip() else None


def quantity(value: str) -> int:
    """A quantity with at most two decimals, in hundredths."""
    return cents(value)


@lru_cache(maxsize=1_000)
def weekdays(value: str) -> str:
    """`LU MA JE VE` as `mon tue thu fri`."""
    try:
        found = [FRENCH_DAYS[word] for word in value.upper().split()]
    except KeyError:
        raise Rejected("jour inconnu (attendu : LU MA ME JE VE SA DI)") from None
    if not found:
        raise Rejected("valeur manquante")
    return " ".join(dict.fromkeys(found))


def phone(value: str) -> str | Dropped | None:
    """A national or international number; a wrong one is dropped, not the family."""
    if not value.strip():
        return None
    return normal_phone(value) or Dropped("téléphone inutilisable : le dossier est repris sans lui")


def email(value: str) -> str | Dropped | None:
    """A mail address; a wrong one is dropped, not the family."""
    if not value.strip():
        return None
    try:
        return validate_email(value.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return Dropped("courriel inutilisable : le dossier est repris sans lui")
