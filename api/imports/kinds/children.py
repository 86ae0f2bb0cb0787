"""enfants.csv: one row per child and family file. A child of two homes has two rows and is one child."""

from api.families.queries import search_name
from api.imports.kinds.base import Column, Kind
from api.imports.values import day, needed, text, yes_no

DETAILS = "nom, prenom, date_naissance, sexe, ecole, classe, pai, regime"

# A file that is written by itself, through the API, brings back whom the back office had taken out of it.
BY_NAME = "coalesce(current_setting('app.written_by_name', true), '') = 'on'"
IN_FILE = """JOIN family f ON f.service_id = $1 AND f.reference = s.dossier JOIN child c ON c.service_id = $1 AND c.reference = s.enfant"""

KIND = Kind(
    name="enfants",
    key=["dossier", "enfant"],
    columns=[
        Column("dossier", needed),
        Column("enfant", needed),
        Column("nom", needed),
        Column("prenom", needed),
        Column("date_naissance", day, "date"),
        Column("sexe", text),
        Column("ecole", text),
        Column("classe", text),
        Column("pai", yes_no, "boolean"),
        Column("regime", text),
    ],
    derived={"search_name": ("text", lambda row: search_name(row["prenom"], row["nom"], row["prenom"]))},
    rejects=[
        """SELECT s.line, 'dossier', 'famille inconnue' FROM staging s
           WHERE NOT EXISTS (SELECT FROM family f WHERE f.service_id = $1 AND f.reference = s.dossier)""",
        """SELECT s.line, 'dossier', 'dossier fusionné avec le ' || t.reference FROM staging s
           JOIN family f ON f.service_id = $1 AND f.reference = s.dossier JOIN family t ON t.id = f.merged_into""",
    ],
    warnings=[
        f"""SELECT s.line, 'enfant', 'autre description que la ligne ' || one.line || ' : celle-ci est ignorée'
            FROM staging s JOIN (SELECT DISTINCT ON (enfant) * FROM staging ORDER BY enfant, line) one USING (enfant)
            WHERE s.line <> one.line AND ROW({", ".join("s." + c for c in DETAILS.split(", "))})
                IS DISTINCT FROM ROW({", ".join("one." + c for c in DETAILS.split(", "))})""",  # noqa: S608 - constants
        f"""SELECT s.line, 'enfant', 'retiré de ce dossier ' || CASE WHEN d.told_by IS NULL THEN 'auparavant' ELSE 'par un agent' END
                || ' : il n''y est pas remis'
            FROM staging s {IN_FILE} JOIN child_departure d ON d.family_id = f.id AND d.child_id = c.id
            WHERE d.told_by IS NOT NULL OR NOT {BY_NAME}""",  # noqa: S608 - constants
    ],
    merge=[
        f"""DELETE FROM child_departure d USING staging s {IN_FILE}
            WHERE d.family_id = f.id AND d.child_id = c.id AND d.told_by IS NULL AND {BY_NAME}""",  # noqa: S608 - constants
        """WITH one AS (SELECT DISTINCT ON (enfant) * FROM staging ORDER BY enfant, line), merged AS (
            INSERT INTO child AS c (service_id, reference, first_name, last_name, search_name, birth_date, sex, school, grade, has_pai, diet)
            SELECT $1, enfant, prenom, nom, search_name, date_naissance, sexe, ecole, classe, pai, regime FROM one
            ON CONFLICT (service_id, reference) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
                search_name = excluded.search_name, birth_date = excluded.birth_date, sex = excluded.sex, school = excluded.school,
                grade = excluded.grade, has_pai = excluded.has_pai, diet = excluded.diet
            WHERE (c.first_name, c.last_name, c.search_name, c.birth_date, c.sex, c.school, c.grade, c.has_pai, c.diet) IS DISTINCT FROM
                (excluded.first_name, excluded.last_name, excluded.search_name, excluded.birth_date, excluded.sex, excluded.school,
                 excluded.grade, excluded.has_pai, excluded.diet)
            RETURNING reference)
        INSERT INTO changed SELECT one.line FROM merged m JOIN one ON one.enfant = m.reference""",
        """WITH merged AS (
            INSERT INTO family_child (family_id, child_id)
            SELECT f.id, c.id FROM staging s JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
            JOIN child c ON c.service_id = $1 AND c.reference = s.enfant
            WHERE NOT EXISTS (SELECT FROM child_departure d WHERE d.family_id = f.id AND d.child_id = c.id)
            ON CONFLICT DO NOTHING RETURNING family_id, child_id)
        INSERT INTO changed SELECT s.line FROM merged m JOIN family f ON f.id = m.family_id JOIN child c ON c.id = m.child_id
            JOIN staging s ON s.dossier = f.reference AND s.enfant = c.reference""",
        # Whoever left while the rows above were written: a statement of its own sees what was committed meanwhile.
        "DELETE FROM family_child fc USING child_departure d WHERE d.family_id = fc.family_id AND d.child_id = fc.child_id",
    ],
)
