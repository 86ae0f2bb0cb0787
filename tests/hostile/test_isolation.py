"""Two families: neither sees, changes or learns of anything of the other, by whatever way an id is sent."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest

from api.core.clock import utcnow
from api.core.database import APPLICATION_ROLE
from tests.conftest import free_port, served
from tests.contract.test_openapi import OPERATIONS, SPEC
from tests.enrollments.test_enrollments import activity, enroll
from tests.portal import Agent, Parent, Portal

MANY = 10_000 if "FOYER_FAULTS" in os.environ else 2_000
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PERSONAL = [o for o in OPERATIONS if "x-scope" in o[2] and not o[2]["x-scope"].startswith(("agent:", "integration:"))]
READS = [
    "/me", "/me/audit", "/me/export", "/sessions", "/family", "/invoices?limit=100", "/household/members", "/requests",
    "/service-keys", "/enrollments", "/me/second-factors",
]  # fmt: skip


def ids_of(one: Parent) -> set[str]:
    """Every id that belongs to one home and to nobody else."""
    assert one.family
    people = [person["id"] for person in [*one.family.adults, *one.family.children]]
    return {value for value in one.extra.values() if UUID.fullmatch(str(value))} | set(people)


def walked(one: Parent) -> str:
    """Everything that somebody can read."""
    answers = [one.http.get(f"{one.http.base_url}{path.lstrip('/')}", headers=one.headers()) for path in READS]
    assert {answer.status_code for answer in answers} <= {200}, [(a.url, a.status_code) for a in answers]
    return "".join(answer.text for answer in answers)


def test_nothing_that_one_reads_has_an_id_of_the_other(homes: tuple[Parent, Parent]) -> None:
    """All reads of each, searched for everything of the other's; and each does see their own."""
    for one, other in (homes, homes[::-1]):
        seen = walked(one)
        assert one.extra["invoice_id"] in seen
        assert not [foreign for foreign in ids_of(other) if foreign in seen]


@pytest.mark.parametrize(
    ("path", "method", "op"),
    [o for o in PERSONAL if "{" in o[0]],
    ids=[o[2]["operationId"] for o in PERSONAL if "{" in o[0]],
)
def test_an_id_in_the_path_opens_nothing_of_another(
    homes: tuple[Parent, Parent], path: str, method: str, op: dict[str, Any]
) -> None:
    """404 as for what does not exist, with a body that would be right, and with none."""
    mine, other = homes
    if set(re.findall(r"{(\w+)}", path)) <= {"activity_id"}:
        pytest.skip("activities are everybody's")
    where = path.removeprefix("/api/v1").format(**values_for(path, other))
    before = walked(other)
    for body in ({}, example(op)):
        answer = ask(mine, where, method, op, body)
        assert answer.status_code in ({404} if body or not sends_body(op) else {404, 422}), answer.text
        assert not [foreign for foreign in ids_of(other) if foreign in answer.text]
    assert walked(other).count(other.extra["member_id"]) == before.count(other.extra["member_id"])


def ask(mine: Parent, where: str, method: str, op: dict[str, Any], body: dict[str, Any]) -> httpx2.Response:
    """One operation with a body, or with a file where it takes one."""
    if "multipart/form-data" in op.get("requestBody", {}).get("content", {}):
        files = {"file": ("a.pdf", b"%PDF-1.7\n%%EOF")}
        return mine.http.request(method.upper(), where, files=files, headers=mine.headers())
    headers = {"if_match": '"1"'} if method in {"patch", "put", "delete"} else {}
    return mine.send(method.upper(), where, body if method in {"post", "put", "patch"} else None, **headers)


def values_for(path: str, other: Parent) -> dict[str, str]:
    """What stands in the holes of a path: the other's ids."""
    ids = {name: str(value) for name, value in other.extra.items()} | {"day": "2027-01-04"}
    return {name: ids.get(name, str(other.extra["request_id"])) for name in re.findall(r"{(\w+)}", path)}


def sends_body(op: dict[str, Any]) -> bool:
    """Whether an operation takes a body with fields that must be there."""
    return "requestBody" in op


