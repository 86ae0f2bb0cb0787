"""What the parent and the service say to each other on a request: messages, documents, corrections."""

import io
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.portal import Agent, Parent, Portal

ASK = {"type": "service-key", "data": {"service": "enfance", "deliver_by": "email"}}
PDF = b"%PDF-1.7\n%%EOF\n"


def send_file(who: Parent, request: str, content: bytes, name: str = "photo.png") -> httpx2.Response:
    """As a browser's form does."""
    return who.http.post(f"/requests/{request}/documents", files={"file": (name, content)}, headers=who.headers())


def photo(size: tuple[int, int] = (60, 30), kind: str = "JPEG", **more: Any) -> bytes:
    """A picture whose left half is red."""
    picture = Image.new("RGB", size, "white")
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    picture.save(written, kind, **more)
    return written.getvalue()


def test_messages_go_both_ways_and_say_when_they_were_read(portal: Portal, agent: Agent) -> None:
    """The parent gets a mail without the words; each side sees that the other has read."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    assert parent.post(f"/requests/{request}/messages", {"body": "J'ai changé de numéro."}).status_code == 201
    seen = agent.get(f"/agent/requests/{request}").json()
    assert (seen["unread"], seen["messages"][0]["body"]) == (1, "J'ai changé de numéro.")
    assert agent.post(f"/agent/requests/{request}/reading").status_code == 204
    assert parent.get(f"/requests/{request}").json()["messages"][0]["read_at"]
    assert agent.post(f"/agent/requests/{request}/messages", {"body": "Merci, c'est noté."}).status_code == 201
    assert "noté" not in portal.mailbox.wait(parent.email, "un message vous attend").body
    assert parent.get("/requests").json()["items"][0]["unread"] == 1
    assert parent.post(f"/requests/{request}/reading").status_code == 204
    assert parent.get(f"/requests/{request}").json()["unread"] == 0


def test_a_message_sent_twice_with_its_key_is_written_once(portal: Portal) -> None:
    """A double tap, or a lost answer."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    sent = [parent.post(f"/requests/{request}/messages", {"body": "Bonjour"}, idempotency_key="k") for _ in range(2)]
    assert [s.status_code for s in sent] == [201, 201]
    assert len(parent.get(f"/requests/{request}").json()["messages"]) == 1


def test_another_persons_request_has_no_messages_and_no_documents(portal: Portal) -> None:
    """404 for every way in, as for a request that does not exist."""
    mine, other = portal.parent(), portal.parent()
    request = mine.post("/requests", ASK).json()["id"]
    document = send_file(mine, request, PDF, "a.pdf").json()["id"]
    answers = [
        other.post(f"/requests/{request}/messages", {"body": "x"}),
        other.post(f"/requests/{request}/reading"),
        other.get(f"/requests/{request}/documents"),
        other.get(f"/requests/{request}/documents/{document}"),
        other.send("DELETE", f"/requests/{request}/documents/{document}"),
        send_file(other, request, PDF),
    ]
    assert [a.status_code for a in answers] == [404] * 6


def test_a_photo_is_turned_upright_shrunk_and_loses_its_metadata(portal: Portal, agent: Agent) -> None:
    """What is given out is a JPEG as it should be looked at, without the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter: the left of the file is the top of the picture
    exif[0x010F] = "secret-camera"
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    sent = send_file(parent, request, photo((6000, 3000), exif=exif), "../Ma photo é.heic")
    assert sent.status_code == 201, sent.text
    assert (sent.json()["name"], sent.json()["media_type"]) == ("Ma photo é.jpg", "image/jpeg")
    given = agent.get(f"/agent/requests/{request}/documents/{sent.json()['id']}")
    assert given.headers["content-disposition"].startswith("attachment")
    assert b"secret-camera" not in given.content
    picture = Image.open(io.BytesIO(given.content))
    assert picture.size == (1200, 2400)
    top, bottom = (picture.getpixel((600, y)) for y in (200, 2200))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[1] < 60 < 200 < bottom[1], "the red half is on top"


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.png", "media-type"),
        (b"GIF89a" + b"\0" * 40, "a.jpg", "media-type"),
        (photo()[:200], "a.jpg", "media-type"),
        (b"", "a.pdf", "empty"),
        (b"%PDF-" + b"0" * 10_000_001, "a.pdf", "too-large"),
    ],
    ids=["svg", "gif", "cut", "empty", "large"],
)
def test_a_file_is_told_by_its_content(portal: Portal, content: bytes, name: str, code: str) -> None:
    """Whatever its name says."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    refused = send_file(parent, request, content, name)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)


def test_a_body_far_too_large_is_refused_before_it_is_read(portal: Portal) -> None:
    """413, for files as for the rest."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    assert send_file(parent, request, b"%PDF-" + b"0" * 11_000_000).status_code == 413


def test_the_same_file_twice_is_one_document_and_ten_are_enough(portal: Portal) -> None:
    """A double tap joins it once; the eleventh different file is refused with a sentence."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    twice = [send_file(parent, request, PDF, "a.pdf").json()["id"] for _ in range(2)]
    assert twice[0] == twice[1]
    answers = [send_file(parent, request, PDF + str(n).encode(), "a.pdf").status_code for n in range(10)]
    assert answers == [201] * 9 + [422]
    assert len(parent.get(f"/requests/{request}/documents").json()["items"]) == 10


def test_a_correction_sends_the_request_back_and_forth(portal: Portal, agent: Agent) -> None:
    """The parent reads what to do, changes it, takes a file back, sends it again; then an agent has it and it is frozen."""
    parent = portal.parent()
    request = parent.post("/requests", ASK).json()["id"]
    url = f"/requests/{request}"
    document = send_file(parent, request, PDF, "a.pdf").json()["id"]
    agent.post(f"/agent{url}/review")
    assert parent.send("DELETE", f"{url}/documents/{document}").json()["code"] == "wrong-state"
    asked = agent.post(f"/agent{url}/correction", {"kind": "incomplete", "reason": "Joignez un justificatif."})
    assert asked.json()["state"] == "correction_requested"
    assert "justificatif" not in portal.mailbox.wait(parent.email, "à compléter").body
    seen = parent.get(url)
    assert (seen.json()["correction"], seen.json()["reason"]) == ("incomplete", "Joignez un justificatif.")
    data = {"data": ASK["data"] | {"note": "Voici."}}  # type: ignore[operator] # a JSON object
    assert parent.send("PATCH", url, data, if_match=seen.headers["etag"]).status_code == 200
    assert parent.send("DELETE", f"{url}/documents/{document}").status_code == 204
    again = parent.post(f"{url}/submission")
    assert (again.json()["state"], again.json()["reason"], again.json()["correction"]) == ("submitted", None, None)
    assert parent.post(f"{url}/submission").status_code == 409
    states = [e["state"] for e in parent.get(url).json()["timeline"]]
    assert states == ["submitted", "in_review", "correction_requested", "submitted"]
