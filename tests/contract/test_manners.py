"""Problems from every layer, headers on every answer."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.conftest import free_port, served
from tests.portal import PASSWORD, Agent, Portal

PAGES = ["/", "/connexion", "/mon-tableau-de-bord", "/une/page/inconnue"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "more"),
    [
        ("GET", "/inconnu", 404, "not-found", {}),
        ("PUT", "/services", 405, "method-not-allowed", {}),
        ("GET", "/services?inconnu=1", 422, "invalid", {}),
        (
            "POST",
            "/accounts",
            415,
            "unsupported-media-type",
            {"content": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        ),
        ("POST", "/accounts", 422, "invalid", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        (
            "POST",
            "/accounts",
            413,
            "too-large",
            {"content": b" " * 1_100_000, "headers": {"Content-Type": "application/json"}},
        ),
        ("GET", "/me", 401, "not-signed-in", {}),
    ],
)
def test_every_refusal_is_a_problem(
    portal: Portal, method: str, path: str, status: int, code: str, more: dict[str, object]
) -> None:
    """application/problem+json with a stable code, a sentence, and the request's id."""
    answer = portal.http.request(method, path, **more)  # type: ignore[arg-type] # a table of arguments
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["status"], body["type"]) == (code, status, f"/problems/{code}")
    assert body["instance"] == answer.headers["x-request-id"]
    assert body["detail"].endswith((".", "?"))


def test_the_sentence_is_in_the_readers_language(portal: Portal) -> None:
    """French by default, English when it is preferred, by the weights of the header."""
    sentences = {
        tag: portal.http.get("/me", headers={"Accept-Language": tag}).json()["detail"]
        for tag in ("", "de", "en", "fr;q=0.2, en;q=0.9", "xx;q=y")
    }
    assert sentences[""] == sentences["de"] == sentences["xx;q=y"] != sentences["en"] == sentences["fr;q=0.2, en;q=0.9"]


def test_the_api_is_never_stored_and_never_framed(portal: Portal) -> None:
    """On a success and on a refusal."""
    for answer in (portal.http.get("/services"), portal.http.get("/inconnu")):
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_every_answer_has_the_headers_whatever_its_status(portal: Portal, agent: Agent) -> None:
    """Of the API and of the pages, found or not, taken or refused."""
    json = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/services", {}),
        ("GET", "/me", {}),
        ("GET", "/inconnu", {}),
        ("PUT", "/services", {}),
        ("POST", "/accounts", json),
        ("POST", "/accounts", {"content": b"x"}),
        ("POST", "/accounts", {"content": b" " * 1_100_000, "headers": {"Content-Type": "application/json"}}),
        ("GET", "/agent/families?search=zzzz", {"headers": agent.headers()}),
        ("GET", f"{portal.address}/connexion", {}),
        ("GET", f"{portal.address}/rien.js", {}),
        ("GET", f"{portal.address}/healthz", {}),
    ]
    seen = set()
    for method, path, more in asked:
        answer = portal.http.request(method, path, **more)
        seen.add(answer.status_code)
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains", path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["cross-origin-opener-policy"] == "same-origin", path
        assert answer.headers["cross-origin-resource-policy"] == "same-origin", path
    assert seen == {200, 401, 404, 405, 413, 415, 422}


@pytest.fixture
def abroad(portal: Portal, environment: dict[str, str]) -> Iterator[str]:
    """A portal that another web application may use."""
    assert portal
    port = str(free_port())
    with served(environment | {"FOYER_PORT": port, "FOYER_CORS_ORIGINS": "https://app.exemple.fr"}, "--no-worker"):
        yield f"http://127.0.0.1:{port}/api/v1/services"


