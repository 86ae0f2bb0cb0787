"""Tokens that are not ours, or ours and for something else: refused, and nobody is asked about them."""

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt

from api.core.settings import Settings
from api.security.tokens import Claims, InvalidAccessToken, Tokens
from tests.portal import TOKEN, Agent, Portal, Software


def part(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header, claims, signature."""
    header, body, signature = token.split(".")
    return (
        json.loads(base64.urlsafe_b64decode(header + "==")),
        json.loads(base64.urlsafe_b64decode(body + "==")),
        signature,
    )


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address that a token might name, and who called it."""
    called: list[str] = []

    class Anybody(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Anybody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/keys.json", called
    server.shutdown()
    server.server_close()


def test_a_forged_token_is_refused_and_nobody_is_called(
    portal: Portal, agent: Agent, settings: Settings, listener: tuple[str, list[str]]
) -> None:
    """Of every kind that is known, those signed with our own key included."""
    address, called = listener
    token = agent.tokens["access_token"]
    header, claims, signature = parts(token)
    ours = settings.secrets.signing_key
    public = portal.http.get(f"{portal.address}/.well-known/jwks.json").json()["keys"][0]
    theirs = ec.generate_private_key(ec.SECP256R1())
    pem = theirs.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    their_public = theirs.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    their_jwk = {k: v for k, v in jwk.construct(their_public, "ES256").to_dict().items() if isinstance(v, str)}

    def signed(body: dict[str, Any], key: str = ours, **head: Any) -> str:
        return str(jwt.encode(body, key, algorithm="ES256", headers=header | head))

    def mac(secret: bytes, alg: str = "HS256") -> str:
        start = f"{part(header | {'alg': alg})}.{part(claims)}"
        return f"{start}.{part(hmac.digest(secret, start.encode(), hashlib.sha256))}"

    assert _status(portal, signed(claims)) == 200, "or else the others prove nothing"
    without = {
        name: {k: v for k, v in claims.items() if k != name}
        for name in ("exp", "aud", "iss", "sub", "sid", "av", "scope")
    }
    now = int(time.time())
    forged = {
        "alg none": f"{part(header | {'alg': 'none'})}.{part(claims)}.",
        "alg NONE with a signature": f"{part(header | {'alg': 'NONE'})}.{part(claims)}.{signature}",
        "the public key as a secret": mac(json.dumps(public).encode()),
        "an empty secret": mac(b""),
        "another algorithm's name": f"{part(header | {'alg': 'ES384'})}.{token.split('.', 1)[1]}",
        "another's key": signed(claims, pem),
        "another's key in the header": signed(claims, pem, jwk=their_jwk),
        "another's key at an address": signed(claims, pem, jku=address, kid="theirs"),
        "a certificate at an address": signed(claims, pem, x5u=address),
        "a kid that is a path": signed(claims, kid="../../../../dev/null"),
        "a kid that is a query": signed(claims, kid="x' UNION SELECT 'k' --"),
        "a kid that is an address": signed(claims, kid=address),
        "a kid that is a list": signed(claims, kid=["a"]),
        "no kid": signed(claims, kid=None),
        "another type": signed(claims, typ="JWT"),
        "the type of an ID token": signed(claims, typ="id+jwt"),
        "another audience": signed(claims | {"aud": "another-api"}),
        "many audiences, ours not": signed(claims | {"aud": ["a", "b"]}),
        "another issuer": signed(claims | {"iss": "https://autre.exemple.fr"}),
        "an issuer that begins like ours": signed(claims | {"iss": f"{claims['iss']}.exemple.fr"}),
        "over": signed(claims | {"exp": now - 1}),
        "over, in words": signed(claims | {"exp": "never"}),
        "over, as a list": signed(claims | {"exp": [now + 99]}),
        "not yet": signed(claims | {"nbf": now + 3600}),
        "a version in words": signed(claims | {"av": "1 OR 1=1"}),
        "another's session": signed(claims | {"sid": str(uuid.uuid4())}),
        "a session of another's account": signed(claims | {"sub": str(uuid.uuid4())}),
        "edited": f"{part(header)}.{part(claims | {'scope': 'agent:audit'})}.{signature}",
        "without a signature": f"{part(header)}.{part(claims)}.",
        "with half a signature": token[:-20],
        "of two parts": ".".join(token.split(".")[:2]),
        "of five parts, as encrypted ones": f"{token}.{signature}.{signature}",
        "with spaces": token.replace(".", " . "),
        "a null": "null",
        "deep": part(b"[" * 5000) + "." + part(claims) + "." + signature,
        "large": "a" * 7000,
    } | {f"without {name}": signed(body) for name, body in without.items()}
    accepted = {kind for kind, one in forged.items() if _status(portal, one) != 401}
    assert accepted == set()
    assert called == []


def test_a_parent_with_an_agents_rights_in_the_token_still_sees_no_family(portal: Portal, settings: Settings) -> None:
    """Even if we signed it: the second wall asks the account, not the token."""
    parent = portal.parent()
    header, claims, _ = parts(parent.tokens["access_token"])
    rights = claims["scope"] + " agent:audit agent:families agent:requests family:read invoices:read"
    more = jwt.encode(claims | {"scope": rights}, settings.secrets.signing_key, algorithm="ES256", headers=header)
    for path in ("/agent/families?search=souza", "/agent/requests", "/family", "/invoices"):
        answer = httpx2.get(f"{portal.address}/api/v1{path}", headers={"Authorization": f"Bearer {more}"})
        assert answer.status_code in {401, 403} or answer.json()["items"] == [], path


def test_a_token_of_one_kind_is_no_other(portal: Portal, agent: Agent, software: Software) -> None:
    """Refresh, activation, reset, calendar and client tokens where an access token belongs, and the other way round."""
    parent = portal.parent_with_key(agent)
    access, refresh = parent.tokens["access_token"], parent.tokens["refresh_token"]
    calendar = str(parent.post("/me/calendar").json()["url"]).rsplit("/", 1)[-1].removesuffix(".ics")
    client = software.headers()["Authorization"][7:]
    address = portal.sign_up()
    activation = TOKEN.search(portal.mailbox.wait(address, "Activez").body)
    assert activation
    for one in (refresh, activation[1], calendar):
        assert _status(portal, one) == 401
    assert _status(portal, client) in {401, 403}
    assert (
        httpx2.get(
            f"{portal.address}/api/v1/integration/events", headers={"Authorization": f"Bearer {access}"}
        ).status_code
        == 403
    )
    assert portal.http.get(f"/calendars/{refresh}.ics").status_code == 404
    for token in (access, activation[1], client):
        assert portal.http.post("/sessions/refresh", json={"refresh_token": token}).status_code in {401, 422}
    for token in (access, refresh, client):
        assert portal.http.post("/accounts/activation", json={"token": token}).status_code in {410, 422}
        answer = portal.http.post(
            "/password-resets/confirmation", json={"token": token, "password": "cinq mots encore mieux choisis"}
        )
        assert answer.status_code in {410, 422}
    assert parent.get("/me").status_code == 200


def test_a_session_that_was_there_before_is_not_signed_in(portal: Portal) -> None:
    """Fixation: cookies and tokens that somebody brought along are not taken over; each sign-in has its own."""
    parent = portal.parent()
    known = {parent.tokens["refresh_token"]}
    for _ in range(2):
        answer = httpx2.post(
            f"{portal.address}/api/v1/sessions",
            json={"email": parent.email, "password": "quatre mots bien choisis", "client": "browser"},
            headers={"Cookie": f"__Host-foyer_refresh={next(iter(known))}", "Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 201, answer.text
        given = {value.split("=", 1)[1].split(";")[0] for value in answer.headers.get_list("set-cookie")}
        assert given
        assert not given & known
        known |= given


def _status(portal: Portal, token: str) -> int:
    headers = {b"Authorization": b"Bearer " + token.encode("utf-8", "surrogatepass")}
    return int(httpx2.get(f"{portal.address}/api/v1/me", headers=headers).status_code)


def test_a_token_that_was_taken_is_refused_once_its_time_has_passed(settings: Settings) -> None:
    """A verified token is remembered, and its end with it."""
    tokens = Tokens(settings.secrets.signing_key, "http://localhost")
    now = int(time.time())
    token = tokens.issue(Claims(uuid.uuid4(), uuid.uuid4(), 1, frozenset({"account:read"}), 0), "app", now)
    assert tokens.verify(token, now + 299).expires == now + 300
    with pytest.raises(InvalidAccessToken):
        tokens.verify(token, now + 300)
