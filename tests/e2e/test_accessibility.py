"""What axe does not see, and what it sees only in another light: keyboard, zoom, spacing, motion, forced colours, focus."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESKTOP, check_page, sign_in, sign_in_agent
from tests.portal import PASSWORD, Agent, Portal

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
PUBLIC = [
    "/",
    "/connexion",
    "/creer-mon-compte",
    "/consultez-vos-mails",
    "/activation",
    "/mot-de-passe-oublie",
    "/nouveau-mot-de-passe",
    "/nouvelle-adresse",
    "/ce-n-est-pas-moi",
    "/accessibilite",
    "/mentions-legales",
    "/confidentialite",
    "/inconnue",
]
PARENT = [
    "/mon-tableau-de-bord",
    "/ma-famille",
    "/ma-famille/ajouter?qui=child",
    "/ma-famille/ajouter?qui=contact",
    "/mes-factures",
    "/mes-demarches",
    "/mes-demarches/cle-enfance",
    "/mes-demarches/nouvelle/family-change",
    "/mes-demarches/nouvelle/invoice-contest",
    "/mes-demarches/nouvelle/question",
    "/mes-inscriptions",
    "/creer-une-inscription",
    "/profil",
    "/profil/modifier",
    "/profil/services",
    "/profil/securite",
    "/profil/securite/mot-de-passe",
    "/profil/securite/adresse-mail",
    "/profil/securite/double-verification",
    "/profil/securite/cles-d-acces",
    "/profil/securite/qui-a-consulte",
    "/profil/securite/mes-donnees",
]
AGENT = [
    "/agents",
    "/agents?etat=toutes",
    "/agents/modeles",
    "/agents/familles",
    "/agents/activites",
    "/agents/activites/nouvelle",
    "/agents/guichet",
    "/agents/guichet/nouveau",
    "/agents/imports",
    "/agents/suivi",
    "/agents/lettres",
    "/agents/annonces",
]
# WCAG 1.4.12: what a reader may set must not cut or cover anything.
SPACED = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }"


def visit(page: Page, where: str) -> None:
    """A page, once it shows what it has."""
    page.goto(where)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Chargement en cours")).to_have_count(0)


def scrolls_sideways(page: Page) -> bool:
    """Whether anything is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


LIGHTS: list[dict[str, Any]] = [
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "light", "forced_colors": "none"},
]
CUT = """[...document.querySelectorAll('main *')].filter(e => !e.closest('.hidden, svg') && getComputedStyle(e).overflow === 'hidden'
    && e.scrollHeight > e.clientHeight + 1).map(e => e.outerHTML.slice(0, 80))"""


def hold(page: Page, where: str) -> None:
    """axe finds nothing and nothing scrolls sideways: light, dark, forced colours, spaced text, 200 %."""
    visit(page, where)
    for light in LIGHTS:
        page.emulate_media(**light)
        check_page(page)
    # Over the devtools, as an extension does: the page's own policy forbids inline styles.
    page.evaluate(
        "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }", SPACED
    )
    page.set_viewport_size({"width": 640, "height": 400})  # a window of 1280 pixels at 200 %
    assert not scrolls_sideways(page), where
    page.set_viewport_size({"width": 320, "height": 640})
    assert not scrolls_sideways(page), where
    assert page.evaluate(CUT) == [], where


def test_every_public_page_holds_in_any_light_and_size(new_page: NewPage) -> None:
    """At 320 pixels, in three lights, with spaced text, at 200 %."""
    page = new_page({"width": 320, "height": 640})
    for where in PUBLIC:
        hold(page, where)


