"""Runs one simulator as a program: until SIGTERM or SIGINT, then cleanly."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

from connectors.simulators.musubi.settings import Settings
from connectors.simulators.musubi.simulator import Simulator
from pipeline.errors import SettingsError


def read_secret(path: Path) -> str:
    """Return the secret of a file; a file that does not exist is written with a new one, readable by its owner only.

    Raises SettingsError for a file that cannot be read or is empty.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(secrets.token_urlsafe(24))
        secret = path.read_text(encoding="utf-8-sig").strip()
    except OSError as problem:
        raise SettingsError(f"secret file {path}: {problem.strerror}; name a readable file") from problem
    if not secret:
        raise SettingsError(f"secret file {path} is empty: write the client's secret into it")
    return secret


def parse_listen(text: str) -> tuple[str, int]:
    """Read HOST:PORT; raises SettingsError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"listen {text!r}: write HOST:PORT, such as 127.0.0.1:8700, port 0 for a free one")
    return host.strip("[]"), int(port)


def run(settings: Settings, *, port_file: Path | None, say: Callable[[str], None]) -> None:
    """Run until a signal; raises ServiceAwayError when the port is taken, and whatever ends the venue's loop."""
    asyncio.run(_run(settings, port_file, say))


async def _run(settings: Settings, port_file: Path | None, say: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(settings) as simulator:
        say(f"listening on {simulator.base_url}")
        if port_file is not None:
            _write_port(port_file, simulator.port)
        waiting = asyncio.create_task(stop.wait())
        failing = asyncio.create_task(simulator.failed())
        done, _ = await asyncio.wait({waiting, failing}, return_when=asyncio.FIRST_COMPLETED)
        if failing in done:
            failing.result()
        failing.cancel()
    settled, ended = len(simulator.truth.settled), dict(simulator.truth.ended)
    say(f"stopped: {settled} settled, {sum(ended.values())} ended of {simulator.world.created} created")


def _write_port(path: Path, port: int) -> None:
    """Write the port in one step, so that a reader sees all of it or nothing."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(f"{port}\n", encoding="utf-8")
    unfinished.replace(path)
