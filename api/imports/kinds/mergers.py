"""fusions.csv: one row per file that was a duplicate, and the file that it became."""

from api.imports.kinds.base import Column, Kind, Row
from api.imports.values import needed

ALIKE = "f.service_id = $1 AND f.reference = s."


def _check(row: Row) -> tuple[str, str] | None:
    return ("vers", "un dossier ne peut pas devenir lui-même") if row["dossier"] == row["vers"] else None


KIND = Kind(
    name="fusions",
    key=["dossier"],
    columns=[Column("dossier", needed), Column("vers", needed)],
    check=_check,
    rejects=[
        f"SELECT s.line, 'dossier', 'famille inconnue' FROM staging s WHERE NOT EXISTS (SELECT FROM family f WHERE {ALIKE}dossier)",  # noqa: S608 - constants
        f"""SELECT s.line, 'vers', 'famille inconnue, ou fusionnée elle-même' FROM staging s
            WHERE NOT EXISTS (SELECT FROM family f WHERE {ALIKE}vers AND f.merged_into IS NULL)
                OR EXISTS (SELECT FROM staging o WHERE o.dossier = s.vers)""",  # noqa: S608 - constants
    ],
    merge=[
        """INSERT INTO changed SELECT s.line FROM staging s JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
           JOIN family t ON t.service_id = $1 AND t.reference = s.vers WHERE f.merged_into IS DISTINCT FROM t.id""",
        """SELECT merge_families(f.id, t.id) FROM staging s JOIN changed c USING (line)
           JOIN family f ON f.service_id = $1 AND f.reference = s.dossier
           JOIN family t ON t.service_id = $1 AND t.reference = s.vers""",
    ],
)
