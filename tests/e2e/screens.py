"""`make screens`: the current screens of the demonstration town, at 360, 768 and 1280 px, into docs/screens/."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pyotp
from PIL import Image
from playwright.sync_api import Page, Route, ViewportSize, sync_playwright

from tests.conftest import PROJECT, free_port
from tests.e2e.conftest import DESKTOP, FLAGS, PHONE, chromium, sign_in

TARGET = PROJECT / "docs" / "screens"
SIZES = {"360": PHONE, "768": ViewportSize(width=768, height=1024), "1280": DESKTOP}
COLOURS = 96  # of a picture: flat colours, small files
PUBLIC_PAGES = {
    "home": "/",
    "sign-up": "/creer-mon-compte",
    "mailbox": "/consultez-vos-mails",
    "sign-in": "/connexion",
    "forgotten": "/mot-de-passe-oublie",
    "accessibility": "/accessibilite",
}
EMPTY_PAGES = {
    "dashboard-without-key": "/mon-tableau-de-bord",
    "family-without-key": "/ma-famille",
    "requests": "/mes-demarches",
    "key-request": "/mes-demarches/cle-enfance",
    "services": "/profil/services",
    "enrollments-without-key": "/mes-inscriptions",
}
PARENT_PAGES = {
    "dashboard": "/mon-tableau-de-bord",
    "family": "/ma-famille",
    "invoices": "/mes-factures",
    "invoices-none": "/mes-factures?etat=credit_note",
    "enrollments": "/mes-inscriptions",
    "enroll": "/creer-une-inscription",
    "profile": "/profil",
    "profile-edit": "/profil/modifier",
    "security": "/profil/securite",
    "two-steps": "/profil/securite/double-verification",
    "passkeys": "/profil/securite/cles-d-acces",
    "who-looked": "/profil/securite/qui-a-consulte",
    "my-data": "/profil/securite/mes-donnees",
}
LISTS = {
    "family": ("/ma-famille", "**/api/v1/household**"),
    "invoices": ("/mes-factures", "**/api/v1/invoices**"),
    "requests": ("/mes-demarches", "**/api/v1/requests**"),
    "enrollments": ("/mes-inscriptions", "**/api/v1/enrollments**"),
    "security": ("/profil/securite", "**/api/v1/sessions"),
}
MANY = 12
AGENT_PAGES = {
    "agent-queue": "/agents",
    "agent-file": "",
    "agent-request": "",
    "agent-templates": "/agents/modeles",
    "agent-activities": "/agents/activites",
    "agent-activity-new": "/agents/activites/nouvelle",
    "agent-counter": "/agents/guichet",
    "agent-account-new": "/agents/guichet/nouveau",
    "agent-imports": "/agents/imports",
    "agent-overview": "/agents/suivi",
    "agent-letters": "/agents/lettres",
    "agent-notices": "/agents/annonces",
}


@contextmanager
def demonstration(port: int) -> Iterator[str]:
    """A demonstration of its own, ready; its address."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"FOYER_DATA_DIR": folder, "FOYER_PORT": str(port)}
        demo = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "demo"], env=environment, cwd=PROJECT, stdout=subprocess.DEVNULL
        )
        try:
            address = f"http://localhost:{port}"
            for _ in range(300):
                try:
                    httpx2.get(f"{address}/readyz").raise_for_status()
                    break
                except httpx2.HTTPError:
                    time.sleep(0.2)
            yield address
        finally:
            demo.terminate()
            demo.wait()


def keep(page: Page, name: str) -> None:
    """A picture of the whole page, with few colours."""
    file = TARGET / f"{name}.png"
    page.screenshot(path=file, full_page=True)
    Image.open(file).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(name)


