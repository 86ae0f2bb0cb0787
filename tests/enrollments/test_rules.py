"""What may be enrolled: hours, schools, residents, prices told before, changes and their deadlines."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def hours(database: Database, where: str, begin: str, end: str) -> str:
    """Give an activity hours and a name of its own."""
    database.run(
        "UPDATE activity SET time_from = $2::text::time, time_to = $3::text::time, name = 'De ' || $2 WHERE id = $1::text::uuid",
        where,
        begin,
        end,
    )
    return where


def taken(database: Database, where: str) -> dict[str, int]:
    """The places taken on each day."""
    rows = database.rows("SELECT day, taken FROM activity_day WHERE activity_id = $1::text::uuid", where)
    return {row["day"]: row["taken"] for row in rows}


def change(parent: Parent, enrollment: dict[str, Any], **wanted: Any) -> Any:
    """Change an enrollment from the version that was read."""
    now = parent.get(f"/enrollments/{enrollment['id']}").json()
    return parent.send("PATCH", f"/enrollments/{enrollment['id']}", wanted, if_match=f'"{now["version"]}"')


def test_two_activities_at_the_same_hours_are_refused_with_both_names(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """Hours that touch do not overlap, another day does not, and one may wait for a full one; a refusal takes no place."""
    parent, other = portal.parent_with_key(agent), portal.parent_with_key(agent)
    held = hours(database, activity(database), "08:00", "12:00")
    assert enroll(parent, held).json()["state"] == "confirmed"
    at_once = hours(database, activity(database), "11:00", "13:00")
    refused = enroll(parent, at_once)
    assert (refused.status_code, refused.json()["code"]) == (409, "overlap")
    assert "De 08:00" in refused.json()["detail"]
    assert "De 11:00" in refused.json()["detail"]
    assert taken(database, at_once) == {"mon": 0, "tue": 0}
    assert enroll(parent, at_once, ("tue",)).json()["state"] == "confirmed"
    assert enroll(parent, hours(database, activity(database), "12:00", "13:00")).json()["state"] == "confirmed"
    full = hours(database, activity(database, places=1), "09:00", "10:00")
    first = enroll(other, full).json()
    waits = enroll(parent, full).json()
    assert waits["state"] == "waitlisted"
    other.post(f"/enrollments/{first['id']}/cancellation")
    assert parent.post(f"/enrollments/{waits['id']}/acceptance").json()["code"] == "overlap"


def test_without_hours_two_of_the_same_part_of_the_day_overlap(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """A child eats in one canteen at noon; « séance » says nothing of when."""
    parent = portal.parent_with_key(agent)
    places = [activity(database) for _ in range(4)]
    for where, unit in zip(places, ("midi", "Midi", "séance", "séance"), strict=True):
        database.run("UPDATE activity SET unit = $2 WHERE id = $1::text::uuid", where, unit)
    states = [enroll(parent, where).status_code for where in places]
    assert states == [201, 409, 201, 201]


@pytest.mark.parametrize(
    ("setting", "code"),
    [("schools = '{Maternelle Ailleurs}'", "other-school"), ("residents_only = true", "residents-only")],
)
def test_a_condition_is_told_before_and_refused_after(
    portal: Portal, agent: Agent, database: Database, setting: str, code: str
) -> None:
    """The list says that it does not fit; who sends it anyhow is refused; who fits is not."""
    where, parent = activity(database), portal.parent_with_key(agent)
    assert parent.family
    child = parent.family.children[0]["id"]
    adults = [adult["id"] for adult in parent.family.adults]
    database.run("UPDATE adult_private SET city = 'KOUROU' WHERE adult_id = ANY($1::text[]::uuid[])", adults)
    database.run(f"UPDATE activity SET {setting} WHERE id = $1::text::uuid", where)
    seen = parent.get(f"/activities/{where}", child_id=child).json()
    assert not (seen["school_fits"] and seen["town_fits"])
    assert enroll(parent, where).json()["code"] == code
    database.run("UPDATE adult_private SET city = 'CAYENNE' WHERE adult_id = ANY($1::text[]::uuid[])", adults)
    database.run("UPDATE child SET school = 'maternelle AILLEURS' WHERE id = $1::text::uuid", child)
    seen = parent.get(f"/activities/{where}", child_id=child).json()
    assert seen["school_fits"]
    assert seen["town_fits"]
    assert enroll(parent, where).status_code == 201


def test_an_estimate_by_month_is_told_before_sending(portal: Portal, agent: Agent, database: Database) -> None:
    """Each day that the activity takes place, at this child's price, with the bracket named."""
    where, parent = activity(database), portal.parent_with_key(agent)
    assert parent.family
    child = parent.family.children[0]["id"]
    database.run(
        "UPDATE activity SET starts_on = '2027-03-01', ends_on = '2027-04-06' WHERE id = $1::text::uuid", where
    )
    adults = [adult["id"] for adult in parent.family.adults]
    database.run(
        "UPDATE adult_private SET quotient = 600, quotient_to = '2999-01-01' WHERE adult_id = ANY($1::text[]::uuid[])",
        adults,
    )
    estimate = parent.get(f"/activities/{where}/estimate", child_id=child, days="mon,tue").json()
    assert estimate == {
        "unit_price_cents": 200,
        "months": [
            {"month": "2027-03", "sessions": 10, "total_cents": 2000},
            {"month": "2027-04", "sessions": 2, "total_cents": 400},
        ],
    }
    price = parent.get(f"/activities/{where}", child_id=child).json()["price"]
    assert (price["quotient_from"], price["quotient_to"]) == (500, 999)
    stranger = portal.parent_with_key(agent)
    assert stranger.get(f"/activities/{where}/estimate", child_id=child, days="mon").status_code == 404


