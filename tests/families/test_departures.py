"""Custody that ends: an agent or the back office says so, and the parents of the file see nothing of the child any more."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database, foyer
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Family, Parent, Portal, Software

CHILDREN = "dossier;enfant;nom;prenom;date_naissance;sexe;ecole;classe;pai;regime"


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


@pytest.fixture
def home(portal: Portal, agent: Agent) -> Parent:
    """A parent of a file with two children."""
    return portal.parent_with_key(agent, portal.family(lambda family: len(family.children) >= 2))


def seen(parent: Parent) -> set[str]:
    """The children whom a parent sees."""
    return {child["id"] for child in parent.get("/family").json()["items"][0]["children"]}


def reference(database: Database, child: str) -> str:
    """The back office's reference of a child."""
    return str(database.value("SELECT reference FROM child WHERE id = $1::text::uuid", child))


def deliver(environment: dict[str, str], folder: Path, **files: str) -> tuple[str, str]:
    """Import files; what became of the rows, and what was warned of."""
    for name, row in files.items():
        header = CHILDREN if name == "enfants" else "dossier;enfant"
        (folder / f"{name}.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    done = foyer(environment, "import", str(folder), "--rejects", str(folder / "rejets.csv"), "--json")
    assert done.returncode == 0, done.stderr
    return done.stdout, (folder / "avertissements.csv").read_text(encoding="utf-8-sig")


def row_of(family: Family, name: str) -> str:
    """A row of enfants.csv that still has a child in its file."""
    return f"{family.reference};{name};ESSAI;Léo;01/02/2018;M;École;CP;NON;"


def test_an_agent_takes_a_child_out_and_brings_it_back(
    portal: Portal, agent: Agent, home: Parent, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """At the parents' next request; they are told by mail; a file that still names the child says so and does not bring it back."""
    assert home.family
    child, file = home.family.children[0]["id"], f"/agent/families/{home.family.id}"
    where = activity(database)
    held = enroll(home, where).json()["id"]
    before = seen(home)
    path = f"{file}/children/{child}"
    assert [agent.send("DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert seen(home) == before - {child}
    assert home.get("/enrollments").json()["items"] == []
    letter = portal.mailbox.wait(home.email, "Un enfant n'est plus dans votre dossier Enfance")
    assert home.family.children[0]["first_name"] not in letter.body
    assert [one["id"] for one in agent.get(file).json()["departed"]] == [child]
    assert child not in [one["id"] for one in agent.get(file).json()["children"]]
    _, warned = deliver(environment, tmp_path, enfants=row_of(home.family, reference(database, child)))
    assert "retiré de ce dossier par un agent" in warned
    assert seen(home) == before - {child}
    assert [agent.send("PUT", path).status_code for _ in range(2)] == [204, 404]
    assert seen(home) == before
    assert len(home.get("/enrollments").json()["items"]) == 1
    agent.send("DELETE", path)
    refusal = {"action": "refusal", "ids": [held], "reason": "L'enfant n'est plus dans ce dossier."}
    decided = agent.post(f"/agent/activities/{where}/decisions", refusal)
    assert (decided.status_code, database.value("SELECT state FROM enrollment WHERE id = $1::text::uuid", held)) == (
        200,
        "refused",
    )
    assert not [letter for letter in portal.mailbox.letters if letter.to == home.email and "refusée" in letter.subject]
    told = agent.get(f"{file}/activity").json()["history"]
    assert {"family.child_left", "family.child_back"} <= {event["action"] for event in told}


def test_files_that_name_a_child_in_both_leave_it_out_and_change_nothing_again(
    home: Parent, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """sorties.csv holds against enfants.csv, however often both come."""
    assert home.family
    child = home.family.children[0]["id"]
    name = reference(database, child)
    both = {"enfants": row_of(home.family, name), "sorties": f"{home.family.reference};{name}"}
    deliver(environment, tmp_path, **both)
    assert child not in seen(home)
    counts, warned = deliver(environment, tmp_path, **both)
    assert counts.count('"unchanged": 1') == 2
    assert "auparavant" in warned
    assert child not in seen(home)


def test_who_leaves_while_the_children_are_imported_has_left(
    home: Parent, database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """An import that had begun before puts the child back, and takes it out again before anybody sees it."""
    assert home.family
    child = home.family.children[0]["id"]
    left = (
        "INSERT INTO child_departure (family_id, child_id, told_by) VALUES ($1::text::uuid, $2::text::uuid, new_id())"
    )
    database.run(left, home.family.id, child)
    deliver(environment, tmp_path, enfants=row_of(home.family, reference(database, home.family.children[1]["id"])))
    assert child not in seen(home)


def test_sorties_names_what_it_does_not_know(home: Parent, environment: dict[str, str], tmp_path: Path) -> None:
    """A family or a child that nobody has: rejected, with its reason."""
    assert home.family
    deliver(environment, tmp_path, sorties=f"INCONNU;X\n{home.family.reference};INCONNU")
    rejected = (tmp_path / "rejets.csv").read_text(encoding="utf-8-sig")
    assert "famille inconnue" in rejected
    assert "enfant inconnu" in rejected


def test_the_back_office_says_so_by_the_api(
    portal: Portal, agent: Agent, software: Software, home: Parent, database: Database
) -> None:
    """And brings the child back by writing it in the file again; what an agent took out it does not."""
    assert home.family
    child, before = home.family.children[0]["id"], seen(home)
    file = f"/integration/families/{home.family.reference}"
    written: dict[str, Any] = software.get(file).json()
    path = f"{file}/children/{reference(database, child)}"
    assert [software.send("DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert seen(home) == before - {child}
    assert portal.mailbox.wait(home.email, "Un enfant n'est plus dans votre dossier")
    told = software.get("/integration/events", limit=1000).json()["items"][-1]
    assert (told["type"], told["data"]["child"]) == ("family.child_left", reference(database, child))
    assert software.send("PUT", file, written).json()["warnings"] == []
    assert seen(home) == before
    assert agent.send("DELETE", f"/agent/families/{home.family.id}/children/{child}").status_code == 204
    assert "par un agent" in software.send("PUT", file, written).json()["warnings"][0]
    assert seen(home) == before - {child}


def test_who_may_take_a_child_out(home: Parent, colleague: Agent, software: Software) -> None:
    """Who gives keys out; no parent, and no software that is not of families."""
    assert home.family
    path = f"/agent/families/{home.family.id}/children/{home.family.children[0]['id']}"
    assert home.send("DELETE", path).status_code == 403
    assert software.send("DELETE", path).status_code == 401
    assert colleague.send("DELETE", path).status_code == 204
