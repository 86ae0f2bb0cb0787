"""The guide, end to end, on a phone: what its text promises, done by a person in a browser."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from api.core.clock import utcnow
from tests.e2e.conftest import DESKTOP, PHONE, check_page, sign_in
from tests.portal import KEY, PASSWORD, Agent, Family, Portal, found

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]


def test_the_guide_from_no_account_to_an_enrollment(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Sign up, activate from the mail, declare the household, be told what is missing, ask for the key, type it, see everything, enroll."""
    page, email, family = new_page(), portal.new_address(), portal.family()
    # « Je n'ai pas mon compte »
    page.goto("/")
    check_page(page)
    page.get_by_role("link", name="Je n’ai pas mon compte").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.locator("#error-summary")).to_be_focused()
    check_page(page)
    for label, value in (("Prénom", "Ana"), ("Nom", "Silva"), ("Adresse mail", email), ("Mot de passe", PASSWORD)):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.get_by_role("heading", name="Consultez vos mails")).to_be_visible()
    expect(page.get_by_text(email)).to_be_visible()
    check_page(page)
    # activation from the mail received
    link = found(re.compile(r"(/activation#token=\S+)"), portal.mailbox.wait(email, "Activez").body)
    page.goto(link)
    page.get_by_role("button", name="Activer mon compte").click()
    expect(page.get_by_role("heading", name="Votre compte est activé")).to_be_focused()
    sign_in(page, email)
    # the dashboard says what is missing and how to get it
    expect(page.get_by_role("heading", name="Mon tableau de bord")).to_be_visible()
    expect(page.get_by_role("heading", name="Il manque la clé enfance")).to_be_visible()
    for place in ("Ma famille", "Mes démarches", "Mes factures"):
        expect(page.get_by_role("heading", name=place)).to_be_visible()
    check_page(page)
    for where in ("/mes-factures", "/creer-une-inscription", "/ma-famille"):
        page.goto(where)
        expect(page.get_by_role("heading", name="Il manque la clé enfance")).to_be_visible()
    # the household
    page.get_by_role("link", name="Ajouter un enfant").click()
    page.get_by_label("Prénom").fill("Léa")
    page.get_by_label("Nom", exact=True).fill("Silva")
    for label, value in (("Jour", "5"), ("Mois", "4"), ("Année", "2018")):
        page.get_by_label(label).fill(value)
    check_page(page)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("né(e) le 5 avril 2018")).to_be_visible()
    check_page(page)
    # « demande de clé enfance »
    page.goto("/mon-tableau-de-bord")
    page.get_by_role("link", name="Demande de clé enfance").click()
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.locator("#error-summary")).to_contain_text("Comment voulez-vous recevoir la clé")
    page.get_by_role("radio", name=re.compile("Par mail")).check()
    check_page(page)
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("heading", name="Votre demande est envoyée")).to_be_visible()
    expect(page.get_by_text("Son numéro est")).to_be_visible()
    reference = found(re.compile(r"(D-\d{4}-\d{6})"), page.locator("main").inner_text())
    assert portal.mailbox.wait(email, reference)
    check_page(page)
    # the service answers; the key goes to the mail on record
    queue = agent.get("/agent/requests", state="submitted", limit=100).json()["items"]
    request = next(r["id"] for r in queue if r["reference"] == reference)
    adult = family.adults[0]
    before = sum(letter.to == adult["email"] and "clé" in letter.subject for letter in portal.mailbox.letters)
    body = {"service_key": {"adult_id": adult["id"], "deliver_by": "email"}}
    assert agent.post(f"/agent/requests/{request}/acceptance", body).status_code == 200
    key = found(KEY, portal.mailbox.wait(adult["email"], "clé", after=before).body, group=0)
    # Profil → « Je modifie mon Espace » → check → « Suivant » → services
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Profil").click()
    check_page(page)
    page.get_by_role("link", name="Je modifie mon Espace").click()
    page.get_by_label("Téléphone").fill("0694 12 34 56")
    check_page(page)
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_role("heading", name="Services")).to_be_focused()
    check_page(page)
    # a mistyped symbol is told at once, before anything is sent
    mistyped = key[:-1] + ("A" if key[-1] != "A" else "B")
    page.get_by_role("textbox", name="Clé Enfance").fill(mistyped)
    page.get_by_role("textbox", name="Clé Enfance").blur()
    expect(page.locator("#key-error")).to_contain_text("faute de frappe")
    page.get_by_role("textbox", name="Clé Enfance").fill(key.lower().replace("-", " "))
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_role("heading", name="Votre clé est acceptée")).to_be_focused()
    for child in family.children:
        expect(page.get_by_text(child["first_name"]).first).to_be_visible()
    check_page(page)
    # at once, with no new sign-in: family, invoices, « créer une inscription »
    page.get_by_role("link", name="Mes factures").click()
    page.locator("main li a").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Facture"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger la facture").click()
    assert download.value.suggested_filename.endswith(".pdf")
    check_page(page)
    enroll(page, schoolchild(family))
    assert portal.mailbox.wait(email, "Inscription")


