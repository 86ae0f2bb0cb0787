"""Declaring the household."""

import pytest

from tests.portal import Parent, Portal

CHILD = {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
SPOUSE = {"kind": "spouse", "first_name": "Rui", "last_name": "Silva"}
CONTACT = {
    "kind": "contact",
    "first_name": "Eva",
    "last_name": "Roc",
    "phone": "0694 00 11 22",
    "may_collect": True,
    "relationship": "voisine",
}


@pytest.fixture(scope="module")
def somebody(portal: Portal) -> Parent:
    """One parent for refusals that leave nothing behind."""
    return portal.parent()


def test_a_parent_adds_changes_and_removes_members(portal: Portal) -> None:
    """Spouse, child and contact come back as declared; a change and a removal are in force at once."""
    parent = portal.parent()
    made = [parent.post("/household/members", body) for body in (SPOUSE, CHILD, CONTACT)]
    assert [m.status_code for m in made] == [201, 201, 201]
    contact = made[2].json()
    assert (contact["phone"], contact["may_collect"]) == ("+594694001122", True)
    url = f"/household/members/{contact['id']}"
    changed = parent.send("PATCH", url, {"phone": "0594 30 00 00"}, if_match=made[2].headers["etag"])
    assert changed.json()["phone"] == "+594594300000"
    assert parent.send("DELETE", url, if_match=made[2].headers["etag"]).status_code == 412
    assert parent.send("DELETE", url, if_match=changed.headers["etag"]).status_code == 204
    assert [m["kind"] for m in parent.get("/household/members").json()["items"]] == ["spouse", "child"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({k: v for k, v in CHILD.items() if k != "birth_date"}, "/birth_date"),
        (CHILD | {"birth_date": "2018-02-30"}, "/birth_date"),
        (CHILD | {"birth_date": "2999-01-01"}, "/birth_date"),
        ({k: v for k, v in CONTACT.items() if k != "phone"}, "/phone"),
        (CONTACT | {"phone": "12"}, "/phone"),
        (CONTACT | {"email": "pas une adresse"}, "/email"),
        (SPOUSE | {"first_name": "  "}, "/first_name"),
        (SPOUSE | {"kind": "cat"}, "/kind"),
        (SPOUSE | {"last_name": "a\x00b"}, "/last_name"),
    ],
)
def test_what_a_member_lacks_is_told_at_its_field(somebody: Parent, body: dict[str, object], pointer: str) -> None:
    """A child needs a birth date that exists, a contact a phone that can ring."""
    answer = somebody.post("/household/members", body)
    assert (answer.status_code, [e["pointer"] for e in answer.json()["errors"]]) == (422, [pointer])


def test_there_is_one_spouse(portal: Portal) -> None:
    """A second one is refused with what to do."""
    parent = portal.parent()
    statuses = [parent.post("/household/members", SPOUSE).status_code for _ in range(2)]
    assert statuses == [201, 409]


def test_another_parents_member_does_not_exist(portal: Portal) -> None:
    """Reading, changing and removing it are all 404."""
    owner, other = portal.parent(), portal.parent()
    url = f"/household/members/{owner.post('/household/members', CHILD).json()['id']}"
    assert other.get(url).status_code == 404
    assert other.send("PATCH", url, {"first_name": "X"}, if_match='"1"').status_code == 404
    assert other.send("DELETE", url, if_match='"1"').status_code == 404
    assert owner.get(url).json()["first_name"] == "Léa"


def test_pages_follow_each_other_without_gap_or_repeat(portal: Portal) -> None:
    """A cursor continues where the page before ended."""
    parent = portal.parent()
    for n in range(5):
        parent.post("/household/members", CHILD | {"first_name": f"Enfant {n}"})
    seen, cursor = [], None
    while True:
        page = parent.get("/household/members", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [m["first_name"] for m in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == [f"Enfant {n}" for n in range(5)]
