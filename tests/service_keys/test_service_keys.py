"""The service key: from the agent's hand to the parent's rights, and every way it must not go."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from api.core.clock import utcnow
from api.core.settings import Settings
from tests.conftest import Database
from tests.portal import TOKEN, Agent, Portal, found

OPENED = ["/family", "/invoices", "/activities", "/enrollments"]


def test_a_key_opens_everything_in_the_same_breath(portal: Portal, agent: Agent) -> None:
    """Before: 403 that names the scope and the service. After « Valider »: open, with the token of the answer and with the old one."""
    parent, family = portal.parent(), portal.family()
    before = parent.get("/invoices")
    assert (before.status_code, before.json()["code"], before.json()["scope"], before.json()["service"]) == (
        403,
        "scope-missing",
        "invoices:read",
        "Enfance",
    )
    version = "SELECT authorization_version FROM account WHERE email = $1"
    known = portal.database.value(version, parent.email)
    answer = parent.post("/service-keys", {"service": "enfance", "key": portal.issue(agent, family)})
    assert answer.status_code == 201
    assert portal.database.value(version, parent.email) == known + 1
    assert sorted(answer.json()["family"]["children"]) == sorted(c["first_name"] for c in family.children)
    assert "invoices:read" in answer.json()["scope"]
    assert {parent.get(path).status_code for path in OPENED} == {200}
    parent.take(answer.json())
    assert {parent.get(path).status_code for path in OPENED} == {200}


@pytest.mark.parametrize(
    "write",
    [
        str.lower,
        lambda k: k.replace("-", " "),
        lambda k: k.replace("-", ""),
        lambda k: f"  {k.replace('0', 'o').replace('1', 'l')} ",
    ],
)
def test_a_key_is_read_however_it_is_typed(portal: Portal, agent: Agent, write) -> None:  # type: ignore[no-untyped-def] # any way of writing
    """Case, spaces, dashes, O for 0 and l for 1 do not matter."""
    parent = portal.parent()
    answer = parent.post("/service-keys", {"service": "enfance", "key": write(portal.issue(agent, portal.family()))})
    assert answer.status_code == 201


def test_a_typing_error_is_told_and_costs_no_attempt(portal: Portal, agent: Agent) -> None:
    """Ten mistyped keys, and the right one is still accepted."""
    parent, key = portal.parent(), portal.issue(agent, portal.family())
    mistyped = key[:-1] + ("A" if key[-1] != "A" else "B")
    codes = {parent.post("/service-keys", {"service": "enfance", "key": mistyped}).json()["code"] for _ in range(10)}
    assert codes == {"key-mistyped"}
    assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 201


def test_unknown_spent_expired_and_revoked_are_answered_alike(portal: Portal, agent: Agent, database: Database) -> None:
    """One body for all of them; only the audit knows which."""
    from api.security.secrets import new_service_key

    spent, expired, revoked = (portal.issue(agent, portal.family()) for _ in range(3))
    assert portal.parent().post("/service-keys", {"service": "enfance", "key": spent}).status_code == 201
    database.run(
        "UPDATE service_key SET expires_at = now() WHERE last_symbols = $1 AND used_at IS NULL AND created_at > now() - interval '1 minute'",
        expired[-2:],
    )
    key_id = database.value(
        "SELECT id::text FROM service_key WHERE last_symbols = $1 ORDER BY id DESC LIMIT 1", revoked[-2:]
    )
    assert agent.post(f"/agent/service-keys/{key_id}/revocation").status_code == 204
    parent = portal.parent()
    answers = [
        parent.post("/service-keys", {"service": "enfance", "key": k}).json()
        for k in (new_service_key(), spent, expired, revoked)
    ]
    for answer in answers:
        answer.pop("instance")
    assert answers == [answers[0]] * 4
    assert answers[0]["code"] == "key-not-accepted"
    reasons = [
        r["reason"]
        for r in database.rows(
            "SELECT facts->>'reason' AS reason FROM audit_event WHERE action = 'service_key.refused' AND account_id = (SELECT id FROM account WHERE email = $1) ORDER BY id",
            parent.email,
        )
    ]
    assert reasons == ["unknown", "spent", "expired", "revoked"]


def test_the_sixth_attempt_in_a_quarter_of_an_hour_is_refused(portal: Portal, agent: Agent) -> None:
    """Even with the right key: the counter is committed though each request was rolled back."""
    from api.security.secrets import new_service_key

    parent, key = portal.parent(), portal.issue(agent, portal.family())
    portal.database.run("DELETE FROM attempts")  # of the tests before: all come from one network
    for _ in range(5):
        assert parent.post("/service-keys", {"service": "enfance", "key": new_service_key()}).status_code == 422
    answer = parent.post("/service-keys", {"service": "enfance", "key": key})
    assert (answer.status_code, int(answer.headers["retry-after"]) > 60) == (429, True)


def test_of_parallel_uses_of_one_key_exactly_one_is_accepted(portal: Portal, agent: Agent, database: Database) -> None:
    """Twenty accounts type the same key at once."""
    parents, key = [portal.parent() for _ in range(12)], portal.issue(agent, portal.family())
    database.run("DELETE FROM attempts")
    with ThreadPoolExecutor(12) as pool:
        statuses = list(
            pool.map(lambda p: p.post("/service-keys", {"service": "enfance", "key": key}).status_code, parents)
        )
    assert sorted(statuses) == [201] + [422] * 11


def test_detaching_closes_everything_at_the_next_request(portal: Portal, agent: Agent) -> None:
    """With the very same access token, family, invoices and enrollments are 403; the account itself stays open."""
    parent = portal.parent_with_key(agent)
    assert {parent.get(path).status_code for path in OPENED} == {200}
    assert parent.send("DELETE", f"/service-keys/{parent.link_id}").status_code == 204
    assert {parent.get(path).status_code for path in OPENED} == {403}
    assert parent.get("/me").status_code == 200


def test_a_key_of_the_counter_asks_for_a_childs_birth_date(portal: Portal, agent: Agent, database: Database) -> None:
    """202 with a challenge; a date of a child of the file opens the family."""
    parent, family = portal.parent(), portal.family()
    database.run("DELETE FROM attempts")
    answer = parent.post("/service-keys", {"service": "enfance", "key": portal.issue(agent, family, "counter")})
    assert (answer.status_code, answer.json()["kind"]) == (202, "child_birth_date")
    assert parent.get("/family").status_code == 403
    proof = {"challenge": answer.json()["challenge"], "birth_date": family.children[0]["birth_date"]}
    assert parent.post("/service-keys/challenge", proof).status_code == 201
    assert parent.get("/family").status_code == 200


def test_three_wrong_birth_dates_revoke_the_key(portal: Portal, agent: Agent, database: Database) -> None:
    """The right date comes too late."""
    parent, family = portal.parent(), portal.family()
    database.run("DELETE FROM attempts")
    challenge = parent.post(
        "/service-keys", {"service": "enfance", "key": portal.issue(agent, family, "counter")}
    ).json()["challenge"]
    wrong = [
        parent.post("/service-keys/challenge", {"challenge": challenge, "birth_date": "1999-01-01"}).json()["code"]
        for _ in range(3)
    ]
    assert wrong == ["wrong-birth-date", "wrong-birth-date", "key-not-accepted"]
    right = parent.post(
        "/service-keys/challenge", {"challenge": challenge, "birth_date": family.children[0]["birth_date"]}
    )
    assert (right.status_code, right.json()["code"]) == (422, "key-not-accepted")


def test_reissuing_kills_the_key_before(portal: Portal, agent: Agent, database: Database) -> None:
    """Only the newest key of an adult is good."""
    parent, family = portal.parent(), portal.family()
    database.run("DELETE FROM attempts")
    old, new = portal.issue(agent, family), portal.issue(agent, family, "sms")
    assert [parent.post("/service-keys", {"service": "enfance", "key": k}).status_code for k in (old, new)] == [
        422,
        201,
    ]


def test_a_key_travels_only_to_the_contact_on_record(portal: Portal, agent: Agent, database: Database) -> None:
    """Without a phone in the file, an SMS is refused at its field; nothing is sent to the account's own phone."""
    family = portal.family()
    adult = family.adults[0]
    database.run("UPDATE adult_private SET phone = NULL WHERE adult_id = $1::text::uuid", adult["id"])
    answer = agent.post("/agent/service-keys", {"adult_id": adult["id"], "deliver_by": "sms"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/deliver_by")


def test_the_key_is_nowhere_in_the_database(portal: Portal, agent: Agent, database: Database) -> None:
    """Only its hash and its last two symbols are kept; the sent message has forgotten it."""
    key = portal.issue(agent, portal.family())
    deadline = time.monotonic() + 20
    while database.value("SELECT count(*) FROM message WHERE state = 'pending'") and time.monotonic() < deadline:
        time.sleep(0.05)  # it arrived; the worker writes that down
    for table in ("service_key", "message", "audit_event"):
        dump = " ".join(r["row"] for r in database.rows(f"SELECT t::text AS row FROM {table} t"))
        assert key not in dump
        assert key.replace("-", "") not in dump
    assert database.value("SELECT count(*) FROM message WHERE state = 'sent' AND secrets IS NOT NULL") == 0


def test_the_other_adult_is_told_and_can_object(portal: Portal, agent: Agent, database: Database) -> None:
    """« Ce n'est pas moi » closes the access of the account that joined, once."""
    family = portal.family()
    database.run("DELETE FROM attempts")
    first = portal.parent_with_key(agent, family)
    second = portal.parent_with_key(agent, family, adult=1)
    token = found(TOKEN, portal.mailbox.wait(first.email, "a rejoint votre dossier").body)
    assert second.get("/family").status_code == 200
    assert [portal.http.post("/service-keys/objections", json={"token": token}).status_code for _ in range(2)] == [
        204,
        410,
    ]
    assert (second.get("/family").status_code, first.get("/family").status_code) == (403, 200)


def test_an_objection_is_taken_for_seven_days(portal: Portal, agent: Agent, database: Database) -> None:
    """The notice's link is stored with that end."""
    family = portal.family()
    database.run("DELETE FROM attempts")
    first = portal.parent_with_key(agent, family)
    portal.parent_with_key(agent, family, adult=1)
    proof = "FROM proof p JOIN account a ON a.id = p.account_id WHERE a.email = $1 AND p.purpose = 'key_objection'"
    assert (
        database.value(f"SELECT round(extract(epoch FROM p.expires_at - now()) / 3600) {proof}", first.email) == 7 * 24
    )


def test_an_agent_closes_the_access_that_a_key_opened(portal: Portal, agent: Agent, database: Database) -> None:
    """A key in the wrong hands: by the key or by the account, the next request is refused, the mailbox is told and the other parent
    stays; what is closed already is not there, and a key that opened nothing any more is left alone.
    """
    database.run("DELETE FROM attempts")
    family = portal.family()
    by_key, other = portal.parent_with_key(agent, family), portal.parent_with_key(agent, family, adult=1)
    used = next(
        k for k in agent.get(f"/agent/families/{family.id}").json()["keys"] if k["adult_id"] == family.adults[0]["id"]
    )
    assert [agent.post(f"/agent/service-keys/{used['id']}/revocation").status_code for _ in range(2)] == [204, 204]
    assert ({by_key.get(path).status_code for path in OPENED}, by_key.get("/me").status_code) == ({403}, 200)
    assert portal.mailbox.wait(by_key.email, "Votre accès au dossier Enfance est fermé")
    links = agent.get(f"/agent/families/{family.id}/activity").json()["links"]
    assert [link["email"] for link in links] == [other.email]
    path = f"/agent/service-keys/links/{links[0]['id']}"
    assert [agent.send("DELETE", path).status_code for _ in range(2)] == [204, 404]
    assert other.get("/family").status_code == 403
    told = database.value(
        "SELECT count(*) FROM audit_event WHERE action = 'service_key.closed' AND family_id::text = $1", family.id
    )
    assert told == 2


def test_each_parent_has_a_key_of_their_own(portal: Portal, agent: Agent, database: Database) -> None:
    """Two keys of one file are good at once, each makes its holder its own adult."""
    database.run("DELETE FROM attempts")
    family = portal.family()
    keys = [portal.issue(agent, family, adult=place) for place in (0, 1)]
    for place in (0, 1):
        parent = portal.parent()
        assert parent.post("/service-keys", {"service": "enfance", "key": keys[place]}).status_code == 201
        adults = parent.get("/family").json()["items"][0]["adults"]
        me = [(adult["first_name"], adult["last_name"]) for adult in adults if adult["is_me"]]
        assert me == [(family.adults[place]["first_name"], family.adults[place]["last_name"])]


def test_agents_see_the_state_and_two_symbols(portal: Portal, agent: Agent) -> None:
    """Of a key that was given out."""
    family = portal.family()
    key = portal.issue(agent, family)
    seen = agent.get(f"/agent/families/{family.id}")
    assert [(one["state"], one["last_symbols"]) for one in seen.json()["keys"]] == [("issued", key[-2:])]
    assert key[-4:] not in seen.text


def test_a_key_is_found_by_one_look_up(database: Database) -> None:
    """Its hash has a unique index of its own."""
    columns = database.rows(
        "SELECT array(SELECT attname::text FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = ANY (i.indkey)) AS names "
        "FROM pg_index i WHERE i.indrelid = 'service_key'::regclass AND i.indisunique"
    )
    assert ["key_hash"] in [row["names"] for row in columns]


def test_a_child_of_another_file_is_no_proof(portal: Portal, agent: Agent, database: Database) -> None:
    """The birth date of somebody else's child is wrong."""
    database.run("DELETE FROM attempts")
    parent, family, other = portal.parent(), portal.family(), portal.family()
    asked = parent.post("/service-keys", {"service": "enfance", "key": portal.issue(agent, family, "counter")}).json()
    own = {child["birth_date"] for child in family.children}
    foreign = next(child["birth_date"] for child in other.children if child["birth_date"] not in own)
    proof = {"challenge": asked["challenge"], "birth_date": foreign}
    assert parent.post("/service-keys/challenge", proof).json()["code"] == "wrong-birth-date"


@pytest.mark.parametrize(
    ("bucket", "allowed", "hours"), [("key-day", 10, 24), ("key-network", 20, 1), ("key-town", 2000, 24)]
)
def test_attempts_are_counted_by_account_day_network_and_town(
    portal: Portal, agent: Agent, database: Database, settings: Settings, bucket: str, allowed: int, hours: int
) -> None:
    """The last one within each number is looked at, the next is refused unread, and a day or an hour later it is looked at again."""
    from api.security.secrets import keyed, new_service_key

    parent, key = portal.parent(), portal.issue(agent, portal.family())
    account = database.value("SELECT id::text FROM account WHERE email = $1", parent.email)
    who = {"key-day": [account], "key-network": ["127.0.0.0/24"], "key-town": []}[bucket]
    name = keyed(settings.secrets.token_pepper, bucket, *who)
    database.run("DELETE FROM attempts")
    database.run("INSERT INTO attempts (bucket, count, since) VALUES ($1, $2, now())", name, allowed - 1)
    tried = [
        parent.post("/service-keys", {"service": "enfance", "key": k}).status_code for k in (new_service_key(), key)
    ]
    assert tried == [422, 429]
    database.run(
        "UPDATE attempts SET since = since - $1::text::interval, blocked_until = blocked_until - $1::text::interval",
        f"{hours} hours 1 second",
    )
    assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 201


def test_a_fault_while_a_key_is_taken_in_leaves_it_good(portal: Portal, agent: Agent, database: Database) -> None:
    """Consumed, linked, written down and told in one transaction: when its last word fails, the key is as it was."""
    database.run("DELETE FROM attempts")
    family = portal.family()
    portal.parent_with_key(agent, family, adult=1)  # who is to be told
    parent, key = portal.parent(), portal.issue(agent, family)
    database.run("ALTER TABLE message ADD CONSTRAINT fault CHECK (template <> 'service-key-attached') NOT VALID")
    try:
        assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 500
    finally:
        database.run("ALTER TABLE message DROP CONSTRAINT fault")
    assert parent.get("/family").status_code == 403
    assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 201


def test_an_unknown_service_is_told_at_its_field(portal: Portal, agent: Agent) -> None:
    """The key is not counted against anyone."""
    parent = portal.parent()
    answer = parent.post("/service-keys", {"service": "jardins", "key": portal.issue(agent, portal.family())})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/service")


def test_a_second_service_needs_no_code(portal: Portal, agent: Agent, database: Database) -> None:
    """A row in `service` with its scopes: its key opens those, and no other."""
    database.run("DELETE FROM attempts")
    service = database.value(
        "INSERT INTO service (slug, name_fr, name_en, opens_fr, opens_en, how_to_get_fr, how_to_get_en, contact_email, scopes, position) "
        "VALUES ('musique', 'Musique', 'Music', 'Vos factures', 'Your invoices', 'Au conservatoire', 'At the school', 'm@exemple.fr', '{invoices:read}', 2) RETURNING id"
    )
    family = database.value("INSERT INTO family (service_id, reference) VALUES ($1, 'M1') RETURNING id", service)
    adult = database.value(
        "INSERT INTO adult (family_id, reference, role, first_name, last_name, search_name, is_payer) VALUES ($1, 'M1A', 'responsible', 'Lou', 'Roc', 'lou roc', true) RETURNING id::text",
        family,
    )
    database.run("INSERT INTO adult_private (adult_id, email) VALUES ($1::text::uuid, 'lou.roc@exemple.fr')", adult)
    assert agent.post("/agent/service-keys", {"adult_id": adult, "deliver_by": "email"}).status_code == 201
    letter = portal.mailbox.wait("lou.roc@exemple.fr", "Musique")
    from tests.portal import KEY

    parent = portal.parent()
    services = {s["slug"]: s["attached"] for s in parent.get("/services").json()["items"]}
    assert services == {"enfance": False, "musique": False}
    key = found(KEY, letter.body, group=0)
    assert parent.post("/service-keys", {"service": "enfance", "key": key}).status_code == 422
    assert parent.post("/service-keys", {"service": "musique", "key": key}).status_code == 201
    assert (parent.get("/invoices").status_code, parent.get("/family").status_code) == (200, 403)


def test_a_key_lives_as_long_as_its_way_is_safe(portal: Portal, agent: Agent) -> None:
    """Seven days by SMS, fourteen by mail, thirty from the counter."""
    family, days = portal.family(), {}
    for way in ("sms", "email", "counter"):
        answer = agent.post("/agent/service-keys", {"adult_id": family.adults[0]["id"], "deliver_by": way}).json()
        days[way] = round((datetime.fromisoformat(answer["expires_at"]) - utcnow()).total_seconds() / 86400)
    assert days == {"sms": 7, "email": 14, "counter": 30}


def test_the_town_is_told_when_many_keys_are_refused(
    portal: Portal, agent: Agent, database: Database, settings: Settings
) -> None:
    """At the two hundredth within an hour, once: somebody may be guessing."""
    from api.security.secrets import keyed, new_service_key

    parent = portal.parent()
    assert agent
    database.run("DELETE FROM attempts")
    bucket = keyed(settings.secrets.token_pepper, "key-alert")
    database.run("INSERT INTO attempts (bucket, count, since) VALUES ($1, 198, now())", bucket)
    told = "SELECT count(*) FROM message WHERE template = 'keys-refused'"
    seen = []
    for _ in range(3):
        assert parent.post("/service-keys", {"service": "enfance", "key": new_service_key()}).status_code == 422
        seen.append(database.value(told))
    assert seen == [0, 1, 1]
    assert portal.mailbox.wait(settings.contact_email, "200 clés refusées")
