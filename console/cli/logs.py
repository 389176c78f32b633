"""log: what the steps of a run printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from console.cli.printing import complain, document, say
from console.cli.session import Session, Verb
from console.text.lines import Span
from engine import clock
from engine.api import Engine
from engine.errors import NotFound
from engine.records import Run
from engine.runs.logs.log_index import LogLine
from engine.runs.queue import ENDED
from engine.vocabulary.steps import STEPS

PAUSE = 0.3
PRINTING = ", ".join(step.name for step in STEPS if step.contract)


@click.command(cls=Verb)
@click.argument("run", type=click.IntRange(min=1))
@click.option("--step", metavar="STEP", help=f"Only that of one step: {PRINTING}, or another that the run has.")
@click.option("--follow", is_flag=True, help="Go on until the run has ended.")
@click.option("--search", metavar="TEXT", help="Only the lines that hold TEXT, in either case, with their numbers.")
@click.pass_obj
def log(session: Session, run: int, step: str | None, follow: bool, search: str | None) -> None:
    """What the steps of RUN printed, step by step."""
    if session.json and follow:
        raise click.UsageError("--follow has no end to make a document of; leave out --json.")
    if search is not None and (follow or not search):
        raise click.UsageError("--search needs a text and looks at what is there; leave out --follow.")
    with session.engine() as engine:
        if search is not None:
            _search(session, engine, run, step, search)
            return
        reader = LogFollower(engine, run, step)
        if session.json:
            logs: dict[str, list[str]] = {}
            for name, lines in _all(reader, follow=False):
                logs.setdefault(name, []).extend(lines)
            found = engine.run(run)
            steps = [{"step": name, "lines": lines} for name, lines in logs.items()]
            document({"run": run, "state": found.state, "why": found.why, "steps": steps})
            return
        shown = _print(reader, follow=follow, titles=step is None)
        found = engine.run(run)
        if step is not None and not shown and found.state in ENDED and step not in engine.logs_of(run):
            raise NotFound(f"Run {run} has no log of a step '{step}'; it has {_names(engine, run)}.")
        _outcome(session, engine, found, shown)


def _search(session: Session, engine: Engine, run: int, step: str | None, text: str) -> None:
    found = {name: list(_hits(engine, run, name, text)) for name in ((step,) if step else engine.logs_of(run))}
    if session.json:
        document(
            {
                "run": run,
                "search": text,
                "steps": [
                    {"step": name, "lines": [{"number": line.number, "text": line.text} for line in lines]}
                    for name, lines in found.items()
                ],
            }
        )
        return
    for name, lines in found.items():
        if lines and step is None:
            say(Span(f"── {name} ──", "dim"))
        width = max((len(str(line.number)) for line in lines), default=0)
        for line in lines:
            say(f"{line.number:>{width}}  {line.text}")
    if not any(found.values()):
        complain(f"No line of run {run} holds '{text}'.")


def _hits(engine: Engine, run: int, step: str, text: str) -> Iterator[LogLine]:
    after = 0
    while numbers := engine.search_log(run, step, text, after_line=after):
        for number in numbers:
            yield from engine.log_window(run, step, line=number, count=1).lines
        after = numbers[-1]


class LogFollower:
    """Reads on in the logs of one step, or of all that the run has by then; where each was left is kept."""

    def __init__(self, engine: Engine, run: int, step: str | None) -> None:
        self._engine, self._run, self._step = engine, run, step
        self._offsets: dict[str, int] = {}

    def look(self) -> Run:
        """The run as it is now; notices when its process died."""
        self._engine.reconcile()
        return self._engine.run(self._run)

    def more(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What was printed since the last look, page by page, with the name of the step."""
        for step in (self._step,) if self._step else self._engine.logs_of(self._run):
            offset = self._offsets.get(step, 0)
            while True:
                page = self._engine.log(self._run, step=step, offset=offset)
                if page.next_offset <= offset:
                    break
                self._offsets[step] = offset = page.next_offset
                if page.lines:
                    yield step, page.lines


def _all(reader: LogFollower, *, follow: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
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


def _print(reader: LogFollower, *, follow: bool, titles: bool) -> bool:
    at: str | None = None
    for step, lines in _all(reader, follow=follow):
        if titles and step != at:
            say(Span(f"── {step} ──", "dim"))
        at = step
        for line in lines:
            say(line)
    return at is not None


def _names(engine: Engine, run: int) -> str:
    return ", ".join(engine.logs_of(run)) or "none"


def _outcome(session: Session, engine: Engine, run: Run, shown: bool) -> None:
    """How it ended, on standard error: standard output is the log."""
    if run.state not in ENDED:
        if run.overdue is not None:
            complain(f"{run.overdue[:1].upper()}{run.overdue[1:]}.")
        complain(f"Run {run.id} is {run.state}. Stay with it: {session.act(f'log {run.id} --follow')}")
        return
    what = f": {run.why}" if run.why else f"; it made {run.version}" if run.version else ""
    if not shown:
        complain(f"The steps of run {run.id} printed nothing.")
    complain(f"Run {run.id} ended: {run.state}{what}" + ("" if what.endswith(".") else "."))
    if run.state in ("failed", "interrupted"):
        complain(f"All that is left of it lies in {_folder(engine, run.id)}.")


def _folder(engine: Engine, run: int) -> Path:
    from engine.storage.workspace import Workspace

    return Workspace(engine.home).run_folder(run)
