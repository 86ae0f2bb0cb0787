"""A small client that does what a person does, for tests to say what they mean."""

import email
import email.policy
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx2
import pyotp

if TYPE_CHECKING:
    from tests.conftest import Database

PASSWORD = "quatre mots bien choisis"
KEY = re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b")
TOKEN = re.compile(r"token=(\S+)")
NEARLY_OVER = 200  # seconds, of the 300 that an access token lives
WAIT = 30  # seconds a message may take on a slow machine


@dataclass
class Letter:
    """A mail or an SMS that arrived."""

    to: str
    subject: str
    body: str
    message_id: str


class Mailbox:
    """Everything that arrived, and a way to wait for the next."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.arrived = threading.Condition()
        self.mail_url = self.sms_url = ""

    def take_mail(self, content: bytes) -> None:
        """From the SMTP server."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        part = message.get_body(("plain",))
        assert part is not None
        self._take(Letter(str(message["To"]), str(message["Subject"]), part.get_content(), str(message["Message-ID"])))

    def take_sms(self, body: dict[str, str]) -> None:
        """From the SMS gateway."""
        self._take(Letter(body["to"], "SMS", body["text"], body["reference"]))

    def _take(self, letter: Letter) -> None:
        with self.arrived:
            self.letters.append(letter)
            self.arrived.notify_all()

    def wait(self, to: str, subject: str, *, after: int = 0) -> Letter:
        """The newest message to somebody whose subject has these words; `after` skips as many older ones."""

        def match() -> list[Letter]:
            return [letter for letter in self.letters if letter.to == to and subject in letter.subject][after:]

        with self.arrived:
            assert self.arrived.wait_for(lambda: bool(match()), WAIT), f"no « {subject} » for {to}"
            return match()[-1]


@dataclass
class Family:
    """A family file of the town, as its agent knows it."""

    id: str
    reference: str
    adults: list[dict[str, Any]]
    children: list[dict[str, Any]]


@dataclass
class Parent:
    """A signed-in person."""

    http: httpx2.Client
    email: str
    tokens: dict[str, Any]
    family: Family | None = None
    link_id: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)

    def take(self, tokens: dict[str, Any]) -> None:
        """Go on with newer tokens; what they lack stays."""
        self.tokens |= {name: value for name, value in tokens.items() if value is not None}
        self.since = time.monotonic()

    def get(self, path: str, **params: Any) -> httpx2.Response:
        """GET as this person."""
        return self.http.get(path, params=params, headers=self.headers())

    def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """POST as this person."""
        return self.http.post(path, json=body if body is not None else {}, headers=self.headers(headers))

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Any other method as this person; `if_match="3"` and the like are headers."""
        return self.http.request(method, path, json=body, headers=self.headers(headers))

    def recovery_code(self) -> str:
        """An agent's next recovery code; new ones are made before the last is gone."""
        codes: list[str] = self.extra["recovery_codes"]
        if len(codes) < 2:
            renewed = self.post("/me/recovery-codes", {"current_password": self.extra["password"]})
            codes[:] = renewed.json()["recovery_codes"]
        return codes.pop()

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """The authorization, and others with - for _. A token that is nearly over is renewed, as an app does."""
        if time.monotonic() - self.since > NEARLY_OVER:
            renewed = self.http.post("/sessions/refresh", json={"refresh_token": self.tokens["refresh_token"]})
            self.take(renewed.json() if renewed.status_code == 200 else {})
        extra = {name.replace("_", "-"): value for name, value in (more or {}).items()}
        return {"Authorization": f"Bearer {self.tokens['access_token']}"} | extra


Agent = Parent


class Software(Parent):
    """Other software: every call with a token of its own."""

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """A fresh token of client credentials."""
        who = (self.extra["client_id"], self.extra["client_secret"])
        answer = self.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=who)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"} | (more or {})