def shoot(page: Page, name: str, path: str) -> None:
    """One page, once it shows what it has."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    keep(page, name)


def token(address: str, person: dict[str, str]) -> dict[str, str]:
    """The headers of somebody who signed in as an app."""
    body = {"email": person["email"], "password": person["password"], "client": "app"}
    answer = httpx2.post(f"{address}/api/v1/sessions", json=body).json()
    if "challenge" in answer:
        body = {"challenge": answer["challenge"], "code": person["code"]}
        answer = httpx2.post(f"{address}/api/v1/sessions/second-factor", json=body).json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


def converse(address: str, people: dict[str, dict[str, str]]) -> str:
    """A request that came back for a correction, with messages; its id."""
    api, parent, agent = f"{address}/api/v1", token(address, people["without_key"]), token(address, people["agent"])
    data = {"service": "enfance", "deliver_by": "sms", "note": "J'ai changé de numéro."}
    sent = httpx2.post(f"{api}/requests", json={"type": "service-key", "data": data}, headers=parent).json()
    said = [(parent, "", "Bonjour, j'ai changé de numéro."), (agent, "/agent", "Bonjour, il manque un justificatif.")]
    for who, prefix, words in said:
        httpx2.post(f"{api}{prefix}/requests/{sent['id']}/messages", json={"body": words}, headers=who)
    asked = {"kind": "incomplete", "reason": "Joignez un justificatif de domicile de moins de trois mois."}
    httpx2.post(f"{api}/agent/requests/{sent['id']}/correction", json=asked, headers=agent)
    return str(sent["id"])


def live(address: str, person: dict[str, str]) -> dict[str, str]:
    """One of each for the parent with a key: declared members, a question, an enrollment; the pages of enrolling."""
    api, parent = f"{address}/api/v1", token(address, person)
    spouse = {"kind": "spouse", "first_name": "Tatiana", "last_name": "APONTÉ"}
    child = {"kind": "child", "first_name": "Nina", "last_name": "APONTÉ", "birth_date": "2026-08-01"}
    for member in (spouse, child):
        httpx2.post(f"{api}/household/members", json=member, headers=parent).raise_for_status()
    question = {"subject": "Cantine du mercredi", "question": "Y a-t-il cantine le mercredi ?"}
    asked = {"type": "question", "data": question}
    httpx2.post(f"{api}/requests", json=asked, headers=parent).raise_for_status()
    child_id = httpx2.get(f"{api}/family", headers=parent).json()["items"][0]["children"][0]["id"]
    activities = httpx2.get(f"{api}/activities", params={"child_id": child_id}, headers=parent).json()["items"]
    wanted = {"child_id": child_id, "activity_id": activities[0]["id"], "days": activities[0]["days"]}
    enrolled = httpx2.post(f"{api}/enrollments", json=wanted, headers=parent).json()
    choice = f"enfant={child_id}&activite={activities[1]['id']}"
    return {
        "enrollment": f"/mes-inscriptions/{enrolled['id']}",
        "enroll-activity": f"/creer-une-inscription/activite?enfant={child_id}",
        "enroll-days": f"/creer-une-inscription/jours?{choice}",
        "enroll-check": f"/creer-une-inscription/verification?{choice}&jours={activities[1]['days'][0]}",
    }


def wait_in_line(page: Page, suffix: str, check: str) -> None:
    """What a parent reads while too many write."""
    told = {
        "code": "waiting-room",
        "status": 503,
        "place": 812,
        "detail": "Beaucoup de familles font une demande en ce moment. Vous êtes au rang 812 de la file : votre tour vient dans 40 s environ.",
    }
    away = {"Retry-After": "600", "Content-Type": "application/problem+json"}
    page.goto(check)
    page.route("**/api/v1/enrollments", lambda r: r.fulfill(status=503, body=json.dumps(told), headers=away))
    page.get_by_role("button", name=re.compile("^Envoyer")).click()
    page.get_by_text("rang 812").wait_for()
    page.screenshot(path=TARGET / f"state-waiting-room-{suffix}.png")
    page.unroute("**/api/v1/enrollments")


def many(route: Route) -> None:
    """The real answer, as of somebody who has much: its items again and again."""
    answer = route.fetch()
    body = answer.json()
    again = [item | {"id": str(uuid4())} for _ in range(MANY) for item in body["items"]]
    route.fulfill(response=answer, json=body | {"items": again[:MANY]})


def states(page: Page, suffix: str) -> None:
    """What each list says while it waits, when the service or the network is away, and when it is long."""
    unavailable = {"code": "unavailable", "detail": "Le service est momentanément indisponible.", "status": 503}
    for name, (path, asked) in LISTS.items():
        page.route(asked, lambda _: None)  # never answered
        page.goto(path)
        page.get_by_role("status").filter(has_text="Chargement").first.wait_for()
        keep(page, f"{name}-loading-{suffix}")
        page.unroute(asked)
        page.route(asked, lambda r: r.fulfill(status=503, body=json.dumps(unavailable)))
        shoot(page, f"{name}-error-{suffix}", path)
        page.unroute(asked)
        page.route(asked, lambda r: r.abort())
        shoot(page, f"{name}-offline-{suffix}", path)
        page.unroute(asked)
        page.route(asked, many)
        shoot(page, f"{name}-many-{suffix}", path)
        page.unroute(asked)
    page.goto("/mon-tableau-de-bord")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.get_by_text("hors connexion").wait_for()
    keep(page, f"state-offline-{suffix}")
    page.context.set_offline(False)


def take(
    address: str,
    people: dict[str, dict[str, str]],
    request: str,
    enrolling: dict[str, str],
    size: ViewportSize,
    suffix: str,
) -> None:
    """All pages at one size, each person in a browser of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)

        def new_page(**more: str) -> Page:
            return browser.new_context(viewport=size, locale="fr-FR", base_url=address, **more).new_page()  # type: ignore[arg-type] # a colour scheme

        page = new_page()
        for name, path in PUBLIC_PAGES.items():
            shoot(page, f"{name}-{suffix}", path)
        page.goto("/connexion")
        page.get_by_role("button", name="Me connecter").click()
        page.locator("#error-summary").wait_for()
        keep(page, f"state-form-error-{suffix}")
        page.goto("/inconnue")
        page.get_by_role("heading", level=1).wait_for()
        keep(page, f"state-not-found-{suffix}")
        sign_in(page, people["without_key"]["email"], people["without_key"]["password"])
        page.wait_for_url("**/mon-tableau-de-bord")
        for name, path in (EMPTY_PAGES | {"request": f"/mes-demarches/{request}"}).items():
            shoot(page, f"{name}-{suffix}", path)
        for scheme in ("light", "dark"):
            page = new_page(color_scheme=scheme)
            sign_in(page, people["with_key"]["email"], people["with_key"]["password"])
            page.wait_for_url("**/mon-tableau-de-bord")
            if scheme == "dark":
                shoot(page, f"dark-dashboard-{suffix}", "/mon-tableau-de-bord")
                break
            for name, path in (PARENT_PAGES | enrolling).items():
                shoot(page, f"{name}-{suffix}", path)
            page.goto("/mes-factures")
            page.locator("main li a").first.click()
            page.get_by_role("button", name=re.compile("PDF")).wait_for()
            keep(page, f"invoice-{suffix}")
            wait_in_line(page, suffix, enrolling["enroll-check"])
            states(page, suffix)
        browser.close()