def test_another_application_is_let_in_only_by_its_exact_origin(abroad: str) -> None:
    """Never with credentials; not a subdomain, another scheme, another port, a longer name."""
    allowed = httpx2.get(abroad, headers={"Origin": "https://app.exemple.fr"})
    assert allowed.headers["access-control-allow-origin"] == "https://app.exemple.fr"
    assert "access-control-allow-credentials" not in allowed.headers
    for origin in (
        "http://app.exemple.fr",
        "https://app.exemple.fr:8443",
        "https://app.exemple.fr.evil.example",
        "https://x.app.exemple.fr",
        "https://exemple.fr",
        "null",
    ):
        assert "access-control-allow-origin" not in httpx2.get(abroad, headers={"Origin": origin}).headers, origin


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_strict_policy(portal: Portal, page: str) -> None:
    """No inline script but those hashed at build; nothing from elsewhere."""
    answer = portal.http.get(portal.address + page)
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"].startswith("text/html")
    assert "'unsafe-inline'" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_hashed_files_are_kept_for_ever_and_compressed(portal: Portal) -> None:
    """The page itself is asked for again; robots.txt is a file, a missing file is 404."""
    page = portal.http.get(portal.address + "/connexion")
    script = page.text.split('href="')[1:]
    name = next(s.split('"')[0] for s in script if "_app/immutable" in s)
    answer = portal.http.get(f"{portal.address}/{name.lstrip('./')}", headers={"Accept-Encoding": "br"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "br"
    assert page.headers["cache-control"] == "no-cache"
    assert portal.http.get(portal.address + "/robots.txt").headers["content-type"].startswith("text/plain")
    assert portal.http.get(portal.address + "/missing.js").status_code == 404
    assert portal.http.get(portal.address + "/api/v2/x").json()["code"] == "not-found"


def test_a_body_is_limited_while_it_is_read(portal: Portal) -> None:
    """Also when no length was announced."""

    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    answer = portal.http.post("/accounts", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_health_readiness_metrics_and_keys(portal: Portal) -> None:
    """What the operator's machines ask for."""
    base = portal.address
    assert portal.http.get(f"{base}/healthz").status_code == 200
    assert portal.http.get(f"{base}/readyz").status_code == 200
    assert "foyer_http_answers_total" in portal.http.get(f"{base}/metrics").text
    outside = portal.http.get(f"{base}/metrics", headers={"X-Forwarded-For": "8.8.8.8"})
    assert (outside.status_code, outside.json()["code"]) == (404, "not-found")
    key = portal.http.get(f"{base}/.well-known/jwks.json").json()["keys"][0]
    assert (key["alg"], key["crv"], "d" in key) == ("ES256", "P-256", False)


def test_the_demonstration_is_closed_elsewhere(portal: Portal) -> None:
    """No captured message and no sign-in can be read on a real portal."""
    assert {portal.http.get(f"/demo/{what}").status_code for what in ("messages", "sign-ins")} == {404}


def test_tokens_of_other_makers_are_refused(portal: Portal, agent: Agent) -> None:
    """Unsigned, signed with the public key as a secret, of another type, or edited."""
    import base64
    import hashlib
    import hmac
    import json

    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    header, body, signature = agent.tokens["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    jwk = json.dumps(portal.http.get(f"{portal.address}/.well-known/jwks.json").json()["keys"][0])
    confused = f"{part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': kid})}.{body}"
    mac = base64.urlsafe_b64encode(hmac.digest(jwk.encode(), confused.encode(), hashlib.sha256)).decode().rstrip("=")
    forged = [
        f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': kid})}.{body}.",
        f"{confused}.{mac}",
        f"{header}.{part(claims | {'scope': 'invoices:read', 'sub': claims['sid']})}.{signature}",
        f"{header}.{body}.{'A' * len(signature)}",
        f"{header}.{body}",
        "é" * 20,
    ]
    answers = {
        httpx2.get(f"{portal.address}/api/v1/me", headers={b"Authorization": f"Bearer {t}".encode()}).status_code
        for t in forged
    }
    assert answers == {401}
    assert portal.sign_in(portal.parent().email, PASSWORD).get("/me").status_code == 200
