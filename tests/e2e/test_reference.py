"""The reference of the API, as who writes software reads it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect


def test_the_reference_is_drawn_from_the_served_contract_alone(new_page: Callable[..., Page], address: str) -> None:
    """Every call stands there, the search finds one, and nothing is loaded from another place."""
    page, elsewhere = new_page({"width": 1280, "height": 900}), []
    host = f"localhost:{address.rsplit(':', 1)[1]}"
    page.on("request", lambda r: elsewhere.append(r.url) if urlsplit(r.url).netloc not in {host, ""} else None)
    page.goto("/reference")
    expect(page.get_by_role("heading", name="Foyer (1.0.0)")).to_be_visible()
    expect(page.get_by_role("heading", name="Create Enrollment Basket")).to_be_attached()
    page.get_by_placeholder("Search...").fill("waiting list")
    expect(page.get_by_role("search").get_by_role("menuitem").first).to_be_visible()
    assert not [url for url in elsewhere if not url.startswith(("blob:", "data:"))]
