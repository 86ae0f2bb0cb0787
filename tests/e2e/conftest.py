"""A real Chromium on the built SPA, served by the real portal."""

import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests.conftest import PROJECT, Database
from tests.portal import PASSWORD, Agent

expect.set_options(timeout=15_000)  # the machine may be busy
AXE = PROJECT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=800)
# A refusal of the API is logged by the browser itself; it is what the page makes of it that is tested.
EXPECTED = ("Failed to load resource",)
FAILED = pytest.StashKey[bool]()
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The browser of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "Chromium is missing: apt-get install chromium"
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all journeys of a module: its driver keeps the main thread's event loop busy."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A page is described when its journey failed."""
    report = yield
    item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def new_page(
    browser: Browser, address: str, database: Database, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Pages of people who do not share cookies; a script error or a policy violation fails the journey."""
    database.run("DELETE FROM attempts")
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            complaints.append(message.text)

    def open_page(size: ViewportSize = PHONE, **more: Any) -> Page:
        context = browser.new_context(
            viewport=size,
            locale=more.pop("locale", "fr-FR"),
            base_url=f"http://localhost:{address.rsplit(':', 1)[1]}",
            **more,
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in browser.contexts:
        for page in context.pages if request.node.stash.get(FAILED, False) else []:
            print(f"\n{page.url}\n{page.locator('body').aria_snapshot()}")  # what the person had before them
        context.close()
    assert complaints == []


def wait_for_title(page: Page) -> None:
    """The title begins with the heading; both are another's for a moment while one page follows another.

    (Playwright's own waiting would evaluate a string in the page, which the portal's policy forbids.)
    """
    for _ in range(150):
        if page.evaluate("document.title.startsWith(`${document.querySelector('h1')?.textContent.trim()} — `)"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url}: « {page.title()} » does not begin with the heading")


def check_page(page: Page) -> None:
    """No axe violation, no sideways scroll, one heading, a title that begins with it."""
    expect(page.locator("h1")).to_have_count(1)
    wait_for_title(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
        f"{page.url} scrolls sideways"
    )
    page.evaluate(Path(AXE).read_text())
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    problems = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]]
    assert problems == [], page.url


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill the sign-in form."""
    page.goto("/connexion")
    page.get_by_label("Adresse mail").fill(email)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Me connecter").click()


def sign_in_agent(page: Page, agent: Agent) -> None:
    """The agent's sign-in with a recovery code, to the queue."""
    sign_in(page, agent.email, agent.extra["password"])
    page.get_by_label("Code").fill(agent.recovery_code())
    page.get_by_role("button", name="Valider le code").click()
    expect(page.get_by_role("heading", name="Demandes à traiter")).to_be_visible()
