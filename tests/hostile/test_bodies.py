"""Bodies, headers and files that no honest program sends: refused with a sentence, at once, and never a fault of ours."""

import asyncio
import gzip
import json
import socket
import time
import unicodedata
import zipfile
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.core.spreadsheets import neutral
from api.core.web import Surroundings
from tests.portal import Agent, Parent, Portal

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 200_000 + b"]" * 200_000
MEMBER = {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
BOMB = gzip.compress(b"\0" * 50_000_000)


@pytest.fixture(scope="module")
def parent(portal: Portal, agent: Agent) -> Parent:
    """Somebody with a key."""
    portal.database.run("DELETE FROM attempts")
    return portal.parent_with_key(agent)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        b'{"first_name": "\xed\xa0\x80"}',
        DEEP,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"first_name": NaN}',
        b'{"first_name": 1e999}',
        b'{"first_name": ' + b"9" * 5_000 + b"}",
        BOMB,
        b'{"email": "a@exemple.fr", "email": "b@exemple.fr"}',
        b'{"first_name": {"a": 1, "b": [{"c": 1, "c": 1}]}}',
    ],
    ids=["empty", "null", "list", "text", "cut", "utf-16", "surrogate", "deep", "deep-objects", "nan", "infinite", "digits", "gzip", "twice", "deep-twice"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/accounts", "/sessions", "/household/members", "/enrollments"])
def test_a_body_that_makes_no_sense_is_422_within_a_second(
    portal: Portal, parent: Parent, path: str, content: bytes
) -> None:
    """With a sentence, whoever sends it; the machine is asked nothing that grows with what was sent."""
    portal.database.run("DELETE FROM attempts")
    headers = parent.headers(JSON)
    answer = portal.http.post(path, content=content, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["detail"]
    assert answer.elapsed.total_seconds() < 3  # (a second on an idle machine)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "Ana\x00"),
        ("first_name", "\ud800"),
        ("first_name", "A" * 1_000_000),
        ("last_name", "\u202eevil"),
        ("last_name", "a\r\nBcc: everybody@exemple.fr"),
        ("birth_date", "2018-02-30"),
        ("birth_date", "0001-01-01"),
        ("birth_date", 10**9),
        ("birth_date", True),
        ("first_name", {"$ne": ""}),
        ("first_name", ["Ana"]),
        ("phone", "0694123456" * 100),
        ("email", "a@b@c"),
        ("kind", "admin"),
        ("id", "00000000-0000-4000-8000-000000000000"),
        ("account_id", "00000000-0000-4000-8000-000000000000"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(parent: Parent, field: str, value: object) -> None:
    """At its field; a field that is not the sender's to write is none."""
    headers = parent.headers(JSON)
    answer = parent.http.post("/household/members", content=json.dumps(MEMBER | {field: value}), headers=headers)
    assert answer.status_code in {413, 422}, answer.text
    if answer.status_code == 422:
        assert f"/{field}" in {error["pointer"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    "name", ["Zoë", "Nguyễn Thị Ánh", "O’Neill-D'Arc", "李小龙", "عائشة", "Ætheling Þór", "Ana María de la Ó", "e\u0301lise", "ʻOkina", "Kʷak"]
)  # fmt: skip
def test_a_name_from_anywhere_is_kept_as_it_is_written(parent: Parent, name: str) -> None:
    """And given back so, as one form of Unicode."""
    made = parent.post("/household/members", MEMBER | {"first_name": name})
    assert made.status_code == 201, made.text
    kept = parent.get(f"/household/members/{made.json()['id']}").json()["first_name"]
    assert unicodedata.normalize("NFC", kept) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("limit", ["0", "101", "1000000000", "-1", "1e9", "NaN", "١٢", "", "25;drop table account"])
def test_a_page_of_a_billion_rows_is_refused(parent: Parent, limit: str) -> None:
    """Also when the number is none."""
    assert parent.get("/invoices", limit=limit).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"type": "question", "type ": "", "data": {}},
        '{"type": "question", "data": {"subject": "x", "question": "y"}, "type": "address-change"}',
        '{"type": "question", "data": {"subject": "x", "question": "y", "question": "z"}}',
        '{"type": "question", "data": {"subject": "x", "question": "y", "more": NaN}}',
        '{"type": "question", "data": {"subject": "x", "question": "y", "more": -1e400}}',
    ],
)
def test_a_request_that_can_be_read_in_two_ways_is_refused(parent: Parent, body: object) -> None:
    """Who checks it and who uses it would not read the same."""
    content = body if isinstance(body, str) else json.dumps(body)
    before = len(parent.get("/requests").json()["items"])
    assert parent.http.post("/requests", content=content, headers=parent.headers(JSON)).status_code == 422
    assert len(parent.get("/requests").json()["items"]) == before


def test_a_parameter_that_is_there_twice_is_refused(portal: Portal, parent: Parent) -> None:
    """In an address and in a form, and named."""
    for path in ("/invoices?limit=1&limit=100", "/activities?limit=1&limit=1", "/household/members?limit=1&limit=2"):
        refused = parent.http.get(path, headers=parent.headers())
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/limit")
    twice = "grant_type=client_credentials&client_id=a&client_id=b&client_secret=c"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = portal.http.post("/oauth/token", content=twice, headers=form)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/client_id")


@pytest.mark.parametrize("cursor", ["'", "~", "2026-01-01~x", "\x00", "9" * 300, "2026-01-01~00000000-0000-4000-8000-000000000000~x", "infinity~00000000-0000-4000-8000-000000000000"])  # fmt: skip
@pytest.mark.parametrize("path", ["/invoices", "/enrollments", "/requests", "/agent/families", "/agent/requests"])
def test_a_cursor_of_somebody_elses_making_is_refused(parent: Parent, agent: Agent, path: str, cursor: str) -> None:
    """Never a fault, and never a page of something else."""
    who = agent if path.startswith("/agent") else parent
    params = {"search": "ma"} if path.endswith("families") else {}
    assert who.get(path, cursor=cursor, **params).status_code == 422


@pytest.mark.parametrize("word", ["' OR 1=1 --", "%' UNION SELECT password_hash FROM account --", "\\", "%", "__", "';SELECT pg_sleep(5)--", "a" * 100, "é\u0300" * 20, "&|!:*", "''", "☃☃", "²³"])  # fmt: skip
def test_a_search_is_only_ever_a_search(agent: Agent, word: str) -> None:
    """Whatever is typed: an answer, in no more time than another."""
    for path in ("/agent/families", "/agent/accounts", "/agent/requests", "/agent/messages"):
        answer = agent.get(path, search=word)
        assert answer.status_code in {200, 422}, (path, answer.text)
        assert "password_hash" not in answer.text
        assert answer.elapsed.total_seconds() < 4


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\boot.ini", "a\r\nSet-Cookie: x=1", '"; filename="evil.html', "\u202egpj.exe", "x" * 5000, "", "nul\x00.pdf"]
)  # fmt: skip
def test_a_files_name_is_only_ever_a_name(parent: Parent, name: str) -> None:
    """It is given back as an attachment, without a path, a line or a header of its own."""
    asked = parent.post("/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}})
    path = f"/requests/{asked.json()['id']}/documents"
    content = f"%PDF-1.7\n{time.monotonic_ns()}\n%%EOF".encode()
    answer = parent.http.post(path, files={"file": (name, content)}, headers=parent.headers())
    assert answer.status_code in {201, 413, 422}, answer.text
    if answer.status_code == 201:
        back = parent.get(f"{path}/{answer.json()['id']}")
        told = back.headers["content-disposition"]
        assert told.startswith("attachment")
        assert not [bad for bad in ("/", "\\", "\r", "\n", "\x00", "..") if bad in told.replace("UTF-8''", "")]
        assert "set-cookie" not in back.headers


def zip_bomb() -> bytes:
    """A document as an office program writes it, of a gigabyte."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 30_000_000)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"GIF89a/*<script>*/=1",
        b"MZ\x90\x00" + b"\0" * 100,
        zip_bomb(),
        b"",
    ],
    ids=["svg", "html", "gif", "exe", "zip-bomb", "empty"],
)
def test_a_file_that_is_no_document_is_refused(parent: Parent, content: bytes) -> None:
    """By what it is, whatever it is called."""
    asked = parent.post("/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}})
    path = f"/requests/{asked.json()['id']}/documents"
    files = {"file": ("photo.jpg", content, "image/jpeg")}
    answer = parent.http.post(path, files=files, headers=parent.headers())
    assert answer.status_code == 422, answer.text


def raw(portal: Portal, request: bytes) -> bytes:
    """What the server says to bytes as they are."""
    where = urlsplit(portal.address)
    with socket.create_connection((str(where.hostname), int(where.port or 80)), timeout=5) as connection:
        connection.sendall(request)
        connection.settimeout(5)
        try:
            return connection.recv(65536)
        except TimeoutError:
            return b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /api/v1/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /..%2f..%2fsecrets.json HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_a_request_that_is_none_leaves_the_portal_standing(portal: Portal, request_bytes: bytes) -> None:
    """Refused, or the page that says what is not there; never a file from outside, and the next request is answered."""
    answer = raw(portal, request_bytes)
    assert b"root:" not in answer
    assert b"signing" not in answer
    assert not answer.startswith(b"HTTP/1.1 5")
    assert portal.http.get(f"{portal.address}/healthz").status_code == 200


def test_a_body_that_never_comes_holds_nobody_up(portal: Portal) -> None:
    """Two hundred who send a byte and stop: others are answered as before."""
    where = urlsplit(portal.address)
    head = (
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    slow = [socket.create_connection((str(where.hostname), int(where.port or 80))) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(head)
        parent = portal.parent()
        assert parent.get("/me").status_code == 200
    finally:
        for connection in slow:
            connection.close()


async def test_a_body_that_trickles_is_given_up() -> None:
    """One that stops, and one that goes on byte by byte, are 408 in the reader's language, and the connection is closed; one that comes in time is taken."""

    async def reads_all(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await Response(body)(scope, receive, send)

    async def send_slowly(gap: float, pieces: int) -> list[Message]:
        left, sent = pieces, list[Message]()

        async def receive() -> Message:
            nonlocal left
            await asyncio.sleep(gap)
            left -= 1
            return {"type": "http.request", "body": b"x", "more_body": left > 0}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/v1/x", "headers": [], "query_string": b""}
        await Surroundings(reads_all, {}, body_wait=0.2)(scope, receive, send)
        return sent

    for gap, pieces in ((60, 1), (0.01, 10_000)):
        start, body = await send_slowly(gap, pieces)
        assert start["status"] == 408
        assert (b"connection", b"close") in start["headers"]
        assert json.loads(body["body"])["code"] == "too-slow"
    start, body = await send_slowly(0, 5)
    assert (start["status"], body["body"]) == (200, b"xxxxx")


def test_a_client_that_goes_in_the_middle_of_a_body_is_no_fault_of_ours(portal: Portal, parent: Parent) -> None:
    """It is counted among the bodies that cannot be read, and not among the faults that wake somebody up."""

    def counted(status: str) -> float:
        lines = portal.http.get(f"{portal.address}/metrics").text.splitlines()
        kind = f'foyer_http_answers_total{{method="POST",route="/api/v1/household/members",status="{status}"}}'
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(kind))

    where, faults, refused = urlsplit(portal.address), counted("500"), counted("422")
    head = (
        f"POST /api/v1/household/members HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        f"Authorization: {parent.headers()['Authorization']}\r\n\r\n{{"
    )
    with socket.create_connection((str(where.hostname), int(where.port or 80))) as connection:
        connection.sendall(head.encode())
    deadline = time.monotonic() + 10
    while counted("422") == refused and counted("500") == faults and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (counted("500"), counted("422")) == (faults, refused + 1)


def test_a_body_that_never_comes_keeps_nobody_from_enrolling(portal: Portal, parent: Parent) -> None:
    """A parent who begins a hundred requests and ends none does not stand before anybody in the line for the database."""
    where = urlsplit(portal.address)
    head = (
        f"POST /api/v1/household/members HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        f"Authorization: {parent.headers()['Authorization']}\r\n\r\n{{"
    )
    slow = [socket.create_connection((str(where.hostname), int(where.port or 80))) for _ in range(1_000)]
    try:
        for connection in slow:
            connection.sendall(head.encode())
        other = portal.parent()
        child = {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
        assert other.post("/household/members", child).status_code == 201
    finally:
        for connection in slow:
            connection.close()


def test_no_answer_gives_a_cookie_to_another_site(portal: Portal, parent: Parent) -> None:
    """No origin is allowed unless it is named: not with credentials, not as null, not before the request."""
    for origin in ("https://evil.example", "null", portal.address + ".evil.example"):
        for answer in (
            portal.http.get("/services", headers={"Origin": origin}),
            portal.http.request(
                "OPTIONS", "/me", headers={"Origin": origin, "Access-Control-Request-Method": "DELETE"}
            ),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("cell", ["=1+1", "+33", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_what_a_parent_typed_is_no_formula_in_an_agents_spreadsheet(cell: str) -> None:
    """A name that begins as a formula gets a mark before it wherever Foyer writes a CSV."""
    assert neutral(cell)[0] == "'"
    assert neutral("Ana = bonne") == "Ana = bonne"
