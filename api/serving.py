"""The processes of `foyer serve`: the API, and a worker beside it that ends with it."""

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import sys
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from api.core.settings import PROJECT, ConfigurationError, Settings

MOST_FILES = 65_536


class _Server(uvicorn.Server):
    """A server that drains on SIGTERM and then ends as a command that worked, instead of dying of the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop taking connections, answer those there are, return."""
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.handle_exit, number, None)
        yield


def server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """The HTTP server of an application; addresses of proxies are ours to read, so it does not."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
    )
    return _Server(config)


def _rest_from_collecting() -> None:
    """Thousands of requests at once are thousands of objects that live: looking through them all for cycles took a quarter of
    the processor (bench/README.md). What start-up made is left out for good, and the rest is looked at seldom."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _allow_many_connections() -> None:
    """Each connection is a file, also one that is only held, and most systems give 1,024 unless they are asked: then nobody else comes in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def serve_until_stopped(server: uvicorn.Server, *, with_worker: bool) -> None:
    """The API until a signal, with its worker."""
    _allow_many_connections()
    _rest_from_collecting()
    beside = asyncio.create_task(_keep_worker()) if with_worker else None
    try:
        await server.serve()
    finally:
        if beside:
            beside.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beside


async def _keep_worker() -> None:
    """A worker process of its own, started again if it dies. It ends with us: its standard input is our pipe."""
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "api.cli",
            "worker",
            "--until-input-closes",
            stdin=asyncio.subprocess.PIPE,
            cwd=PROJECT,
        )
        try:
            await child.wait()
            structlog.get_logger("foyer").warning("worker ended, starting it again", status=child.returncode)
            await asyncio.sleep(1)
        finally:
            if child.returncode is None:
                child.terminate()
                await child.wait()


def refuse_taken_port(settings: Settings) -> None:
    """Raises ConfigurationError when the port cannot be listened on."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}). Stop what uses it, or choose another: FOYER_PORT=8001."
            ) from None
