"""Open the console: the workspace first, so that what is wrong with it is said on an ordinary screen."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import termios
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.opening import picture
from console.opening.ending import at_once
from console.opening.last_seen import NAME
from console.opening.session_encoding import why_not_drawn
from console.queries.question import AskOverview, Desk
from console.text.frame import Who
from console.time_travel import waiting
from engine import clock
from engine.api import Engine, open_engine
from engine.errors import Invalid, Refusal, ShutOut

if TYPE_CHECKING:
    from console.app import LeverframeApp
    from engine.access.proof import Proof
    from engine.schedule.scheduler import Scheduler

HANG_UP_SECONDS = 2.0
ASK_AGAIN_SECONDS = 0.05
BUSY_SECONDS = 0.5


def run_console(
    home: Path | None, operator: str | None, at: datetime | None = None, proof: Proof | None = None
) -> int:
    """Run the console until its operator leaves; with ``at`` it shows that moment, and nothing can be changed.

    Raises LeverframeError when the workspace cannot be opened.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal("The console needs a terminal; 'leverframe status' and the other verbs work without one.")
    if problem := why_not_drawn():
        raise Refusal(problem)
    if at is not None:
        waiting.tell(home)
    for name in ("LINES", "COLUMNS"):  # Where a shell exports its size of then, the terminal's own would not count.
        os.environ.pop(name, None)
    engine = open_engine(home, operator, proof=proof, at=at)
    hosted = Hosted(engine)
    try:
        app = _app(engine, hosted, at)
        _watch_terminal(app)
        # What was typed at the picture of last time was not meant for what is there now.
        termios.tcflush(0, termios.TCIFLUSH)
        app.run(mouse=False)
        if app.bug is not None:
            raise app.bug
        if app.shown_out is not None:
            raise ShutOut(app.shown_out)
        if at is None:
            _keep_picture(engine, app)
        return app.return_code or 0
    finally:
        hosted.stop()
        engine.close()


class Hosted:
    """The engine's scheduler inside this console, or standing by for the one that has it.

    It is started behind the first picture: the clock's library takes longer to load than the picture to draw.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ended = threading.Event()
        self._scheduler: Scheduler | None = None
        self._thread = threading.Thread(target=self._start, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the schedules; whoever stands by takes them over."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(HANG_UP_SECONDS)
        if self._scheduler is not None:
            self._scheduler.stop()

    def _start(self) -> None:
        from console.demo.progress import is_replayed

        # A demo that is replayed has a past without an engine: nothing starts by itself beside it.
        while is_replayed(self._engine.home):
            if self._ended.wait(BUSY_SECONDS):
                return
        self._scheduler = self._engine.start_scheduler()


def _app(engine: Engine, hosted: Hosted, at: datetime | None) -> LeverframeApp:
    # The first overview is read while Textual loads, so that the first picture is a live one.
    with ThreadPoolExecutor(1) as pool:
        last_visit = _last_visit(engine) if at is None else None
        first: Future[Desk] = pool.submit(AskOverview(last_visit).answer, engine, engine.now())
        from console.app import LeverframeApp

        gc.freeze()
        gc.enable()  # It was off while all this was loaded (see __main__).
        who = Who(engine.operator.name, engine.operator.role, socket.gethostname(), str(engine.home), at)
        # Whoever looks back sees to no schedules, nor whoever may decide nothing.
        if at is not None or engine.why_not("start_scheduler"):
            return LeverframeApp(engine, who, first, now=engine.now)
        if engine.caller.over_ssh:  # It ends with a line somewhere else; a service of this machine sees to them.
            return LeverframeApp(engine, who, first, last_visit)
        return LeverframeApp(engine, who, first, last_visit, ready=hosted.start)


def _watch_terminal(app: LeverframeApp) -> None:
    """Leave when the terminal is gone: Textual alone would go on reading nothing, at full speed, for ever.

    Told to end, give the terminal back as it was.
    """

    before, asked = termios.tcgetattr(0), threading.Event()

    def ask(code: int) -> None:
        while not asked.wait(ASK_AGAIN_SECONDS):
            with contextlib.suppress(RuntimeError):  # It does not run yet, or not any more.
                app.call_from_thread(app.exit, return_code=code)
                asked.set()

    def gone(code: int = 1) -> None:
        # On a thread of its own: an app that hangs would never answer.
        threading.Thread(target=ask, args=(code,), daemon=True).start()
        threading.Event().wait(HANG_UP_SECONDS)
        # It did not leave by itself; nothing that matters is in this process's memory, but the terminal is a person's.
        at_once(code, before)

    def watch() -> None:
        poll = select.poll()
        poll.register(0, 0)  # a hang-up is always told
        while not any(what & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, what in poll.poll(60_000)):
            pass
        gone()

    threading.Thread(target=watch, name="terminal", daemon=True).start()

    def ended(number: int, _: object) -> None:
        # The alarm is of one that was told to end before there was an app, and did not (see ``__main__``).
        code = 128 + (signal.SIGTERM if number == signal.SIGALRM else number)
        threading.Thread(target=gone, args=(code,), daemon=True).start()

    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, ended)


def _keep_picture(engine: Engine, app: LeverframeApp) -> None:
    if app.desk is not None:
        at = app.desk.overview.at
        path, size = engine.home / "console" / NAME, app.size
        picture.keep(path, app.desk, at, size.width, size.height, app.theme, app.recent)
        with contextlib.suppress(OSError):  # the next visit shows a little more than it need
            _visit(engine).write_text(clock.stamp(at))


def _visit(engine: Engine) -> Path:
    return engine.home / "console" / f"{engine.operator.name}.seen"


def _last_visit(engine: Engine) -> datetime | None:
    """When this operator last left the console here; None on the first visit."""
    try:
        return clock.moment(_visit(engine).read_text())
    except (OSError, Invalid):
        return None
