"""The town as settings: name, contact and colour, in the pages, the manifest and the API."""

import pytest
from pydantic import ValidationError

from api.core.settings import PROJECT, Settings
from api.core.static import Spa
from tests.portal import Portal


def test_anyone_may_ask_for_the_town(portal: Portal) -> None:
    """Name, contact, colour and languages, without a sign-in."""
    town = portal.http.get("/town").json()
    assert (town["name"], town["languages"], town["demo"]) == ("Cayenne", ["fr", "en"], False)


def test_the_pages_carry_the_town_and_its_colour() -> None:
    """Escaped; the policy allows the page's own style by its hash, in each encoding."""
    spa = Spa(PROJECT / "frontend" / "build", Settings(town='Saint-"Élie" <b>', colour="#7a1f4b"))
    page = spa.files["index.html"].bodies[""].decode()
    assert 'data-town="Saint-&quot;Élie&quot; &lt;b&gt;"' in page
    assert "<b>" not in page
    assert ":root{--town:#7a1f4b}" in page
    assert "TOWN__" not in page
    assert "'unsafe-inline'" not in spa.policy
    assert {"", "br", "gzip"} <= spa.files["index.html"].bodies.keys()
    assert "#7a1f4b" in spa.files["manifest.webmanifest"].bodies[""].decode()


def test_a_page_that_has_not_changed_is_not_sent_again(portal: Portal) -> None:
    """304 for its ETag."""
    first = portal.http.get(f"{portal.address}/connexion")
    again = portal.http.get(f"{portal.address}/connexion", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_colour_that_white_text_cannot_be_read_on_is_refused() -> None:
    """At the start, with a sentence."""
    with pytest.raises(ValidationError, match="too light"):
        Settings(colour="#f4b860")


def test_what_is_no_page_is_not_there(portal: Portal) -> None:
    """Copies that editors leave, hidden files and the like: 404, not the start page."""
    for path in ("connexion~", ".env", ".git/config", "index.html.bak", "profil/%2e%2e/x", "connexion%00"):
        assert portal.http.get(f"{portal.address}/{path}").status_code == 404, path
    assert portal.http.get(f"{portal.address}/agents/familles/00000000-0000-4000-8000-000000000000").status_code == 200
