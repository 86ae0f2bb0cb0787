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
        # An agent's word that a child has left holds in the file that the old one became.
        """INSERT INTO child_departure (family_id, child_id, left_at, told_by)
           SELECT f.merged_into, d.child_id, d.left_at, d.told_by FROM staging s JOIN changed c USING (line)
           JOIN family f ON f.service_id = $1 AND f.reference = s.dossier JOIN child_departure d ON d.family_id = f.id
           ON CONFLICT DO NOTHING""",
        """DELETE FROM family_child fc USING staging s, family t, child_departure d
           WHERE t.service_id = $1 AND t.reference = s.vers AND d.family_id = t.id AND fc.family_id = t.id AND fc.child_id = d.child_id""",
        """DELETE FROM child_departure d USING staging s, family f
           WHERE f.service_id = $1 AND f.reference = s.dossier AND f.merged_into IS NOT NULL AND d.family_id = f.id""",
    ],
)