def take_desk(address: str, agent: dict[str, str], request: str) -> None:
    """The agent's pages in one browser, whose window changes its size: a code signs in once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_context(viewport=DESKTOP, locale="fr-FR", base_url=address).new_page()
        sign_in(page, agent["email"], agent["password"])
        step = pyotp.TOTP(agent["totp_secret"])
        page.wait_for_timeout(1000 * (step.interval - time.time() % step.interval))  # its code was used already
        page.get_by_label("Code").fill(step.now())
        page.get_by_role("button", name="Valider le code").click()
        page.wait_for_url("**/agents")
        page.goto("/agents/familles")
        page.get_by_label("Nom, dossier").fill("aponte")
        page.get_by_role("button", name="Chercher").click()
        file = page.locator("main article a").first.get_attribute("href") or ""
        for suffix, size in SIZES.items():
            page.set_viewport_size(size)
            for name, path in (
                AGENT_PAGES | {"agent-file": file, "agent-request": f"/agents/demandes/{request}"}
            ).items():
                shoot(page, f"{name}-{suffix}", path)
        browser.close()


def main() -> None:
    """A demonstration of its own, and its pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for old in TARGET.glob("*.png"):
        old.unlink()
    with demonstration(free_port()) as address:
        people = httpx2.get(f"{address}/api/v1/demo/sign-ins").json()
        request = converse(address, people)
        enrolling = live(address, people["with_key"])
        for suffix, size in SIZES.items():
            take(address, people, request, enrolling, size, suffix)
        take_desk(address, people["agent"], request)


if __name__ == "__main__":
    main()
