"""What the town says to everybody, and what it switches off for a while."""

from datetime import timedelta

from api.core.clock import utcnow
from tests.portal import Agent, Portal

BODY = {"fr": "La cantine est fermée lundi.", "en": "The canteen is closed on Monday."}


def test_a_notice_is_there_in_its_time_and_in_the_readers_language(portal: Portal, agent: Agent) -> None:
    """From one instant to another; French where there is no other text; changed with its version."""
    now = utcnow()
    times = {"starts_at": (now - timedelta(hours=1)).isoformat(), "ends_at": (now + timedelta(hours=1)).isoformat()}
    made = agent.post("/agent/notices", {"body": BODY} | times).json()
    later = {"starts_at": (now + timedelta(days=1)).isoformat(), "ends_at": (now + timedelta(days=2)).isoformat()}
    future = agent.post("/agent/notices", {"body": {"fr": "Demain"}} | later).json()

    def read(language: str) -> list[str]:
        return [n["body"] for n in portal.http.get("/notices", headers={"Accept-Language": language}).json()["items"]]

    assert (read("fr"), read("en")) == ([BODY["fr"]], [BODY["en"]])
    path = f"/agent/notices/{made['id']}"
    assert agent.send("PUT", path, {"body": {"fr": "Ouverte !"}} | times).status_code == 428
    changed = agent.send("PUT", path, {"body": {"fr": "Ouverte !"}} | times, if_match='"1"')
    assert (changed.status_code, read("en")) == (200, ["Ouverte !"])
    for one in (made, future):
        assert agent.send("DELETE", f"/agent/notices/{one['id']}").status_code == 204
    assert read("fr") == []


def test_a_notice_that_cannot_be_read_is_refused(agent: Agent) -> None:
    """Without French, or over before it begins."""
    now = utcnow()
    times = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=1)).isoformat()}
    bodies = [{"body": {"en": "x"}} | times, {"body": BODY} | times | {"ends_at": times["starts_at"]}]
    pointers = [agent.post("/agent/notices", body).json()["errors"][0]["pointer"] for body in bodies]
    assert pointers == ["/body", "/ends_at"]


def test_a_function_is_switched_off_with_a_kind_word(portal: Portal, agent: Agent) -> None:
    """503 with the town's own sentence, in the reader's language; the rest goes on; on again, it works."""
    parent = portal.parent()
    question = {"type": "question", "data": {"subject": "x", "question": "y"}}
    off = agent.send(
        "PUT", "/agent/functions/requests", {"message": {"fr": "De retour lundi.", "en": "Back on Monday."}}
    )
    assert off.status_code == 200, off.text
    try:
        refused = parent.post("/requests", question)
        assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (
            503,
            "switched-off",
            "De retour lundi.",
        )
        assert refused.headers["retry-after"]
        english = portal.http.post("/requests", json=question, headers=parent.headers({"accept_language": "en"}))
        assert english.json()["detail"] == "Back on Monday."
        assert parent.get("/requests").status_code == 200
        listed = {f["function"]: f["message"] for f in agent.get("/agent/functions").json()["items"]}
        assert (listed["requests"]["fr"], listed["enrollments"]) == ("De retour lundi.", None)
    finally:
        assert agent.send("DELETE", "/agent/functions/requests").status_code == 204
    assert parent.post("/requests", question).status_code == 201


def test_who_may_not_speak_for_the_town(portal: Portal, colleague: Agent) -> None:
    """An agent of the desk, a parent."""
    path, body = "/agent/functions/sign-up", {"message": {"fr": "x"}}
    assert [who.send("PUT", path, body).status_code for who in (colleague, portal.parent())] == [403, 403]
