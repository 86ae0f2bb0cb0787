"""Clients and what they write. A family that comes alone goes the way of the files: the same rules, the same reasons."""

import csv
import tempfile
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.audit import service as audit
from api.core.database import Database
from api.core.errors import InvalidField, Problem
from api.core.settings import Settings
from api.families.models import AdultRole
from api.imports.service import import_folder
from api.integration import queries
from api.integration.models import Client, ClientSecret
from api.integration.schemas import AdultWrite, ChildWrite, ClientAdded, FamilyWrite, FamilyWritten
from api.security import limits, secrets
from api.security.scopes import Scope
from api.security.tokens import Claims, Tokens

MOST_SECRETS = 2
NOBODY = UUID(int=0)  # the session of a client's token: there is none
GRANTABLE = sorted(scope for scope in Scope if scope.startswith("integration:"))
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


class OAuthError(Problem):
    """A refusal of the token endpoint; `error` is the code of RFC 6749, 5.2."""

    status, code, title = 400, "invalid-grant-request", "The token request was refused"
    fr = "Demande de jeton refusée : {reason}."
    en = "Token request refused: {reason}."

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason=reason)
        self.extra = {"error": error}


class InvalidClient(OAuthError):
    """The client or its secret is not right; which one is not said."""

    status, code, title = 401, "invalid-client", "Unknown client or wrong secret"

    def __init__(self) -> None:
        super().__init__("invalid_client", "client_id, client_secret")


class ClientRefused(Exception):
    """The operator's order cannot be done; the message says why."""


async def grant(
    db: AsyncSession,
    database: Database,
    settings: Settings,
    tokens: Tokens,
    client_id: str,
    client_secret: str,
    scope: str,
    network: str,
    now: datetime,
) -> tuple[str, str]:
    """An access token and its scopes. Raises InvalidClient, OAuthError, TooManyRequests."""
    pepper = settings.secrets.token_pepper
    buckets = [secrets.keyed(pepper, "client-secret", client_id), secrets.keyed(pepper, "client-network", network)]
    await limits.refuse_blocked(database, now, *buckets)
    try:
        client = await queries.of_secret(db, UUID(client_id), secrets.hash_token(client_secret))
    except ValueError:
        client = None
    if client is None:
        for bucket in buckets:
            await limits.count(database, now, bucket, limits.SIGN_IN_NETWORK)
        raise InvalidClient
    wanted = set(scope.split()) or set(client.scopes)
    if not wanted <= set(client.scopes):
        raise OAuthError("invalid_scope", " ".join(sorted(wanted - set(client.scopes))))
    claims = Claims(client.id, NOBODY, 0, frozenset(wanted), 0)
    return tokens.issue(claims, str(client.id), int(now.timestamp())), " ".join(sorted(wanted))


async def add_client(database: Database, name: str, scopes: list[str]) -> ClientAdded:
    """Register a client. Raises ClientRefused for a scope that no client may have, or a name that is taken."""
    if not scopes or (wrong := sorted(set(scopes) - set(GRANTABLE))):
        raise ClientRefused(
            f"Droits possibles : {', '.join(GRANTABLE)}." + (f" Refusé : {wrong[0]}." if scopes else "")
        )
    async with database.transaction() as db:
        if await queries.by_name(db, name):
            raise ClientRefused(f"Un client « {name} » existe déjà. Pour un nouveau secret : foyer clients rotate.")
        client = Client(name=name, scopes=sorted(set(scopes)))
        db.add(client)
        await db.flush()
        secret = await _new_secret(db, client)
        await audit.record(db, "client.added", actor=None, client=str(client.id), scopes=" ".join(client.scopes))
    return ClientAdded(client_id=client.id, client_secret=secret, name=name, scopes=client.scopes)


async def rotate_secret(database: Database, name: str, now: datetime) -> ClientAdded:
    """A new secret beside the last one; an older one dies. Raises ClientRefused."""
    async with database.transaction() as db:
        client = await queries.by_name(db, name)
        if client is None:
            raise ClientRefused(f"Aucun client « {name} ».")
        for old in (await queries.live_secrets(db, client.id))[: -(MOST_SECRETS - 1) or None]:
            old.revoked_at = now
        secret = await _new_secret(db, client)
        await audit.record(db, "client.rotated", actor=None, client=str(client.id))
    return ClientAdded(client_id=client.id, client_secret=secret, name=name, scopes=client.scopes)


async def disable_client(database: Database, name: str, now: datetime) -> None:
    """Shut a client out, from its next request on. Raises ClientRefused."""
    async with database.transaction() as db:
        client = await queries.by_name(db, name)
        if client is None:
            raise ClientRefused(f"Aucun client « {name} ».")
        client.disabled_at = client.disabled_at or now
        await audit.record(db, "client.disabled", actor=None, client=str(client.id))


async def _new_secret(db: AsyncSession, client: Client) -> str:
    secret = secrets.new_token()
    db.add(ClientSecret(client_id=client.id, secret_hash=secrets.hash_token(secret)))
    return secret


async def put_family(dsn: str, settings: Settings, reference: str, family: FamilyWrite) -> FamilyWritten:
    """Write a family file, whole or not at all. Raises InvalidField at the first value that the rules refuse."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _write(place / "familles.csv", ADULT, reference, family.adults)
        if family.children:
            _write(place / "enfants.csv", CHILD, reference, family.children)
        rejects, warnings = place / "rejets.csv", place / "avertissements.csv"
        counts = await import_folder(dsn, settings, place, rejects, alone=False)
        if refused := _rows(rejects):
            raise _refusal(refused[0])
        left_out = [f"{row['colonne']} : {row['motif']}" for row in _rows(warnings)]
    return FamilyWritten(reference=reference, changed=any(one["applied"] for one in counts.values()), warnings=left_out)


def _write(path: Path, columns: dict[str, str], reference: str, people: list[AdultWrite] | list[ChildWrite]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["dossier", *columns.values()])
        for person in people:
            writer.writerow([reference, *(_cell(getattr(person, name)) for name in columns)])


def _cell(value: object) -> str:
    """A value as the back office writes it."""
    if isinstance(value, AdultRole):
        return ROLES[value]
    if isinstance(value, bool):
        return "OUI" if value else "NON"
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else "" if value is None else str(value)


def _rows(report: Path) -> list[dict[str, str]]:
    with report.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def _refusal(row: dict[str, str]) -> InvalidField:
    """A rejected row as a refusal of its field: line 2 is the first person."""
    list_name, columns = ("adults", ADULT) if row["fichier"] == "familles.csv" else ("children", CHILD)
    field = next((name for name, column in columns.items() if column == row["colonne"]), row["colonne"])
    pointer = f"/{list_name}/{int(row['ligne']) - 2}/{field}"
    return InvalidField(
        pointer, "refused", f"{row['motif'].capitalize()}.", f"Refused by the back office's rules: {row['motif']}."
    )
