"""The private calendar: days, limits, offers; for who holds the address, until it is revoked."""

from typing import Any

import pytest
from icalendar import Calendar

from tests.absences.test_absences import begun, today
from tests.conftest import Database
from tests.portal import Agent, Parent, Portal


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


@pytest.fixture
def running(portal: Portal, agent: Agent, database: Database) -> tuple[Parent, dict[str, Any]]:
    """A parent and an enrollment of every day that has begun."""
    return begun(portal, agent, database)


def read(portal: Portal, url: str) -> Any:
    """As a calendar application does: no cookie, no token."""
    return portal.http.get(portal.address + "/api/" + url.split("/api/")[1])


def test_the_calendar_has_the_days_and_their_limits(
    running: tuple[Parent, dict[str, Any]], portal: Portal, database: Database
) -> None:
    """One event a day with the child, the activity, the hours and the limit; an absence is a cancelled event."""
    parent, enrollment = running
    database.run(
        "UPDATE activity SET time_from = '08:00', time_to = '09:30' WHERE id = $1::text::uuid",
        enrollment["activity_id"],
    )
    parent.post(f"/enrollments/{enrollment['id']}/absences", {"day": today().isoformat()})
    created = parent.post("/me/calendar")
    assert created.status_code == 201
    answer = read(portal, created.json()["url"])
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["cache-control"] == "no-store"
    events = [
        event for event in Calendar.from_ical(answer.text).walk("VEVENT") if enrollment["id"] in str(event["uid"])
    ]
    first, second = events[0], events[1]
    assert parent.family
    assert first["summary"] == f"Absent : {parent.family.children[0]['first_name']}, Essai"
    assert first["status"] == "CANCELLED"
    assert second["status"] == "CONFIRMED"
    assert (second.decoded("dtstart").hour, second.decoded("dtend").minute) == (8, 30)
    assert "10h00" in str(second["description"])
    assert parent.get("/me/calendar").status_code == 200


def test_a_revoked_or_replaced_address_stops(running: tuple[Parent, dict[str, Any]], portal: Portal) -> None:
    """A new one replaces the old; revoked, or with the key detached, nothing is read any more."""
    parent, _ = running
    old, new = (parent.post("/me/calendar").json()["url"] for _ in range(2))
    assert read(portal, old).status_code == 404
    assert "BEGIN:VEVENT" in read(portal, new).text
    detached = parent.send("DELETE", f"/service-keys/{parent.link_id}")
    assert detached.status_code == 204
    assert "BEGIN:VEVENT" not in read(portal, new).text
    assert read(portal, new + "x").status_code == 404
