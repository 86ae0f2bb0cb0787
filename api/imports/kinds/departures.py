"""sorties.csv: one row per child who is in a family file no more, whatever enfants.csv says."""

from api.imports.kinds.base import Column, Kind
from api.imports.values import needed

KIND = Kind(
    name="sorties",
    key=["dossier", "enfant"],
    columns=[Column("dossier", needed), Column("enfant", needed)],
    rejects=[
        """SELECT s.line, 'dossier', 'famille inconnue' FROM staging s
           WHERE NOT EXISTS (SELECT FROM family f WHERE f.service_id = $1 AND f.reference = s.dossier)""",
        """SELECT s.line, 'enfant', 'enfant inconnu' FROM staging s
           WHERE NOT EXISTS (SELECT FROM child c WHERE c.service_id = $1 AND c.reference = s.enfant)""",
    ],
    merge=[
        """WITH named AS (
            SELECT s.line, coalesce(f.merged_into, f.id) AS family_id, c.id AS child_id FROM staging s
            JOIN family f ON f.service_id = $1 AND f.reference = s.dossier JOIN child c ON c.service_id = $1 AND c.reference = s.enfant
        ), gone AS (
            DELETE FROM family_child fc USING named n WHERE fc.family_id = n.family_id AND fc.child_id = n.child_id
            RETURNING fc.family_id, fc.child_id
        ), told AS (
            INSERT INTO audit_event (action, family_id, facts)
            SELECT 'family.child_left', family_id, jsonb_build_object('child', child_id) FROM gone
        ), kept AS (
            INSERT INTO child_departure (family_id, child_id) SELECT DISTINCT family_id, child_id FROM named
            ON CONFLICT DO NOTHING RETURNING family_id, child_id)
        INSERT INTO changed SELECT n.line FROM named n
            WHERE (n.family_id, n.child_id) IN (SELECT * FROM gone UNION SELECT * FROM kept)""",
    ],
)
