"""Owns the embedded PostgreSQL: makes the cluster once, starts it, and stops it when no command uses it any more.

Run by embedded.py as a process of its own: BINARIES HOME SOCKETS [setpriv …]. Standard library only, so that it starts
in milliseconds.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """The server gets SIGINT (fast shutdown) from the kernel if this process is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def main(binaries: Path, home: Path, sockets: str, drop: list[str]) -> int:
    """Run until the last user is gone; the exit status of the server."""
    cluster, ready = home / "data", home / "ready"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # setpriv clears the signal on a change of user, so it sets it itself, last.
    run = [drop[0], "--pdeathsig=INT", *drop[1:]] if drop else []
    os.chdir("/")
    if not (cluster / "PG_VERSION").exists():
        unfinished = home / "data.new"
        subprocess.run(["rm", "-rf", str(unfinished)], check=True)
        # C.UTF-8 collation of the C library: the wheels have no ICU, and names are ordered by a normalised column.
        subprocess.run(
            [
                *run,
                str(binaries / "initdb"),
                "-D",
                str(unfinished),
                "-U",
                "foyer",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-instructions",
            ],
            check=True,
        )
        unfinished.rename(cluster)
    options = {
        "unix_socket_directories": sockets,
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "max_connections": "120",
        "shared_buffers": "128MB",
        "logging_collector": "off",
        "log_min_messages": "warning",
        "log_error_verbosity": "terse",  # a detail may quote what a person typed
    }
    if not _running(cluster):
        (cluster / "postmaster.pid").unlink(missing_ok=True)
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = [*run, str(binaries / "postgres"), "-D", str(cluster), *settings]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, preexec_fn=None if drop else _die_with_parent)

    server = start()
    while not _accepts(sockets):
        if server.poll() is not None:
            return server.returncode
        time.sleep(0.02)
    if not (home / "created").exists():
        _create_database(sockets)
        (home / "created").touch()
    ready.write_text(str(os.getpid()))
    with open(home / "users.lock", "a") as users:
        while not _granted(users):  # until the last command is gone
            if server.poll() is not None:
                server = start()
            time.sleep(0.3)
        ready.unlink(missing_ok=True)
        server.send_signal(signal.SIGINT)
        return server.wait()


def _granted(lock: IO[str]) -> bool:
    """Whether nobody else holds the lock, which is then ours."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _running(cluster: Path) -> bool:
    try:
        pid = int((cluster / "postmaster.pid").read_text().split()[0])
        return "postgres" in Path(f"/proc/{pid}/comm").read_text()
    except (OSError, ValueError, IndexError):
        return False


def _accepts(sockets: str) -> bool:

    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(f"{sockets}/.s.PGSQL.5432")
        except OSError:
            return False
        # A start-up message of protocol 3.0: 'R' is the answer of a server that takes connections.
        body = b"\x00\x03\x00\x00user\x00foyer\x00database\x00template1\x00\x00"
        probe.sendall((len(body) + 4).to_bytes(4, "big") + body)
        return probe.recv(1) == b"R"


def _create_database(sockets: str) -> None:
    """`CREATE DATABASE foyer` in single statements; the wheel has no psql, so speak through the protocol."""

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"{sockets}/.s.PGSQL.5432")
        body = b"\x00\x03\x00\x00user\x00foyer\x00database\x00postgres\x00\x00"
        connection.sendall((len(body) + 4).to_bytes(4, "big") + body)
        query = b"CREATE DATABASE foyer TEMPLATE template0\x00"
        connection.sendall(b"Q" + (len(query) + 4).to_bytes(4, "big") + query)
        connection.sendall(b"X\x00\x00\x00\x04")
        while connection.recv(65536):
            pass


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:]))