def test_every_page_of_a_parent_holds_in_any_light_and_size(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The same, signed in, with a key."""
    parent, page = portal.parent_with_key(agent), new_page({"width": 320, "height": 640})
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    for where in PARENT:
        hold(page, where)


def test_every_page_of_an_agent_holds_in_any_light_and_size(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The desk is used on a phone too."""
    question = {"type": "question", "data": {"subject": "Cantine", "question": "Bonjour ?"}}
    request = portal.parent().post("/requests", question).json()["id"]
    page = new_page({"width": 320, "height": 640})
    sign_in_agent(page, agent)
    for where in [*AGENT, f"/agents/demandes/{request}"]:
        hold(page, where)


def test_motion_is_still_for_who_asks(new_page: NewPage) -> None:
    """No animation or transition runs with reduced motion."""
    page = new_page(reduced_motion="reduce")
    for where in ("/", "/connexion"):
        visit(page, where)
        assert page.evaluate("document.getAnimations().length") == 0


def press_to(page: Page, name: str, role: str, most: int = 60) -> None:
    """Tab until something has the focus, which is always visible on the way."""
    target = page.get_by_role(role, name=re.compile(name)).first  # type: ignore[arg-type] # a role's name
    for _ in range(most):
        page.keyboard.press("Tab")
        seen = page.evaluate("""() => {
            const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
            const ring = e.closest('label') && getComputedStyle(e.closest('label')).outlineStyle !== 'none';
            return e === document.body || ring || (style.outlineStyle !== 'none' && box.width > 0);
        }""")
        assert seen, page.evaluate("document.activeElement.outerHTML")
        if target.evaluate("e => e === document.activeElement"):
            return
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def test_from_the_sign_in_to_the_attached_key_with_the_keyboard_alone(
    new_page: NewPage, portal: Portal, agent: Agent
) -> None:
    """Never a pointer: skip link, sign-in, menu, profile, « Suivant », key, « Valider »; focus follows each step."""
    parent, family, page = portal.parent(), portal.family(), new_page()
    key = portal.issue(agent, family)
    page.goto("/connexion")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    press_to(page, "Adresse mail", "textbox")
    page.keyboard.type(parent.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mon tableau de bord")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.goto("/mon-tableau-de-bord")
    expect(page.get_by_role("heading", name="Mon tableau de bord")).to_be_visible()
    press_to(page, "^Menu$", "button")
    page.keyboard.press("Enter")
    press_to(page, "^Profil$", "link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Profil", level=1)).to_be_focused()
    press_to(page, "Je modifie mon Espace", "link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Je modifie mon Espace")).to_be_focused()
    press_to(page, "Suivant", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Services", level=1)).to_be_focused()
    press_to(page, "Clé Enfance", "textbox")
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Votre clé est acceptée")).to_be_focused()
    check_page(page)


def test_the_menu_closes_with_escape_and_gives_the_focus_back(new_page: NewPage, portal: Portal) -> None:
    """On a phone."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    menu = page.get_by_role("button", name="Menu")
    menu.click()
    expect(page.get_by_role("link", name="Profil")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Profil")).to_be_hidden()
    expect(menu).to_be_focused()


def test_the_first_page_leaves_the_focus_to_the_skip_link(new_page: NewPage) -> None:
    """The heading takes the focus after a navigation, not at the first load; a visually hidden word widens nothing."""
    page = new_page(DESKTOP)
    visit(page, "/")
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("link", name="Je n’ai pas mon compte").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_the_shell_has_a_name_before_its_script(portal: Portal) -> None:
    """On a slow network a tab is called by the portal's name, not by an address."""
    shell = portal.http.get(f"{portal.address}/mes-factures")
    assert "<title>Espace citoyens — Cayenne</title>" in shell.text


def test_robots_and_the_manifest_are_files_and_not_the_shell(portal: Portal) -> None:
    """An address with a file's name never gets the SPA's page; the manifest has the town in it."""
    robots, manifest = (portal.http.get(f"{portal.address}/{name}") for name in ("robots.txt", "manifest.webmanifest"))
    assert robots.text.startswith("User-agent")
    assert manifest.json()["name"] == "Espace citoyens — Cayenne"
    assert portal.http.get(f"{portal.address}/missing.txt").status_code == 404
    for icon in manifest.json()["icons"]:
        assert portal.http.get(portal.address + icon["src"]).headers["content-type"] == "image/png"
