"""The back office's files, the right ones and the wrong ones."""

import csv
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from api.core.spreadsheets import neutral
from api.imports.files import records
from api.imports.service import ONE_AT_A_TIME
from tests.conftest import PROJECT, Database, foyer

FAULTY = PROJECT / "tests" / "imports" / "faulty"
HEADER = "dossier;adulte;role;civilite;nom;prenom;date_naissance;adresse;code_postal;ville;telephone;courriel;payeur;quotient;quotient_debut;quotient_fin"


def run(environment: dict[str, str], folder: Path, *more: str) -> dict[str, dict[str, int]]:
    """The counts of an import."""
    done = foyer(environment, "import", str(folder), "--json", *more)
    assert done.returncode == 0, done.stderr
    counts: dict[str, dict[str, int]] = json.loads(done.stdout)
    return counts


def findings(report: Path) -> dict[tuple[str, int], tuple[str, str]]:
    """A report's rows: (file, line) → (column, reason)."""
    with report.open(encoding="utf-8-sig", newline="") as file:
        return {
            (r["fichier"], int(r["ligne"])): (r["colonne"], r["motif"]) for r in csv.DictReader(file, delimiter=";")
        }


@pytest.fixture(scope="module")
def faulty(
    address: str, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, dict[str, int]], Path]:
    """The faulty files, imported; their counts and report."""
    assert address
    report = tmp_path_factory.mktemp("report") / "rejets.csv"
    return run(environment, FAULTY, "--rejects", str(report)), report


def test_the_same_files_again_change_nothing(address: str, environment: dict[str, str], tmp_path: Path) -> None:
    """Every row of the demonstration town is unchanged the second time, also after what other tests changed was put right."""
    assert address
    run(environment, PROJECT / "api" / "demo" / "town", "--rejects", str(tmp_path / "first.csv"))
    counts = run(environment, PROJECT / "api" / "demo" / "town", "--rejects", str(tmp_path / "r.csv"))
    assert {
        name: (c["applied"], c["rejected"], c["read"] == c["unchanged"]) for name, c in counts.items()
    } == dict.fromkeys(("familles.csv", "enfants.csv", "activites.csv", "factures.csv", "lignes.csv"), (0, 0, True))


def test_every_row_is_counted_once(faulty: tuple[dict[str, dict[str, int]], Path]) -> None:
    """read = applied + unchanged + rejected."""
    counts, _ = faulty
    assert (counts["familles.csv"]["read"], counts["familles.csv"]["rejected"], counts["familles.csv"]["warnings"]) == (
        11,
        6,
        2,
    )
    assert (counts["factures.csv"]["read"], counts["factures.csv"]["rejected"], counts["factures.csv"]["warnings"]) == (
        9,
        5,
        1,
    )
    assert all(c["read"] == c["applied"] + c["unchanged"] + c["rejected"] for c in counts.values())


@pytest.mark.parametrize(
    ("file", "line", "nature", "column", "reason"),
    [
        ("familles", 3, "rejet", "date_naissance", "date"),
        ("familles", 4, "rejet", "role", "RESPONSABLE"),
        ("familles", 6, "rejet", "nom", "manquante"),
        ("familles", 7, "avertissement", "telephone", "repris sans lui"),
        ("familles", 8, "avertissement", "courriel", "repris sans lui"),
        ("familles", 9, "rejet", "quotient", "positif"),
        ("familles", 10, "rejet", "adulte", "lignes 2 et 10"),
        ("familles", 11, "rejet", "", "19 colonnes"),
        ("factures", 3, "rejet", "dossier", "famille inconnue"),
        ("factures", 4, "rejet", "numero", "lignes 2 et 4"),
        ("factures", 5, "rejet", "date_echeance", "avant l'émission"),
        ("factures", 6, "avertissement", "regle", "solde"),
        ("factures", 9, "rejet", "total", "deux décimales"),
        ("factures", 10, "rejet", "etat", "EMISE"),
    ],
)
def test_a_wrong_row_is_reported_with_line_column_and_reason(
    faulty: tuple[dict[str, dict[str, int]], Path], file: str, line: int, nature: str, column: str, reason: str
) -> None:
    """In French, and nothing else is reported."""
    rejected, warned = findings(faulty[1]), findings(faulty[1].with_name("avertissements.csv"))
    assert (len(rejected), len(warned)) == (11, 3)
    found = (rejected if nature == "rejet" else warned)[f"{file}.csv", line]
    assert found[0] == column
    assert reason in found[1]


def test_what_can_be_taken_is_taken_as_it_was_meant(
    faulty: tuple[dict[str, dict[str, int]], Path], database: Database
) -> None:
    """Amounts with a no-break space or a decimal point, a credit note, a semicolon in quotes, a family without its wrong phone."""
    assert faulty
    amounts = {
        r["number"]: (r["total_cents"], r["balance_cents"])
        for r in database.rows("SELECT number, total_cents, balance_cents FROM invoice WHERE number LIKE 'X-%'")
    }
    assert amounts == {"X-1": (123450, 123450), "X-5": (1000, 0), "X-6": (-1500, 0), "X-7": (1000, 1000)}
    names = {
        r["reference"]: r["last_name"]
        for r in database.rows(
            "SELECT a.reference, a.last_name FROM adult a JOIN family f ON f.id = a.family_id WHERE f.reference LIKE '9000%' OR f.reference = '90010'"
        )
    }
    assert names["B000101"] == "POINT;VIRGULE"
    assert (
        database.value(
            "SELECT phone FROM adult_private p JOIN adult a ON a.id = p.adult_id WHERE a.reference = 'B000061'"
        )
        is None
    )


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised() -> None:
    """= + - @ and tabs get a quote before them, other cells stay as they are."""
    assert [neutral(c) for c in ("=1+1", "+33", "-5", "@x", "\tx", "Léa")] == [
        "'=1+1",
        "'+33",
        "'-5",
        "'@x",
        "'\tx",
        "Léa",
    ]


