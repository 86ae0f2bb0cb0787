"""What a client writes one by one goes the way of the files: the same rules, the same reasons."""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from api.core.errors import InvalidField
from api.core.settings import Settings
from api.families.models import AdultRole
from api.imports.service import import_folder
from api.imports.values import FRENCH_DAYS
from api.integration.schemas import ActivityPut, FamilyWrite, FamilyWritten, InvoicePut, Written
from api.invoices.models import SourceState

ROLES = {AdultRole.RESPONSIBLE: "RESPONSABLE", AdultRole.CO_RESPONSIBLE: "CO-RESPONSABLE"}
ADULT = {
    "reference": "adulte",
    "role": "role",
    "title": "civilite",
    "last_name": "nom",
    "first_name": "prenom",
    "birth_date": "date_naissance",
    "address": "adresse",
    "postal_code": "code_postal",
    "city": "ville",
    "phone": "telephone",
    "email": "courriel",
    "is_payer": "payeur",
    "quotient": "quotient",
    "quotient_from": "quotient_debut",
    "quotient_to": "quotient_fin",
}
CHILD = {
    "reference": "enfant",
    "last_name": "nom",
    "first_name": "prenom",
    "birth_date": "date_naissance",
    "sex": "sexe",
    "school": "ecole",
    "grade": "classe",
    "has_pai": "pai",
    "diet": "regime",
}
INVOICE = {
    "fiscal_year": "exercice",
    "family": "dossier",
    "adult": "adulte",
    "period_from": "periode_debut",
    "period_to": "periode_fin",
    "issued_on": "date_emission",
    "due_on": "date_echeance",
    "total_cents": "total",
    "paid_cents": "regle",
    "state": "etat",
    "debt_reference": "reference_dette",
    "direct_debit": "prelevement",
}
LINE = {
    "child": "enfant",
    "activity": "activite",
    "label": "libelle",
    "quantity": "quantite",
    "unit_price_cents": "prix_unitaire",
    "amount_cents": "montant",
}
ACTIVITY = {
    "name": "libelle",
    "venue": "lieu",
    "unit": "unite",
    "starts_on": "debut",
    "ends_on": "fin",
    "age_min": "age_min",
    "age_max": "age_max",
    "places": "places",
    "opens_at": "ouverture",
    "closes_on": "cloture",
    "days": "jours",
}
STATES = {SourceState.ISSUED: "EMISE", SourceState.SETTLED: "REGLEE", SourceState.TREASURY: "TRESOR"}
DAYS = {day: word for word, day in FRENCH_DAYS.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """A list of a body as a file: `pointer` is the list's place in the body, empty for the body itself."""

    file: str
    key: tuple[str, str]  # the column that the address gives, and its value
    columns: Mapping[str, str]
    rows: Sequence[BaseModel]
    pointer: str


async def put_family(dsn: str, settings: Settings, reference: str, family: FamilyWrite) -> FamilyWritten:
    """Write a family file, whole or not at all. Raises InvalidField at the first value that the rules refuse."""
    key = ("dossier", reference)
    parts = [Part("familles.csv", key, ADULT, family.adults, "/adults")]
    if family.children:
        parts.append(Part("enfants.csv", key, CHILD, family.children, "/children"))
    return FamilyWritten(**(await _put(dsn, settings, reference, parts)).model_dump())


async def put_invoice(dsn: str, settings: Settings, number: str, invoice: InvoicePut) -> Written:
    """Write an invoice with its lines, whole or not at all. Raises InvalidField at the first value that the rules refuse."""
    key = ("numero", number)
    parts = [Part("factures.csv", key, INVOICE, [invoice], "")]
    if invoice.lines:
        parts.append(Part("lignes.csv", key, LINE, invoice.lines, "/lines"))
    return await _put(dsn, settings, number, parts)


async def put_activity(dsn: str, settings: Settings, code: str, activity: ActivityPut) -> Written:
    """Write an activity. Raises InvalidField at the first value that the rules refuse."""
    prices = {f"price_{n}": f"tarif_{n}" for n in (1, 2, 3, 4)}
    row = activity.model_copy(update={f"price_{n}": price for n, price in enumerate(activity.prices_cents, 1)})
    return await _put(dsn, settings, code, [Part("activites.csv", ("code", code), ACTIVITY | prices, [row], "")])


async def _put(dsn: str, settings: Settings, reference: str, parts: list[Part]) -> Written:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for part in parts:
            _write(place / part.file, part, settings.zone)
        rejects, warnings = place / "rejets.csv", place / "avertissements.csv"
        counts = await import_folder(dsn, settings, place, rejects, alone=False)
        if refused := _rows(rejects):
            raise _refusal(refused[0], parts)
        left_out = [f"{row['colonne']} : {row['motif']}" for row in _rows(warnings)]
    return Written(reference=reference, changed=any(one["applied"] for one in counts.values()), warnings=left_out)


def _write(path: Path, part: Part, zone: ZoneInfo) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow([part.key[0], *part.columns.values()])
        for row in part.rows:
            writer.writerow([part.key[1], *(_cell(name, getattr(row, name), zone) for name in part.columns)])


def _cell(name: str, value: object, zone: ZoneInfo) -> str:
    """A value as the back office writes it."""
    if isinstance(value, AdultRole):
        return ROLES[value]
    if isinstance(value, SourceState):
        return STATES[value]
    if isinstance(value, bool):
        return "OUI" if value else "NON"
    if isinstance(value, list):
        return " ".join(DAYS[day] for day in value)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%d/%m/%Y %H:%M}"
    if isinstance(value, int) and (name.endswith("_cents") or name.startswith("price_")):
        return f"{'-' if value < 0 else ''}{abs(value) // 100},{abs(value) % 100:02}"
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else "" if value is None else str(value)


def _rows(report: Path) -> list[dict[str, str]]:
    with report.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _refusal(row: dict[str, str], parts: list[Part]) -> InvalidField:
    """A rejected row as a refusal of its field: line 2 is the first of its list."""
    part = next(one for one in parts if one.file == row["fichier"])
    field = next((name for name, column in part.columns.items() if column == row["colonne"]), row["colonne"])
    place = f"{part.pointer}/{int(row['ligne']) - 2}" if part.pointer else ""
    return InvalidField(
        f"{place}/{field}",
        "refused",
        f"{row['motif'].capitalize()}.",
        f"Refused by the back office's rules: {row['motif']}.",
    )
