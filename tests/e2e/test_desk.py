"""The agents' desk in a browser, mostly by keyboard."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.conftest import PROJECT, Database, foyer
from tests.e2e.conftest import DESKTOP, PHONE, check_page, sign_in, sign_in_agent
from tests.letters.test_letters import whole
from tests.portal import PASSWORD, Agent, Parent, Portal

FAULTY = PROJECT / "tests" / "imports" / "faulty"
NewPage = Callable[..., Page]


def ask(parent: Parent, subject: str) -> str:
    """A question; its reference."""
    body = {"type": "question", "data": {"subject": subject, "question": "Bonjour, est-ce possible ?"}}
    return str(parent.post("/requests", body).json()["reference"])


def test_a_day_at_the_desk_without_a_mouse(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Search, open, take, answer with a ready text, accept, next one, correct it, back to the queue."""
    parent = portal.parent(first_name="Zélie", last_name="Clavier")
    first, second = ask(parent, "Cantine"), ask(parent, "Mercredi")
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.keyboard.press("/")
    expect(page.get_by_label("Numéro, nom ou mail")).to_be_focused()
    page.keyboard.type("zelie clav")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=first)).to_be_visible()
    expect(page.locator("a.request")).to_have_count(2)
    page.locator("h1").focus()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=first)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Demande {first}")).to_be_focused()
    page.keyboard.press("p")
    expect(page.get_by_text("Vous avez pris cette demande en charge.")).to_be_visible()
    expect(page.get_by_role("heading", name=f"Demande {first}")).to_be_focused()
    page.keyboard.press("m")
    message = page.get_by_label("Votre message au parent")
    expect(message).to_be_focused()
    page.keyboard.type("m, a et r sont des lettres.")  # a shortcut never acts while one types
    expect(message).to_have_value("m, a et r sont des lettres.")
    page.get_by_label("Insérer un modèle").last.select_option(label="Livret de famille")
    expect(message).to_have_value(re.compile("lettres.\n\nBonjour"))
    page.get_by_role("button", name="Envoyer le message").press("Enter")
    expect(page.get_by_text("Votre message est envoyé.")).to_be_visible()
    page.locator("h1").focus()
    page.keyboard.press("a")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("La demande est acceptée.")).to_be_visible()
    check_page(page)
    page.goto("/agents?q=zelie")
    page.locator("a.request").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Demande {second}")).to_be_focused()
    page.keyboard.press("c")
    page.keyboard.press("ArrowDown")
    page.get_by_label("Ce que le parent doit faire").fill("Quel mercredi ?")
    page.get_by_role("button", name="Demander une correction").press("Enter")
    expect(page.get_by_text("La demande est renvoyée au parent")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("heading", name="Demandes à traiter")).to_be_focused()