def schoolchild(family: Family) -> str:
    """A child of the family who has the age of the school canteen."""
    today = utcnow().date()
    born = {str(c["first_name"]): date.fromisoformat(c["birth_date"]) for c in family.children}
    return next(name for name, day in born.items() if 4 <= (today - day).days / 365.25 <= 10)


def enroll(page: Page, child: str) -> None:
    """« créer une inscription »: child, activity, days, check, sent with a reference."""
    page.goto("/mon-tableau-de-bord")
    page.get_by_role("link", name="Créer une inscription").click()
    check_page(page)
    page.get_by_role("link", name=f"Inscrire {child}").click()
    page.get_by_label("Chercher une activité").fill("restauration")
    check_page(page)
    page.get_by_role("link", name=re.compile("^Choisir")).first.click()
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_text("Choisissez au moins un jour")).to_be_visible()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_role("heading", name="Vérifiez avant d’envoyer")).to_be_focused()
    check_page(page)
    page.go_back()
    expect(page.get_by_role("checkbox").first).to_be_visible()
    page.go_forward()
    page.get_by_role("button", name="Envoyer l’inscription").dblclick()
    expect(page.get_by_role("heading", name="C’est envoyé")).to_be_visible()
    expect(page.get_by_text(re.compile(r"I-\d{4}-\d{6}"))).to_be_visible()
    check_page(page)
    page.goto("/mes-inscriptions")
    expect(page.locator("main li.card")).to_have_count(1)


