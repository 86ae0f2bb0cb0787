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
SEEN: list[tuple[str, float, float, int]] = []  # name, when it began after the opening (s), how long (ms), status
LEFT = {one["child"] for one in PLAN["parents"]}
PATIENCE = 120  # seconds after which a parent gives up


class Parent(FastHttpUser):
    """One signed-in parent with one child."""

    host = PLAN["address"]
    network_timeout = connection_timeout = 60.0

    def on_start(self) -> None:
        """Each is another."""
        self.me = next(PARENTS)
        self.auth = {"Authorization": f"Bearer {self.me['token']}"}

    def call(self, name: str, method: str, path: str, **more: Any) -> Any:
        """A request, noted; any answer is an answer, none is a failure."""
        began = time.time()
        with self.client.request(method, path, name=name, catch_response=True, **more) as answer:
            SEEN.append((name, began - PLAN["opens_at"], (time.time() - began) * 1000, answer.status_code or 0))
            if answer.status_code:
                answer.success()
            else:
                answer.failure("no answer")
        return answer

    @task
    def morning(self) -> None:
        """Look at the activity every few seconds until it opens, enroll at that second, look at what one got, leave."""
        gevent.sleep(random.uniform(0, 5))
        while time.time() < PLAN["opens_at"] - 5:
            self.call(
                "look", "GET", f"/api/v1/activities/{PLAN['activity']}?child_id={self.me['child']}", headers=self.auth
            )
            gevent.sleep(min(random.uniform(5, 15), max(0.0, PLAN["opens_at"] - time.time() - 1)))
        gevent.sleep(max(0.0, PLAN["opens_at"] - time.time()))
        body = {"child_id": self.me["child"], "activity_id": PLAN["activity"], "days": ["mon"]}
        once = self.auth | {"Idempotency-Key": self.me["child"]}
        while time.time() < PLAN["opens_at"] + PATIENCE:
            answer = self.call("enroll", "POST", "/api/v1/enrollments", json=body, headers=once)
            if answer.status_code == 201:
                break
            gevent.sleep(float((answer.headers or {}).get("Retry-After", 2)) * random.uniform(1, 1.5))
        self.call("my enrollments", "GET", "/api/v1/enrollments", headers=self.auth)
        LEFT.discard(self.me["child"])
        if not LEFT:
            self.environment.runner.quit()
        raise StopUser


@events.quitting.add_listener
def write(**_: Any) -> None:
    """What was seen, for the report."""
    Path(PLAN["seen"]).write_text(json.dumps(SEEN))
