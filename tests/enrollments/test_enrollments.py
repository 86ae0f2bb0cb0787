"""Enrollments: places, waiting list, and what is refused."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.conftest import Database
from tests.portal import Agent, Parent, Portal

numbers = count(1)


@pytest.fixture(autouse=True)
def _patience(database: Database) -> None:
    """Many keys are typed from one address here; time passes between them."""
    database.run("DELETE FROM attempts")


def activity(
    database: Database, places: int = 2, days: str = "{mon,tue}", ages: tuple[int, int] = (0, 18), opens: str = "-1 day"
) -> str:
    """An activity of its own for a test."""
    row = database.value(
        "INSERT INTO activity (service_id, code, name, venue, unit, starts_on, ends_on, age_min, age_max, opens_at, closes_at, prices_cents) "
        "SELECT id, $1, 'Essai', 'Ici', 'jour', current_date + 10, current_date + 100, $2, $3, now() + $4::text::interval, now() + interval '90 days', '{100,200,300,400}' "
        "FROM service WHERE slug = 'enfance' RETURNING id::text",
        f"T{next(numbers)}-{uuid.uuid4().hex[:6]}",
        *ages,
        opens,
    )
    database.run(
        "INSERT INTO activity_day (activity_id, day, places) SELECT $1::text::uuid, d, $2 FROM unnest($3::text::text[]) d",
        row,
        places,
        days,
    )
    return str(row)


def enroll(parent: Parent, where: str, days: tuple[str, ...] = ("mon",), child: int = 0, **headers: str):  # type: ignore[no-untyped-def] # httpx2's answer
    """Enroll a child of the parent's family."""
    assert parent.family
    body = {"child_id": parent.family.children[child]["id"], "activity_id": where, "days": list(days)}
    return parent.post("/enrollments", body, **headers)


def test_a_place_is_confirmed_with_a_reference_and_a_mail(portal: Portal, agent: Agent, database: Database) -> None:
    """The mail has the reference, and neither the child's name nor an amount."""
    parent = portal.parent_with_key(agent)
    answer = enroll(parent, activity(database))
    assert (answer.status_code, answer.json()["state"], answer.json()["rank"]) == (201, "confirmed", None)
    letter = portal.mailbox.wait(parent.email, "confirmée")
    assert answer.json()["reference"] in letter.subject
    assert parent.family
    assert parent.family.children[0]["first_name"] not in letter.body
    assert "€" not in letter.body


def test_a_full_activity_gives_a_rank(portal: Portal, agent: Agent, database: Database) -> None:
    """First come, first ranked; the count is visible before enrolling."""
    where = activity(database, places=1)
    parents = [portal.parent_with_key(agent) for _ in range(3)]
    states = [(a["state"], a["rank"]) for a in (enroll(p, where).json() for p in parents)]
    assert states == [("confirmed", None), ("waitlisted", 1), ("waitlisted", 2)]
    seen = parents[0].get(f"/activities/{where}").json()
    assert (seen["waiting"], seen["day_places"][0]["places_left"]) == (2, 0)


