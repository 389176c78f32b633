"""engine: see to the schedules without a screen, until told to end."""

from __future__ import annotations

import sys
from contextlib import closing

import click

from console.cli.endings import told_to_end
from console.cli.printing import say
from console.cli.session import Session, Verb
from engine import clock


@click.command(cls=Verb)
@click.pass_obj
def engine(session: Session) -> None:
    """See to the schedules in the foreground, one line for each event, until SIGTERM or Ctrl+C.

    While another engine or console sees to them, it stands by and takes over when that one ends.
    """
    from engine.api import open_service

    session.needs_now("engine")
    with told_to_end() as ended, closing(open_service(session.home, session.operator)) as opened:
        scheduler = opened.start_scheduler(lambda line: tell_event(session, line))
        # Not for ever: another thread may take the signal, which does not wake this one.
        while not ended.wait(1.0):
            pass
        scheduler.stop()


def tell_event(session: Session, line: str) -> None:
    """One line for each event: text, or a JSON object where a program reads."""
    at = clock.stamp(clock.now())
    if session.json:
        import json

        sys.stdout.write(json.dumps({"at": at, "event": line}) + "\n")
    else:
        say(f"{at[:19]}Z {line}")
    sys.stdout.flush()
