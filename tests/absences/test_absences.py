"""A day on which a child does not come: one tap, in time or not, and the service knows."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal

ZONE = ZoneInfo("America/Cayenne")
EVERY_DAY = "{mon,tue,wed,thu,fri,sat,sun}"


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def begun(portal: Portal, agent: Agent, database: Database) -> tuple[Parent, dict[str, Any]]:
    """A parent and an enrollment of every day that has begun."""
    where, parent = activity(database, days=EVERY_DAY), portal.parent_with_key(agent)
    database.run("UPDATE activity SET starts_on = current_date - 30 WHERE id = $1::text::uuid", where)
    return parent, enroll(parent, where, ("mon", "tue", "wed", "thu", "fri", "sat", "sun")).json()


@pytest.fixture
def running(portal: Portal, agent: Agent, database: Database) -> tuple[Parent, dict[str, Any]]:
    """As told of `begun`, for each test anew."""
    return begun(portal, agent, database)


def today() -> date:
    """The day in the town."""
    return datetime.now(UTC).astimezone(ZONE).date()  # noqa: TID251 - the portal's clock is this one


def test_an_absence_is_told_in_time_or_not(running: tuple[Parent, dict[str, Any]]) -> None:
    """The limit is shown with each day; today is past it, in three days is not; told twice it counts once."""
    parent, enrollment = running
    bookings = parent.get(f"/enrollments/{enrollment['id']}/bookings").json()["items"]
    assert len(bookings) == 28
    first = bookings[0]
    assert first["day"] == today().isoformat()
    limit = datetime.fromisoformat(first["limit"]).astimezone(ZONE)
    assert (limit.date(), limit.hour) == (today() - timedelta(days=1), 10)
    path = f"/enrollments/{enrollment['id']}/absences"
    later = (today() + timedelta(days=3)).isoformat()
    told = [parent.post(path, {"day": day}) for day in (first["day"], later, later)]
    assert [(t.status_code, t.json()["in_time"]) for t in told] == [(201, False), (201, True), (201, True)]
    shown = {
        b["day"]: b["in_time"]
        for b in parent.get(f"/enrollments/{enrollment['id']}/bookings").json()["items"]
        if b["absent"]
    }
    assert shown == {first["day"]: False, later: True}
    assert parent.send("DELETE", f"{path}/{later}").status_code == 204
    assert parent.send("DELETE", f"{path}/{later}").status_code == 404
    assert parent.send("DELETE", f"{path}/{first['day']}").json()["code"] == "absence-kept"


def test_a_day_without_the_child_is_refused(running: tuple[Parent, dict[str, Any]]) -> None:
    """Yesterday, and after the end."""
    parent, enrollment = running
    for day in (today() - timedelta(days=1), today() + timedelta(days=400)):
        answer = parent.post(f"/enrollments/{enrollment['id']}/absences", {"day": day.isoformat()})
        assert answer.json()["errors"][0]["pointer"] == "/day"


def test_another_familys_days_do_not_exist(
    running: tuple[Parent, dict[str, Any]], portal: Portal, agent: Agent
) -> None:
    """Neither to read nor to write."""
    stranger, path = portal.parent_with_key(agent), f"/enrollments/{running[1]['id']}"
    assert stranger.get(f"{path}/bookings").status_code == 404
    assert stranger.post(f"{path}/absences", {"day": today().isoformat()}).status_code == 404
    assert stranger.send("DELETE", f"{path}/absences/{today()}").status_code == 404
