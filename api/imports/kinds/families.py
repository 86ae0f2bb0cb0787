"""familles.csv: one row per adult of a family file."""

from api.families.queries import search_name
from api.imports.kinds.base import Column, Kind, Row
from api.imports.values import choice, email, needed, optional_day, optional_whole, phone, text, yes_no


def _check(row: Row) -> tuple[str, str] | None:
    if row["quotient_debut"] and row["quotient_fin"] and row["quotient_fin"] < row["quotient_debut"]:
        return "quotient_fin", "la fin est avant le début"
    return None


KIND = Kind(
    name="familles",
    key=["dossier", "adulte"],
    columns=[
        Column("dossier", needed),
        Column("adulte", needed),
        Column("role", choice({"RESPONSABLE": "responsible", "CO-RESPONSABLE": "co_responsible"})),
        Column("civilite", text),
        Column("nom", needed),
        Column("prenom", needed),
        Column("date_naissance", optional_day, "date"),
        Column("adresse", text),
        Column("code_postal", text),
        Column("ville", text),
        Column("telephone", phone),
        Column("courriel", email),
        Column("payeur", yes_no, "boolean"),
        Column("quotient", optional_whole, "integer"),
        Column("quotient_debut", optional_day, "date"),
        Column("quotient_fin", optional_day, "date"),
    ],
    derived={"search_name": ("text", lambda row: search_name(row["prenom"], row["nom"], row["prenom"]))},
    check=_check,
    rejects=[
        """SELECT s.line, 'dossier', 'dossier fusionné avec le ' || t.reference FROM staging s
           JOIN family f ON f.service_id = $1 AND f.reference = s.dossier JOIN family t ON t.id = f.merged_into""",
    ],
    merge=[
        """INSERT INTO family (service_id, reference) SELECT DISTINCT $1::uuid, dossier FROM staging
           ON CONFLICT (service_id, reference) DO NOTHING""",
        """WITH merged AS (
            INSERT INTO adult AS a (family_id, reference, role, title, first_name, last_name, search_name, is_payer)
            SELECT f.id, s.adulte, s.role, s.civilite, s.prenom, s.nom, s.search_name, s.payeur
            FROM staging s JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
            ON CONFLICT (family_id, reference) DO UPDATE SET role = excluded.role, title = excluded.title,
                first_name = excluded.first_name, last_name = excluded.last_name, search_name = excluded.search_name,
                is_payer = excluded.is_payer
            WHERE (a.role, a.title, a.first_name, a.last_name, a.search_name, a.is_payer) IS DISTINCT FROM
                (excluded.role, excluded.title, excluded.first_name, excluded.last_name, excluded.search_name, excluded.is_payer)
            RETURNING family_id, reference)
        INSERT INTO changed SELECT s.line FROM merged m JOIN family f ON f.id = m.family_id
            JOIN staging s ON s.dossier = f.reference AND s.adulte = m.reference""",
        """WITH merged AS (
            INSERT INTO adult_private AS p
                (adult_id, birth_date, address, postal_code, city, phone, email, quotient, quotient_from, quotient_to)
            SELECT a.id, s.date_naissance, s.adresse, s.code_postal, s.ville, s.telephone, s.courriel, s.quotient, s.quotient_debut, s.quotient_fin
            FROM staging s JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
            JOIN adult a ON a.family_id = f.id AND a.reference = s.adulte
            ON CONFLICT (adult_id) DO UPDATE SET birth_date = excluded.birth_date, address = excluded.address,
                postal_code = excluded.postal_code, city = excluded.city, phone = excluded.phone, email = excluded.email,
                quotient = excluded.quotient, quotient_from = excluded.quotient_from, quotient_to = excluded.quotient_to
            WHERE (p.birth_date, p.address, p.postal_code, p.city, p.phone, p.email, p.quotient, p.quotient_from, p.quotient_to)
                IS DISTINCT FROM (excluded.birth_date, excluded.address, excluded.postal_code, excluded.city, excluded.phone,
                excluded.email, excluded.quotient, excluded.quotient_from, excluded.quotient_to)
            RETURNING adult_id)
        INSERT INTO changed SELECT s.line FROM merged m JOIN adult a ON a.id = m.adult_id JOIN family f ON f.id = a.family_id
            JOIN staging s ON s.dossier = f.reference AND s.adulte = a.reference""",
    ],
)
