"""Enrollments in a browser: several at once, changes, absences, a calendar, an offer in one tap, a rank that moves."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.conftest import Database
from tests.e2e.conftest import DESKTOP, check_page, sign_in, sign_in_agent
from tests.enrollments.test_enrollments import activity, enroll
from tests.enrollments.test_waiting_room import crowd
from tests.portal import Agent, Portal
from tests.roster.test_roster import publish

NewPage = Callable[..., Page]
EVERY_DAY = "{mon,tue,wed,thu,fri,sat,sun}"


def named(database: Database, where: str, name: str, more: str = "") -> str:
    """An activity that is found by its name."""
    database.run(f"UPDATE activity SET name = $2 {more} WHERE id = $1::text::uuid", where, name)
    return where


def choose(page: Page, child: str, name: str) -> None:
    """The three first steps, for Monday."""
    page.get_by_role("link", name=f"Inscrire {child}").click()
    page.get_by_label("Chercher une activité").fill(name)
    page.get_by_role("link", name=re.compile("^Choisir")).first.click()
    page.get_by_role("checkbox", name=re.compile("^lundi")).check()
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_role("heading", name="Vérifiez avant d’envoyer")).to_be_focused()


def test_two_children_are_enrolled_together(
    new_page: NewPage, portal: Portal, agent: Agent, database: Database
) -> None:
    """The price, the estimate and the deadlines before sending; the first waits for the second; the result of each."""
    parent = portal.parent_with_key(agent, portal.family(lambda one: len(one.children) > 1))
    assert parent.family
    one, two = (child["first_name"] for child in parent.family.children[:2])
    name = f"Judo de {parent.family.reference}"
    where = named(database, activity(database, places=1), name, ", time_from = '17:00', time_to = '18:00'")
    page = new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/creer-une-inscription")
    choose(page, one, name)
    expect(page.get_by_text("de 17:00 à 18:00")).to_be_visible()
    page.get_by_text(re.compile("Au plus .* par mois")).click()
    expect(page.get_by_text(re.compile(r"\d séances?, ")).first).to_be_visible()
    expect(page.get_by_text("Vous pouvez annuler jusqu’au")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Ajouter une autre inscription").click()
    expect(page.get_by_text("1 inscription attend")).to_be_visible()
    choose(page, two, name)
    expect(page.get_by_role("button", name=f"Retirer {one}, {name}")).to_be_visible()
    page.get_by_role("checkbox", name="Garder mes enfants ensemble").check()
    check_page(page)
    page.get_by_role("button", name="Envoyer les 2 inscriptions").dblclick()
    expect(page.get_by_role("heading", name="Voici le résultat")).to_be_visible()
    expect(page.get_by_text("Sur liste d’attente")).to_have_count(2)  # one place is not enough for both
    check_page(page)
    assert database.value("SELECT sum(taken) FROM activity_day WHERE activity_id = $1::text::uuid", where) == 0
    page.goto("/creer-une-inscription")
    expect(page.get_by_text("attend d’être envoyée")).to_have_count(0)
    database.run("UPDATE activity_day SET places = 2 WHERE activity_id = $1::text::uuid", where)
    portal.mailbox.wait(parent.email, "une place se libère", after=1)
    page.goto("/mes-inscriptions")
    page.get_by_role("link", name=re.compile(f"^{one} — ")).click()
    expect(page.get_by_text("les places sont proposées ensemble")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Accepter la place").click()  # one tap
    expect(page.get_by_text("La place est à vous.")).to_be_visible()
    expect(page.locator("main .tag")).to_have_text("Confirmée")


def test_a_running_enrollment_is_changed_and_a_sick_day_told(
    new_page: NewPage, portal: Portal, agent: Agent, database: Database
) -> None:
    """An absence in one tap, taken back before its limit; other days from a day that is told; an end too early is refused."""
    parent = portal.parent_with_key(agent)
    where = activity(database, days=EVERY_DAY)
    database.run("UPDATE activity SET starts_on = current_date - 30 WHERE id = $1::text::uuid", where)
    enrollment = enroll(parent, where, ("mon", "tue", "wed", "thu", "fri", "sat", "sun")).json()["id"]
    page = new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto(f"/mes-inscriptions/{enrollment}")
    rows = page.get_by_role("region").or_(page.locator("section.card")).filter(has_text="Jours à venir").locator("li")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("ce jour sera facturé")
    rows.nth(3).get_by_role("button", name="Signaler une absence").click()
    expect(rows.nth(3)).to_contain_text("Absence signalée à temps : non facturée")
    check_page(page)
    rows.nth(3).get_by_role("button", name="Finalement, il vient").click()
    expect(rows.nth(3)).to_contain_text("à signaler avant le")
    page.get_by_text("Modifier les jours ou arrêter plus tôt").click()
    expect(page.get_by_text("Le changement comptera à partir du")).to_be_visible()
    page.get_by_role("group", name="Dernier jour").get_by_label("Année").fill("2020")
    page.get_by_role("button", name="Enregistrer le changement").click()
    expect(page.locator("#error-summary")).to_contain_text("ou un jour plus tard")
    check_page(page)
    page.reload()
    page.get_by_text("Modifier les jours ou arrêter plus tôt").click()
    page.get_by_role("checkbox", name="dimanche").uncheck()
    page.get_by_role("button", name="Enregistrer le changement").click()
    expect(page.get_by_text("Le changement est enregistré.")).to_be_visible()
    expect(page.get_by_text("Jusqu’au changement du")).to_be_visible()
    expect(page.get_by_text("Modifier les jours ou arrêter plus tôt")).to_have_count(0)
    page.goto("/mes-inscriptions")
    page.get_by_text("Ces jours dans l’agenda de mon téléphone").click()
    page.get_by_role("button", name="Créer mon adresse d’agenda").click()
    expect(page.locator("p.address")).to_contain_text(".ics")
    check_page(page)
    page.get_by_role("button", name="Supprimer l’adresse").click()
    page.get_by_role("dialog").get_by_role("button", name="Supprimer l’adresse").click()
    expect(page.get_by_text("L’adresse est supprimée.")).to_be_visible()


def test_an_agent_changes_a_rank_and_the_family_reads_why(
    new_page: NewPage, portal: Portal, agent: Agent, database: Database
) -> None:
    """Without a reason it is refused in its place; the family sees the rank, the reason and when."""
    where = activity(database, places=1)
    parents = [portal.parent_with_key(agent) for _ in range(3)]
    last = [enroll(parent, where).json() for parent in parents][-1]
    page = new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.goto(f"/agents/activites/{where}")
    page.get_by_label("État").select_option("waitlisted")
    page.get_by_role("checkbox", name=re.compile(last["reference"])).check()
    page.get_by_text("Changer le rang").click()
    page.get_by_label("Nouveau rang").fill("1")
    page.get_by_role("button", name="Enregistrer le rang").click()
    expect(page.locator("#move_reason-error")).to_be_visible()
    page.get_by_label("Motif, lu par cette famille").fill("Déménagement en cours.")
    check_page(page)
    page.get_by_role("button", name="Enregistrer le rang").click()
    expect(page.get_by_text("Le rang est changé.")).to_be_visible()
    expect(page.locator("main ul.list li").first).to_contain_text(last["reference"])
    reader = new_page()
    sign_in(reader, parents[2].email)
    reader.wait_for_url("**/mon-tableau-de-bord")
    reader.goto(f"/mes-inscriptions/{last['id']}")
    expect(reader.get_by_text("Rang 1 sur la liste d’attente")).to_be_visible()
    reader.get_by_text("Comment votre rang a évolué").click()
    expect(reader.get_by_text("Le service a changé votre rang : Déménagement en cours.")).to_be_visible()
    check_page(reader)


def test_lots_instead_of_a_race(new_page: NewPage, portal: Portal, agent: Agent, database: Database) -> None:
    """Published with criteria, asked for with what is declared, checked by an agent, drawn, and explained to the family."""
    activity = publish(agent, name=f"Voile {portal.parent().email}", documents=[])
    parent, page = portal.parent_with_key(agent), new_page(DESKTOP)
    sign_in_agent(page, agent)
    page.goto(f"/agents/activites/{activity['id']}/modifier")
    page.get_by_label("Qui confirme les inscriptions").select_option("draw")
    page.get_by_role("group", name="Critère 1").get_by_label("Comment il compte").select_option("declared")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("#label_0-error")).to_be_visible()
    page.get_by_label("Texte lu par les parents").fill("Les deux parents travaillent")
    page.get_by_label("Points", exact=True).fill("5")
    check_page(page)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("L’activité est enregistrée.")).to_be_visible()
    expect(page.get_by_text("Sceau de la graine")).to_be_visible()
    check_page(page)
    reader = new_page()
    sign_in(reader, parent.email)
    reader.wait_for_url("**/mon-tableau-de-bord")
    reader.goto("/creer-une-inscription")
    assert parent.family
    reader.get_by_role("link", name=f"Inscrire {parent.family.children[0]['first_name']}").click()
    reader.get_by_label("Chercher une activité").fill(activity["name"])
    expect(reader.get_by_text(re.compile("Tirage au sort le .* inutile de se presser"))).to_be_visible()
    reader.get_by_role("link", name=re.compile("^Choisir")).click()
    reader.get_by_role("checkbox").first.check()
    reader.get_by_role("button", name="Suivant").click()
    reader.get_by_role("checkbox", name="Les deux parents travaillent").check()
    check_page(reader)
    reader.get_by_role("button", name="Envoyer l’inscription").click()
    expect(reader.get_by_text(re.compile("Le tirage a lieu le"))).to_be_visible()
    check_page(reader)
    page.reload()
    expect(page.get_by_text("Déclare : Les deux parents travaillent")).to_be_visible()
    page.get_by_role("checkbox").last.check()
    page.get_by_text("Vérifier les critères déclarés").click()
    page.get_by_role("checkbox", name="Les deux parents travaillent").uncheck()
    page.get_by_role("button", name="Enregistrer les critères").click()
    expect(page.locator("#check_reason-error")).to_be_visible()
    page.get_by_label("Motif, lu par cette famille").fill("Attestation manquante.")
    page.get_by_role("button", name="Enregistrer les critères").click()
    expect(page.get_by_text("Les critères sont enregistrés.")).to_be_visible()
    database.run(
        "UPDATE activity SET closes_at = now() - interval '1 second' WHERE id = $1::text::uuid", activity["id"]
    )
    portal.mailbox.wait(parent.email, "tirée au sort, confirmée")
    reader.goto(reader.url.split("?")[0])
    expect(reader.get_by_text("Attestation manquante.")).to_be_visible()
    reader.get_by_text("Comment le tirage s’est passé").click()
    expect(reader.get_by_text("Place 1 sur 1 dans le tirage")).to_be_visible()
    expect(reader.get_by_text("5 points, non compté")).to_be_visible()
    check_page(reader)
    page.reload()
    expect(page.get_by_role("link", name="Voir le résultat publié")).to_be_visible()


def test_a_parent_who_must_wait_sees_a_place_and_the_request_leaves_by_itself(
    new_page: NewPage, portal: Portal, agent: Agent, database: Database
) -> None:
    """While too many write, the page tells the place in the queue; when it is one's turn the enrollment is there."""
    parent, busy = portal.parent_with_key(agent), portal.parent_with_key(agent)
    assert parent.family
    name = f"Natation de {parent.family.reference}"
    where = named(database, activity(database, places=5), name)
    page = new_page()
    sign_in(page, parent.email)
    page.wait_for_url("**/mon-tableau-de-bord")
    page.goto("/creer-une-inscription")
    choose(page, parent.family.children[0]["first_name"], name)
    with crowd(database, busy, where):
        page.get_by_role("button", name="Envoyer", exact=False).click()
        expect(
            page.get_by_role("status").filter(has_text=re.compile(r"Vous êtes au rang \d+ de la file"))
        ).to_be_visible()
        check_page(page)
    expect(page.get_by_role("heading", name="C’est envoyé")).to_be_visible()
    expect(page.get_by_text("Gardez cette page ouverte")).to_be_hidden()
