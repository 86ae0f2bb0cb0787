"""lignes.csv: one row per line of an invoice; a line has no key but its place in its invoice."""

from api.imports.kinds.base import Column, Kind
from api.imports.values import cents, needed, quantity, text

KIND = Kind(
    name="lignes",
    columns=[
        Column("numero", needed),
        Column("enfant", text),
        Column("activite", text),
        Column("libelle", needed),
        Column("quantite", quantity, "integer"),  # hundredths
        Column("prix_unitaire", cents, "integer"),
        Column("montant", cents, "integer"),
    ],
    rejects=[
        """SELECT s.line, 'numero', 'facture inconnue' FROM staging s
           WHERE NOT EXISTS (SELECT FROM invoice i WHERE i.service_id = $1 AND i.number = s.numero)""",
        """SELECT s.line, 'enfant', 'enfant inconnu' FROM staging s
           WHERE s.enfant <> '' AND NOT EXISTS (SELECT FROM child c WHERE c.service_id = $1 AND c.reference = s.enfant)""",
        """SELECT s.line, 'activite', 'activité inconnue' FROM staging s
           WHERE s.activite <> '' AND NOT EXISTS (SELECT FROM activity t WHERE t.service_id = $1 AND t.code = s.activite)""",
    ],
    merge=[
        """WITH placed AS MATERIALIZED (
            SELECT s.*, i.id AS invoice_id, (row_number() OVER (PARTITION BY s.numero ORDER BY s.line))::int AS position
            FROM staging s JOIN invoice i ON i.service_id = $1 AND i.number = s.numero
        ), merged AS (
            INSERT INTO invoice_line AS l (invoice_id, position, child_id, activity_id, label, quantity, unit_price_cents, amount_cents)
            SELECT p.invoice_id, p.position, c.id, t.id, p.libelle, p.quantite / 100.0, p.prix_unitaire, p.montant
            FROM placed p LEFT JOIN child c ON c.service_id = $1 AND c.reference = p.enfant
            LEFT JOIN activity t ON t.service_id = $1 AND t.code = p.activite
            ON CONFLICT (invoice_id, position) DO UPDATE SET child_id = excluded.child_id, activity_id = excluded.activity_id,
                label = excluded.label, quantity = excluded.quantity, unit_price_cents = excluded.unit_price_cents,
                amount_cents = excluded.amount_cents
            WHERE (l.child_id, l.activity_id, l.label, l.quantity, l.unit_price_cents, l.amount_cents) IS DISTINCT FROM
                (excluded.child_id, excluded.activity_id, excluded.label, excluded.quantity, excluded.unit_price_cents, excluded.amount_cents)
            RETURNING invoice_id, position)
        INSERT INTO changed SELECT p.line FROM merged m JOIN placed p USING (invoice_id, position)""",
        """WITH kept AS (
            SELECT i.id AS invoice_id, count(*) AS lines, min(s.line) AS line
            FROM staging s JOIN invoice i ON i.service_id = $1 AND i.number = s.numero GROUP BY 1
        ), gone AS (
            DELETE FROM invoice_line l USING kept k WHERE l.invoice_id = k.invoice_id AND l.position > k.lines RETURNING k.line)
        INSERT INTO changed SELECT DISTINCT line FROM gone""",
    ],
)
