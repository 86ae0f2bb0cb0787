"""The database freezes, starts again, crashes, is slow, has no connection left, has no room left: 503 meanwhile, nothing lost after."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from api.core.embedded import embedded_postgres
from bench.machine import data_directory
from tests.conftest import Database, foyer, free_port
from tests.faults.town import LONG, SignUps, Town, account_for, long_run
from tests.portal import Mailbox

FROZEN = 10 if LONG else 3  # seconds


def test_a_database_that_freezes(town: Town, mailbox: Mailbox) -> None:
    """All its processes stand still, and nobody is kept waiting for ever: 503 within its time-outs, and all is well at once after."""
    with SignUps(town) as load:
        load.more(5)
        frozen = town.server_processes()
        for process in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)
        try:
            time.sleep(FROZEN)
            assert httpx2.get(f"{town.address}/healthz", timeout=5).status_code == 200
            assert httpx2.get(f"{town.address}/readyz", timeout=10).status_code == 503
        finally:
            for process in frozen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)
        recovered = town.ready()
        load.more(5)
    account_for(town, mailbox, load, f"the database frozen for {FROZEN} s", recovered)


@pytest.mark.parametrize(
    ("how", "signal_"), [("crashes", signal.SIGKILL), pytest.param("starts again", signal.SIGINT, marks=long_run)]
)
def test_a_database_that_goes_and_comes_back(town: Town, mailbox: Mailbox, how: str, signal_: signal.Signals) -> None:
    """Shut down while people write, or killed; its supervisor starts it again."""
    with SignUps(town) as load:
        load.more(5)
        os.kill(town.server_processes(only_main=True)[0], signal_)
        load.until(lambda: load.answers["503"] > 0)
        recovered = town.ready()
        load.more(5)
    town.database.reconnect()
    account_for(town, mailbox, load, f"the database {how}", recovered)


@long_run
def test_a_slow_database(town: Town, mailbox: Mailbox) -> None:
    """Each word to it and from it takes a tenth of a second: slow answers or 503, never another; fast again when it is."""
    host = parse_qs(urlsplit(str(town.database.dsn)).query)["host"][0]
    with delayed(Path(host), 0.1) as address:
        town.stop()
        secrets = str(Path(town.environment["FOYER_DATA_DIR"]) / "secrets.json")
        town.start(FOYER_DATABASE_URL=address, FOYER_SECRET_FILE=secrets)
        town.ready()
        with SignUps(town) as load:
            load.more(10)
        town.stop()
    town.start()
    account_for(town, mailbox, load, "the database 0.1 s away", town.ready())


@contextlib.contextmanager
def delayed(server: Path, seconds: float) -> Iterator[str]:
    """The address of a socket behind which the server's own is that much farther away."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                await asyncio.sleep(seconds)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(server / ".s.PGSQL.5432"))
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    with data_directory() as folder:
        opened = asyncio.run_coroutine_threadsafe(asyncio.start_unix_server(connect, f"{folder}/.s.PGSQL.5432"), loop)
        listening = opened.result(10)
        yield f"postgresql://foyer@/foyer?host={folder}"
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)


def test_no_connection_is_left(town: Town, mailbox: Mailbox) -> None:
    """Somebody holds a lock that every sign-up needs, and three hundred come: each has an answer, 503 with a time to come back."""
    seen = Counter[int]()

    async def come() -> None:
        async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=300)) as client:

            async def one(number: int) -> None:
                body = {"email": f"foule{number}@exemple.fr", "password": "quatre mots bien choisis"}
                answer = await client.post(
                    f"{town.address}/api/v1/accounts", json=body | {"first_name": "Ana", "last_name": "Silva"}
                )
                seen[answer.status_code] += 1
                if answer.status_code == 503:
                    assert answer.headers["retry-after"]

            await asyncio.gather(*(one(number) for number in range(300)))

    town.database.run("BEGIN; LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
    try:
        asyncio.run(come())
        assert httpx2.get(f"{town.address}/healthz", timeout=5).status_code == 200
    finally:
        town.database.run("ROLLBACK")
    began = time.monotonic()
    recovered = town.ready()
    print(f"\nno connection left: 300 tried, {dict(seen)}, {time.monotonic() - began:.1f} s later all was well")
    assert set(seen) <= {503, 429}
    assert seen[503] > 0
    with SignUps(town) as load:
        load.more(5)
    account_for(town, mailbox, load, "after no connection was left", recovered)


def test_clients_who_go_away_leave_nothing_behind(town: Town) -> None:
    """Three hundred go in the middle of a request, a half before they have said all, a half before they heard the answer: their
    connections to the database come back, and the next one is served.
    """
    host, port = "127.0.0.1", int(town.environment["FOYER_PORT"])
    body = b'{"email": "parti@exemple.fr", "password": "quatre mots bien choisis", "first_name": "A", "last_name": "B"}'
    head = f"POST /api/v1/accounts HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    for number in range(300):
        with socket.create_connection((host, port)) as connection:
            connection.sendall(head.encode() + (body if number % 2 else body[:20]))
            # With a reset, as a phone that loses its network.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    began = time.monotonic()
    recovered = town.ready()
    busy = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'foyer' AND state <> 'idle'"
    deadline = time.monotonic() + 30
    while (left := town.database.value(busy)) and time.monotonic() < deadline:
        time.sleep(0.05)
    print(f"\n300 clients gone: back after {recovered:.1f} s, quiet after {time.monotonic() - began:.1f} s")
    assert left == 0


def test_a_full_disk(environment: dict[str, str], mailbox: Mailbox) -> None:
    """No room for the database: 503 and never another answer; with room again all that was acknowledged is there."""
    with data_directory() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400m,mode=0711", "tmpfs", str(folder)], check=False
        )
        if mounted.returncode:
            pytest.skip("a small disk can only be made by root")
        try:
            _fill(environment | {"FOYER_DATA_DIR": str(folder), "FOYER_PORT": str(free_port())}, folder, mailbox)
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(environment: dict[str, str], folder: Path, mailbox: Mailbox) -> None:
    with embedded_postgres(folder) as dsn:
        own = environment | {"FOYER_TRUSTED_PROXIES": "127.0.0.1"}
        assert foyer(own, "migrate").returncode == 0
        database = Database(dsn)
        town, ballast = Town(own, database), folder / "ballast"
        town.start()
        town.ready()
        with SignUps(town) as load:
            load.more(5)
            with contextlib.suppress(OSError), ballast.open("wb") as file:
                while True:
                    file.write(b"\0" * (1 << 16))
                    file.flush()
            load.until(lambda: load.answers["503"] > 3, 120)
            ballast.unlink()
            recovered = town.ready()
            load.more(5)
        database.reconnect()
        account_for(town, mailbox, load, "a full disk", recovered)
        town.stop()
        database.close()
