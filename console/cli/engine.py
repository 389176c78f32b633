"""engine: see to the schedules without a screen, until told to end."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click

from console.cli.printing import say
from console.cli.session import Session, Verb
from engine import clock


@click.command(cls=Verb)
@click.pass_obj
def engine(session: Session) -> None:
    """See to the schedules in the foreground, one line for each event, until SIGTERM or Ctrl+C.

    While another engine or console sees to them, it stands by and takes over when that one ends.
    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        with session.engine() as opened:
            clockwork = opened.start_clockwork(lambda line: _tell(session, line))
            # Not for ever: another thread may take the signal, which does not wake this one.
            while not ended.wait(1.0):
                pass
            clockwork.stop()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _tell(session: Session, line: str) -> None:
    """One line for each event: text, or a JSON object where a program reads."""
    at = clock.stamp(clock.now())
    if session.json:
        import json

        sys.stdout.write(json.dumps({"at": at, "event": line}) + "\n")
    else:
        say(f"{at[:19]}Z {line}")
    sys.stdout.flush()
