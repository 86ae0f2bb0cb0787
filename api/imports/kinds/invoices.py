"""factures.csv: one row per invoice."""

from api.imports.kinds.base import Column, Kind, Row
from api.imports.values import cents, choice, day, needed, text, whole, yes_no

# What was paid here counts, also while the back office has not booked it.
PAID = "greatest(excluded.paid_cents, coalesce((SELECT max(p.paid_in_all_cents) FROM invoice_payment p WHERE p.invoice_id = i.id), 0))"


def _check(row: Row) -> tuple[str, str] | None:
    if row["periode_fin"] < row["periode_debut"]:
        return "periode_fin", "la fin est avant le début"
    if row["date_echeance"] < row["date_emission"]:
        return "date_echeance", "l'échéance est avant l'émission"
    return None


def _warn(row: Row) -> tuple[str, str] | None:
    if row["total"] >= 0 and row["regle"] > row["total"]:
        return "regle", "réglé plus que le total : le solde est mis à zéro"
    return None


KIND = Kind(
    name="factures",
    key=["numero"],
    columns=[
        Column("numero", needed),
        Column("exercice", whole, "integer"),
        Column("dossier", needed),
        Column("adulte", needed),
        Column("periode_debut", day, "date"),
        Column("periode_fin", day, "date"),
        Column("date_emission", day, "date"),
        Column("date_echeance", day, "date"),
        Column("total", cents, "integer"),
        Column("regle", cents, "integer"),
        Column("etat", choice({"EMISE": "issued", "REGLEE": "settled", "TRESOR": "treasury"})),
        Column("reference_dette", text),
        Column("prelevement", yes_no, "boolean"),
    ],
    check=_check,
    warn=_warn,
    rejects=[
        """SELECT s.line, 'dossier', 'famille inconnue' FROM staging s
           WHERE NOT EXISTS (SELECT FROM family f WHERE f.service_id = $1 AND f.reference = s.dossier)""",
        """SELECT s.line, 'adulte', 'adulte inconnu dans ce dossier' FROM staging s
           JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
           WHERE NOT EXISTS (SELECT FROM adult a WHERE a.family_id = f.id AND a.reference = s.adulte)""",
    ],
    merge=[
        f"""WITH merged AS (
            INSERT INTO invoice AS i (service_id, family_id, adult_id, number, fiscal_year, period_from, period_to, issued_on, due_on,
                total_cents, paid_cents, source_state, debt_reference, direct_debit)
            SELECT $1, f.id, a.id, s.numero, s.exercice, s.periode_debut, s.periode_fin, s.date_emission, s.date_echeance,
                s.total, s.regle, s.etat, s.reference_dette, s.prelevement
            FROM staging s JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
            JOIN adult a ON a.family_id = f.id AND a.reference = s.adulte
            ON CONFLICT (service_id, number) DO UPDATE SET family_id = excluded.family_id, adult_id = excluded.adult_id,
                fiscal_year = excluded.fiscal_year, period_from = excluded.period_from, period_to = excluded.period_to,
                issued_on = excluded.issued_on, due_on = excluded.due_on, total_cents = excluded.total_cents,
                paid_cents = {PAID}, source_state = excluded.source_state, debt_reference = excluded.debt_reference,
                direct_debit = excluded.direct_debit
            WHERE (i.family_id, i.adult_id, i.fiscal_year, i.period_from, i.period_to, i.issued_on, i.due_on, i.total_cents, i.paid_cents,
                i.source_state, i.debt_reference, i.direct_debit) IS DISTINCT FROM (excluded.family_id, excluded.adult_id,
                excluded.fiscal_year, excluded.period_from, excluded.period_to, excluded.issued_on, excluded.due_on, excluded.total_cents,
                {PAID}, excluded.source_state, excluded.debt_reference, excluded.direct_debit)
            RETURNING number)
        INSERT INTO changed SELECT s.line FROM merged m JOIN staging s ON s.numero = m.number""",  # noqa: S608 - a constant
    ],
)
