"""The container, without a container engine: a root of its own with what the Dockerfile copies, read-only, as nobody special."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from bench.machine import data_directory
from tests.conftest import PROJECT, free_port

NOBODY = 10001  # the Dockerfile's
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc")
DOCKERFILE = (PROJECT / "Dockerfile").read_text().replace("/srv/foyer/", "")
COPIED = [
    part
    for line in re.findall(r"^COPY --from=build (.*) \S+$", DOCKERFILE, re.M)
    for part in line.split()
    if (PROJECT / part).exists()
]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="making a root of its own needs root's rights on Linux"
)


def script(root: Path, port: int) -> str:
    """Makes the root, and starts the portal in it."""
    q = shlex.quote
    lines = ["set -e", "umask 022", f"mount -t tmpfs -o mode=755 none {q(str(root))}", f"cd {q(str(root))}"]
    for folder in (*SYSTEM, sys.base_prefix):
        if Path(folder).is_symlink():
            lines.append(f"cp -P {q(folder)} .{q(folder)}")
        elif Path(folder).is_dir():
            lines.append(
                f"mkdir -p .{q(folder)}; mount --bind {q(folder)} .{q(folder)}; mount -o remount,bind,ro .{q(folder)}"
            )
    for part in COPIED:
        here = str(PROJECT / part)
        lines.append(f"mkdir -p .{q(str(Path(here).parent))}")
        lines.append(f"mkdir .{q(here)}" if Path(here).is_dir() else f"touch .{q(here)}")
        lines.append(f"mount --bind {q(here)} .{q(here)}; mount -o remount,bind,ro .{q(here)}")
    environment = dict(re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^ENV (.*)$", DOCKERFILE, re.M))))
    environment |= {"PATH": f"{PROJECT}/.venv/bin:/usr/local/bin:/usr/bin:/bin", "FOYER_HOST": "127.0.0.1"}
    environment |= {"FOYER_PORT": str(port), "LANG": "C.UTF-8"}
    lines += [
        f"(cat /etc/passwd; echo foyer:x:{NOBODY}:{NOBODY}::/data:/bin/sh) > passwd; mount --bind passwd etc/passwd",  # useradd
        "mkdir -p proc dev data tmp",  # (the project itself may lie in /tmp)
        "mount -t proc none proc",
        "mount -t tmpfs -o mode=755 none dev",
        "for one in null zero random urandom; do touch dev/$one; mount --bind /dev/$one dev/$one; done",
        "mkdir dev/shm; mount -t tmpfs -o mode=1777 none dev/shm",  # an engine gives one too
        f"mount -t tmpfs -o uid={NOBODY},gid={NOBODY},mode=755 none data",
        "mount -o remount,bind,ro etc/passwd; mount -o remount,ro .",
        f"exec unshare --root=. --wd={q(str(PROJECT))} setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --no-new-privs "
        f"--bounding-set=-all --inh-caps=-all env -i {' '.join(f'{k}={q(v)}' for k, v in environment.items())} foyer serve",
    ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def container() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The process, and its address."""
    port = free_port()
    with data_directory() as root:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "bash", "-c", script(root, port)],
            stdout=subprocess.DEVNULL,
        )
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx2.get(f"{address}/readyz").status_code == 200:
                    break
            except httpx2.HTTPError:
                pass
            time.sleep(0.1)
        yield process, address
        process.terminate()
        assert process.wait(30) == 0


def test_it_runs_as_nobody_special_on_a_file_system_that_it_cannot_write(
    container: tuple[subprocess.Popen[bytes], str],
) -> None:
    """No right of root's is left, none can be had, and only the data folder can be written; page and API are there."""
    process, address = container
    said = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert said["Uid"].split() == [str(NOBODY)] * 4
    assert (said["NoNewPrivs"], int(said["CapEff"], 16), int(said["CapBnd"], 16)) == ("1", 0, 0)
    mounts = [line.split() for line in Path(f"/proc/{process.pid}/mountinfo").read_text().splitlines()]
    writable = {m[4] for m in mounts if "rw" in m[5].split(",")}
    assert {place for place in writable if not place.startswith(("/dev", "/proc"))} == {"/data"}
    assert "Espace" in httpx2.get(address).text
    assert httpx2.get(f"{address}/api/v1/services").status_code == 200


def test_what_it_must_write_it_writes_in_its_data_folder(container: tuple[subprocess.Popen[bytes], str]) -> None:
    """An import, which lays rows on disk, a person who signs up, and the mail, all without another place to write."""
    process, address = container
    inside = ["nsenter", f"--target={process.pid}", "--mount", "--root"]
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    own = Path(f"/proc/{process.pid}/environ").read_bytes().decode().strip("\0").split("\0")
    command = [
        *inside,
        *as_nobody,
        "env",
        "-i",
        "-C",
        str(PROJECT),
        *own,
        "foyer",
        "import",
        "api/demo/town",
        "--rejects",
        "/data/r.csv",
    ]
    imported = subprocess.run(command, capture_output=True, text=True, check=False)
    assert imported.returncode == 0, imported.stderr
    person = {"email": "ana@exemple.fr", "password": "colibri sur la crique", "first_name": "Ana", "last_name": "Silva"}
    assert httpx2.post(f"{address}/api/v1/accounts", json=person).status_code == 202
    messages = Path("/proc", str(process.pid), "root", "data", "messages")
    deadline = time.monotonic() + 30
    while not (found := list(messages.glob("*"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found
