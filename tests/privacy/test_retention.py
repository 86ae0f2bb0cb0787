"""What nobody needs any more goes by itself, and nothing else does."""

from datetime import timedelta

import pytest

from api.core.clock import utcnow
from api.core.database import Database as Foyer
from api.core.settings import Settings
from api.privacy.retention import apply
from tests.conftest import Database
from tests.portal import PASSWORD, Agent, Portal


async def let_go(dsn: str, settings: Settings, later: timedelta = timedelta()) -> None:
    """What the worker does once an hour."""
    database = Foyer(dsn)
    await apply(database, settings, utcnow() + later)
    await database.engine.dispose()


def state(database: Database, email: str) -> str:
    """What became of an account."""
    row = database.rows("SELECT closed_at, closes_on FROM account WHERE email = $1", email)
    return "gone" if not row else "told" if row[0]["closes_on"] else "there"


async def test_an_account_that_was_never_activated_goes_after_a_week(
    portal: Portal, database: Database, dsn: str, settings: Settings
) -> None:
    """Not before, and not when it was activated."""
    database.run("DELETE FROM attempts")
    old, young, active = portal.sign_up(), portal.sign_up(), portal.parent().email
    database.run("UPDATE proof SET expires_at = now() - interval '1 day' WHERE purpose = 'activation'")
    database.run(
        "UPDATE account SET created_at = now() - interval '7 days 1 minute' WHERE email = ANY ($1)", [old, active]
    )
    await let_go(dsn, settings)
    assert [state(database, email) for email in (old, young, active)] == ["gone", "there", "there"]
    assert portal.sign_up(old) == old  # the address is free again


async def test_a_keys_hash_goes_a_month_after_its_expiry(
    portal: Portal, agent: Agent, database: Database, dsn: str, settings: Settings
) -> None:
    """Its state stays for the agents; nothing can be compared with it any more."""
    database.run("DELETE FROM attempts")
    family = portal.family()
    portal.issue(agent, family)
    adult = family.adults[0]["id"]
    of_it = "FROM service_key WHERE adult_id = $1::text::uuid"
    database.run(
        "UPDATE service_key SET expires_at = $2 WHERE adult_id = $1::text::uuid", adult, utcnow() - timedelta(days=29)
    )
    await let_go(dsn, settings)
    assert database.value(f"SELECT length(key_hash) {of_it}", adult) == 32
    database.run(
        "UPDATE service_key SET expires_at = $2 WHERE adult_id = $1::text::uuid", adult, utcnow() - timedelta(days=31)
    )
    await let_go(dsn, settings)
    assert database.value(f"SELECT length(key_hash) {of_it}", adult) == 16
    assert agent.get(f"/agent/families/{family.id}").json()["keys"][0]["state"] == "expired"


@pytest.mark.parametrize(
    ("table", "row", "period"),
    [
        ("message", "(channel, recipient, language, template, params, state, sent_at, created_at) VALUES ('email', 'x@exemple.fr', 'fr', 'activation', '{}', 'sent', now(), $1)", 30 * 24),
        ("idempotent_answer", "(account_id, key, fingerprint, status, body, created_at) VALUES (new_id(), 'k' || $1, '', 201, '', $1)", 48),
        ("attempts", "(bucket, count, since) VALUES (uuid_send(new_id()), 1, $1)", 48),
    ],
)  # fmt: skip
async def test_what_is_past_its_time_goes_and_the_rest_stays(
    database: Database, address: str, dsn: str, settings: Settings, table: str, row: str, period: int
) -> None:
    """A minute before, and a minute after."""
    assert address
    column = "since" if table == "attempts" else "created_at"
    made = [utcnow() - timedelta(hours=period) + timedelta(minutes=minutes) for minutes in (-1, 1)]
    for moment in made:
        database.run(f"INSERT INTO {table} {row.replace(chr(36) + '1', chr(36) + '1::timestamptz')}", moment)
    await let_go(dsn, settings)
    left = [r[0] for r in database.rows(f"SELECT {column} FROM {table} WHERE {column} = ANY ($1)", made)]
    assert left == made[1:]


async def test_a_mail_that_waits_is_never_thrown_away(
    database: Database, address: str, dsn: str, settings: Settings
) -> None:
    """However long it waits: the mail server may have been away."""
    assert address
    told = database.value(
        "INSERT INTO message (channel, recipient, language, template, params, next_attempt_at, created_at) "
        "VALUES ('email', 'y@exemple.fr', 'fr', 'activation', '{}', now() + interval '1 hour', now() - interval '40 days') RETURNING id"
    )
    await let_go(dsn, settings)
    assert database.value("SELECT state FROM message WHERE id = $1", told) == "pending"
    database.run("DELETE FROM message WHERE id = $1", told)


async def test_an_account_that_nobody_used_for_three_years_is_closed_a_month_after_a_mail(
    portal: Portal, database: Database, dsn: str, settings: Settings
) -> None:
    """Who signs in meanwhile keeps it; who does not is erased on the day that the mail named."""
    database.run("DELETE FROM attempts")
    gone, back, used = (portal.parent() for _ in range(3))
    both = [gone.email, back.email]
    of_them = "account_id IN (SELECT id FROM account WHERE email = ANY ($1))"
    database.run(f"UPDATE session SET rotated_at = now() - interval '1096 days' WHERE {of_them}", both)
    database.run(
        "UPDATE account SET created_at = now() - interval '1200 days' WHERE email = ANY ($1)", [*both, used.email]
    )
    await let_go(dsn, settings)
    assert [state(database, one.email) for one in (gone, back, used)] == ["told", "told", "there"]
    day = database.value("SELECT closes_on FROM account WHERE email = $1", gone.email)
    assert f"{day:%d/%m/%Y}" in portal.mailbox.wait(gone.email, "sera fermé").subject
    portal.sign_in(back.email, PASSWORD)
    await let_go(dsn, settings, timedelta(days=29))
    assert [state(database, one.email) for one in (gone, back)] == ["told", "there"]
    await let_go(dsn, settings, timedelta(days=32))
    assert [state(database, one.email) for one in (gone, back, used)] == ["gone", "there", "there"]
    assert portal.mailbox.wait(gone.email, "est fermé")


async def test_the_last_session_says_when_an_account_was_used(
    portal: Portal, database: Database, dsn: str, settings: Settings
) -> None:
    """Older ones go 90 days after their end; the newest stays."""
    parent = portal.parent()
    portal.sign_in(parent.email)
    mine = "WHERE account_id = (SELECT id FROM account WHERE email = $1)"
    database.run(f"UPDATE session SET expires_at = now() - interval '91 days' {mine}", parent.email)
    newest = database.value(f"SELECT max(id::text) FROM session {mine}", parent.email)
    await let_go(dsn, settings)
    assert [r[0] for r in database.rows(f"SELECT id::text FROM session {mine}", parent.email)] == [newest]
