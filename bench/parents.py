"""Locust: parents who look again and again, and all enroll at the second of the opening. Started by `bench.opening`.

Who is shed (503) waits for as long as the answer says, and asks again with the same Idempotency-Key, as the SPA does.
"""

import json
import os
import random  # noqa: TID251 - people do not press a key at the same time; no secret here
import time
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, events, task
from locust.exception import StopUser

PLAN = json.loads(Path(os.environ["OPENING_PLAN"]).read_text())
PARENTS = iter(PLAN["parents"])
SEEN: list[tuple[str, float, float, int, int | None]] = []  # as bench.opening.Seen
LEFT = {one["child"] for one in PLAN["parents"]}
# A process opens 20,000 files at most on many machines: a larger crowd shuts its connections between two requests.
CROWD = {"Connection": "close"} if len(LEFT) > 8000 else {}


class Parent(FastHttpUser):
    """One signed-in parent with one child."""

    host = PLAN["address"]
    network_timeout = connection_timeout = 60.0

    def on_start(self) -> None:
        """Each is another."""
        self.me = next(PARENTS)
        self.auth = {"Authorization": f"Bearer {self.me['token']}"} | CROWD

    def call(self, name: str, method: str, path: str, **more: Any) -> Any:
        """A request, noted; any answer is an answer, none is a failure."""
        began = time.time()
        with self.client.request(method, f"/api/v1{path}", name=name, catch_response=True, **more) as answer:
            took = (time.time() - began) * 1000
            place = json.loads(answer.text).get("place") if answer.status_code == 503 else None
            SEEN.append((name, began - PLAN["opens_at"], took, answer.status_code or 0, place))
            if answer.status_code:
                answer.success()
            else:
                answer.failure("no answer")
        return answer

    def until_answered(self, name: str, method: str, path: str, **more: Any) -> Any:
        """Again after the time that a 503 tells, as the SPA does."""
        while True:
            answer = self.call(name, method, path, **more)
            if answer.status_code not in {0, 503} or time.time() > PLAN["opens_at"] + PLAN["patience"]:
                return answer
            gevent.sleep(float((answer.headers or {}).get("Retry-After", 2)) + random.uniform(0, 0.5))

    @task
    def morning(self) -> None:
        """Look at the activity every few seconds until it opens, enroll at that second, look at what one got, leave."""
        look = f"/activities/{PLAN['activity']}?child_id={self.me['child']}"
        gevent.sleep(random.uniform(0, 5))
        while time.time() < PLAN["opens_at"] - 5:
            self.call("look", "GET", look, headers=self.auth)
            gevent.sleep(min(random.uniform(5, 15), max(0.0, PLAN["opens_at"] - time.time() - 1)))
        gevent.sleep(max(0.0, PLAN["opens_at"] - time.time()))
        body = {"child_id": self.me["child"], "activity_id": PLAN["activity"], "days": ["mon"]}
        once = self.auth | {"Idempotency-Key": self.me["child"]}
        answer = self.until_answered("enroll", "POST", "/enrollments", json=body, headers=once)
        mine = json.loads(answer.text) if answer.status_code == 201 else {}
        if mine.get("state") == "confirmed" and random.random() < PLAN["cancel"]:
            gevent.sleep(random.uniform(0, 5))
            self.until_answered("cancel", "POST", f"/enrollments/{mine['id']}/cancellation", headers=self.auth)
        self.until_answered("my enrollments", "GET", "/enrollments", headers=self.auth)
        LEFT.discard(self.me["child"])
        if not LEFT:
            self.environment.runner.quit()
        raise StopUser


@events.quitting.add_listener
def write(**_: Any) -> None:
    """What was seen, for the report."""
    Path(PLAN["seen"]).write_text(json.dumps(SEEN))
