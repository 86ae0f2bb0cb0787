"""What a parent does beyond the guide: talk with the service, secure the account, leave; and what may go wrong."""

import io
import json
import re
from collections.abc import Callable

import pyotp
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.conftest import Database
from tests.e2e.conftest import DESKTOP, check_page, sign_in
from tests.portal import PASSWORD, Agent, Portal, found

pytestmark = pytest.mark.browser
NewPage = Callable[..., Page]
ASK = {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}}


def photo() -> bytes:
    """A picture as a phone takes it."""
    written = io.BytesIO()
    Image.new("RGB", (1200, 900), "teal").save(written, "JPEG")
    return written.getvalue()


def test_a_correction_with_a_photo_and_a_message(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The dashboard says that something is asked for; the parent joins a photo, writes, changes the request, sends it again."""
    parent, page = portal.parent(), new_page()
    request = parent.post("/requests", ASK).json()
    agent.post(f"/agent/requests/{request['id']}/messages", {"body": "Bonjour, il manque un justificatif."})
    asked = {"kind": "incomplete", "reason": "Joignez un justificatif de domicile."}
    agent.post(f"/agent/requests/{request['id']}/correction", asked)
    sign_in(page, parent.email)
    expect(page.get_by_role("heading", name="À faire maintenant")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="le service attend quelque chose de vous").click()
    expect(page.get_by_text("Joignez un justificatif de domicile.")).to_be_visible()
    expect(page.get_by_text("Bonjour, il manque un justificatif.")).to_be_visible()
    page.get_by_label("Joindre un document").set_input_files(
        {"name": "domicile.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    )
    expect(page.get_by_text("« domicile.jpg » est joint à votre demande.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="domicile.jpg", exact=True).click()
    assert download.value.suggested_filename == "domicile.jpg"
    page.get_by_label("Joindre un document").set_input_files(
        {"name": "virus.pdf", "mimeType": "application/pdf", "buffer": b"MZ not a pdf"}
    )
    expect(page.get_by_role("alert")).to_contain_text("ni une photo")
    page.get_by_label("Votre message au service").fill("Voici mon justificatif.")
    page.get_by_role("button", name="Envoyer le message").dblclick()
    expect(page.get_by_text("Votre message est envoyé.")).to_be_visible()
    expect(page.get_by_text("Voici mon justificatif.")).to_have_count(1)
    check_page(page)
    page.get_by_role("link", name="Modifier ma demande").click()
    page.get_by_role("radio", name=re.compile("Par mail")).check()
    check_page(page)
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_role("button", name="Renvoyer ma demande").click()
    expect(page.get_by_text("Le service traite les demandes")).to_be_visible()
    seen = agent.get(f"/agent/requests/{request['id']}").json()
    assert (seen["state"], seen["data"]["deliver_by"], len(seen["documents"])) == ("submitted", "email", 1)
    assert [m["body"] for m in seen["messages"]][1:] == ["Voici mon justificatif."]
    assert seen["messages"][0]["read_at"]


def test_an_agent_answers_on_the_request_page(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Reads the message and the file, writes back, asks for a correction."""
    parent, page = portal.parent(), new_page(DESKTOP)
    request = parent.post("/requests", ASK).json()["id"]
    parent.post(f"/requests/{request}/messages", {"body": "Nouveau numéro."})
    parent.http.post(f"/requests/{request}/documents", files={"file": ("a.jpg", photo())}, headers=parent.headers())
    sign_in(page, agent.email, agent.extra["password"])
    page.get_by_label("Code").fill(agent.recovery_code())
    page.get_by_role("button", name="Valider le code").click()
    page.wait_for_url("**/agents")
    page.goto(f"/agents/demandes/{request}")
    expect(page.get_by_text("Nouveau numéro.")).to_be_visible()
    with page.expect_download():
        page.get_by_role("button", name="a.jpg", exact=True).click()
    page.get_by_label("Votre message au parent").fill("C'est noté.")
    page.get_by_role("button", name="Envoyer le message").click()
    expect(page.get_by_text("Votre message est envoyé.")).to_be_visible()
    page.get_by_label("Ce que le parent doit faire").fill("Précisez le nom de l'école.")
    check_page(page)
    page.get_by_role("button", name="Demander une correction").click()
    expect(page.get_by_text("renvoyée au parent")).to_be_visible()
    assert parent.get(f"/requests/{request}").json()["state"] == "correction_requested"


def test_two_steps_from_the_square_to_the_next_sign_in(new_page: NewPage, portal: Portal) -> None:
    """Password, square, first code, recovery codes; the next sign-in asks for a code, and a recovery code does too."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/securite")
    check_page(page)
    page.get_by_role("link", name="Double vérification").click()
    page.get_by_label("Mot de passe actuel").fill("pas le bon mot")
    page.get_by_role("button", name="Activer la double vérification").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    page.get_by_role("button", name="Activer la double vérification").click()
    expect(page.get_by_role("heading", name="Ajoutez Foyer")).to_be_focused()
    expect(page.get_by_role("img", name="Carré à photographier")).to_be_visible()
    page.get_by_text("Je ne peux pas photographier").click()
    secret = page.locator("p.key").inner_text().replace(" ", "")
    check_page(page)
    page.get_by_label("Votre code à 6 chiffres").fill("000000")
    page.get_by_role("button", name="Activer").click()
    expect(page.locator("#code-error")).to_contain_text("n'est pas le bon")
    page.get_by_label("Votre code à 6 chiffres").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Activer").click()
    expect(page.get_by_role("heading", name="Gardez vos codes de secours")).to_be_focused()
    expect(page.locator("ul.key li")).to_have_count(10)
    codes = page.locator("ul.key li").all_inner_texts()
    check_page(page)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
    sign_in(page, parent.email)
    page.get_by_label("Code").fill(codes[3])
    page.get_by_role("button", name="Valider le code").click()
    page.wait_for_url("**/mon-tableau-de-bord")


def test_a_passkey_signs_in_without_a_password(new_page: NewPage, portal: Portal) -> None:
    """A virtual authenticator of the browser: make the key, sign out, sign in with it, remove it."""
    parent, page = portal.parent(), new_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/securite/cles-d-acces")
    page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    page.get_by_role("button", name="Ajouter une clé d’accès").click()
    expect(page.get_by_text("La clé d’accès est ajoutée.")).to_be_visible()
    assert portal.mailbox.wait(parent.email, "clé d'accès est ajoutée")
    check_page(page)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
    page.goto("/connexion")
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/securite/cles-d-acces")
    page.get_by_role("button", name="Retirer Mon téléphone").click()
    page.get_by_role("dialog").get_by_role("button", name="Retirer", exact=True).click()
    expect(page.get_by_text("La clé d’accès est retirée.")).to_be_visible()
    # The device still has its key, the portal no longer takes it.
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
    page.goto("/connexion")
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    expect(page.get_by_role("alert")).to_contain_text("n'est pas reconnue")
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})


def test_a_new_mail_address_is_confirmed_from_its_mail(new_page: NewPage, portal: Portal) -> None:
    """Asked for with the password; the dashboard reminds of it; the link of the mail makes it so."""
    parent, page, new = portal.parent(), new_page(), portal.new_address()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/securite/adresse-mail")
    page.get_by_label("Nouvelle adresse mail").fill(new)
    page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    page.get_by_role("button", name="Recevoir le lien").click()
    expect(page.get_by_role("heading", name="Consultez vos mails")).to_be_focused()
    check_page(page)
    page.goto("/mon-tableau-de-bord")
    expect(page.get_by_role("link", name=f"Confirmez votre nouvelle adresse {new}")).to_be_visible()
    link = found(re.compile(r"(/nouvelle-adresse#token=\S+)"), portal.mailbox.wait(new, "Confirmez").body)
    page.goto(link)
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.get_by_role("heading", name="Votre adresse est changée")).to_be_focused()
    check_page(page)
    page.goto(link)
    page.reload()
    page.get_by_role("button", name="Confirmer mon adresse").click()
    expect(page.get_by_role("alert")).to_contain_text("a déjà servi")


def test_ones_data_and_the_end(new_page: NewPage, portal: Portal, agent: Agent, database: Database) -> None:
    """Who looked, in words; everything as a file; the account closed with the password, and the home says so."""
    parent, page = portal.parent_with_key(agent), new_page()
    assert parent.family
    agent.get(f"/agent/families/{parent.family.id}")
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/securite")
    page.get_by_role("link", name="Qui a consulté mon dossier").click()
    expect(page.get_by_text("Un agent du service : dossier famille consulté")).to_be_visible()
    check_page(page)
    page.goto("/profil/securite/mes-donnees")
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger mes données").click()
    assert json.loads(download.value.path().read_text())["profile"]["email"] == parent.email
    check_page(page)
    page.get_by_text("Je veux fermer mon compte").click()
    page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    page.get_by_role("button", name="Fermer définitivement mon compte").click()
    expect(page.get_by_text("Votre compte est fermé.")).to_be_visible()
    assert database.value("SELECT count(*) FROM account WHERE email = $1", parent.email) == 0


def test_the_language_is_remembered_in_the_profile(new_page: NewPage, portal: Portal) -> None:
    """Chosen with the button; mails follow, and so does a browser that never chose, until sign-out."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_role("button", name="EN, English").click()
    expect(page.get_by_role("heading", name="My dashboard")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert parent.get("/me").json()["locale"] == "en"
    other = new_page()
    sign_in(other, parent.email)
    expect(other.get_by_role("heading", name="My dashboard")).to_be_visible()
    other.reload()
    expect(other.get_by_role("heading", name="My dashboard")).to_be_visible()
    other.get_by_role("button", name="Menu").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", level=1)).to_contain_text("Welcome")
    other.reload()  # the next reader speaks the browser's language
    expect(other.get_by_role("heading", level=1)).to_contain_text("Bienvenue")


def test_the_wait_before_another_mail_is_told(new_page: NewPage, portal: Portal) -> None:
    """« Je n'ai rien reçu » counts down, does nothing before, and sends after."""
    page, email = new_page(), portal.sign_up()
    page.clock.install()
    page.goto("/mot-de-passe-oublie")
    page.get_by_label("Adresse mail").fill(email)
    page.get_by_role("button", name="Recevoir le lien").click()
    expect(page.get_by_role("heading", name="Je n’ai rien reçu")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Possible dans \d+"))).to_be_visible()
    check_page(page)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.method == "POST" else None)
    page.get_by_role("button", name="Renvoyer le lien").click(force=True)  # it says that it is disabled
    assert asked == []
    page.clock.run_for(61_000)
    page.get_by_role("button", name="Renvoyer le lien").click()
    expect(page.get_by_role("status").filter(has_text="un mail vient de partir")).to_be_visible()
    assert len(asked) == 1


def test_what_was_seen_stays_readable_offline_and_goes_at_sign_out(
    new_page: NewPage, portal: Portal, agent: Agent
) -> None:
    """In the tab, not on the device: no cache and no storage holds the API's answers."""
    parent, page = portal.parent_with_key(agent), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.wait_for_load_state("networkidle")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    go(page, "Mes factures")
    expect(page.get_by_role("heading", name="Mes factures", level=1)).to_be_visible()
    number = page.get_by_text(re.compile("^Facture 20")).first.inner_text()
    go(page, "Mon tableau de bord")
    expect(page.get_by_role("heading", name="Ma famille")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Vous êtes hors connexion.")).to_be_visible()
    go(page, "Mes factures")
    expect(page.get_by_text(number).first).to_be_visible()
    expect(page.get_by_text("Voici ce que vous avez vu")).to_be_visible()
    check_page(page)
    page.context.set_offline(False)
    expect(page.get_by_text("Vous êtes hors connexion.")).to_have_count(0)
    kept = page.evaluate("""async () => {
        const names = await caches.keys(), urls = [];
        for (const name of names) for (const request of await (await caches.open(name)).keys()) urls.push(request.url);
        return {urls, local: JSON.stringify(localStorage)};
    }""")
    assert kept["urls"]
    assert not [url for url in kept["urls"] if "/api/" in url]
    assert parent.email not in kept["local"]
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Me déconnecter").click()
    expect(page.get_by_role("heading", name="Bienvenue")).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('foyer.'))") == []


def go(page: Page, where: str) -> None:
    """By the menu of the phone."""
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation").get_by_role("link", name=where).click()


def test_the_shell_opens_without_a_network(new_page: NewPage) -> None:
    """A second visit of the sign-in page needs nothing from the server."""
    page = new_page()
    page.goto("/connexion")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.context.set_offline(True)
    shown = page.reload()
    assert shown
    assert "Mot de passe" in shown.text()  # the page itself, painted before its script, not an empty shell
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()
    page.get_by_label("Adresse mail").fill("a@exemple.fr")
    page.get_by_label("Mot de passe", exact=True).fill("x")
    page.get_by_role("button", name="Me connecter").click()
    expect(page.locator("#error-summary")).to_contain_text("coupée ou trop lente")
    page.context.set_offline(False)


def test_a_form_waits_for_its_script(new_page: NewPage) -> None:
    """Typed and sent before the script is there, a password neither leaves in an address nor is lost."""
    page, held = new_page(), list[Route]()
    page.route("**/*.js", lambda script: held.append(script))
    page.goto("/connexion", wait_until="commit")
    page.get_by_label("Adresse mail").fill("tot@exemple.fr")
    page.get_by_label("Mot de passe", exact=True).fill("trop tôt, trop tôt")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Me connecter").click(force=True)
    assert held
    page.unroute("**/*.js")  # what was held back goes on
    page.get_by_role("button", name="Me connecter").click()
    expect(page.locator("#error-summary")).to_be_visible()
    expect(page.get_by_label("Adresse mail")).to_have_value("tot@exemple.fr")
    assert page.url.endswith("/connexion")


def test_a_tab_follows_the_sign_out_of_another(new_page: NewPage, portal: Portal) -> None:
    """Two tabs of one browser: signing out in one closes the other's pages."""
    parent, page = portal.parent(), new_page(DESKTOP)
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    other = page.context.new_page()
    other.goto("/mon-tableau-de-bord")
    expect(other.get_by_role("heading", name="Mon tableau de bord")).to_be_visible()
    page.get_by_role("button", name="Me déconnecter").click()
    other.wait_for_url("**/connexion**")


def test_an_api_that_is_down_says_so_and_what_was_typed_stays(new_page: NewPage, portal: Portal) -> None:
    """503 on a page and on a form: a sentence, a way to try again, nothing lost."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    problem = {"code": "unavailable", "detail": "Le service est momentanément indisponible.", "status": 503}

    def down(route: Route) -> None:
        route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(problem))

    page.context.route("**/api/v1/requests**", down)
    page.goto("/mes-demarches")
    expect(page.get_by_role("alert")).to_contain_text("momentanément indisponible")
    check_page(page)
    page.goto("/mes-demarches/cle-enfance")
    page.get_by_role("radio", name=re.compile("Par SMS")).check()
    page.get_by_label("Un mot pour le service").fill("Mon numéro a changé")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.locator("#error-summary")).to_contain_text("momentanément indisponible")
    page.reload()
    expect(page.get_by_label("Un mot pour le service")).to_have_value("Mon numéro a changé")
    page.context.unroute("**/api/v1/requests**")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("heading", name="Votre demande est envoyée")).to_be_visible()


def test_a_slow_api_says_that_it_is_slow(new_page: NewPage, portal: Portal) -> None:
    """A word after a second, another after six; then the page."""
    parent, page = portal.parent(), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    waiting: list[Route] = []
    page.route("**/api/v1/household/**", lambda route: waiting.append(route))
    page.clock.install()
    page.goto("/ma-famille")
    expect(page.get_by_role("heading", name="Ma famille")).to_be_visible()
    page.clock.run_for(1_500)
    expect(page.get_by_text("Chargement en cours").last).to_be_visible()
    page.clock.run_for(6_000)
    expect(page.get_by_text("Le réseau est lent").last).to_be_visible()
    for route in waiting:
        route.continue_()
    expect(page.get_by_text("Vous n’avez encore déclaré personne.")).to_be_visible()


def test_an_enrollment_that_was_left_is_taken_up_again(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The steps are addresses: Back goes back, and the first step offers the one that was reached."""
    parent, page = portal.parent_with_key(agent), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/creer-une-inscription")
    page.locator("main ul.cards a").first.click()
    expect(page.get_by_role("heading", name="Quelle activité ?")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Quel enfant inscrivez-vous ?")).to_be_visible()
    page.get_by_role("link", name="La reprendre").click()
    expect(page.get_by_role("heading", name="Quelle activité ?")).to_be_visible()


def test_invoices_by_state(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The choice is in the address; an empty state says so."""
    parent, page = portal.parent_with_key(agent), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/mes-factures")
    expect(page.locator("main li.card")).to_have_count(2)
    page.get_by_label("Afficher").select_option("credit_note")
    expect(page.get_by_text("Aucune facture dans cet état.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?etat=credit_note$"))
    check_page(page)
    page.reload()
    expect(page.get_by_label("Afficher")).to_have_value("credit_note")


def test_two_homes_stand_side_by_side(new_page: NewPage, portal: Portal, agent: Agent, database: Database) -> None:
    """Two keys, two files: each with its own children; invoices can be read by file."""
    parent, page = portal.parent_with_key(agent), new_page(DESKTOP)
    database.run("DELETE FROM attempts")
    second = portal.family()
    key = portal.issue(agent, second)
    parent.take(parent.post("/service-keys", {"service": "enfance", "key": key}).json())
    assert parent.family
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/ma-famille")
    for family in (parent.family, second):
        section = page.locator("section", has=page.get_by_role("heading", name=f"Dossier {family.reference}"))
        for child in family.children:
            expect(section.get_by_text(child["first_name"]).first).to_be_visible()
    check_page(page)
    page.goto("/mes-factures")
    expect(page.locator("main li.card")).to_have_count(4)
    page.get_by_label("Dossier").select_option(second.id)
    expect(page.locator("main li.card")).to_have_count(2)


def test_another_phone_asks_for_the_password_where_it_is_typed(new_page: NewPage, portal: Portal) -> None:
    """The field comes with the other number; a wrong password says so there, and nothing typed is lost."""
    parent, page = portal.parent(phone="0694 12 34 56"), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/profil/modifier")
    expect(page.get_by_label("Téléphone")).to_have_value(re.compile("94"))
    expect(page.get_by_label("Mot de passe actuel")).to_have_count(0)
    page.get_by_label("Téléphone").fill("0694 65 43 21")
    page.get_by_label("Mot de passe actuel").fill("ce n'est pas lui")
    check_page(page)
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_text("Ce n'est pas votre mot de passe actuel.", exact=True)).to_be_visible()
    expect(page.get_by_label("Téléphone")).to_have_value("0694 65 43 21")
    page.get_by_label("Mot de passe actuel").fill(PASSWORD)
    page.get_by_role("button", name="Suivant").click()
    page.wait_for_url("**/profil/services")
    assert parent.get("/me").json()["phone"] == "+594694654321"
