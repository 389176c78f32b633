"""log: what the steps of a run printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from console.cli.printing import complain, document, say
from console.cli.session import Session, Verb
from console.lines import Span
from engine import clock
from engine.api import Engine
from engine.errors import NotFound
from engine.records import Run

STEPS = ("extract", "train", "score live", "score")
ENDED = ("succeeded", "failed", "cancelled", "interrupted", "nothing-new")
PAUSE = 0.3


@click.command(cls=Verb)
@click.argument("run", type=click.IntRange(min=1))
@click.option("--step", metavar="STEP", help=f"Only that of one step: {', '.join(STEPS)}.")
@click.option("--follow", is_flag=True, help="Go on until the run has ended.")
@click.pass_obj
def log(session: Session, run: int, step: str | None, follow: bool) -> None:
    """What the steps of RUN printed, step by step."""
    if session.json and follow:
        raise click.UsageError("--follow has no end to make a document of; leave out --json.")
    with session.engine() as engine:
        reader = LogReader(engine, run, (step,) if step else STEPS)
        if session.json:
            logs = {name: list(lines) for name, lines in _all(reader, follow=False)}
            found = engine.run(run)
            steps = [{"step": name, "lines": lines} for name, lines in logs.items()]
            document({"run": run, "state": found.state, "why": found.why, "steps": steps})
            return
        shown = _print(reader, follow=follow, titles=step is None)
        found = engine.run(run)
        if step is not None and not shown and found.state in ENDED:
            raise NotFound(f"Run {run} has no log of a step '{step}'; its steps are {_names(found)}.")
        _outcome(session, engine, found, shown)


class LogReader:
    """Reads on in the logs of several steps at once; where each was left is kept between two looks."""

    def __init__(self, engine: Engine, run: int, steps: Sequence[str]) -> None:
        self._engine, self._run = engine, run
        self._offsets = dict.fromkeys(steps, 0)

    def look(self) -> Run:
        """The run as it is now; notices when its process died."""
        self._engine.reconcile()
        return self._engine.run(self._run)

    def more(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What was printed since the last look, page by page, with the name of the step."""
        for step, offset in self._offsets.items():
            while True:
                page = self._engine.log(self._run, step=step, offset=offset)
                if page.next_offset <= offset:
                    break
                self._offsets[step] = offset = page.next_offset
                if page.lines:
                    yield step, page.lines


def _all(reader: LogReader, *, follow: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    told = ""
    while True:
        run = reader.look()
        yield from reader.more()
        if run.state in ENDED or not follow:
            return
        if run.phase.split(" ")[0] != told.split(" ")[0]:
            # On standard error: a step may print nothing for minutes, and whoever follows wants to know what is done.
            complain(f"Run {run.id}: {run.phase}")
            told = run.phase
        clock.pause(PAUSE)


def _print(reader: LogReader, *, follow: bool, titles: bool) -> bool:
    at: str | None = None
    for step, lines in _all(reader, follow=follow):
        if titles and step != at:
            say(Span(f"── {step} ──", "dim"))
        at = step
        for line in lines:
            say(line)
    return at is not None


def _names(run: Run) -> str:
    return ", ".join(step.name for step in run.steps) or "none"


def _outcome(session: Session, engine: Engine, run: Run, shown: bool) -> None:
    """How it ended, on standard error: standard output is the log."""
    if run.state not in ENDED:
        complain(f"Run {run.id} is {run.state}. Stay with it: {session.command(f'log {run.id} --follow')}")
        return
    what = f"; it made {run.version}" if run.version else f": {run.why}" if run.why else ""
    if not shown:
        complain(f"The steps of run {run.id} printed nothing.")
    complain(f"Run {run.id} ended: {run.state}{what}" + ("" if what.endswith(".") else "."))
    if run.state in ("failed", "interrupted"):
        complain(f"All that is left of it lies in {_folder(engine, run.id)}.")


def _folder(engine: Engine, run: int) -> Path:
    from engine.storage.workspace import Workspace

    return Workspace(engine.home).run_folder(run)