def test_days_change_in_one_step_before_the_start(portal: Portal, agent: Agent, database: Database) -> None:
    """The new day is taken and the old one free for who waits; a full day is refused and nothing changes."""
    where, parent, waits = activity(database, places=1), portal.parent_with_key(agent), portal.parent_with_key(agent)
    mine, theirs = enroll(parent, where, ("mon",)).json(), enroll(waits, where, ("mon",)).json()
    changed = change(parent, mine, days=["tue"])
    assert (changed.status_code, changed.json()["days"], changed.json()["days_from"]) == (200, ["tue"], None)
    assert waits.get(f"/enrollments/{theirs['id']}").json()["state"] == "offered"
    assert taken(database, where) == {"mon": 1, "tue": 1}
    assert change(parent, mine, days=["mon", "tue"]).json()["code"] == "no-place-left"
    assert parent.get(f"/enrollments/{mine['id']}").json()["days"] == ["tue"]
    stale = parent.send("PATCH", f"/enrollments/{mine['id']}", {"days": ["tue"]}, if_match='"1"')
    assert stale.status_code == 412
    assert parent.send("PATCH", f"/enrollments/{mine['id']}", {"days": ["tue"]}).status_code == 428


def test_a_change_that_changes_nothing_is_refused(portal: Portal, agent: Agent, database: Database) -> None:
    """Neither other days nor another last day: the sentence says what to choose."""
    where, parent = activity(database), portal.parent_with_key(agent)
    refused = change(parent, enroll(parent, where, ("mon",)).json())
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/days")


def test_days_of_a_running_enrollment_change_after_the_notice(portal: Portal, agent: Agent, database: Database) -> None:
    """Until then the former days count and keep their place; on the day the worker gives it to who waits."""
    where, parent, waits = activity(database, places=1), portal.parent_with_key(agent), portal.parent_with_key(agent)
    database.run("UPDATE activity SET starts_on = current_date - 30 WHERE id = $1::text::uuid", where)
    mine, theirs = enroll(parent, where, ("mon",)).json(), enroll(waits, where, ("mon",)).json()
    database.run("UPDATE enrollment SET starts_on = current_date - 20 WHERE id = $1::text::uuid", mine["id"])
    changed = change(parent, mine, days=["tue"]).json()
    counts = date.fromisoformat(changed["days_from"])
    assert changed["days_before"] == ["mon"]
    assert taken(database, where) == {"mon": 1, "tue": 1}
    days = parent.get(f"/enrollments/{mine['id']}/bookings").json()["items"]
    assert {date.fromisoformat(d["day"]).weekday() for d in days if date.fromisoformat(d["day"]) < counts} <= {0}
    assert {date.fromisoformat(d["day"]).weekday() for d in days if date.fromisoformat(d["day"]) >= counts} == {1}
    assert change(parent, mine, days=["mon"]).json()["code"] == "not-changeable"
    database.run("UPDATE enrollment SET days_from = current_date - 1 WHERE id = $1::text::uuid", mine["id"])
    assert portal.mailbox.wait(waits.email, "une place se libère")
    assert waits.get(f"/enrollments/{theirs['id']}").json()["state"] == "offered"
    assert taken(database, where) == {"mon": 1, "tue": 1}
    assert parent.get(f"/enrollments/{mine['id']}").json()["days_before"] is None


def test_an_early_end_and_a_cancellation_have_a_deadline_told_before(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """The answer says both days; before them a change is refused with the day that is possible."""
    where, parent = activity(database), portal.parent_with_key(agent)
    mine = enroll(parent, where).json()
    starts = date.fromisoformat(mine["starts_on"])
    assert mine["cancel_until"] == (starts - timedelta(days=2)).isoformat()
    detail = parent.get(f"/enrollments/{mine['id']}").json()
    assert detail["changes_from"] == mine["starts_on"]
    early = change(parent, mine, ends_on=(starts - timedelta(days=1)).isoformat())
    assert early.json()["errors"][0]["detail"] == f"Choisissez le {starts:%d/%m/%Y} ou un jour plus tard."
    ended = change(parent, mine, ends_on=(starts + timedelta(days=7)).isoformat())
    assert ended.json()["ends_on"] == (starts + timedelta(days=7)).isoformat()
    assert portal.mailbox.wait(parent.email, "modifiée")
    database.run("UPDATE enrollment SET cancel_until = current_date - 2 WHERE id = $1::text::uuid", mine["id"])
    assert parent.post(f"/enrollments/{mine['id']}/cancellation").json()["code"] == "too-late"
    assert taken(database, where) == {"mon": 1, "tue": 0}


def test_who_waits_changes_days_at_once_and_may_get_a_place(portal: Portal, agent: Agent, database: Database) -> None:
    """Monday is full: with Tuesday instead, there is a place, and it is offered."""
    where, first, second = activity(database, places=1), portal.parent_with_key(agent), portal.parent_with_key(agent)
    enroll(first, where, ("mon",))
    waits = enroll(second, where, ("mon",)).json()
    assert change(second, waits, days=["tue"]).json()["state"] == "offered"
    assert taken(database, where) == {"mon": 1, "tue": 1}
