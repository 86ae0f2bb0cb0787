"""Two files of one family become one: parents, keys, invoices, enrollments and the agents' search follow."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database, foyer
from tests.portal import Agent, Family, Parent, Portal

FAMILIES = "dossier;adulte;role;civilite;nom;prenom;date_naissance;adresse;code_postal;ville;telephone;courriel;payeur;quotient;quotient_debut;quotient_fin"
CHILDREN = "dossier;enfant;nom;prenom;date_naissance;sexe;ecole;classe;pai;regime"
INVOICES = "numero;exercice;dossier;adulte;periode_debut;periode_fin;date_emission;date_echeance;total;regle;etat;reference_dette;prelevement"


class Town:
    """Two files that are one family: the mother in both, the father in the second only."""

    def __init__(self, folder: Path, environment: dict[str, str], agent: Agent) -> None:
        self.folder, self.environment, self.agent = folder, environment, agent
        self.mark = uuid.uuid4().hex[:8].upper()
        self.old, self.new = f"V{self.mark}", f"N{self.mark}"

    def adult(self, file: str, reference: str, first_name: str) -> str:
        """A row of familles.csv."""
        mail = f"{reference.lower()}.{file.lower()}@exemple.fr"
        return f"{file};{reference};RESPONSABLE;;DOUBLON;{first_name};;1, rue;97300;CAYENNE;0694112233;{mail};OUI;;;"

    def send(self, **files: list[str]) -> str:
        """Import files; what the command said."""
        place = self.folder / uuid.uuid4().hex
        place.mkdir()
        for name, rows in files.items():
            (place / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        made = foyer(self.environment, "import", str(place), "--rejects", str(place / "rejets.csv"), "--json")
        assert made.returncode in {0, 1}, made.stderr
        return made.stdout + (place / "rejets.csv").read_text(encoding="utf-8-sig")

    def start(self) -> None:
        """The two files, a child in each, an invoice in each."""
        mother, father = f"M{self.mark}", f"P{self.mark}"
        self.send(
            familles=[
                FAMILIES,
                self.adult(self.old, mother, "Ana"),
                self.adult(self.new, mother, "Ana"),
                self.adult(self.new, father, "Luc"),
            ],
            enfants=[
                CHILDREN,
                f"{self.old};E1{self.mark};DOUBLON;Léo;01/02/2018;M;École;CP;NON;",
                f"{self.new};E2{self.mark};DOUBLON;Zoé;01/02/2020;F;École;GS;NON;",
            ],
            factures=[
                INVOICES,
                *(
                    f"{n}-{self.mark};2026;{file};{mother};01/09/2026;30/09/2026;05/10/2026;28/10/2026;10,00;0,00;EMISE;;NON"
                    for n, file in ((1, self.old), (2, self.new))
                ),
            ],
        )

    def merge(self) -> str:
        """What the back office sends when it has seen the duplicate."""
        return self.send(fusions=["dossier;vers", f"{self.old};{self.new}"])

    def file(self, reference: str) -> Any:
        """The file as an agent finds it."""
        found = self.agent.get("/agent/families", search=reference).json()["items"]
        assert len(found) == 1, found
        return found[0]

    def parent(self, portal: Portal, reference: str) -> Parent:
        """The mother, by a key of one of the files."""
        found = self.file(reference)
        mother = next(a for a in found["adults"] if a["first_name"] == "Ana")
        family = Family(found["id"], reference, [mother], found["children"])
        return portal.parent_with_key(self.agent, family)


@pytest.fixture
def town(tmp_path: Path, environment: dict[str, str], agent: Agent, database: Database) -> Town:
    """Before the merge."""
    database.run("DELETE FROM attempts")
    made = Town(tmp_path, environment, agent)
    made.start()
    return made


def test_a_parent_of_the_old_file_sees_the_one_that_it_became(portal: Portal, town: Town) -> None:
    """The same account, no new key: all children, all invoices, once each."""
    parent = town.parent(portal, town.old)
    assert [c["first_name"] for c in parent.get("/family").json()["items"][0]["children"]] == ["Léo"]
    town.merge()
    files = parent.get("/family").json()["items"]
    assert [(f["reference"], len(f["adults"])) for f in files] == [(town.new, 2)]
    assert sorted(c["first_name"] for c in files[0]["children"]) == ["Léo", "Zoé"]
    assert sorted(i["number"][0] for i in parent.get("/invoices").json()["items"]) == ["1", "2"]


def test_an_account_in_both_files_is_in_one(portal: Portal, town: Town, database: Database) -> None:
    """A mother who had typed both keys sees the file once."""
    parent = town.parent(portal, town.old)
    found = town.file(town.new)
    mother = next(a for a in found["adults"] if a["first_name"] == "Ana")
    second = portal.issue(town.agent, Family(found["id"], town.new, [mother], []))
    assert parent.post("/service-keys", {"service": "enfance", "key": second}).status_code == 201
    town.merge()
    assert [f["reference"] for f in parent.get("/family").json()["items"]] == [town.new]


def test_agents_find_the_file_by_its_old_number_and_its_history(portal: Portal, town: Town, agent: Agent) -> None:
    """Also by an address that was kept."""
    town.parent(portal, town.old)
    before = town.file(town.old)["id"]
    town.merge()
    assert town.file(town.old)["reference"] == town.new
    assert agent.get(f"/agent/families/{before}").json()["reference"] == town.new
    actions = [e["action"] for e in agent.get(f"/agent/families/{before}/activity").json()["history"]]
    assert {"family.merged", "service_key.attached"} <= set(actions)


def test_the_same_merge_again_changes_nothing_and_a_wrong_one_is_told(town: Town, database: Database) -> None:
    """Unknown files, a file that becomes itself, rows of a file that is gone: each with its reason."""
    town.merge()
    merged = "SELECT count(*) FROM audit_event WHERE action = 'family.merged' AND facts ->> 'from' = $1"
    town.merge()
    assert database.value(merged, town.old) == 1
    said = town.send(
        fusions=["dossier;vers", "INCONNU;" + town.new, f"{town.new};{town.old}", f"{town.new};{town.new}"]
    )
    assert "famille inconnue" in said
    assert "ne peut pas devenir lui-même" in said
    late = town.send(familles=[FAMILIES, town.adult(town.old, f"X{town.mark}", "Tard")])
    assert f"dossier fusionné avec le {town.new}" in late


def test_a_child_who_was_taken_out_stays_out_of_what_the_file_became(portal: Portal, town: Town, agent: Agent) -> None:
    """An agent's word is about the family, whatever number its file has."""
    parent = town.parent(portal, town.old)
    old = town.file(town.old)
    assert agent.send("DELETE", f"/agent/families/{old['id']}/children/{old['children'][0]['id']}").status_code == 204
    town.send(enfants=[CHILDREN, f"{town.new};E1{town.mark};DOUBLON;Léo;01/02/2018;M;École;CP;NON;"])
    assert sorted(child["first_name"] for child in town.file(town.new)["children"]) == ["Léo", "Zoé"]
    town.merge()
    assert [child["first_name"] for child in parent.get("/family").json()["items"][0]["children"]] == ["Zoé"]
    became = agent.get(f"/agent/families/{old['id']}").json()
    assert [child["first_name"] for child in became["departed"]] == ["Léo"]
    assert agent.send("PUT", f"/agent/families/{became['id']}/children/{old['children'][0]['id']}").status_code == 204
