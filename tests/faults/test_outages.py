"""Mail and SMS away for an hour, and clocks that do not agree."""

import subprocess
import sys
import time

import httpx2
import pytest

from tests.conftest import PROJECT, free_port, post_office
from tests.faults.town import SignUps, Town, account_for, from_somewhere, long_run
from tests.portal import PASSWORD, TOKEN, Mailbox

CODE = "INSERT INTO message (channel, recipient, language, template, params, expires_at) VALUES ('sms', '+594694000001', 'fr', 'account-exists', '{}', now() + interval '10 minutes')"


def test_an_hour_without_mail_and_sms(town: Town, mailbox: Mailbox) -> None:
    """Nothing is lost or sent twice; what was too late to be of use is not sent; the portal itself is as ever. The hour passes in the
    rows: every message is made five minutes older, twelve times, and each time the worker tries what is due.
    """
    ports = free_port(), free_port()
    town.stop()
    town.start(FOYER_MAIL_URL=f"smtp://127.0.0.1:{ports[0]}", FOYER_SMS_URL=f"http://127.0.0.1:{ports[1]}/send")
    town.ready()
    town.database.run(CODE)
    tried = "SELECT coalesce(sum(attempts), 0)::int FROM message WHERE state = 'pending'"
    with SignUps(town) as load:
        load.more(10)
        for _ in range(12):
            before = town.database.value(tried)
            town.database.run(
                "UPDATE message SET created_at = created_at - interval '5 minutes', next_attempt_at = next_attempt_at - interval '5 minutes', "
                "expires_at = expires_at - interval '5 minutes', leased_until = leased_until - interval '5 minutes' WHERE state = 'pending'"
            )
            # Who polls finds it within seconds; a new message wakes it up at once.
            load.until(lambda before=before: town.database.value(tried) > before, 30)  # type: ignore[misc]
    states = {r["state"] for r in town.database.rows("SELECT DISTINCT state FROM message WHERE channel = 'email'")}
    assert "failed" not in states
    with post_office(mailbox, *ports):
        began = time.monotonic()
        account_for(town, mailbox, load, "an hour without mail and SMS", 0.0)
        print(f"all mails there {time.monotonic() - began:.1f} s after the post office opened")
        assert town.database.value("SELECT state FROM message WHERE recipient = '+594694000001'") == "expired"
        assert not [letter for letter in mailbox.letters if letter.to == "+594694000001"]
        town.stop()
    town.start()


@pytest.mark.parametrize("minutes", [2, pytest.param(-2, marks=long_run)])
def test_a_clock_that_is_wrong_by_two_minutes(town: Town, mailbox: Mailbox, minutes: int) -> None:
    """The portal's clock against the database's and everybody else's: people sign up, activate, sign in, stay signed in."""
    town.stop("api")
    code = (
        f"import datetime, api.core.clock as c; real = c.utcnow; c.utcnow = lambda: real() + datetime.timedelta(minutes={minutes}); "
        "from api.cli import main; main()"
    )
    environment, address = town.environment, f"{town.address}/api/v1"
    town.processes["api"] = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--no-worker"],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
    )
    town.ready()
    email = town.sign_up("horloge")
    assert email
    link = TOKEN.search(mailbox.wait(email, "Activez").body)
    assert link
    assert (
        httpx2.post(f"{address}/accounts/activation", json={"token": link[1]}, headers=from_somewhere()).status_code
        < 300
    )
    answer = httpx2.post(f"{address}/sessions", json={"email": email, "password": PASSWORD, "client": "app"})
    tokens = answer.json()
    assert answer.status_code == 201, tokens
    for _ in range(2):  # with what signing in gave, then with what refreshing gave
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert httpx2.get(f"{address}/me", headers=headers).status_code == 200
        assert len(httpx2.get(f"{address}/sessions", headers=headers).json()["items"]) == 1
        renewed = httpx2.post(f"{address}/sessions/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert renewed.status_code == 200, renewed.text
        tokens = renewed.json()
    # A second API whose clock is right takes the same tokens.
    town.stop("api")
    town.start("api")
    town.ready()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert httpx2.get(f"{address}/me", headers=headers).status_code == 200