def test_a_dry_run_tells_the_same_and_changes_nothing(
    address: str, environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    """Also what a later file would find of an earlier one."""
    assert address
    (tmp_path / "familles.csv").write_text(f"{HEADER}\n77001;Z1;RESPONSABLE;Mme;ESSAI;Ana;01/01/1990;;;;;;OUI;;;\n")
    (tmp_path / "enfants.csv").write_text(
        "dossier;enfant;nom;prenom;date_naissance;sexe;ecole;classe;pai;regime\n77001;ZE1;ESSAI;Léo;01/02/2019;M;;;NON;\n"
    )
    counts = run(environment, tmp_path, "--dry-run")
    assert {c["applied"] for c in counts.values()} == {1}
    assert database.value("SELECT count(*) FROM family WHERE reference = '77001'") == 0


def test_one_import_runs_at_a_time(
    address: str, environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    """A second one is told so in a sentence, and works once the first is over."""
    assert address
    database.run(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})")
    try:
        refused = foyer(environment, "import", str(FAULTY), "--rejects", str(tmp_path / "rejets.csv"))
    finally:
        database.run(f"SELECT pg_advisory_unlock({ONE_AT_A_TIME})")
    assert (refused.returncode, "Un autre import est en cours" in refused.stderr) == (1, True)
    run(environment, FAULTY, "--rejects", str(tmp_path / "rejets.csv"))


def test_a_quote_that_is_not_closed_costs_its_own_row_only(tmp_path: Path) -> None:
    """The rows after it are read."""
    file = tmp_path / "x.csv"
    file.write_text('a;b\n1;"open\n2;ok\n3;"two\nlines"\n4;"q""q"\n', encoding="cp1252")
    assert [(r.line, r.fields if not r.problem else r.problem) for r in records(file)] == [
        (2, "guillemet non fermé"),
        (3, ["2", "ok"]),
        (4, ["3", "two\nlines"]),
        (6, ["4", 'q"q']),
    ]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "aucun des fichiers attendus"),
        ({"familles.csv": ""}, "est vide"),
        ({"familles.csv": "dossier,adulte\n1,2\n"}, "il manque la ou les colonnes"),
    ],
)
def test_a_wrong_or_empty_file_is_a_sentence_and_a_failure(
    environment: dict[str, str], dsn: str, tmp_path: Path, files: dict[str, str], words: str
) -> None:
    """Exit status 1, no traceback."""
    assert dsn
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = foyer(environment, "import", str(tmp_path))
    assert done.returncode == 1
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_memory_does_not_grow_with_the_file(dsn: str, environment: dict[str, str], tmp_path: Path) -> None:
    """Fifteen times the rows, most of them rejected, in less than a quarter more memory."""
    assert dsn

    def peak(rows: int) -> int:
        folder = tmp_path / str(rows)
        folder.mkdir()
        with (folder / "factures.csv").open("w") as file:
            file.write((FAULTY / "factures.csv").read_text(encoding="utf-8-sig").split("\n")[0] + "\n")
            for n in range(rows):
                file.write(
                    f"G-{n};2026;90001;B00001{n % 3};01/09/2026;30/09/2026;05/10/2026;28/10/2026;{n % 90},50;0,00;EMISE;;NON\n"
                )
        code = "import resource,sys; from api.cli import main; sys.argv[1:] = sys.argv[1:];\ntry: main()\nexcept SystemExit: pass\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-c", code, "import", str(folder), "--dry-run", "--json"],
            env=environment,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout)["factures.csv"]["read"] == rows
        shutil.rmtree(folder)
        return int(done.stderr.split()[-1])

    assert resource
    assert peak(60_000) < 1.25 * peak(4_000)


def test_a_watched_folder_is_imported_when_its_files_are_whole(
    address: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """A file that still grows waits; each delivery is put aside with its report, also one that cannot be used."""
    assert address
    content = (FAULTY / "familles.csv").read_bytes()
    (tmp_path / "familles.csv").write_bytes(content[:200])
    command = [sys.executable, "-m", "api.cli", "import", str(tmp_path), "--watch", "--every", "0.5", "--json"]
    watching = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout
        (tmp_path / "familles.csv").write_bytes(content)
        told = json.loads(watching.stdout.readline())
        if told["counts"]["familles.csv"]["read"] < 5:  # it had taken the first part already: the rest is a delivery
            told = json.loads(watching.stdout.readline())
        assert told["counts"]["familles.csv"]["read"] > 5
        aside = Path(told["folder"])
        assert {path.name for path in aside.iterdir()} == {"familles.csv", "rejets.csv", "avertissements.csv"}
        assert not (tmp_path / "familles.csv").exists()
        (tmp_path / "enfants.csv").write_bytes(b"a;b\r\n1;2\r\n")
        told = json.loads(watching.stdout.readline())
        assert "il manque" in told["problem"]
        assert (Path(told["folder"]) / "erreur.txt").exists()
    finally:
        watching.terminate()
        watching.wait()
