"""Two homes, for who tries to look from one into the other."""

import pytest

from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal


@pytest.fixture(scope="module")
def homes(portal: Portal, agent: Agent) -> tuple[Parent, Parent]:
    """Two parents of two families, each with something of everything."""
    portal.database.run("DELETE FROM attempts")
    both = portal.parent_with_key(agent), portal.parent_with_key(agent)
    common = activity(portal.database, places=5)
    for one in both:
        child = {"kind": "child", "first_name": "Léa", "last_name": "Silva", "birth_date": "2018-04-05"}
        one.extra["member_id"] = one.post("/household/members", child).json()["id"]
        asked = one.post("/requests", {"type": "service-key", "data": {"service": "enfance", "deliver_by": "sms"}})
        one.extra["request_id"] = asked.json()["id"]
        files = {"file": ("a.pdf", b"%PDF-1.7\n%%EOF")}
        path = f"/requests/{one.extra['request_id']}/documents"
        one.extra["document_id"] = one.http.post(path, files=files, headers=one.headers()).json().get("id", "")
        one.extra["enrollment_id"] = enroll(one, common).json()["id"]
        one.extra["invoice_id"] = one.get("/invoices").json()["items"][0]["id"]
        one.extra["passkey_id"] = portal.database.value(
            "INSERT INTO passkey (account_id, credential_id, public_key, sign_count, name) "
            "SELECT id, uuid_send(new_id()), '', 0, 'Téléphone' FROM account WHERE email = $1 RETURNING id::text",
            one.email,
        )
        one.extra["session_id"] = one.get("/sessions").json()["items"][0]["id"]
        one.extra["link_id"] = one.link_id
        assert one.family
        one.extra["family_id"], one.extra["child_id"] = one.family.id, one.family.children[0]["id"]
    return both