def test_shortcuts_can_be_switched_off(new_page: NewPage, agent: Agent) -> None:
    """WCAG 2.1.4: a letter said to a speech recogniser must not act; the choice is kept."""
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.locator("h1").focus()
    page.keyboard.press("?")
    page.get_by_label("Utiliser les raccourcis d’une lettre").uncheck()
    page.get_by_role("button", name="Fermer").click()
    page.reload()
    expect(page.get_by_role("heading", name="Demandes à traiter")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Numéro, nom ou mail")).not_to_be_focused()


def test_several_requests_at_once_and_a_view_to_come_back_to(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Marked, refused with one reason; the filters keep a name and an address."""
    parent = portal.parent(first_name="Anatole", last_name="Plusieurs")
    for subject in ("Un", "Deux"):
        ask(parent, subject)
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.goto("/agents?q=anatole&type=question")
    page.get_by_text("Garder cette vue").click()
    page.get_by_label("Nom de la vue").fill("Questions d'Anatole")
    page.get_by_role("button", name="Enregistrer").click()
    boxes = page.get_by_role("checkbox", name=re.compile("Sélectionner D-"))
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        box.check()
    page.get_by_text("Refuser la demande").click()
    page.get_by_role("button", name="Refuser 2 demandes").click()
    expect(page.locator("#error-summary")).to_contain_text("nécessaire")
    page.get_by_label("Motif, lu par le parent").fill("Ces questions ont leur réponse sur le site.")
    check_page(page)
    page.get_by_role("button", name="Refuser 2 demandes").click()
    expect(page.get_by_text("C’est fait pour 2 demandes.")).to_be_visible()
    expect(page.get_by_text("Aucune demande dans cet état.")).to_be_visible()
    assert [r["state"] for r in parent.get("/requests").json()["items"]] == ["refused", "refused"]
    page.goto("/agents")
    page.get_by_role("link", name="Questions d'Anatole").click()
    expect(page.get_by_label("Numéro, nom ou mail")).to_have_value("anatole")


def test_what_another_agent_has_is_taken_over_knowingly(
    new_page: NewPage, portal: Portal, agent: Agent, colleague: Agent
) -> None:
    """Who has it is said; an answer is refused with their name until one takes it over."""
    parent = portal.parent()
    ask(parent, "À deux")
    request = parent.get("/requests").json()["items"][0]["id"]
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.goto(f"/agents/demandes/{request}")
    expect(page.get_by_role("heading", name="Personne n’a cette demande en charge")).to_be_visible()
    assert colleague.post(f"/agent/requests/{request}/review").status_code == 200
    page.get_by_role("button", name="Accepter", exact=True).click()
    expect(page.locator("#error-summary")).to_contain_text("Lou Collègue a cette demande en charge.")
    page.reload()
    expect(page.get_by_role("heading", name="Chez Lou Collègue")).to_be_visible()
    page.get_by_role("button", name="Reprendre à mon nom").click()
    expect(page.get_by_role("button", name="Remettre dans la file")).to_be_visible()
    page.get_by_role("button", name="Accepter", exact=True).click()
    expect(page.get_by_text("La demande est acceptée.")).to_be_visible()
    check_page(page)


def test_a_parent_changes_their_details(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """From the list of démarches: a wrong phone is told at its field, old and new value are shown."""
    family = portal.family()
    parent, page = portal.parent_with_key(agent, family), new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/mes-demarches")
    page.get_by_role("link", name="Changer mes coordonnées").click()
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.locator("#error-summary")).to_contain_text("au moins un changement")
    page.get_by_label("Téléphone").fill("12")
    page.get_by_label("Ville").fill("Rémire-Montjoly")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.locator("#phone-error")).to_contain_text("pas valable")
    check_page(page)
    page.get_by_label("Téléphone").fill("06 94 11 22 33")
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("heading", name="Votre demande est envoyée")).to_be_visible()
    expect(page.get_by_text("0694 11 22 33")).to_be_visible()
    expect(page.locator("del")).to_have_count(2)  # the old phone and the old town, struck out
    check_page(page)


def test_files_are_tried_then_imported(new_page: NewPage, portal: Portal, agent: Agent, tmp_path: Path) -> None:
    """A wrong name is refused where one looks; the counts and the rejected rows come by themselves."""
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.get_by_role("link", name="Imports").click()
    page.get_by_role("button", name="Essayer sans rien changer").click()
    expect(page.get_by_role("alert")).to_contain_text("Choisissez au moins un fichier")
    wrong = tmp_path / "autre.csv"
    wrong.write_text("a;b")
    page.get_by_label("Choisir les fichiers").set_input_files(wrong)
    page.get_by_role("button", name="Essayer sans rien changer").click()
    expect(page.get_by_role("alert")).to_contain_text("n'est pas un fichier attendu")
    page.get_by_label("Choisir les fichiers").set_input_files(FAULTY / "familles.csv")
    page.get_by_role("button", name="Essayer sans rien changer").click()
    newest = page.locator("main li.card").first
    expect(newest.get_by_text("Terminé")).to_be_visible(timeout=40_000)
    expect(newest.get_by_role("row", name=re.compile("familles.csv"))).to_be_visible()
    check_page(page)
    with page.expect_download() as download:
        newest.get_by_role("button", name="Télécharger les lignes rejetées").click()
    assert "rejets" in download.value.suggested_filename
    assert "31/02/1990" in download.value.path().read_text("utf-8-sig")


def test_each_role_sees_the_pages_of_its_rights(
    new_page: NewPage, portal: Portal, environment: dict[str, str], administrator: Agent
) -> None:
    """Who only reads begins at the families; an administrator has the log, and finds there who looked at what."""
    name = ["--first-name", "Rémi", "--last-name", "Lecteur", "--role", "reader"]
    made = json.loads(foyer(environment, "agents", "add", "remi@ville.exemple.fr", *name, "--json").stdout)
    page = new_page(DESKTOP)
    sign_in(page, made["email"], made["password"])
    page.get_by_label("Code").fill(made["recovery_codes"][0])
    page.get_by_role("button", name="Valider le code").click()
    expect(page.get_by_role("heading", name="Familles")).to_be_visible()
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links).to_have_text(["Familles", "Sécurité et données"])
    family = portal.family()
    page.goto(f"/agents/familles/{family.id}")
    expect(page.get_by_role("heading", name=f"Dossier {family.reference}")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Donner la clé"))).to_have_count(0)
    check_page(page)
    page.goto("/agents/audit")  # by its address: no right, and nothing about a parent's key
    expect(page.get_by_role("alert")).to_contain_text("Votre compte n'a pas ce droit.")
    expect(page.get_by_text("Il manque la clé enfance")).to_have_count(0)
    other = new_page(DESKTOP)
    sign_in_agent(other, administrator)
    other.get_by_role("link", name="Journal").click()
    other.get_by_label("Numéro de dossier").fill(family.reference)
    other.get_by_role("button", name="Chercher").click()
    expect(other.get_by_text("Rémi Lecteur").first).to_be_visible()
    expect(other.locator("main li", has_text="dossier famille consulté").first).to_be_visible()
    check_page(other)


def test_a_message_that_did_not_arrive_is_sent_again(
    new_page: NewPage, portal: Portal, agent: Agent, database: Database
) -> None:
    """From the overview, with the figures around it."""
    parent = portal.parent()
    ask(parent, "Perdue")
    portal.mailbox.wait(parent.email, "bien reçue")
    lost = "UPDATE message SET state = 'failed', sent_at = NULL, error = 'boîte pleine' WHERE recipient = $1 AND template = 'request-submitted' AND state = 'sent' RETURNING 1"
    until = time.monotonic() + 20
    while not database.value(lost, parent.email) and time.monotonic() < until:
        time.sleep(0.05)
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.get_by_role("link", name="Suivi").click()
    expect(page.get_by_text("boîte pleine").first).to_be_visible()
    check_page(page)
    page.get_by_role("button", name=f"Renvoyer {parent.email}").click()
    expect(page.get_by_text(f"Le message repart vers {parent.email}.")).to_be_visible()
    assert portal.mailbox.wait(parent.email, "bien reçue", after=1)


def test_a_letters_square_brings_its_key_through_the_sign_in(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """Read with a phone that is not signed in: the key waits in the form, and in no address on the way."""
    parent, page = portal.parent(), new_page()
    key = portal.issue(agent, portal.family(), "counter")
    page.goto(f"/profil/services#cle={key}")
    page.wait_for_url("**/connexion**")
    assert key not in page.url
    page.get_by_label("Adresse mail").fill(parent.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_role("textbox", name="Clé Enfance")).to_have_value(key)
    assert key not in page.url


def test_a_notice_is_read_on_the_home_and_a_function_is_switched_off(
    new_page: NewPage, portal: Portal, agent: Agent
) -> None:
    """Written by an agent in the town's time; who needs the function that is off reads why, and keeps what they typed."""
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.get_by_role("link", name="Annonces").click()
    page.get_by_label("Texte (English)").fill("Closed on Monday.")
    page.get_by_role("button", name="Enregistrer l’annonce").click()
    expect(page.locator("#error-summary")).to_contain_text("texte français")
    page.get_by_label("Texte (Français)").fill("La cantine est fermée lundi.")
    page.get_by_role("button", name="Enregistrer l’annonce").click()
    expect(page.get_by_text("La cantine est fermée lundi.").first).to_be_visible()
    check_page(page)
    parent, other = portal.parent(), new_page()
    other.goto("/")
    expect(other.get_by_text("La cantine est fermée lundi.")).to_be_visible()
    check_page(other)
    page.get_by_role("region", name="Envoi des démarches").locator("summary").click()
    page.locator("#requests-fr").fill("Les démarches reprennent demain matin.")
    page.get_by_role("region", name="Envoi des démarches").get_by_role("button", name="Couper").click()
    expect(page.get_by_role("button", name="Rouvrir Envoi des démarches")).to_be_visible()
    sign_in(other, parent.email)
    other.wait_for_url("**/mon-tableau-de-bord")
    expect(other.get_by_text("La cantine est fermée lundi.")).to_be_visible()
    other.goto("/mes-demarches/nouvelle/question")
    other.get_by_label("Sujet").fill("Cantine")
    other.get_by_label("Votre question").fill("Et mardi ?")
    other.get_by_role("button", name="Envoyer la demande").click()
    expect(other.locator("#error-summary")).to_contain_text("Les démarches reprennent demain matin.")
    expect(other.get_by_label("Votre question")).to_have_value("Et mardi ?")
    page.get_by_role("button", name="Rouvrir Envoi des démarches").click()
    expect(page.get_by_role("region", name="Envoi des démarches").locator("summary")).to_be_visible()
    other.get_by_role("button", name="Envoyer la demande").click()
    expect(other.get_by_role("heading", name="Votre demande est envoyée")).to_be_visible()
    for button in page.get_by_role("button", name=re.compile("^Supprimer")).all():
        button.click()
        page.get_by_role("dialog").get_by_role("button", name="Supprimer").click()


def test_an_activity_from_its_publication_to_the_attendance_sheet(
    new_page: NewPage, portal: Portal, agent: Agent, tmp_path: Path
) -> None:
    """Published with a wrong price mended, seen and asked for by a parent, refused or confirmed in the list, printed, closed."""
    page, parents = new_page(DESKTOP), [portal.parent_with_key(agent) for _ in range(2)]
    sign_in_agent(page, agent)
    page.get_by_role("link", name="Activités", exact=True).click()
    page.get_by_role("link", name="Nouvelle activité").click()
    name = f"Atelier de {parents[0].email}"
    for label, text in (
        ("Nom", name),
        ("Lieu", "Centre Châton"),
        ("Code", f"AT-{time.time_ns()}"),
        ("Âge minimal, en années", "0"),
        ("Âge maximal, en années", "20"),
        ("Ouverture des inscriptions", "2026-01-01T08:00"),
        ("Clôture des inscriptions", "2027-06-01T18:00"),
        ("mercredi", "1"),
        ("Quotient de 0 à 499", "1,00"),
        ("Quotient de 500 à 999", "2"),
        ("Quotient de 1000 à 1499", "3,5"),
        ("Quotient de 1500 et plus", "cher"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    for legend, date in (("Premier jour", ("4", "1", "2027")), ("Dernier jour", ("30", "6", "2027"))):
        group = page.get_by_role("group", name=legend)
        for part, text in zip(("Jour", "Mois", "Année"), date, strict=True):
            group.get_by_label(part).fill(text)
    page.get_by_label("Documents à fournir").fill("Certificat médical\n\nPhoto")
    page.get_by_label("Qui confirme les inscriptions").select_option("agent")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#error-summary")).to_contain_text("montant en euros")
    check_page(page)
    page.reload()  # what was typed is there
    page.get_by_label("Quotient de 1500 et plus").fill("4,80")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("L’activité est enregistrée.")).to_be_visible()
    check_page(page)
    activity = page.url.split("/")[-1].split("?")[0]
    asked = []
    for parent in parents:
        assert parent.family
        wanted = {"child_id": parent.family.children[0]["id"], "activity_id": activity, "days": ["wed"]}
        asked.append(parent.post("/enrollments", wanted).json())
    page.goto(f"/agents/activites/{activity}")
    expect(page.get_by_label("État")).to_have_value("requested")  # what waits for an answer
    page.get_by_label(re.compile(asked[1]["reference"])).check()
    page.get_by_text("Refuser", exact=True).click()
    page.get_by_label("Motif, lu par le parent").fill("Le groupe est complet.")
    page.get_by_role("button", name="Refuser cette inscription").click()
    expect(page.get_by_text("1 réponse envoyée.")).to_be_visible()
    page.get_by_role("button", name="Tout sélectionner").click()
    page.get_by_role("button", name="Confirmer", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Confirmer").click()
    expect(page.get_by_text("Aucune inscription ici.")).to_be_visible()
    page.get_by_label("État").select_option("")
    expect(page.get_by_text("Le groupe est complet.")).to_be_visible()
    check_page(page)
    for button, ending in (("Télécharger la liste (CSV)", ".csv"), ("Feuille de présence (PDF)", "2027-01.pdf")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename.endswith(ending)
        download.value.save_as(tmp_path / "paper")
        assert (tmp_path / "paper").stat().st_size > 100
    page.get_by_role("button", name="Clore les inscriptions").click()
    page.get_by_role("dialog").get_by_role("button", name="Clore les inscriptions").click()
    expect(page.get_by_text("Close", exact=True)).to_be_visible()
    reader = new_page()
    sign_in(reader, parents[1].email)
    reader.wait_for_url("**/mon-tableau-de-bord")
    reader.goto(f"/mes-inscriptions/{asked[1]['id']}")
    expect(reader.get_by_text("Le groupe est complet.")).to_be_visible()
    check_page(reader)


def test_a_person_without_mail_at_the_counter(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """An account, its letter, a request in their name; with the letter's link they choose a password and sign in."""
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.get_by_role("link", name="Guichet", exact=True).click()
    check_page(page)
    page.get_by_role("link", name="Ouvrir un compte sans mail").click()
    page.get_by_label("Prénom").fill("Ida")
    page.get_by_role("button", name="Ouvrir le compte").click()
    expect(page.locator("#error-summary")).to_contain_text("Nom")
    page.get_by_label("Nom", exact=True).fill("Sansmel")
    page.get_by_role("button", name="Ouvrir le compte").click()
    expect(page.get_by_text("Le compte est ouvert.")).to_be_visible()
    check_page(page)
    login = page.locator("dd").first.inner_text()
    page.get_by_role("button", name="Imprimer le courrier").click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Imprimer le courrier").click()
    link = re.search(rb"/nouveau-mot-de-passe#token=[\w-]+", whole(download.value.path().read_bytes()))
    assert link
    page.get_by_role("link", name="Poser une question").click()
    page.get_by_label("Sujet").fill("Cantine")
    page.get_by_label("Votre question").fill("Combien coûte un repas ?")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text(re.compile("La demande D-.* est enregistrée"))).to_be_visible()
    page.get_by_role("link", name=re.compile("^D-")).click()
    expect(page.get_by_text("Sans adresse mail")).to_be_visible()
    person = new_page()
    person.goto(link[0].decode())
    person.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    person.locator("form button[type=submit]").click()
    expect(person.get_by_role("link", name="Me connecter")).to_be_visible()
    sign_in(person, login)
    person.wait_for_url("**/mon-tableau-de-bord")
    person.goto("/mes-demarches")
    person.get_by_role("link", name=re.compile("Poser une question D-")).click()
    expect(person.get_by_text("au guichet, par le service")).to_be_visible()
    person.goto("/profil/securite")
    expect(person.get_by_text(login, exact=True)).to_be_visible()
    check_page(person)


def test_an_access_in_the_wrong_hands_is_closed_from_the_file(new_page: NewPage, portal: Portal, agent: Agent) -> None:
    """The agent is asked once more, reads that it is done, and the person's next request is refused."""
    parent = portal.parent_with_key(agent)
    assert parent.family
    for size in (PHONE, DESKTOP):
        page = new_page(size)
        sign_in_agent(page, agent)
        page.goto(f"/agents/familles/{parent.family.id}")
        adult = parent.family.adults[0]
        expect(page.get_by_text(f"avec la clé de {adult['first_name']} {adult['last_name']}")).to_be_visible()
        close = page.get_by_role("button", name="Fermer l’accès Ana Silva")
        close.click()
        expect(page.get_by_role("dialog")).to_contain_text("Fermer l’accès de Ana Silva à ce dossier ?")
        check_page(page)
        if size is PHONE:
            page.get_by_role("button", name="Annuler", exact=True).click()
            assert parent.get("/family").status_code == 200
            continue
        page.get_by_role("dialog").get_by_role("button", name="Fermer l’accès").click()
        expect(page.get_by_text("L’accès de Ana Silva est fermé. Un mail l’en prévient.")).to_be_visible()
        expect(page.get_by_text("Aucun compte n’est relié à ce dossier.")).to_be_visible()
        expect(page.get_by_text("accès fermé par le service")).to_be_visible()
        check_page(page)
    assert parent.get("/family").status_code == 403
    assert portal.mailbox.wait(parent.email, "Votre accès au dossier Enfance est fermé")


def test_a_child_whose_custody_ends_leaves_the_file_and_comes_back(
    new_page: NewPage, portal: Portal, agent: Agent
) -> None:
    """Asked once more, said to be done, and the way back is there."""
    parent = portal.parent_with_key(agent, portal.family(lambda family: len(family.children) >= 2))
    assert parent.family
    name = parent.family.children[0]["first_name"]
    for size in (PHONE, DESKTOP):
        page = new_page(size)
        sign_in_agent(page, agent)
        page.goto(f"/agents/familles/{parent.family.id}")
        page.get_by_role("button", name=f"Retirer du dossier {name}").click()
        expect(page.get_by_role("dialog")).to_contain_text(f"Retirer {name} de ce dossier ?")
        check_page(page)
        page.get_by_role("dialog").get_by_role("button", name="Retirer du dossier").click()
        expect(page.get_by_text(f"{name} n’est plus dans ce dossier.")).to_be_visible()
        assert name not in parent.get("/family").text
        check_page(page)
        page.get_by_role("button", name=f"Remettre dans le dossier {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Remettre dans le dossier").click()
        expect(page.get_by_text(f"{name} est de nouveau dans ce dossier.")).to_be_visible()
        expect(page.get_by_text("enfant remis dans le dossier").first).to_be_visible()
        assert name in parent.get("/family").text
