"""A real town: PostgreSQL, `foyer serve` with its worker, an SMTP server and an SMS gateway, all for the whole run."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import hypothesis  # its plugin would import it inside the browser driver's greenlet, where CPython 3.11 fails
import pytest
from aiosmtpd.controller import Controller

from api.core.embedded import embedded_postgres
from api.core.settings import Settings
from bench.machine import data_directory
from tests.portal import Agent, Mailbox, Portal, Software

PROJECT = Path(__file__).resolve().parents[1]
# No test is about time: four lanes share two cores, and a machine that is slow for a moment is no fault.
hypothesis.settings.register_profile("foyer", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("foyer")


def free_port() -> int:
    """A port that nothing uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Smtp:
    """Keeps what a real SMTP client delivers."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if any(r.startswith("refused@") for r in envelope.rcpt_tos):
            return "550 no such mailbox"
        self.mailbox.take_mail(envelope.content)
        return "250 OK"


@contextlib.contextmanager
def post_office(mailbox: Mailbox, mail_port: int, sms_port: int) -> Iterator[None]:
    """A real SMTP server and a real HTTP gateway that deliver into a mailbox."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            mailbox.take_sms(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    smtp = Controller(_Smtp(mailbox), hostname="127.0.0.1", port=mail_port)
    sms = ThreadingHTTPServer(("127.0.0.1", sms_port), Gateway)
    smtp.start()
    threading.Thread(target=sms.serve_forever, daemon=True).start()
    yield
    smtp.stop()
    sms.shutdown()
    sms.server_close()


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """The mails and SMS that left."""
    box, mail_port, sms_port = Mailbox(), free_port(), free_port()
    box.mail_url, box.sms_url = f"smtp://127.0.0.1:{mail_port}", f"http://127.0.0.1:{sms_port}/send"
    with post_office(box, mail_port, sms_port):
        yield box


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """The installation's data directory."""
    with data_directory() as folder:
        yield folder


@pytest.fixture(scope="session")
def dsn(data_dir: Path) -> Iterator[str]:
    """The embedded PostgreSQL, as its owner, who passes by every wall."""
    with embedded_postgres(data_dir) as address:
        yield address


@pytest.fixture(scope="session")
def environment(data_dir: Path, mailbox: Mailbox, dsn: str) -> dict[str, str]:
    """What `foyer` runs with; `dsn` holds the database up for the whole run."""
    assert dsn
    return {k: v for k, v in os.environ.items() if not k.startswith("FOYER_")} | {
        "FOYER_DATA_DIR": str(data_dir),
        "FOYER_MAIL_URL": mailbox.mail_url,
        "FOYER_SMS_URL": mailbox.sms_url,
        "FOYER_PORT": str(free_port()),
        "FOYER_WEBHOOK_NETWORKS": "127.0.0.0/8",  # where the tests listen
    }


@pytest.fixture(scope="session")
def settings(environment: dict[str, str]) -> Settings:
    """The same settings, for tests that look inside."""
    return Settings(
        data_dir=Path(environment["FOYER_DATA_DIR"]),
        mail_url=environment["FOYER_MAIL_URL"],
        sms_url=environment["FOYER_SMS_URL"],
        port=int(environment["FOYER_PORT"]),
    )


def foyer(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does."""
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=PROJECT
    )


@contextlib.contextmanager
def served(
    environment: dict[str, str], *arguments: str, command: str = "serve", folder: Path = PROJECT
) -> Iterator[subprocess.Popen[bytes]]:
    """`foyer serve`, or `foyer demo`, of the code in a folder, until the block ends; ready when it begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", command, *arguments], env=environment, cwd=folder, stdout=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{environment['FOYER_PORT']}/readyz"
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise AssertionError(f"foyer {command} ended with {process.returncode}")
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(address).status_code == 200:
                    break
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, -signal.SIGKILL}


def bring_back(environment: dict[str, str], copy: Path) -> None:
    """Copy the town while it is open, and go on with the copy."""
    with served(environment):
        made = foyer(environment, "backup", str(copy))
        assert made.returncode == 0, made.stderr
    restored = foyer(environment, "restore", str(copy))
    assert restored.returncode == 0, restored.stderr