def test_detaching_the_key_closes_the_family(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """From the profile; the dashboard then says again what is missing."""
    parent, page = portal.parent_with_key(agent), new_page()
    sign_in(page, parent.email)
    expect(page.get_by_role("link", name="Créer une inscription")).to_be_visible()
    check_page(page)
    page.goto("/profil")
    page.get_by_role("button", name="Détacher cette clé").click()
    page.get_by_role("dialog").get_by_role("button", name="Détacher cette clé").click()
    expect(page.get_by_text("La clé est détachée")).to_be_visible()
    page.goto("/mes-factures")
    expect(page.get_by_role("heading", name="Il manque la clé enfance")).to_be_visible()


def test_the_key_can_be_skipped_and_entered_later(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """« Je n'ai pas encore ma clé » leads to the dashboard; the same place takes it later. A wrong key says what to do."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/services")
    page.get_by_role("link", name="Je n’ai pas encore ma clé").click()
    expect(page.get_by_role("heading", name="Mon tableau de bord")).to_be_visible()
    page.get_by_role("link", name="J’ai ma clé, je la saisis").first.click()
    from api.security.secrets import new_service_key

    page.get_by_role("textbox", name="Clé Enfance").fill(new_service_key())
    page.get_by_role("button", name="Valider").click()
    expect(page.locator("#error-summary")).to_contain_text("n'est pas reconnue")
    check_page(page)
    page.get_by_role("textbox", name="Clé Enfance").fill(portal.issue(agent, portal.family()))
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_role("heading", name="Votre clé est acceptée")).to_be_visible()


def test_a_key_from_the_counter_asks_for_a_birth_date(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """A wrong date says so, a right one opens the family."""
    parent, page, family = portal.parent(), new_page(), portal.family()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/services")
    page.get_by_role("textbox", name="Clé Enfance").fill(portal.issue(agent, family, "counter"))
    page.get_by_role("button", name="Valider").click()
    expect(page.get_by_role("heading", name="Une dernière vérification")).to_be_visible()
    for typed in (("1", "1", "1999"), tuple(family.children[0]["birth_date"].split("-")[::-1])):
        for label, value in zip(("Jour", "Mois", "Année"), typed, strict=True):
            page.get_by_label(label).fill(value)
        check_page(page)
        page.get_by_role("button", name="Valider").click()
        if typed[2] == "1999":
            expect(page.locator("#error-summary")).to_contain_text("aucun enfant du dossier")
    expect(page.get_by_role("heading", name="Votre clé est acceptée")).to_be_visible()


def test_a_forgotten_password_is_replaced(new_page: NewPage, portal: Portal) -> None:
    """From the sign-in page to the mail to a new password; the link works once."""
    parent, page = portal.parent(), new_page()
    page.goto("/connexion")
    page.get_by_role("link", name="Mot de passe oublié").click()
    expect(
        page.get_by_role("heading", name="Mot de passe oublié")
    ).to_be_focused()  # the page before has the same field
    page.get_by_label("Adresse mail").fill(parent.email)
    page.get_by_role("button", name="Recevoir le lien").click()
    expect(page.get_by_role("heading", name="Consultez vos mails")).to_be_visible()
    check_page(page)
    link = found(
        re.compile(r"(/nouveau-mot-de-passe#token=\S+)"), portal.mailbox.wait(parent.email, "nouveau mot de passe").body
    )
    page.goto(link)
    page.get_by_label("Mot de passe", exact=True).fill("azertyuiop12")
    page.get_by_role("button", name="Enregistrer le mot de passe").click()
    expect(page.locator("#password-error")).to_contain_text("trop facile")
    page.get_by_label("Mot de passe", exact=True).fill("une phrase toute neuve")
    page.get_by_role("button", name="Enregistrer le mot de passe").click()
    expect(page.get_by_role("heading", name="Votre mot de passe est changé")).to_be_visible()
    check_page(page)
    sign_in(page, parent.email, "une phrase toute neuve")
    expect(page.get_by_role("heading", name="Mon tableau de bord")).to_be_visible()


def test_a_spent_link_says_what_to_do(new_page: NewPage, portal: Portal) -> None:
    """And leads to another mail."""
    address, page = portal.sign_up(), new_page()
    link = found(re.compile(r"(/activation#token=\S+)"), portal.mailbox.wait(address, "Activez").body)
    portal.http.post("/accounts/activation", json={"token": link.split("=")[1]})
    page.goto(link)
    page.get_by_role("button", name="Activer mon compte").click()
    expect(page.locator("#error-summary")).to_contain_text("a déjà servi")
    page.get_by_role("link", name="Demander un autre mail").click()
    expect(page.get_by_role("heading", name="Je n’ai rien reçu")).to_be_visible()
    check_page(page)


def test_a_session_that_ended_elsewhere_loses_nothing_typed(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """In the middle of a form: sign in again, come back, and what was typed is there."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/mes-demarches/cle-enfance")
    page.get_by_label("Un mot pour le service").fill("Nouveau numéro : 0694 00 00 00")
    page.get_by_role("radio", name=re.compile("Par SMS")).check()
    here = portal.sign_in(parent.email)
    for device in here.get("/sessions").json()["items"]:
        if not device["current"]:
            here.send("DELETE", f"/sessions/{device['id']}")
    page.get_by_role("button", name="Envoyer la demande").click()
    page.wait_for_url("**/connexion**")
    expect(page.get_by_text("Votre session est terminée")).to_be_visible()
    check_page(page)
    page.get_by_label("Adresse mail").fill(parent.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Me connecter").click()
    page.wait_for_url("**/mes-demarches/cle-enfance")
    expect(page.get_by_label("Un mot pour le service")).to_have_value("Nouveau numéro : 0694 00 00 00")
    expect(page.get_by_role("radio", name=re.compile("Par SMS"))).to_be_checked()
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("heading", name="Votre demande est envoyée")).to_be_visible()


def test_a_lost_network_loses_nothing_typed(new_page: NewPage, portal: Portal) -> None:
    """The form says so and sends once the network is back."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/ma-famille/ajouter?qui=contact")
    page.get_by_label("Prénom").fill("Eva")
    page.get_by_label("Nom", exact=True).fill("Roc")
    page.get_by_label("Téléphone").fill("0694001122")
    page.context.set_offline(True)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#error-summary")).to_contain_text("La connexion est coupée")
    page.context.set_offline(False)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("link", name="Modifier Eva Roc")).to_be_visible()


def test_devices_and_sign_out(new_page: NewPage, portal: Portal) -> None:
    """The list shows this device and the other, which can be signed out; signing out closes the pages."""
    parent, page = portal.parent(), new_page(DESKTOP)
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    check_page(page)
    page.goto("/profil/securite")
    expect(page.get_by_text("cet appareil")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name=re.compile("^Déconnecter Application,")).click()
    page.get_by_role("dialog").get_by_role("button", name="Déconnecter", exact=True).click()
    expect(page.get_by_text("L’appareil est déconnecté.")).to_be_visible()
    assert parent.get("/me").status_code == 401
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
    page.goto("/mon-tableau-de-bord")
    page.wait_for_url("**/connexion**")


def test_the_agents_way_from_the_queue_to_the_key(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Second factor, queue, take into review, find the family, give the key by SMS; then at the counter from the file."""
    parent, page, family = portal.parent(), new_page(DESKTOP), portal.family()
    ask = {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}}
    reference = parent.post("/requests", ask).json()["reference"]
    sign_in(page, agent.email, agent.extra["password"])
    expect(page.get_by_role("heading", name="Votre code à 6 chiffres")).to_be_focused()
    check_page(page)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Valider le code").click()
    expect(page.locator("#error-summary")).to_contain_text("n'est pas reconnu")
    page.get_by_label("Code").fill(agent.recovery_code())
    page.get_by_role("button", name="Valider le code").click()
    expect(page.get_by_role("heading", name="Demandes à traiter")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name=re.compile(reference)).click()
    page.get_by_role("button", name="Prendre en charge").click()
    expect(page.get_by_text("Vous avez pris cette demande en charge.")).to_be_visible()
    page.get_by_label("Nom, dossier, enfant").fill(family.reference)
    page.get_by_role("button", name="Chercher").click()
    adult = family.adults[0]
    page.get_by_role("button", name=f"Choisir cette personne {adult['first_name']} {adult['last_name']}").click()
    expect(page.get_by_role("radio", name=re.compile("Par SMS"))).to_be_checked()
    check_page(page)
    page.get_by_role("button", name="Accepter et donner la clé").click()
    expect(page.get_by_text("La demande est acceptée.")).to_be_visible()
    assert KEY.search(portal.mailbox.wait(adult["phone"], "SMS").body)
    check_page(page)
    page.get_by_role("link", name="Familles").click()
    page.get_by_label("Nom, dossier, enfant").fill(f"{adult['first_name']} {adult['last_name']}")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=f"Dossier {family.reference}").click()
    check_page(page)
    page.get_by_role("button", name=f"Donner la clé {adult['first_name']}").click()
    page.get_by_role("radio", name=re.compile("Au guichet")).check()
    page.get_by_role("button", name="Donner la clé", exact=True).click()
    expect(page.locator(".key")).to_have_text(KEY)
    check_page(page)


