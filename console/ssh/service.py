"""The door as a service: the engine, hosted or standing by, and the listener, until somebody ends it."""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from console.ssh import host_key
from console.ssh.limits import Limits
from console.ssh.server import DoorKeeper, listen
from engine.access.files import exchange
from engine.api import Engine, open_service
from engine.storage.disk import refused
from engine.withheld import environment

Tell = Callable[[str], None]


def serve(home: Path | None, host: str, port: int, tell: Tell, limits: Limits | None = None) -> None:
    """Let operators in at ``host`` and ``port`` until SIGTERM or Ctrl+C; ``tell`` gets a line for each event."""
    with closing(open_service(home)) as engine:
        with refused("The folder for what may be named over SSH cannot be made"):
            exchange(engine.home).mkdir(mode=0o750, exist_ok=True)
        scheduler = engine.start_scheduler(tell)
        try:
            asyncio.run(_serve(engine, host, port, tell, limits or Limits()))
        finally:
            scheduler.stop()


async def _serve(engine: Engine, host: str, port: int, tell: Tell, limits: Limits) -> None:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    loop.set_exception_handler(_keep(engine, tell))
    keeper = DoorKeeper(engine, limits, environment(), tell)
    try:
        acceptor = await listen(keeper, host, port)
        fingerprint = host_key.fingerprint(host_key.find(engine.home))
        tell(f"The door is open at {host}, port {acceptor.get_port()}; its key is {fingerprint}.")
        try:
            await ended.wait()
        finally:
            acceptor.close()
    finally:
        await keeper.close()


def _keep(engine: Engine, tell: Tell) -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """What to do with an error that nobody waits for: a bug of ours, which ends no other session."""

    def keep(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        lines = traceback.format_exception(error) if isinstance(error, BaseException) else [str(context)]
        path = engine.keep_traceback("".join(lines))
        tell(f"Leverframe itself failed ({type(error).__name__}); the traceback is in {path}.")

    return keep
