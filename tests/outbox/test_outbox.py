"""Mails and SMS: nothing lost, nothing late, nothing of a secret kept."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

from sqlalchemy import select, text

from api.core.database import Database as Foyer
from api.core.migrating import migrate
from api.core.settings import Settings
from api.outbox.gateway import CapturedMailbox, Letter
from api.outbox.models import Message
from api.outbox.service import enqueue
from api.outbox.templates import _texts, render
from api.outbox.worker import Worker, backoff
from tests.conftest import Database, free_port
from tests.portal import Agent, Portal


def test_a_mail_carries_the_outbox_id_as_its_message_id(portal: Portal, database: Database) -> None:
    """So that a mail that was sent twice can be recognised."""
    address = portal.sign_up()
    letter = portal.mailbox.wait(address, "Activez")
    sent = database.value("SELECT id::text FROM message WHERE recipient = $1", address)
    assert letter.message_id.startswith(f"<{sent}@")


def test_a_refused_recipient_is_a_dead_letter(portal: Portal, database: Database) -> None:
    """A permanent refusal is not tried again, and says why."""
    address = portal.sign_up(f"refused@{time.time_ns()}.exemple.fr")
    deadline = time.monotonic() + 10
    while (
        database.value("SELECT state FROM message WHERE recipient = $1", address) == "pending"
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    row = database.rows("SELECT state, attempts, error FROM message WHERE recipient = $1", address)[0]
    assert (row["state"], row["attempts"]) == ("failed", 1)
    assert "550" in row["error"]


def test_an_sms_goes_to_the_gateway_as_json(portal: Portal, agent: Agent, database: Database) -> None:
    """{to, text, sender, reference}, to the number on record, with the key in it."""
    database.run("DELETE FROM attempts")
    family = portal.family()
    key = portal.issue(agent, family, "sms")
    letter = portal.mailbox.wait(family.adults[0]["phone"], "SMS")
    assert key in letter.body
    assert letter.message_id == database.value(
        "SELECT id::text FROM message WHERE recipient = $1 ORDER BY id DESC LIMIT 1", family.adults[0]["phone"]
    )


async def test_a_mail_server_that_is_down_delays_and_loses_nothing(
    settings: Settings, dsn: str, portal: Portal, database: Database
) -> None:
    """The message stays pending with a later try, keeps its secret, and leaves once the server is back."""
    assert portal
    down = Worker(Foyer(dsn, pool_size=2), settings.model_copy(update={"mail_url": f"smtp://127.0.0.1:{free_port()}"}))
    async with down.database.transaction() as db:
        await enqueue(db, settings, "password-reset", "patience@exemple.fr", secret={"token": "jeton"})
        # Ours alone: it is not due for the worker that runs beside.
        await db.execute(
            text(
                "UPDATE message SET next_attempt_at = now() + interval '1 hour' WHERE recipient = 'patience@exemple.fr'"
            )
        )
        message = (await db.scalars(select(Message).where(Message.recipient == "patience@exemple.fr"))).one()
    await down._send(message)
    async with down.database.transaction() as db:
        kept = (await db.execute(text("SELECT state, error FROM message WHERE id = :id"), {"id": message.id})).one()
        await db.execute(text("UPDATE message SET next_attempt_at = now() WHERE id = :id"), {"id": message.id})
    assert (kept.state, kept.error) == ("pending", "SMTPConnectError")
    letter = await asyncio.to_thread(portal.mailbox.wait, "patience@exemple.fr", "nouveau mot de passe")
    assert "jeton" in letter.body
    await down.database.close()
    assert database


def test_a_retry_waits_longer_each_time_at_most_an_hour() -> None:
    """Full jitter, doubling from 10 s."""
    for attempts in range(1, 20):
        assert 0 <= backoff(attempts).total_seconds() <= min(3600, 10 * 2**attempts)
    assert max(backoff(12).total_seconds() for _ in range(200)) > 1800


def test_a_code_is_never_sent_after_its_expiry(portal: Portal, database: Database) -> None:
    """A message whose time has passed is marked, not sent."""
    database.run(
        "INSERT INTO message (channel, recipient, language, template, params, expires_at) "
        "VALUES ('email', 'trop.tard@exemple.fr', 'fr', 'account-exists', '{}', now() - interval '1 second')"
    )
    deadline = time.monotonic() + 10
    while (
        database.value("SELECT state FROM message WHERE recipient = 'trop.tard@exemple.fr'") == "pending"
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert database.value("SELECT state FROM message WHERE recipient = 'trop.tard@exemple.fr'") == "expired"
    assert not [letter for letter in portal.mailbox.letters if letter.to == "trop.tard@exemple.fr"]


def test_a_message_that_somebody_is_sending_is_not_taken(portal: Portal, database: Database) -> None:
    """As long as a lease lasts it is one worker's; others send what came after it."""
    insert = "INSERT INTO message (channel, recipient, language, template, params, leased_until) VALUES ('email', $1, 'fr', 'account-exists', '{}', now() + $2::text::interval)"
    database.run(insert, "en.cours@exemple.fr", "1 hour")
    database.run(insert, "apres@exemple.fr", "-1 second")
    assert portal.mailbox.wait("apres@exemple.fr", "déjà un compte")
    assert not [letter for letter in portal.mailbox.letters if letter.to == "en.cours@exemple.fr"]
    database.run("UPDATE message SET leased_until = now() WHERE recipient = 'en.cours@exemple.fr'")
    database.run("NOTIFY message")
    assert portal.mailbox.wait("en.cours@exemple.fr", "déjà un compte")