def test_a_refusal_needs_its_reason(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The parent reads it on the request's page."""
    parent, page = portal.parent(), new_page(DESKTOP)
    request = parent.post(
        "/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}}
    ).json()
    sign_in(page, agent.email, agent.extra["password"])
    page.get_by_label("Code").fill(agent.recovery_code())
    page.get_by_role("button", name="Valider le code").click()
    expect(page.get_by_role("heading", name="Demandes à traiter")).to_be_visible()
    page.goto(f"/agents/demandes/{request['id']}")
    page.get_by_role("button", name="Refuser la demande").click()
    expect(page.locator("#reason-error")).to_contain_text("nécessaire")
    page.get_by_label("Motif, lu par le parent").fill("Aucun dossier à ce nom.")
    page.get_by_role("button", name="Refuser la demande").click()
    expect(page.get_by_text("La demande est refusée.")).to_be_visible()
    reader = new_page()
    sign_in(reader, parent.email)
    reader.wait_for_url("**/mon-tableau-de-bord")
    reader.goto(f"/mes-demarches/{request['id']}")
    expect(reader.get_by_text("Aucun dossier à ce nom.")).to_be_visible()
    check_page(reader)


def test_a_parent_is_not_shown_the_agents_pages(new_page: NewPage, portal: Portal) -> None:
    """They are told so, with a way back."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/agents")
    expect(page.get_by_role("heading", name="Cette page est réservée aux agents.")).to_be_visible()


def test_the_portal_speaks_english(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Chosen by the browser, or by the link in the header; refusals too."""
    page = new_page(PHONE, locale="en-GB")
    page.goto("/connexion")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Mail address").fill("nobody@example.org")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#error-summary")).to_contain_text("not recognised")
    check_page(page)
    page.get_by_role("button", name="Français", exact=True).click()
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()


def test_the_family_part_stays_within_its_bytes(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """At most 60 KB of compressed script up to the dashboard, 8 KB of styles, no font."""
    parent, page = portal.parent_with_key(agent), new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda r: sizes.__setitem__(r.url, int(r.headers.get("content-length", 0))))
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.wait_for_load_state("networkidle")
    assert sum(s for url, s in sizes.items() if url.endswith(".js") and "service-worker" not in url) < 60_000
    assert sum(s for url, s in sizes.items() if url.endswith(".css")) < 8_000
    assert not [url for url in sizes if re.search(r"\.(woff2?|ttf)$", url)]
