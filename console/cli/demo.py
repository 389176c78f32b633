"""demo: the sample projects with a replayed history, then the console."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

import console
from console.cli.printing import complain, say
from console.cli.session import Session, common_options
from console.demo.place import LOCK
from console.demo.story import FEWEST_WEEKS, MOST_WEEKS
from console.text.lines import Span
from engine import clock
from engine.errors import Conflict, LeverframeError

if TYPE_CHECKING:
    from console.demo.place import Plan
    from engine.api import Engine
    from engine.storage.workspace import Workspace

LOCK_TRIES = 20  # whoever asks whether somebody has the lock holds it for an instant


def _options() -> list[click.Parameter]:
    """The common ones, with the demo's own default for the workspace."""
    home, *others = common_options(json=False)
    assert isinstance(home, click.Option)
    home.help = "The demo's workspace. [default: $LEVERFRAME_HOME or ~/.leverframe-demo]"
    return [home, *others]


@click.command(params=_options())
@click.option("--no-console", is_flag=True, help="Make the workspace and stop there.")
@click.option(
    "--weeks", type=click.IntRange(FEWEST_WEEKS, MOST_WEEKS), default=8, show_default=True, metavar="N",
    help="How many weekly retrains of each project are replayed.",
)  # fmt: skip
@click.pass_obj
def demo(session: Session, no_console: bool, weeks: int) -> int:
    """A workspace with three sample projects and a history that is really run, before one's eyes, in the console.

    A demo that was made before is opened as it is; one that was cut off is gone on with. Without a terminal, and with
    --no-console, it is made first, which takes two or three minutes. While its console is open the demo keeps a server
    on this machine (port 8485, or another where that is taken), and asks it now and then; both end with the console.
    """
    from console.demo import place
    from console.demo.progress import is_replayed

    session.needs_now("demo")
    session.home = place.home_of(session.home)
    plan = place.plan(session.home, weeks, clock.now())
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    watched = terminal and not no_console
    if plan.finished:
        say(f"The demo at {plan.home} was made before; it is left as it is.")
    elif watched:
        _make_behind(session, plan)
    else:
        _make(session, plan)
    if not watched:
        say(f"Open it{'' if terminal else ' in a terminal'}: {session.act('demo')}")
        return 0
    from console.demo.attendant import attended
    from console.opening.start import run_console

    with attended(plan.home, session.operator):
        code = run_console(plan.home, session.operator, proof=session.proof)
    if is_replayed(plan.home):
        say(f"The demo goes on being replayed; watch it: {session.act('demo')}")
    else:
        say(f"The demo's server has ended with its console; another one: {session.act('serve')}")
    return code


def _make_behind(session: Session, plan: Plan) -> None:
    """Have a process of its own make what is missing, unless one does already; the console shows how far it is."""
    from console.demo.progress import LOG, is_replayed
    from engine.api import open_engine

    open_engine(plan.home, session.operator, proof=session.proof, create=True).close()
    if is_replayed(plan.home):
        return
    words = [sys.executable, "-P", "-m", "console", "--home", str(plan.home)]
    words += ["--operator", session.operator] if session.operator else []
    with open(plan.projects / LOG, "ab") as log:
        subprocess.Popen(
            [*words, "demo", "--no-console", "--weeks", str(plan.weeks)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(console.__file__).resolve().parents[1])},
        )  # fmt: skip


def _make(session: Session, plan: Plan) -> None:
    """Make what is missing, one process at a time, and say what there is in the end."""
    from console.demo.make import OPERATOR, replayer
    from engine.api import open_engine
    from engine.storage.workspace import Workspace

    began = clock.now()
    with _alone(Workspace(plan.home)):
        person = open_engine(plan.home, session.operator, proof=session.proof, create=True)
        operator = open_engine(plan.home, proof=replayer(person))
        say(f"Replaying {plan.weeks} weeks of three projects in {plan.home}; all of it is really run.")
        try:
            _replay(session, plan, operator)
            person.disable_operator(OPERATOR, "the weeks are replayed; nobody has this key")
            _tell(person, (clock.now() - began).total_seconds())
        finally:
            operator.close()
            person.close()


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Hold the demo's lock. Raises Conflict when another process replays this demo."""
    with ExitStack() as held:
        for left in reversed(range(LOCK_TRIES)):
            try:
                held.enter_context(workspace.lock(LOCK, wait=False))
                break
            except Conflict:
                if not left:
                    again = "'leverframe demo' in a terminal shows how far it is"
                    raise Conflict(f"Another process replays the demo at {workspace.root}; {again}.") from None
            clock.pause(0.1)
        yield


def _replay(session: Session, plan: Plan, operator: Engine) -> None:
    from console.demo.make import replay
    from console.demo.progress import WrittenDown
    from console.demo.repository import samples
    from console.demo.show import shown
    from console.demo.story import tales

    again = session.act("demo")
    stories = tales(plan.weeks)
    try:
        with shown([tale.project for tale in stories]) as told:
            replay(plan, stories, samples(), operator, WrittenDown(plan, told))
    except KeyboardInterrupt:
        complain(f"The demo was stopped and nothing is lost; '{again}' goes on with it.")
        raise
    except LeverframeError:
        complain(f"The demo came to a stop; once this is settled, '{again}' goes on with it:")
        raise


def _tell(engine: Engine, seconds: float) -> None:
    from console.demo.make import what_there_is

    say()
    say(Span(f"The demo is ready after {seconds:.0f} seconds.", "strong"))
    for line in what_there_is(engine, clock.now()):
        say(line, indent=2, hang=2)