def example(op: dict[str, Any]) -> dict[str, Any]:
    """A body that fits the schema, as somebody who means harm would send."""
    content = op.get("requestBody", {}).get("content", {}).get("application/json")
    return dict(value(content["schema"])) if content else {}


def value(schema: dict[str, Any]) -> Any:
    """A plain value of a schema; only the fields that must be there, and the first of those that may."""
    if "$ref" in schema:
        return value(SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return value(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        wanted = schema.get("required") or list(fields)[:1]
        return {name: value(fields[name]) for name in wanted}
    if kind == "array":
        return [value(schema["items"])]
    if kind == "integer":
        return max(1, int(schema.get("minimum", 1)))
    if kind == "boolean":
        return True
    formats = {"date": "2020-01-06", "uuid": "00000000-0000-4000-8000-000000000000", "email": "a@exemple.fr"}
    return formats.get(str(schema.get("format")), "Essai de texte")


@pytest.mark.parametrize("kind", ["query", "enrollment", "basket"])
def test_an_id_in_the_query_or_the_body_opens_nothing_of_another(
    portal: Portal, homes: tuple[Parent, Parent], kind: str
) -> None:
    """Another's child, family or enrollment where one's own belongs: refused as unknown, and nothing is written."""
    mine, other = homes
    child, where = other.extra["child_id"], activity(portal.database, places=5)
    if kind == "query":
        assert other.extra["family_id"] not in mine.get("/invoices", family_id=other.extra["family_id"]).text
        answers = [mine.get("/activities", child_id=child), mine.get(f"/activities/{where}", child_id=child)]
        answers += [mine.get(f"/activities/{where}/estimate", child_id=child, days="mon")]
    elif kind == "enrollment":
        answers = [mine.post("/enrollments", {"child_id": child, "activity_id": where, "days": ["mon"]})]
    else:
        lines = [{"child_id": child, "activity_id": where, "days": ["mon"]}]
        answers = [mine.post("/enrollments/baskets", {"items": lines})]
    for answer in answers:
        told = answer.text
        assert answer.status_code in {404, 422} or "not-found" in told, told
        assert other.extra["family_id"] not in told
        assert other.extra["enrollment_id"] not in told
    assert where not in other.get("/enrollments").text


@pytest.fixture
def narrow(portal: Portal, environment: dict[str, str]) -> Iterator[str]:
    """A second API on the same town, with five connections to the database."""
    assert portal
    same = f"http://localhost:{environment['FOYER_PORT']}"  # who made the tokens
    few = {"FOYER_POOL_SIZE": "5", "FOYER_PORT": str(free_port()), "FOYER_PUBLIC_URL": same}
    with served(environment | few, "--no-worker"):
        yield f"http://127.0.0.1:{few['FOYER_PORT']}/api/v1"


def test_thousands_of_alternating_requests_cross_no_byte(narrow: str, homes: tuple[Parent, Parent]) -> None:
    """Fifty at a time over five connections: each answer has the asker's own rows and none of the other's. 10,000 in `make faults`."""
    own = [(one.headers(), ids_of(one), str(one.extra["invoice_id"])) for one in homes]
    wrong: list[str] = []

    async def ask(client: httpx2.AsyncClient, turns: asyncio.Semaphore, who: int) -> None:
        headers, _, invoice = own[who]
        async with turns:
            answer = await client.get("/invoices", headers=headers)
        if answer.status_code != 200 or invoice not in answer.text:
            wrong.append(f"{answer.status_code}: not one's own")
        wrong.extend(foreign for foreign in own[1 - who][1] if foreign in answer.text)

    async def go() -> None:
        turns = asyncio.Semaphore(50)
        limits = httpx2.Limits(max_connections=50, max_keepalive_connections=50)
        async with httpx2.AsyncClient(base_url=narrow, limits=limits, timeout=60) as client:
            await asyncio.gather(*(ask(client, turns, turn % 2) for turn in range(MANY)))

    asyncio.run(go())
    assert wrong == []


def test_the_other_parent_is_a_name_and_a_role(portal: Portal, homes: tuple[Parent, Parent]) -> None:
    """Nothing that a parent reads has the address, phone, mail or birth date of the other adult of the file."""
    mine = homes[0]
    assert mine.family
    seen = walked(mine)
    secret = mine.family.adults[1]
    row = portal.database.rows(
        "SELECT address, birth_date::text AS born FROM adult_private WHERE adult_id = $1::text::uuid", secret["id"]
    )[0]
    told = [word for word in (secret["phone"], secret["email"], row["address"], row["born"]) if word and word in seen]
    own = portal.database.value(
        "SELECT address FROM adult_private WHERE adult_id = $1::text::uuid", mine.family.adults[0]["id"]
    )
    assert [word for word in told if word != own] == []
    assert json.loads(mine.get("/family").text)["items"][0]["adults"][1]["last_name"] == secret["last_name"]


def test_a_child_who_leaves_the_file_is_gone_at_once(portal: Portal, agent: Agent) -> None:
    """Custody ends: the next request of that parent knows nothing of the child, of its enrollments and of its days."""
    portal.database.run("DELETE FROM attempts")
    parent = portal.parent_with_key(agent, portal.family(lambda family: len(family.children) >= 2))
    assert parent.family
    child = parent.family.children[0]
    where = activity(portal.database, days="{mon,tue,wed,thu,fri,sat,sun}")
    portal.database.run("UPDATE activity SET starts_on = current_date - 1 WHERE id = $1::text::uuid", where)
    mine = enroll(parent, where, ("mon", "tue", "wed", "thu", "fri", "sat", "sun")).json()["id"]
    one, day = f"/enrollments/{mine}", (utcnow() + timedelta(days=2)).date().isoformat()
    assert parent.post(f"{one}/absences", {"day": day}).status_code == 201
    calendar = urlsplit(parent.post("/me/calendar").json()["url"]).path
    assert parent.get(f"{one}/bookings").json()["items"]
    assert child["first_name"] in portal.http.get(portal.address + calendar).text
    portal.database.run("DELETE FROM family_child WHERE child_id = $1::text::uuid", child["id"])
    for path in ("/family", "/invoices", "/enrollments"):
        assert child["id"] not in parent.get(path).text, path
    assert parent.get("/activities", child_id=child["id"]).status_code == 404
    refused = {
        "seen": parent.get(one),
        "days": parent.get(f"{one}/bookings"),
        "another absence": parent.post(f"{one}/absences", {"day": (utcnow() + timedelta(days=3)).date().isoformat()}),
        "absence taken back": parent.send("DELETE", f"{one}/absences/{day}"),
        "cancelled": parent.post(f"{one}/cancellation"),
        "other days": parent.send("PATCH", one, {"days": ["mon"]}, if_match='"1"'),
    }
    assert {what: answer.status_code for what, answer in refused.items()} == dict.fromkeys(refused, 404)
    assert "BEGIN:VEVENT" not in portal.http.get(portal.address + calendar).text
    export = parent.get("/me/export").json()
    assert (export["enrollments"], export["absences"]) == ([], [])


def as_parent(dsn: str, account_id: str, *statements: tuple[str, *tuple[object, ...]]) -> list[str]:
    """What each statement gives back, run as the application does for a parent, and rolled back; nothing when it is refused."""

    async def go() -> list[str]:
        connection = await asyncpg.connect(dsn, server_settings={"role": APPLICATION_ROLE})
        whole = connection.transaction()
        await whole.start()
        try:
            await connection.execute(
                "SELECT set_config('app.actor', 'parent', true), set_config('app.account_id', $1, true)", account_id
            )
            seen = []
            for statement, *values in statements:
                try:
                    async with connection.transaction():
                        seen.append("".join(row[0] for row in await connection.fetch(statement, *values)))
                except asyncpg.InsufficientPrivilegeError:
                    seen.append("")
                except asyncpg.IntegrityConstraintViolationError:
                    seen.append("past the wall")
            return seen
        finally:
            await whole.rollback()
            await connection.close()

    return asyncio.run(go())


@pytest.fixture(scope="module")
def tables(portal: Portal) -> list[str]:
    """All that row level security guards."""
    guarded = portal.database.rows(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relrowsecurity "
        f"AND has_table_privilege('{APPLICATION_ROLE}', oid, 'SELECT')"
    )
    assert len(guarded) > 20
    return [row[0] for row in guarded]


def test_with_the_first_wall_down_the_second_gives_nothing_of_another(
    homes: tuple[Parent, Parent], dsn: str, tables: list[str]
) -> None:
    """Every table read whole, without any condition, as the application does for a parent: one's own rows and no other's."""
    for one, other in (homes, homes[::-1]):
        reads = [(f'SELECT t::text FROM "{table}" t',) for table in tables]
        seen = "".join(as_parent(dsn, one.get("/me").json()["id"], *reads))
        assert one.extra["enrollment_id"] in seen
        assert one.extra["invoice_id"] in seen
        assert not [foreign for foreign in ids_of(other) if foreign in seen]


def test_the_second_wall_lets_nothing_of_another_be_written(
    portal: Portal, homes: tuple[Parent, Parent], dsn: str, tables: list[str]
) -> None:
    """Every row that is the other's, written once more, changed and deleted: refused by the database, table by table."""
    mine, other = (one.get("/me").json()["id"] for one in homes)
    links = "SELECT family_id::text, adult_id::text FROM service_link WHERE account_id::text = $1"
    theirs = "|".join([other, *portal.database.rows(links, other)[0]])
    tried, written = set(), set()
    for table in tables:
        names = ", ".join(columns(portal, table))
        first = names.partition(",")[0]
        rows = f'SELECT to_jsonb(t)::text AS whole, ctid::text AS place FROM "{table}" t WHERE t::text ~ $1 LIMIT 3'
        row_of = f'SELECT {names} FROM jsonb_populate_record(NULL::"{table}", $1::jsonb)'
        for row in portal.database.rows(rows, theirs):
            tried.add(table)
            outcome = as_parent(
                dsn,
                mine,
                (f'INSERT INTO "{table}" ({names}) {row_of} RETURNING $1', row["whole"]),
                (f'UPDATE "{table}" SET {first} = {first} WHERE ctid = $1::text::tid RETURNING $1', row["place"]),
                (f'DELETE FROM "{table}" WHERE ctid = $1::text::tid RETURNING $1', row["place"]),
            )
            written |= {
                (table, how) for how, seen in zip(("inserted", "changed", "deleted"), outcome, strict=True) if seen
            }
    assert {"account", "session", "request", "household_member", "enrollment", "invoice", "adult_private"} <= tried
    assert written <= {(told, "inserted") for told in ("message", "audit_event", "integration_event", "waiting_event")}


def columns(portal: Portal, table: str) -> list[str]:
    """Those of a table that can be written."""
    named = "SELECT attname::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
    return [row[0] for row in portal.database.rows(f"{named} AND attgenerated = '' ORDER BY attnum", table)]


def test_the_second_wall_shows_no_enrollment_of_a_child_who_left_the_file(
    portal: Portal, agent: Agent, dsn: str, tables: list[str]
) -> None:
    """Custody ended: no row of any table names the child, but for the lines of invoices that were sent before."""
    portal.database.run("DELETE FROM attempts")
    parent = portal.parent_with_key(agent)
    assert parent.family
    child, account = parent.family.children[0]["id"], parent.get("/me").json()["id"]
    enroll(parent, activity(portal.database))
    reads = {table: (f'SELECT t::text FROM "{table}" t',) for table in tables if table != "invoice_line"}
    before = [
        table for table, seen in zip(reads, as_parent(dsn, account, *reads.values()), strict=True) if child in seen
    ]
    assert {"child", "family_child", "enrollment", "enrollment_day"} <= set(before)
    portal.database.run("DELETE FROM family_child WHERE child_id = $1::text::uuid", child)
    after = [
        table for table, seen in zip(reads, as_parent(dsn, account, *reads.values()), strict=True) if child in seen
    ]
    assert after == []
