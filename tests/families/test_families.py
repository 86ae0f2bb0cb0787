"""What a parent sees of the files, and what an agent finds."""

from tests.conftest import Database
from tests.portal import Agent, Portal


def test_the_other_parent_is_a_name_and_a_role(portal: Portal, agent: Agent, database: Database) -> None:
    """No address, phone, mail, birth date or quotient of theirs is anywhere in the answer."""
    database.run("DELETE FROM attempts")
    parent = portal.parent_with_key(agent)
    assert parent.family
    other = parent.family.adults[1]
    answer = parent.get("/family")
    adults = answer.json()["items"][0]["adults"]
    assert sorted(adults[1]) == ["first_name", "is_me", "last_name", "role"]
    assert other["last_name"] in answer.text
    assert other["phone"] not in answer.text
    assert other["email"] not in answer.text


def test_two_files_stand_side_by_side(portal: Portal, agent: Agent, database: Database) -> None:
    """A parent with two keys sees both files, each with its own children."""
    database.run("DELETE FROM attempts")
    parent, second = portal.parent_with_key(agent), portal.family()
    assert parent.family
    assert parent.post("/service-keys", {"service": "enfance", "key": portal.issue(agent, second)}).status_code == 201
    files = {f["reference"]: {c["id"] for c in f["children"]} for f in parent.get("/family").json()["items"]}
    assert files == {f.reference: {c["id"] for c in f.children} for f in (parent.family, second)}


def test_a_child_of_two_homes_is_one_child(portal: Portal, database: Database) -> None:
    """The demonstration town has children in two files; each is one row with two places."""
    assert portal
    twice = database.value("SELECT count(*) FROM (SELECT child_id FROM family_child GROUP BY 1 HAVING count(*) = 2) c")
    assert twice > 100
    assert database.value("SELECT count(*) = count(DISTINCT reference) FROM child") is True


def test_an_agent_finds_a_family_by_what_people_say(portal: Portal, agent: Agent) -> None:
    """File number, name without accents in any case, child, phone as typed, mail."""
    family = portal.family()
    adult = family.adults[0]
    words = [
        family.reference,
        f"{adult['first_name']} {adult['last_name']}".lower(),
        adult["email"],
        "0" + adult["phone"].removeprefix("+594"),
        adult["reference"],
    ]
    for word in words:
        references = [f["reference"] for f in agent.get("/agent/families", search=word, limit=100).json()["items"]]
        assert family.reference in references, word


def test_a_misspelled_name_finds_its_family(portal: Portal, agent: Agent) -> None:
    """When no name begins as it was typed: one letter wrong in each word, and the likest first."""
    long = 5  # letters; of a shorter word one letter is half of it
    while True:
        family = portal.family()
        first, last = (str(family.adults[0][name]) for name in ("first_name", "last_name"))
        if len(first) >= long and len(last) >= long:
            break
    typed = f"{first[:2]}{first[3:]} {last[:-1]}y"
    found = agent.get("/agent/families", search=typed, limit=100).json()["items"]
    assert family.reference in [f["reference"] for f in found]
    assert agent.get("/agent/families", search="zzqx wkrv").json()["items"] == []


def test_a_renamed_child_is_found_by_the_new_name_only(portal: Portal, agent: Agent, database: Database) -> None:
    """The names are kept up by the database, whoever writes them."""
    family = portal.family()
    child = family.children[0]["id"]
    database.run("UPDATE child SET search_name = 'ysolde quatrebarbes ysolde' WHERE id = $1::text::uuid", child)

    def found(search: str) -> list[str]:
        return [f["id"] for f in agent.get("/agent/families", search=search).json()["items"]]

    assert found("quatreb yso") == found("Ysolde QUATRE") == found("ysolde") == [family.id]
    database.run("UPDATE child SET search_name = 'renee neuve renee' WHERE id = $1::text::uuid", child)
    assert found("ysolde") == []


def test_the_pages_of_a_search_go_on_from_each_other(agent: Agent) -> None:
    """No file twice, none left out."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = agent.get("/agent/families", search="ma", limit=10, **cursor).json()
        seen += [f["id"] for f in page["items"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) > 10
    assert len(seen) == len(set(seen))
    assert agent.get("/agent/families", search="ma", cursor="x~y").status_code == 422


def test_a_file_tells_what_happened_in_it(portal: Portal, agent: Agent) -> None:
    """Accounts that are in it, invoices, enrollments, requests, and who did what."""
    family = portal.family()
    parent = portal.parent_with_key(agent, family)
    question = {"type": "question", "data": {"subject": "Cantine", "question": "Bonjour ?"}}
    reference = parent.post("/requests", question).json()["reference"]
    seen = agent.get(f"/agent/families/{family.id}/activity").json()
    assert [link["email"] for link in seen["links"]] == [parent.email]
    assert len(seen["invoices"]) == len(parent.get("/invoices", limit=100).json()["items"])
    assert reference in [r["reference"] for r in seen["requests"]]
    assert {"service_key.issued", "service_key.attached"} <= {event["action"] for event in seen["history"]}
    assert agent.get("/agent/families/01900000-0000-7000-8000-000000000000/activity").status_code == 404


def test_looking_at_a_file_is_written_down(portal: Portal, agent: Agent, database: Database) -> None:
    """The audit has who looked at which file."""
    family = portal.family()
    assert agent.get(f"/agent/families/{family.id}").status_code == 200
    assert (
        database.value(
            "SELECT count(*) FROM audit_event WHERE action = 'family.viewed' AND family_id = $1::text::uuid", family.id
        )
        == 1
    )


def test_the_services_are_public_and_say_how_to_get_a_key(portal: Portal) -> None:
    """In the reader's language."""
    items = portal.http.get("/services", headers={"Accept-Language": "en-GB,en;q=0.9,fr;q=0.5"}).json()["items"]
    assert (items[0]["slug"], items[0]["name"], items[0]["attached"]) == ("enfance", "Childhood", None)
    assert "espace-citoyens@ville-cayenne.fr" in items[0]["how_to_get"]
