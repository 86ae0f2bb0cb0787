"""The form of a request: its JSON Schema, and what a schema cannot say about the caller's own things."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api.accounts import queries as accounts
from api.core.errors import FieldRefused, InvalidField
from api.core.schemas import normal_email, valid_phone
from api.core.settings import Settings
from api.families import queries as families
from api.families.models import AdultPrivate
from api.invoices import queries as invoices
from api.requests import queries
from api.security.principal import refuse

FAMILY_CHANGE = "family-change"
# What a parent may ask to change of their own details in the service's file.
DETAILS = ("address", "postal_code", "city", "phone", "email")
WORDS = {
    "required": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "additionalProperties": ("unknown", "Ce champ n'existe pas.", "This field does not exist."),
    "enum": ("choice", "Choisissez une des valeurs proposées.", "Choose one of the values offered."),
    "format": ("date", "Cette date n'existe pas.", "This date does not exist."),
    "minLength": ("missing", "Ce champ est nécessaire.", "This field is needed."),
    "maxLength": ("too-long", "Ce texte est trop long.", "This text is too long."),
    "maxItems": ("too-many", "Il y en a trop.", "There are too many."),
    "minProperties": ("missing", "Indiquez au moins un changement.", "Give at least one change."),
}
NO_FAMILY = ("family", "Ce dossier n'est pas le vôtre.", "This file is not yours.")
NO_INVOICE = ("invoice", "Cette facture n'est pas la vôtre.", "This invoice is not yours.")


async def check(
    db: AsyncSession, settings: Settings, account_id: UUID, slug: str, data: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The data as it is kept and, for a change of details, the values before it.

    Raises ScopeMissing, and InvalidField at the first place that does not fit the form or is not the caller's.
    """
    kind = await queries.type_of(db, slug)
    if kind is None:
        raise InvalidField(
            "/type", "unknown-type", "Cette démarche n'existe pas.", "This kind of request does not exist."
        )
    if kind.scope and kind.scope not in await accounts.scopes(db, account_id):
        refuse(await families.missing_scope(db, kind.scope), kind.scope)
    _fit(kind.form, data)
    kept = dict(data)
    for name, field in kind.form.get("properties", {}).items():
        if name in data:
            kept[name] = await _own(db, settings, account_id, name, field.get("format", ""), data[name])
    return kept, await _before(db, account_id, kept) if slug == FAMILY_CHANGE else None


def _fit(form: dict[str, Any], data: dict[str, Any]) -> None:
    import jsonschema  # loaded beside, once the portal answers (api/app.py)

    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    validator = jsonschema.Draft202012Validator(form, format_checker=checker)
    errors = sorted(validator.iter_errors(data), key=lambda error: list(map(str, error.path)))
    if not errors:
        return
    error = errors[0]
    place = [str(part) for part in error.absolute_path]
    if error.validator == "required":
        place += [name for name in error.validator_value if name not in error.instance][:1]
    unknown = ("value", "Cette valeur ne convient pas.", "This value does not fit.")
    raise InvalidField("/".join(["", "data", *place]), *WORDS.get(str(error.validator), unknown))


async def _own(db: AsyncSession, settings: Settings, account_id: UUID, name: str, format_: str, value: Any) -> Any:
    """A value in its normal form; a thing that is named must be the caller's."""
    pointer = f"/data/{name}"
    try:
        if format_ == "phone":
            return valid_phone(value, settings.phone_region)
        if format_ == "email":
            return normal_email(value)
    except FieldRefused as refused:
        raise InvalidField(pointer, refused.code, refused.fr, refused.en) from None
    if format_ == "service" and await families.service_by_slug(db, value) is None:
        raise InvalidField(pointer, "unknown-service", "Ce service n'existe pas.", "This service does not exist.")
    if format_ == "family" and await families.own_adult(db, account_id, _uuid(value)) is None:
        raise InvalidField(pointer, *NO_FAMILY)
    if format_ == "invoice" and not await invoices.is_own(db, account_id, _uuid(value)):
        raise InvalidField(pointer, *NO_INVOICE)
    return value


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


async def _before(db: AsyncSession, account_id: UUID, data: dict[str, Any]) -> dict[str, Any]:
    """One's own details as the file has them now: those that the request changes."""
    adult_id = await families.own_adult(db, account_id, UUID(data["family_id"]))
    private = await db.scalar(select(AdultPrivate).where(AdultPrivate.adult_id == adult_id))
    return {name: getattr(private, name, None) for name in DETAILS if name in data}
