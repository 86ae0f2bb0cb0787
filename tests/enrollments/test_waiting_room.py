"""When more write than the database can take: a place in a queue, at once, that is kept for who comes back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2

from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal

SLOTS = 8  # writes that a process lets work at once


@contextmanager
def crowd(database: Database, parent: Parent, where: str) -> Iterator[ThreadPoolExecutor]:
    """So many that everybody else waits, on Tuesday, while the days of the activity are held by somebody."""
    database.run(f"BEGIN; SELECT FROM activity_day WHERE activity_id = '{where}' FOR UPDATE")
    with ThreadPoolExecutor(SLOTS * 2) as threads:
        working = [threads.submit(enroll, parent, where, ("tue",)) for _ in range(SLOTS)]
        try:
            while database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") < SLOTS:
                pass  # the last of them is not there yet
            yield threads
        finally:
            database.run("ROLLBACK")
        assert {task.result().status_code for task in working} <= {201, 409, 503}


def test_who_must_wait_is_told_a_place_and_keeps_it(portal: Portal, agent: Agent, database: Database) -> None:
    """Nothing moves: both are told where they stand, each at a place of its own; afterwards the same key is done once."""
    parent, where = portal.parent_with_key(agent), activity(database, places=5)
    keys = [f"{where}-{n}" for n in range(2)]

    def ask(key: str) -> httpx2.Response:
        answer: httpx2.Response = enroll(parent, where, ("mon",), idempotency_key=key)
        return answer

    with crowd(database, parent, where) as threads:
        told = list(threads.map(ask, keys))
        assert [(answer.status_code, answer.json()["code"]) for answer in told] == [(503, "waiting-room")] * 2
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in told)
        places = [answer.json()["place"] for answer in told]
        assert 1 < min(places) < max(places)
        assert str(places[0]) in told[0].json()["detail"]
        assert portal.parent().get("/me").status_code == 200  # who reads or signs in does not wait with them
    assert ask(keys[0]).status_code == 201
    assert ask(keys[0]).headers["idempotent-replayed"] == "true"
    assert ask(keys[1]).json()["code"] == "already-enrolled"


def test_who_is_nobody_does_not_stand_in_the_queue(portal: Portal, agent: Agent, database: Database) -> None:
    """Without a token the answer is 401 even then: strangers cannot make the queue longer."""
    parent, where = portal.parent_with_key(agent), activity(database, places=5)
    with crowd(database, parent, where):
        answer = portal.http.post(f"{portal.address}/api/v1/enrollments", json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