async def test_a_message_leaves_only_if_its_transaction_commits(
    settings: Settings, dsn: str, portal: Portal, database: Database
) -> None:
    """What is rolled back was never written."""
    foyer = Foyer(dsn, pool_size=1)
    for to in ("jamais@exemple.fr", "toujours@exemple.fr"):
        with contextlib.suppress(ZeroDivisionError):
            async with foyer.transaction() as db:
                await enqueue(db, settings, "account-exists", to)
                assert to.startswith("toujours") or 1 / 0
    await foyer.close()
    assert await asyncio.to_thread(portal.mailbox.wait, "toujours@exemple.fr", "déjà un compte")
    assert database.value("SELECT count(*) FROM message WHERE recipient = 'jamais@exemple.fr'") == 0


async def test_a_message_that_nobody_takes_for_a_day_is_a_dead_letter(
    settings: Settings, dsn: str, address: str
) -> None:
    """Tried until then, and listed for an agent after."""
    assert address
    down = Worker(Foyer(dsn, pool_size=2), settings.model_copy(update={"mail_url": f"smtp://127.0.0.1:{free_port()}"}))
    outcomes = []
    for hours in (23, 25):
        async with down.database.transaction() as db:
            made = text(
                "INSERT INTO message (channel, recipient, language, template, params, created_at, next_attempt_at) VALUES "
                "('email', 'absent@exemple.fr', 'fr', 'account-exists', '{}', now() - make_interval(hours => :hours), now() + interval '1 hour') RETURNING id"
            )
            message = await db.get_one(Message, await db.scalar(made, {"hours": hours}))
        await down._send(message)
        async with down.database.transaction() as db:
            outcomes.append(await db.scalar(text("SELECT state FROM message WHERE id = :id"), {"id": message.id}))
            await db.execute(text("DELETE FROM message WHERE id = :id"), {"id": message.id})
    await down.database.close()
    assert outcomes == ["pending", "failed"]


async def test_no_transaction_is_open_while_a_mail_server_is_waited_for(
    settings: Settings, dsn: str, database: Database
) -> None:
    """One that takes the connection and then says nothing holds no connection of the database."""
    database.run("DROP DATABASE IF EXISTS quiet")
    database.run("CREATE DATABASE quiet TEMPLATE template0")
    alone = dsn.replace("/foyer?", "/quiet?")
    await migrate(alone)
    asked = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        asked.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    worker = Worker(Foyer(alone, pool_size=2), settings.model_copy(update={"mail_url": url}))
    async with worker.database.transaction() as db:
        await enqueue(db, settings, "account-exists", "lent@exemple.fr")
    sending = asyncio.create_task(worker.send_due())
    async with asyncio.timeout(20):
        await asked.wait()
    held = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'quiet' AND state = 'idle in transaction'"
    assert database.value(held) == 0
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
    server.close()
    await worker.database.close()


def test_a_killed_worker_loses_no_message(portal: Portal, database: Database, environment: dict[str, str]) -> None:
    """kill -9 in the middle of 60 messages: its leases end, another worker sends them, each at least once."""
    database.run(
        "INSERT INTO message (channel, recipient, language, template, params) "
        "SELECT 'email', 'tue' || n || '@exemple.fr', 'fr', 'account-exists', '{}' FROM generate_series(1, 60) n"
    )
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            ours = f"FOYER_PORT={environment['FOYER_PORT']}\0".encode() in (entry / "environ").read_bytes()
            if ours and b"--until-input-closes" in (entry / "cmdline").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
    database.run(
        "UPDATE message SET leased_until = now() WHERE state = 'pending' AND leased_until IS NOT NULL"
    )  # the lease's time passed
    for n in range(1, 61):
        assert portal.mailbox.wait(f"tue{n}@exemple.fr", "déjà un compte")
    deadline = time.monotonic() + 30
    while (
        database.value("SELECT count(*) FROM message WHERE recipient LIKE 'tue%' AND state <> 'sent'")
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    assert database.value("SELECT count(*) FROM message WHERE recipient LIKE 'tue%' AND state = 'sent'") == 60


def test_every_template_is_in_both_languages_and_holds_nothing_private() -> None:
    """The same messages with the same values; no name of a child and no amount can be put in."""
    import re

    french, english = _texts("fr"), _texts("en")
    names = {k: {part: set(re.findall(r"\$\{(\w+)\}", text)) for part, text in v.items()} for k, v in french.items()}
    assert names == {
        k: {part: set(re.findall(r"\$\{(\w+)\}", text)) for part, text in v.items()} for k, v in english.items()
    }
    used = {n for parts in names.values() for s in parts.values() for n in s}
    assert not used & {"child", "first_name", "name", "amount", "total", "password"}


def test_a_value_cannot_add_a_header_to_a_mail() -> None:
    """A subject is one line."""
    subject, _ = render(
        "request-submitted",
        "fr",
        "email",
        {"reference": "D-1\r\nBcc: x@y.z", "request_id": "1", "town": "T", "address": "a", "contact": "c"},
    )
    assert "\n" not in subject
    assert "\r" not in subject


async def test_without_a_server_messages_are_captured(tmp_path: Path) -> None:
    """One file a message, readable by its owner only; sending it twice keeps one."""
    box = CapturedMailbox(Settings(data_dir=tmp_path), "email")
    for _ in range(2):
        await box.send(Letter("1", "a@exemple.fr", "Sujet", "Texte"))
    files = list((tmp_path / "messages").iterdir())
    assert [f.name for f in files] == ["1.json"]
    assert files[0].stat().st_mode & 0o077 == 0
