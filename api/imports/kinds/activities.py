"""activites.csv: one row per activity session at a venue."""

from zoneinfo import ZoneInfo

from api.imports.kinds.base import Column, Kind, Row
from api.imports.values import closing, day, needed, opening, positive_cents, text, weekdays, whole


def _check(row: Row) -> tuple[str, str] | None:
    if row["fin"] < row["debut"]:
        return "fin", "la fin est avant le début"
    if row["age_max"] < row["age_min"]:
        return "age_max", "l'âge maximal est sous l'âge minimal"
    if row["cloture"] < row["ouverture"]:
        return "cloture", "la clôture est avant l'ouverture"
    return None


def kind(zone: ZoneInfo) -> Kind:
    """The kind, with hours in the town's zone."""
    return Kind(
        name="activites",
        key=["code"],
        columns=[
            Column("code", needed),
            Column("libelle", needed),
            Column("lieu", needed),
            Column("unite", text),
            Column("debut", day, "date"),
            Column("fin", day, "date"),
            Column("age_min", whole, "integer"),
            Column("age_max", whole, "integer"),
            Column("places", whole, "integer"),
            Column("ouverture", opening(zone), "timestamptz"),
            Column("cloture", closing(zone), "timestamptz"),
            Column("jours", weekdays),
            *(Column(f"tarif_{n}", positive_cents, "integer") for n in (1, 2, 3, 4)),
        ],
        check=_check,
        rejects=[
            """SELECT DISTINCT ON (s.line) s.line, 'places', 'moins de places que d''inscrits (' || d.taken || ')'
               FROM staging s JOIN activity t ON t.service_id = $1 AND t.code = s.code JOIN activity_day d ON d.activity_id = t.id
               WHERE d.taken > CASE WHEN d.day = ANY (string_to_array(s.jours, ' ')) THEN s.places ELSE 0 END""",
        ],
        merge=[
            """WITH merged AS (
                INSERT INTO activity AS t (service_id, code, name, venue, unit, starts_on, ends_on, age_min, age_max, opens_at, closes_at, prices_cents)
                SELECT $1, code, libelle, lieu, unite, debut, fin, age_min, age_max, ouverture, cloture, ARRAY[tarif_1, tarif_2, tarif_3, tarif_4]
                FROM staging
                ON CONFLICT (service_id, code) DO UPDATE SET name = excluded.name, venue = excluded.venue, unit = excluded.unit,
                    starts_on = excluded.starts_on, ends_on = excluded.ends_on, age_min = excluded.age_min, age_max = excluded.age_max,
                    opens_at = excluded.opens_at, closes_at = excluded.closes_at, prices_cents = excluded.prices_cents,
                    version = t.version + 1
                WHERE (t.name, t.venue, t.unit, t.starts_on, t.ends_on, t.age_min, t.age_max, t.opens_at, t.closes_at, t.prices_cents)
                    IS DISTINCT FROM (excluded.name, excluded.venue, excluded.unit, excluded.starts_on, excluded.ends_on, excluded.age_min,
                    excluded.age_max, excluded.opens_at, excluded.closes_at, excluded.prices_cents)
                RETURNING code)
            INSERT INTO changed SELECT s.line FROM merged m JOIN staging s ON s.code = m.code""",
            """WITH wanted AS (
                SELECT t.id, s.line, s.places, unnest(string_to_array(s.jours, ' ')) AS day
                FROM staging s JOIN activity t ON t.service_id = $1 AND t.code = s.code
            ), gone AS (
                DELETE FROM activity_day d USING (SELECT DISTINCT id, line FROM wanted) w
                WHERE d.activity_id = w.id AND d.taken = 0 AND NOT EXISTS (SELECT FROM wanted x WHERE x.id = d.activity_id AND x.day = d.day)
                RETURNING w.line
            ), merged AS (
                INSERT INTO activity_day AS d (activity_id, day, places) SELECT id, day, places FROM wanted
                ON CONFLICT (activity_id, day) DO UPDATE SET places = excluded.places WHERE d.places <> excluded.places
                RETURNING activity_id, day)
            INSERT INTO changed SELECT w.line FROM merged m JOIN wanted w ON w.id = m.activity_id AND w.day = m.day UNION ALL SELECT line FROM gone""",
        ],
    )