@pytest.fixture(scope="session")
def address(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The portal's address, with the demonstration town imported; on a restored copy of it in `make copy`."""
    assert foyer(environment, "migrate").returncode == 0
    imported = foyer(
        environment, "import", "api/demo/town", "--rejects", str(Path(environment["FOYER_DATA_DIR"]) / "rejets.csv")
    )
    assert imported.returncode == 0, imported.stderr
    if "FOYER_ON_A_COPY" in os.environ:
        bring_back(environment, tmp_path_factory.mktemp("copy") / "town")
    with served(environment):
        yield f"http://127.0.0.1:{environment['FOYER_PORT']}"


@pytest.fixture(scope="session")
def database(address: str, dsn: str) -> Iterator["Database"]:
    """The database as its owner, to arrange what no one can do through the portal, such as the passing of time."""
    assert address
    arranging = Database(dsn)
    yield arranging
    arranging.close()


class Database:
    """A plain connection for arranging and looking, in a thread of its own: the browser driver has the main one."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.connection: asyncpg.Connection[Any] = self._do(asyncpg.connect(dsn))

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def rows(self, sql: str, *args: object) -> list[Any]:
        """The rows of a query."""
        return list(self._do(self.connection.fetch(sql, *args)))

    def value(self, sql: str, *args: object) -> Any:
        """The one value of a query."""
        return self._do(self.connection.fetchval(sql, *args))

    def run(self, sql: str, *args: object) -> None:
        """A statement without an answer."""
        self._do(self.connection.execute(sql, *args))

    def reconnect(self) -> None:
        """After the server has been away."""
        self.connection.terminate()
        self.connection = self._do(asyncpg.connect(self.dsn))

    def close(self) -> None:
        """End the connection and its thread."""
        self._do(self.connection.close())
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture(scope="session")
def portal(address: str, mailbox: Mailbox, database: Database) -> Portal:
    """A person's way into the portal."""
    return Portal(address, mailbox, database)


@pytest.fixture(scope="session")
def agent(environment: dict[str, str], portal: Portal) -> Agent:
    """An agent who passed the second factor."""
    made = foyer(
        environment,
        "agents",
        "add",
        "agente@ville.exemple.fr",
        "--first-name",
        "Aude",
        "--last-name",
        "Agente",
        "--role",
        "manager",
        "--json",
    )
    assert made.returncode == 0, made.stderr
    return portal.sign_in_agent(json.loads(made.stdout))


@pytest.fixture(scope="session")
def colleague(environment: dict[str, str], portal: Portal) -> Agent:
    """A second agent, of the desk."""
    name = ["--first-name", "Lou", "--last-name", "Collègue", "--role", "desk"]
    made = foyer(environment, "agents", "add", "lou@ville.exemple.fr", *name, "--json")
    return portal.sign_in_agent(json.loads(made.stdout))


@pytest.fixture(scope="session")
def administrator(environment: dict[str, str], portal: Portal) -> Agent:
    """An agent who may read the audit."""
    name = ["--first-name", "Ada", "--last-name", "Administre", "--role", "administrator"]
    made = foyer(environment, "agents", "add", "ada@ville.exemple.fr", *name, "--json")
    return portal.sign_in_agent(json.loads(made.stdout))


def new_client(environment: dict[str, str], name: str, *scopes: str) -> dict[str, Any]:
    """Other software, as the operator registers it."""
    options = [word for scope in scopes for word in ("--scope", scope)]
    made = foyer(environment, "clients", "add", name, *options, "--json")
    assert made.returncode == 0, made.stderr
    return dict(json.loads(made.stdout))


@pytest.fixture(scope="session")
def software(environment: dict[str, str], portal: Portal) -> Software:
    """Other software that may do all that software may."""
    scopes = [f"integration:{name}" for name in ("families", "invoices", "activities", "enrollments", "events")]
    made = new_client(environment, "Essai du contrat", *scopes)
    return Software(portal.http, "", {}, extra=made)
