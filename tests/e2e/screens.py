"""`make screens`: the current screens of the demonstration town, at 360 and 1280 px, into docs/screens/."""

import os
import re
import subprocess
import sys
import tempfile
import time

import httpx2
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.conftest import PROJECT, free_port
from tests.e2e.conftest import DESKTOP, FLAGS, PHONE, chromium

TARGET = PROJECT / "docs" / "screens"
PARENT_PAGES = {
    "dashboard": "/mon-tableau-de-bord",
    "family": "/ma-famille",
    "invoices": "/mes-factures",
    "requests": "/mes-demarches",
    "enroll": "/creer-une-inscription",
    "profile": "/profil",
    "services": "/profil/services",
    "security": "/profil/securite",
}
PUBLIC_PAGES = {"home": "/", "sign-up": "/creer-mon-compte", "sign-in": "/connexion"}


def shoot(page: Page, name: str, path: str) -> None:
    """One page, once it shows what it has."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=TARGET / f"{name}.png", full_page=True)
    print(name)


def sign_in(page: Page, person: dict[str, str]) -> None:
    """By the form."""
    page.goto("/connexion")
    page.get_by_label("Adresse mail").fill(person["email"])
    page.get_by_label("Mot de passe", exact=True).fill(person["password"])
    page.get_by_role("button", name="Me connecter").click()


def take(address: str, size: ViewportSize, suffix: str) -> None:
    """All pages at one size, each person in a browser of their own."""
    people = httpx2.get(f"{address}/api/v1/demo/sign-ins").json()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)

        def new_page() -> Page:
            return browser.new_context(viewport=size, locale="fr-FR", base_url=address).new_page()

        page = new_page()
        for name, path in PUBLIC_PAGES.items():
            shoot(page, f"{name}-{suffix}", path)
        sign_in(page, people["without_key"])
        page.wait_for_url("**/mon-tableau-de-bord")
        shoot(page, f"dashboard-without-key-{suffix}", "/mon-tableau-de-bord")
        page = new_page()
        sign_in(page, people["with_key"])
        page.wait_for_url("**/mon-tableau-de-bord")
        for name, path in PARENT_PAGES.items():
            shoot(page, f"{name}-{suffix}", path)
        page.goto("/mes-factures")
        page.locator("main li a").first.click()
        page.get_by_role("button", name=re.compile("PDF")).wait_for()
        page.screenshot(path=TARGET / f"invoice-{suffix}.png", full_page=True)
        browser.close()


def main() -> None:
    """A demonstration of its own, and its pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FOYER_DATA_DIR": folder, "FOYER_PORT": str(port)}
        demo = subprocess.Popen([sys.executable, "-m", "api.cli", "demo"], env=environment, cwd=PROJECT)
        try:
            address = f"http://localhost:{port}"
            for _ in range(300):
                try:
                    httpx2.get(f"{address}/readyz").raise_for_status()
                    break
                except httpx2.HTTPError:
                    time.sleep(0.2)
            take(address, PHONE, "360")
            take(address, DESKTOP, "1280")
        finally:
            demo.terminate()
            demo.wait()


if __name__ == "__main__":
    main()