class Portal:
    """The town's portal."""

    def __init__(self, address: str, mailbox: Mailbox, database: "Database") -> None:
        self.address, self.mailbox, self.database = address, mailbox, database
        self.http = httpx2.Client(base_url=f"{address}/api/v1", headers={"Accept-Language": "fr"}, timeout=30)
        self.numbers = count(1)
        self.families = self._payers()

    def new_address(self) -> str:
        """A mail address that nobody used."""
        return f"parent{next(self.numbers)}.{time.time_ns() % 10**9}@exemple.fr"

    def sign_up(self, address: str | None = None, **more: str) -> str:
        """A new account that waits for its activation; its address."""
        address = address or self.new_address()
        body = {"email": address, "password": PASSWORD, "first_name": "Ana", "last_name": "Silva"} | more
        assert self.http.post("/accounts", json=body).status_code == 202
        return address

    def parent(self, **more: str) -> Parent:
        """A new person who signed up, activated and signed in."""
        address = self.sign_up(**more)
        token = found(TOKEN, self.mailbox.wait(address, "Activez").body)
        assert self.http.post("/accounts/activation", json={"token": token}).status_code == 204
        return self.sign_in(address)

    def sign_in(self, address: str, password: str = PASSWORD) -> Parent:
        """Sign in as an app."""
        answer = self.http.post("/sessions", json={"email": address, "password": password, "client": "app"})
        assert answer.status_code == 201, answer.text
        return Parent(self.http, address, answer.json())

    def sign_in_agent(self, made: dict[str, Any]) -> Agent:
        """Sign in with the second factor, by a code that was not used before."""
        challenge = self.http.post(
            "/sessions", json={"email": made["email"], "password": made["password"], "client": "app"}
        )
        assert challenge.status_code == 202, challenge.text
        code = made["recovery_codes"].pop() if "recovery_codes" in made else pyotp.TOTP(made["totp_secret"]).now()
        answer = self.http.post(
            "/sessions/second-factor", json={"challenge": challenge.json()["challenge"], "code": code}
        )
        assert answer.status_code == 201, answer.text
        return Agent(self.http, made["email"], answer.json(), extra=made)

    def family(self, fits: Callable[[Family], bool] = lambda _: True) -> Family:
        """A family file that no other test uses: a payer who can be reached, two adults, children, invoices."""
        for family in (self._family(*known) for known in self.families):
            if fits(family):
                self.families.remove((family.id, family.reference))
                return family
        raise AssertionError("the demonstration town has no such family left")

    def issue(self, agent: Agent, family: Family, deliver_by: str = "email", adult: int = 0) -> str:
        """Give a key to an adult of a family; the key as it arrives."""
        person = family.adults[adult]
        to = {"email": person["email"], "sms": person["phone"]}.get(deliver_by) or ""
        before = sum(
            1
            for letter in self.mailbox.letters
            if letter.to == to and ("clé" in letter.subject or letter.subject == "SMS")
        )
        answer = agent.post("/agent/service-keys", {"adult_id": person["id"], "deliver_by": deliver_by})
        assert answer.status_code == 201, answer.text
        if deliver_by == "counter":
            return str(answer.json()["key"])
        assert answer.json()["key"] is None
        return found(KEY, self.mailbox.wait(to, "SMS" if deliver_by == "sms" else "clé", after=before).body, group=0)

    def parent_with_key(self, agent: Agent, family: Family | None = None, adult: int = 0) -> Parent:
        """A person whose account is in a family file."""
        family = family or self.family()
        parent = self.parent()
        answer = parent.post("/service-keys", {"service": "enfance", "key": self.issue(agent, family, adult=adult)})
        assert answer.status_code == 201, answer.text
        parent.take(answer.json())
        parent.family, parent.link_id = family, answer.json()["id"]
        return parent

    def _payers(self) -> list[tuple[str, str]]:
        rows = self.database.rows("""
            SELECT f.id::text, f.reference FROM family f
            WHERE (SELECT count(*) FROM adult a JOIN adult_private p ON p.adult_id = a.id
                   WHERE a.family_id = f.id AND p.phone IS NOT NULL AND p.email IS NOT NULL) = 2
                AND (SELECT count(*) FROM invoice i WHERE i.family_id = f.id) = 2
                AND (SELECT is_payer FROM adult a WHERE a.family_id = f.id AND a.role = 'co_responsible') IS FALSE
                AND EXISTS (SELECT FROM family_child fc JOIN child c ON c.id = fc.child_id
                    WHERE fc.family_id = f.id AND c.birth_date BETWEEN current_date - interval '10 years' AND current_date - interval '4 years')
                AND NOT EXISTS (SELECT FROM family_child a JOIN family_child b USING (child_id) WHERE a.family_id = f.id AND b.family_id <> f.id)
            ORDER BY f.reference DESC""")
        return [(row["id"], row["reference"]) for row in rows]

    def _family(self, family_id: str, reference: str) -> Family:
        adults = self.database.rows(
            "SELECT a.id::text, a.reference, a.first_name, a.last_name, p.phone, p.email FROM adult a JOIN adult_private p ON p.adult_id = a.id "
            "WHERE a.family_id = $1::text::uuid ORDER BY a.role DESC",
            family_id,
        )
        children = self.database.rows(
            "SELECT c.id::text, c.first_name, c.birth_date::text FROM child c JOIN family_child fc ON fc.child_id = c.id WHERE fc.family_id = $1::text::uuid "
            "ORDER BY c.birth_date",
            family_id,
        )
        return Family(family_id, reference, [dict(a) for a in adults], [dict(c) for c in children])


def found(pattern: re.Pattern[str], text: str, group: int = 1) -> str:
    """What a pattern finds in a text, which must be there."""
    match = pattern.search(text)
    assert match is not None, f"no {pattern.pattern} in {text!r}"
    return match[group]
