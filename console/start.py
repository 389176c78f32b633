"""Open the console: the workspace first, so that what is wrong with it is said on an ordinary screen."""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import termios
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from console import picture
from console.frame import Who
from console.last_seen import NAME
from engine import clock
from engine.api import Engine, open_engine
from engine.errors import Refusal
from engine.records import Overview

if TYPE_CHECKING:
    from console.app import LeverframeApp

HANG_UP_SECONDS = 2.0


def run_console(home: Path | None, operator: str | None) -> int:
    """Run the console until its operator leaves. Raises LeverframeError when the workspace cannot be opened."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal("The console needs a terminal; 'leverframe status' and the other verbs work without one.")
    engine = open_engine(home, operator)
    try:
        app = _app(engine)
        _watch_terminal(app)
        # What was typed at the picture of last time was not meant for what is there now.
        termios.tcflush(0, termios.TCIFLUSH)
        app.run(mouse=False)
        _keep_picture(engine, app)
        return app.return_code or 0
    finally:
        engine.close()


def _app(engine: Engine) -> LeverframeApp:
    # The first overview is read while Textual loads, so that the first picture is a live one.
    with ThreadPoolExecutor(1) as pool:
        first: Future[Overview] = pool.submit(engine.overview, clock.now())
        # Loading makes objects that stay: looking for garbage among them costs 10 ms and finds none.
        gc.disable()
        from console.app import LeverframeApp

        gc.freeze()
        gc.enable()
        who = Who(engine.operator.name, engine.operator.role, socket.gethostname(), str(engine.home))
        return LeverframeApp(engine, who, first)


def _watch_terminal(app: LeverframeApp) -> None:
    """Leave when the terminal is gone: Textual alone would go on reading nothing, at full speed, for ever."""

    def gone() -> None:
        app.call_from_thread(app.exit)
        threading.Event().wait(HANG_UP_SECONDS)
        os._exit(1)  # it did not leave by itself; nothing that matters is in this process's memory

    def watch() -> None:
        poll = select.poll()
        poll.register(0, 0)  # a hang-up is always told
        while not any(what & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, what in poll.poll(60_000)):
            pass
        gone()

    threading.Thread(target=watch, name="terminal", daemon=True).start()
    signal.signal(signal.SIGHUP, lambda *_: threading.Thread(target=gone, daemon=True).start())


def _keep_picture(engine: Engine, app: LeverframeApp) -> None:
    if app.overview is not None:
        path = engine.home / "console" / NAME
        picture.keep(path, app.overview, app.overview.at, app.size.width, app.size.height, app.theme)