def test_places_are_never_oversold(portal: Portal, agent: Agent, database: Database) -> None:
    """Eight families ask at the same moment for three places: three get one, five a different rank."""
    where = activity(database, places=3)
    parents = [portal.parent_with_key(agent) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = [a.json() for a in pool.map(lambda p: enroll(p, where, ("mon", "tue")), parents)]
    assert sorted(a["state"] for a in answers) == ["confirmed"] * 3 + ["waitlisted"] * 5
    assert [
        r["taken"] for r in database.rows("SELECT taken FROM activity_day WHERE activity_id = $1::text::uuid", where)
    ] == [3, 3]
    ranks = [p.get(f"/enrollments/{a['id']}").json()["rank"] for p, a in zip(parents, answers, strict=True)]
    assert sorted(r for r in ranks if r) == [1, 2, 3, 4, 5]


def test_the_database_refuses_one_place_too_many(database: Database) -> None:
    """The guard is a constraint too."""
    import asyncpg

    where = activity(database, places=1)
    with pytest.raises(asyncpg.CheckViolationError):
        database.run("UPDATE activity_day SET taken = 2 WHERE activity_id = $1::text::uuid", where)


def test_all_days_or_the_waiting_list(portal: Portal, agent: Agent, database: Database) -> None:
    """When one of two days is full, no day is taken."""
    where = activity(database, places=1)
    first, second = portal.parent_with_key(agent), portal.parent_with_key(agent)
    assert enroll(first, where, ("mon",)).json()["state"] == "confirmed"
    assert enroll(second, where, ("mon", "tue")).json()["state"] == "waitlisted"
    taken = {
        r["day"]: r["taken"]
        for r in database.rows("SELECT day, taken FROM activity_day WHERE activity_id = $1::text::uuid", where)
    }
    assert taken == {"mon": 1, "tue": 0}


def test_a_cancelled_place_is_offered_to_the_next_at_once(portal: Portal, agent: Agent, database: Database) -> None:
    """The first who waits is offered it, told by mail, and accepts; the second moves up."""
    where = activity(database, places=1)
    holder, next_one, last = (portal.parent_with_key(agent) for _ in range(3))
    held, waits, waits_too = (enroll(p, where).json() for p in (holder, next_one, last))
    assert holder.post(f"/enrollments/{held['id']}/cancellation").json()["state"] == "cancelled"
    offered = next_one.get(f"/enrollments/{waits['id']}").json()
    assert offered["state"] == "offered"
    assert offered["offered_until"]
    assert portal.mailbox.wait(next_one.email, "une place se libère")
    assert last.get(f"/enrollments/{waits_too['id']}").json()["rank"] == 1
    assert next_one.post(f"/enrollments/{waits['id']}/acceptance").json()["state"] == "confirmed"
    assert next_one.post(f"/enrollments/{waits['id']}/acceptance").status_code == 409


def test_a_cancellation_and_the_offer_that_follows_are_one(portal: Portal, agent: Agent, database: Database) -> None:
    """When the offer cannot be written, the place is not given up either: nobody loses it, nobody is passed over."""
    where = activity(database, places=1)
    holder, next_one = (portal.parent_with_key(agent) for _ in range(2))
    held = enroll(holder, where).json()
    enroll(next_one, where)
    database.run("ALTER TABLE message ADD CONSTRAINT fault CHECK (template <> 'enrollment-offered') NOT VALID")
    try:
        assert holder.post(f"/enrollments/{held['id']}/cancellation").status_code == 500
    finally:
        database.run("ALTER TABLE message DROP CONSTRAINT fault")
    assert holder.get(f"/enrollments/{held['id']}").json()["state"] == "confirmed"
    assert next_one.get("/enrollments").json()["items"][0]["state"] == "waitlisted"


def test_an_offer_that_nobody_takes_is_passed_on(portal: Portal, agent: Agent, database: Database) -> None:
    """The worker gives it to the next family when its time has passed."""
    import time

    where = activity(database, places=1)
    holder, late, last = (portal.parent_with_key(agent) for _ in range(3))
    held, missed, waits = (enroll(p, where).json() for p in (holder, late, last))
    holder.post(f"/enrollments/{held['id']}/cancellation")
    database.run("UPDATE enrollment SET offered_until = now() WHERE id = $1::text::uuid", missed["id"])
    assert portal.mailbox.wait(last.email, "une place se libère")
    assert late.post(f"/enrollments/{missed['id']}/acceptance").status_code == 409
    assert last.get(f"/enrollments/{waits['id']}").json()["state"] == "offered"
    assert time  # the wait above is for the mail, not for a clock


def test_the_same_child_is_not_enrolled_twice_on_a_day(portal: Portal, agent: Agent, database: Database) -> None:
    """Nor does the second try take a place; after a cancellation the child can come back."""
    where = activity(database, places=5)
    parent = portal.parent_with_key(agent)
    first = enroll(parent, where).json()
    assert enroll(parent, where, ("mon", "tue")).json()["code"] == "already-enrolled"
    assert (
        sum(
            r["taken"]
            for r in database.rows("SELECT taken FROM activity_day WHERE activity_id = $1::text::uuid", where)
        )
        == 1
    )
    parent.post(f"/enrollments/{first['id']}/cancellation")
    assert enroll(parent, where).status_code == 201


@pytest.mark.parametrize(
    ("arrange", "status", "code"),
    [
        ({"opens": "1 hour"}, 409, "not-open"),
        ({"ages": (90, 99)}, 409, "age-does-not-fit"),
        ({"days": "{sat}"}, 422, "invalid"),
    ],
)
def test_what_does_not_fit_is_told_and_takes_nothing(
    portal: Portal, agent: Agent, database: Database, arrange: dict[str, object], status: int, code: str
) -> None:
    """Too early, the wrong age, a day that does not exist."""
    where = activity(database, **arrange)  # type: ignore[arg-type] # a table of arguments
    answer = enroll(portal.parent_with_key(agent), where)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (
        sum(
            r["taken"]
            for r in database.rows("SELECT taken FROM activity_day WHERE activity_id = $1::text::uuid", where)
        )
        == 0
    )


def test_another_familys_child_and_enrollment_do_not_exist(portal: Portal, agent: Agent, database: Database) -> None:
    """In the body and in the path."""
    where = activity(database)
    one, other = portal.parent_with_key(agent), portal.parent_with_key(agent)
    theirs = enroll(other, where).json()
    assert other.family
    body = {"child_id": other.family.children[0]["id"], "activity_id": where, "days": ["tue"]}
    assert one.post("/enrollments", body).status_code == 404
    assert one.get("/activities", child_id=body["child_id"]).status_code == 404
    assert one.get(f"/enrollments/{theirs['id']}").status_code == 404
    assert one.post(f"/enrollments/{theirs['id']}/cancellation").status_code == 404


def test_sending_twice_with_one_key_enrolls_once(portal: Portal, agent: Agent, database: Database) -> None:
    """The second answer is the first again; another body with the same key is refused."""
    where, parent = activity(database), portal.parent_with_key(agent)
    first, again = (enroll(parent, where, idempotency_key="une-fois") for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert enroll(parent, where, ("tue",), idempotency_key="une-fois").json()["code"] == "idempotency-key-reused"
    assert len(parent.get("/enrollments").json()["items"]) == 1


@pytest.mark.parametrize(
    ("quotient", "until", "price", "reason"),
    [
        (0, "2999-01-01", 100, "quotient"),
        (499, "2999-01-01", 100, "quotient"),
        (500, "2999-01-01", 200, "quotient"),
        (1499, "2999-01-01", 300, "quotient"),
        (2400, "2999-01-01", 400, "quotient"),
        (None, None, 400, "no-quotient"),
        (499, "2020-01-01", 400, "quotient-expired"),
    ],
)
def test_the_price_is_that_of_ones_own_quotient(
    portal: Portal, agent: Agent, database: Database, quotient: int | None, until: str | None, price: int, reason: str
) -> None:
    """By its bracket; without a valid quotient the highest, with the reason."""
    where, parent = activity(database), portal.parent_with_key(agent)
    assert parent.family
    database.run(
        "UPDATE adult_private SET quotient = $1, quotient_to = $2::text::date WHERE adult_id = $3::text::uuid",
        quotient,
        until,
        parent.family.adults[0]["id"],
    )
    seen = parent.get(f"/activities/{where}", child_id=parent.family.children[0]["id"]).json()["price"]
    assert (seen["unit_price_cents"], seen["reason"]) == (price, reason)
