"""Activities that everybody sees alike are up to a second old, and say so; what is personal never is."""

import asyncio

import pytest

from api.core import recent
from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Portal


def test_an_unchanged_activity_is_not_sent_again(portal: Portal, agent: Agent, database: Database) -> None:
    """With the ETag of what one has the answer is 304 and empty; once a place is taken, it is the new one."""
    parent, where = portal.parent_with_key(agent), activity(database)
    assert parent.family
    child = parent.family.children[0]["id"]
    for query, params in (("", {}), (f"?child_id={child}", {"child_id": child})):
        first = parent.get(f"/activities/{where}", **params)
        again = parent.send("GET", f"/activities/{where}{query}", if_none_match=f'"other", W/{first.headers["etag"]}')
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    enroll(parent, where)
    assert parent.send("GET", f"/activities/{where}{query}", if_none_match=first.headers["etag"]).status_code == 200


def test_what_is_kept_says_how_old_it_is_and_what_is_personal_is_not_kept(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """Without a child: private, a second, with its age. With a child, who has a price: of now, and no-store."""
    parent, where = portal.parent_with_key(agent), activity(database, places=2)
    assert parent.family
    shared = parent.get(f"/activities/{where}")
    assert (shared.headers["cache-control"], shared.headers["age"]) == ("private, max-age=1", "0")
    enroll(parent, where)
    mine = parent.get(f"/activities/{where}", child_id=parent.family.children[0]["id"])
    assert (mine.headers["cache-control"], mine.json()["places_left"]) == ("no-store", 1)
    assert "age" not in mine.headers


def test_who_may_no_longer_read_is_not_served_from_what_is_kept(
    portal: Portal, agent: Agent, database: Database
) -> None:
    """The session is looked at for everybody who asks, however fresh the answer is."""
    parent, where = portal.parent_with_key(agent), activity(database)
    assert parent.get(f"/activities/{where}").status_code == 200
    assert portal.parent().get(f"/activities/{where}").status_code == 403
    parent.send("DELETE", "/sessions/current")
    assert parent.get(f"/activities/{where}").status_code == 401


async def test_many_at_once_are_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten ask together: one question. A second later it is asked anew; a failure is not kept."""
    asked, kept = 0, recent.Recent()

    async def ask() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return f"answer {asked}"

    together = await asyncio.gather(*(kept.get("key", ask) for _ in range(10)))
    assert {one.body for one in together} == {"answer 1"}
    assert (await kept.get("key", ask)).body == "answer 1"
    monkeypatch.setattr(recent, "RENEWED", -1.0)
    monkeypatch.setattr(recent, "FRESH", -1.0)
    assert (await kept.get("key", ask)).body == "answer 2"

    async def fail() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await kept.get("key", fail)
    assert (await kept.get("key", ask)).body == "answer 3"


async def test_nobody_waits_for_an_answer_that_is_renewed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the kept one is nearly too old, who asks has it at once, and the next one is asked for beside; a failure then is nobody's."""
    kept, waiting = recent.Recent(), asyncio.Event()

    async def first() -> str:
        return "first"

    async def slow() -> str:
        await waiting.wait()
        return "second"

    await kept.get("key", first)
    monkeypatch.setattr(recent, "RENEWED", 0.0)
    monkeypatch.setattr(recent, "FRESH", 60.0)
    assert (await kept.get("key", slow)).body == "first"
    waiting.set()
    await kept.asking["key"]
    monkeypatch.setattr(recent, "RENEWED", 60.0)
    assert (await kept.get("key", slow)).body == "second"
