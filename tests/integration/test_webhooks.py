"""Events that are sent to an address: signed, tried again, never where they must not go."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.conftest import Database
from tests.portal import Portal, Software

PATIENCE = 30.0  # seconds, of a loaded machine
QUESTION = {"type": "question", "data": {"subject": "x", "question": "y"}}


class Receiver:
    """A back office that listens; `answers` are the statuses it gives, the last one for ever."""

    def __init__(self) -> None:
        self.answers, self.got, self.arrived = [204], list[dict[str, Any]](), threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver.arrived:
                    receiver.got.append({"headers": dict(self.headers.items()), "body": body, "path": self.path})
                    receiver.arrived.notify_all()
                    status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "http://169.254.169.254/")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/foyer"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message that fits."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(map(wanted, self.got)), PATIENCE), self.got
            return next(filter(wanted, self.got))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of its own for each test."""
    one = Receiver()
    yield one
    one.server.shutdown()


@pytest.fixture
def webhook(software: Software, receiver: Receiver) -> Iterator[dict[str, Any]]:
    """A webhook to the receiver."""
    made = software.post("/integration/webhooks", {"url": receiver.url})
    assert made.status_code == 201, made.text
    yield made.json()
    software.send("DELETE", f"/integration/webhooks/{made.json()['id']}")


def of(reference: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a message is about a request."""
    return lambda got: reference.encode() in got["body"]


def is_signed(got: dict[str, Any], secret: str) -> bool:
    """What a receiver does (Standard Webhooks 1.0): HMAC-SHA256 of id.timestamp.body."""
    headers = got["headers"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + got["body"]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return f"v1,{digest}" in headers["webhook-signature"].split()


def test_an_event_is_sent_signed(portal: Portal, receiver: Receiver, webhook: dict[str, Any]) -> None:
    """Its id is the event's; the time is now; a changed byte or another key does not fit."""
    reference = portal.parent().post("/requests", QUESTION).json()["reference"]
    got = receiver.wait(of(reference))
    body = json.loads(got["body"])
    assert (body["type"], body["data"]["request"]["reference"]) == ("request.submitted", reference)
    assert got["headers"]["webhook-id"] == f"evt_{body['data']['id']}"
    assert abs(int(got["headers"]["webhook-timestamp"]) - time.time()) < 120
    assert is_signed(got, webhook["secret"])
    assert not is_signed(got | {"body": got["body"] + b" "}, webhook["secret"])
    assert not is_signed(got, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert got["path"] == "/foyer"


def test_what_failed_is_tried_again_with_the_same_id(
    portal: Portal, software: Software, receiver: Receiver, webhook: dict[str, Any], database: Database
) -> None:
    """A fault, then a redirection that is not followed, then it is taken; three days of faults end it."""
    receiver.answers = [500, 302, 204]
    reference = portal.parent().post("/requests", QUESTION).json()["reference"]
    receiver.wait(of(reference))
    for count in (2, 3):
        until = time.monotonic() + PATIENCE
        while len(receiver.got) < count and time.monotonic() < until:
            database.run("UPDATE webhook_delivery SET next_attempt_at = now() WHERE state = 'pending'")
            database.run("NOTIFY message")
            time.sleep(0.2)
    assert len({got["headers"]["webhook-id"] for got in receiver.got}) == 1
    seen = settled(software, webhook)
    assert (seen["state"], seen["attempts"], seen["status"]) == ("delivered", 3, 204)
    receiver.answers = [500]
    database.run(
        "UPDATE webhook_delivery SET state = 'pending', attempts = 9, next_attempt_at = now() WHERE state <> 'pending'"
    )
    database.run("NOTIFY message")
    seen = settled(software, webhook)
    assert (seen["state"], seen["attempts"], seen["status"]) == ("failed", 10, 500)


def settled(software: Software, webhook: dict[str, Any]) -> dict[str, Any]:
    """The newest delivery, once it is over."""
    until = time.monotonic() + PATIENCE
    seen: dict[str, Any] = {}
    while time.monotonic() < until:
        seen = software.get(f"/integration/webhooks/{webhook['id']}/deliveries").json()["items"][0]
        if seen["state"] != "pending":
            break
        time.sleep(0.1)
    return seen


def test_the_key_is_changed_without_a_stop(software: Software, receiver: Receiver, webhook: dict[str, Any]) -> None:
    """Both keys fit after one change, only the newer two after the second; a test is sent at once."""
    path = f"/integration/webhooks/{webhook['id']}"
    second = software.post(f"{path}/secret").json()["secret"]
    tried = software.post(f"{path}/test").json()
    assert tried == {"delivered": True, "status": 204, "problem": None}
    got = receiver.got[-1]
    assert json.loads(got["body"])["type"] == "webhook.test"
    assert is_signed(got, webhook["secret"])
    assert is_signed(got, second)
    third = software.post(f"{path}/secret").json()["secret"]
    software.post(f"{path}/test")
    assert [is_signed(receiver.got[-1], key) for key in (webhook["secret"], second, third)] == [False, True, True]


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[fd00::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://0.0.0.0/x",
        "https://100.64.0.1/x",
        "https://localhost.localdomain.invalid/x",
        "http://93.184.215.14/x",
        "https://user:password@127.0.0.1/x",
        "ftp://127.0.0.1/x",
        "https:///x",
        "file:///etc/passwd",
    ],
)
def test_an_address_inside_the_town_is_refused(software: Software, url: str) -> None:
    """Private, local, of the cloud's own service, in clear on the Internet, with a password, of another kind."""
    answer = software.post("/integration/webhooks", {"url": url})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url")


def test_an_address_that_moved_inside_is_not_reached(
    software: Software, receiver: Receiver, webhook: dict[str, Any], database: Database
) -> None:
    """It is looked up at each sending, not only when it was registered."""
    inside = "http://10.0.0.1:9/x"
    database.run("UPDATE webhook SET url = $1 WHERE id = $2::text::uuid", inside, webhook["id"])
    tried = software.post(f"/integration/webhooks/{webhook['id']}/test").json()
    assert tried == {"delivered": False, "status": None, "problem": "address-forbidden"}


def test_a_webhook_is_ones_own(
    portal: Portal, software: Software, webhook: dict[str, Any], environment: dict[str, str]
) -> None:
    """Another client neither sees it nor changes it."""
    from tests.conftest import new_client

    other = Software(portal.http, "", {}, extra=new_client(environment, "Un autre", "integration:events"))
    assert other.get("/integration/webhooks").json()["items"] == []
    path = f"/integration/webhooks/{webhook['id']}"
    answers = [other.send("DELETE", path), other.post(f"{path}/secret"), other.post(f"{path}/test")]
    assert [a.status_code for a in answers] == [404] * 3
    assert [w["id"] for w in software.get("/integration/webhooks").json()["items"]] == [webhook["id"]]
