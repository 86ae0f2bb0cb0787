"""Long work in processes of its own, started by the worker, so that mails go on leaving meanwhile."""

import asyncio
import sys

from api.core.settings import PROJECT

_waiting: set[asyncio.Task[None]] = set()


async def start(command: str) -> None:
    """Run a hidden command of `foyer`; it ends with the worker."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "api.cli", command, cwd=PROJECT)
    _waiting.add(task := asyncio.create_task(_end(child)))
    task.add_done_callback(_waiting.discard)
    await asyncio.sleep(0.2)  # it claims its work before the worker looks again


async def _end(child: asyncio.subprocess.Process) -> None:
    try:
        await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
