"""Whatever parents, agents and the clock do, in any order: places are never oversold, never lost, and go in order."""

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import Database
from tests.enrollments.test_enrollments import activity, enroll
from tests.enrollments.test_rules import change
from tests.portal import Agent, Parent, Portal

DAYS = st.sampled_from([("mon",), ("tue",), ("mon", "tue")])
WHO = st.integers(0, 4)
BESIDE = {"stale", "not-changeable"}  # the worker offered a place, or took one back, between the look and the change
LIST = """
    SELECT e.id::text, e.state, e.days, e.child_id::text, waiting_rank(e.activity_id, e.id) AS rank, coalesce(e.offered_until <= now(), false) AS passed
    FROM enrollment e WHERE e.activity_id = $1::text::uuid ORDER BY e.position
"""


class OpeningMorning(RuleBasedStateMachine):
    """Five families, one activity of two days, one agent."""

    portal: ClassVar[Portal]
    agent: ClassVar[Agent]
    database: ClassVar[Database]
    parents: ClassVar[list[Parent]]

    @initialize(places=st.integers(1, 2), days=st.lists(DAYS, min_size=5, max_size=5))
    def open(self, places: int, days: list[tuple[str, ...]]) -> None:
        """A new activity for each run, and everybody asks at once; the families are the same."""
        self.where = activity(self.database, places=places)
        self.waiting: list[tuple[str, frozenset[str]]] = []
        for parent, wanted in zip(self.parents, days, strict=True):
            enroll(parent, self.where, wanted)

    def rows(self) -> list[dict[str, Any]]:
        """The enrollments as the database has them, in the order of the list."""
        return [dict(row) for row in self.database.rows(LIST, self.where)]

    def of(self, who: int, *states: str) -> dict[str, Any] | None:
        """An enrollment of a family in one of these states."""
        child = self.parents[who].family.children[0]["id"]  # type: ignore[union-attr] # all have a key
        return next((r for r in self.rows() if r["child_id"] == child and r["state"] in states), None)

    @rule(who=WHO, days=DAYS)
    def ask(self, who: int, days: tuple[str, ...]) -> None:
        """Enroll, or be refused because one is enrolled already."""
        answer = enroll(self.parents[who], self.where, days)
        assert answer.status_code == 201 or answer.json()["code"] == "already-enrolled"

    @rule(who=WHO)
    def give_up(self, who: int) -> None:
        """Cancel whatever one has."""
        if mine := self.of(who, "confirmed", "offered", "waitlisted"):
            answer = self.parents[who].post(f"/enrollments/{mine['id']}/cancellation")
            assert answer.status_code == 200 or (mine["passed"] and answer.json()["code"] == "not-cancellable")

    @rule(who=WHO)
    def accept(self, who: int) -> None:
        """Take an offered place; twice is refused, and so is one whose time has passed."""
        if mine := self.of(who, "offered"):
            path = f"/enrollments/{mine['id']}/acceptance"
            answers = [self.parents[who].post(path).status_code for _ in range(2)]
            assert answers == [409 if mine["passed"] else 200, 409]

    @rule(who=WHO, days=DAYS)
    def change_days(self, who: int, days: tuple[str, ...]) -> None:
        """Other days, if there is a place."""
        if mine := self.of(who, "confirmed", "waitlisted"):
            answer = change(self.parents[who], mine, days=list(days))
            refusals = {"no-place-left", "already-enrolled"} | BESIDE
            assert answer.status_code == 200 or answer.json()["code"] in refusals

    @rule(who=WHO)
    def let_an_offer_pass(self, who: int) -> None:
        """The clock: its time is over, and the worker passes it on when it comes by."""
        if mine := self.of(who, "offered"):
            self.database.run("UPDATE enrollment SET offered_until = now() WHERE id = $1::text::uuid", mine["id"])

    @rule(who=WHO, rank=st.integers(1, 5))
    def be_moved(self, who: int, rank: int) -> None:
        """An agent changes a rank."""
        if mine := self.of(who, "waitlisted"):
            body = {"enrollment_id": mine["id"], "rank": rank, "reason": "Essai."}
            assert self.agent.post(f"/agent/activities/{self.where}/waiting-list", body).status_code in {204, 409}
            self.waiting = []  # the order is another now

    @rule(who=WHO, action=st.sampled_from(["confirmation", "refusal"]))
    def be_decided(self, who: int, action: str) -> None:
        """An agent gives a place, if there is one, or refuses."""
        if mine := self.of(who, "waitlisted", "offered"):
            body = {"action": action, "ids": [mine["id"]], "reason": "Essai."}
            assert self.agent.post(f"/agent/activities/{self.where}/decisions", body).status_code == 200

    @rule(who=WHO)
    def lose_the_key_and_come_back(self, who: int) -> None:
        """Detached, one can do nothing; with a new key one finds what one had."""
        parent = self.parents[who]
        had = self.of(who, "confirmed", "offered", "waitlisted")
        assert parent.send("DELETE", f"/service-keys/{parent.link_id}").status_code == 204
        assert enroll(parent, self.where).status_code == 403
        self.database.run("DELETE FROM attempts")
        assert parent.family
        key = self.portal.issue(self.agent, parent.family)
        attached = parent.post("/service-keys", {"service": "enfance", "key": key})
        parent.take(attached.json())
        parent.link_id = attached.json()["id"]
        assert not had or parent.get(f"/enrollments/{had['id']}").status_code == 200

    @precondition(lambda self: hasattr(self, "where"))
    @invariant()
    def places_hold(self) -> None:
        """Taken is what confirmed and offered hold, and never above the places; nobody waits for what is free."""
        counted: dict[str, int] = {}
        days = {
            r["day"]: r
            for r in self.database.rows(
                """SELECT d.day, d.places, d.taken, (SELECT count(*) FROM enrollment e WHERE e.activity_id = d.activity_id
                    AND e.state IN ('confirmed', 'offered') AND (d.day = ANY (e.days) OR d.day = ANY (e.days_before))) AS held
                FROM activity_day d WHERE d.activity_id = $1::text::uuid""",
                self.where,
            )
        }
        for day, row in days.items():
            counted[day] = row["places"] - row["taken"]
            assert row["taken"] == row["held"] <= row["places"]
        lost = self.database.rows(
            """SELECT e.id FROM enrollment e WHERE e.activity_id = $1::text::uuid AND e.state = 'waitlisted' AND NOT EXISTS (
                SELECT FROM unnest(e.days) w(day) JOIN activity_day d ON d.activity_id = e.activity_id AND d.day = w.day
                WHERE d.taken >= d.places)""",
            self.where,
        )
        assert lost == []

    @precondition(lambda self: hasattr(self, "where"))
    @invariant()
    def order_holds(self) -> None:
        """Ranks are 1 to n; whoever was offered a place passed by nobody ahead who wanted no more than the same days."""
        rows = self.rows()
        listed = [r for r in rows if r["state"] == "waitlisted"]
        assert [r["rank"] for r in listed] == list(range(1, len(listed) + 1))
        still = {r["id"]: frozenset(r["days"]) for r in listed}
        offered = {r["id"]: frozenset(r["days"]) for r in rows if r["state"] == "offered"}
        for n, (one, _) in enumerate(self.waiting):
            if days := offered.get(one):
                ahead = [other for other, wanted in self.waiting[:n] if still.get(other) == wanted and wanted <= days]
                assert not ahead, "somebody was passed by"
        self.waiting = [(r["id"], frozenset(r["days"])) for r in listed]

    @precondition(lambda self: hasattr(self, "where"))
    @invariant()
    def a_child_is_once_in_a_day(self) -> None:
        """One live enrollment a child and day."""
        live = [
            (r["child_id"], day)
            for r in self.rows()
            if r["state"] in {"confirmed", "offered", "waitlisted"}
            for day in r["days"]
        ]
        assert len(live) == len(set(live))


@pytest.mark.usefixtures("database")
def test_the_rules_hold_in_any_order(portal: Portal, agent: Agent, database: Database) -> None:
    """Some hundred moves of five families, an agent and the clock, beside the running worker."""
    database.run("DELETE FROM attempts")
    OpeningMorning.portal, OpeningMorning.agent, OpeningMorning.database = portal, agent, database
    OpeningMorning.parents = [portal.parent_with_key(agent) for _ in range(5)]
    run_state_machine_as_test(
        OpeningMorning,
        settings=settings(
            phases=(Phase.generate,),  # to make a failure smaller takes minutes; it is told by its steps anyhow
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
