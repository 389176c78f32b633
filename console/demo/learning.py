"""Replays a time of requests and labels: what came is asked of the demo's server row by row, in the order of the data,
and what people said of it follows as feedback, a week at once; then the learner learns it.

The server, its answers, their times and what was learnt are real; the request log has when each row was really asked.
When a row happened is what the data says, and of what is learnt here also when its label became known, which is how the
curve stands over months. The labels of the last weeks have the time at which they really came, after their answers: by
these live performance is measured, and the next learning run learns them. What is there already is read from the
ledger.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from console.demo.callers import Caller, Record, Rows, live_rows
from console.demo.place import Plan
from console.demo.server import DemoServer
from engine import clock
from engine.clock import moment
from engine.errors import Refusal
from engine.storage.atomic import write_file
from engine.vocabulary.jobs import LEARN

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.records import Run

Say = Callable[[float, str], None]
WEEK = timedelta(weeks=1)
MOST = 2_000  # rows of the data that are looked through
LESSONS = 2  # learning runs, the first of which is half-way
LATELY = 4  # of so many weeks the last one comes after them: its labels are known when they come
TRIES, BETWEEN = 600, 0.1  # until a server that was started has taken in what is live
GOES_ON = "run the demo again to go on"


@dataclass(frozen=True)
class Told:
    """A row that was asked for at a time, and what people said of it since."""

    at: datetime
    request: Record
    label: Record


@dataclass(frozen=True)
class Stretch:
    """What came in a while: requests, and of the same rows what people said of them, the last of it at ``until``."""

    until: str
    requests: Sequence[Record]
    labels: Sequence[Record]


class Learning:
    """The time that the learner of one project learns from; ``say`` hears how much of it is over, and what is done."""

    def __init__(self, engine: Engine, project: str, plan: Plan, server: DemoServer, say: Say) -> None:
        self._engine, self._project, self._plan = engine, project, plan
        self._server, self._say = server, say

    def replay(self) -> list[Run]:
        """All of it that is not there yet. Returns the learning runs, which ended well."""
        weeks, runs = self._weeks(), list["Run"]()
        taught = len(weeks) - len(weeks) // LATELY
        lessons = {taught * number // LESSONS for number in range(1, LESSONS + 1)}
        done = len(self._engine.feedback(self._project, limit=MOST))
        for number, week in enumerate(weeks, 1):
            if number > done:
                self._come(week if number <= taught else lately(week), number / len(weeks))
            if number in lessons:
                runs.append(self._learnt(moment(week.until), number / len(weeks)))
        return runs

    def _come(self, week: Stretch, share: float) -> None:
        """Requests one by one, as they came, then the labels of all of them."""
        caller = Caller(self._server.port)
        try:
            for record in week.requests:
                self._say(share, f"requests of {moment(week.until):%d %b}")
                self._answered(lambda record=record: caller.ask(self._project, [record]), share)  # type: ignore[misc]
            self._answered(lambda: caller.tell(self._project, week.labels), share)
        finally:
            caller.close()

    def _answered(self, ask: Callable[[], int], share: float) -> None:
        """Ask until there is an answer: the server may be at its beginning. Raises Refusal where there is never one."""
        for _ in range(TRIES):
            status = ask()
            if status == 200:
                return
            if status not in (0, 404, 503):
                raise Refusal(f"The demo's server answered for {self._project} with {status}; {GOES_ON}.")
            self._say(share, "waiting for the server")
            clock.pause(BETWEEN)
        raise Refusal(f"The demo's server does not answer for {self._project}; {GOES_ON}.")

    def _learnt(self, until: datetime, share: float) -> Run:
        runs = self._engine.runs(self._project, limit=1000)
        run = next((r for r in runs if r.job == LEARN.name and r.as_of == until and _stands(r)), None)
        run = run or self._engine.learn(self._project, as_of=until)
        run = self._engine.wait(run.id, lambda each: self._say(share, each.phase or each.state))
        if not _stands(run):
            raise Refusal(f"Run {run.id} of {run.project} {run.state}: {str(run.why).rstrip('.')}; {GOES_ON}.")
        return run

    def _weeks(self) -> list[Stretch]:
        """The weeks of rows whose label the first version did not have, up to the demo's last moment.

        They are written down: what is live later was taught some of these labels, and a demo that goes on asks for the
        rest of the same.
        """
        file = self._plan.projects / f"{self._project}.json"
        if not file.exists():
            rows = live_rows(self._plan.home, self._project, MOST)
            said = said_of(self._plan.home, self._project, rows, self._plan.until)
            found = [vars(week) for week in weeks_of(rows, said, self._plan.until)]
            write_file(file, json.dumps(found).encode())
        return [Stretch(**each) for each in json.loads(file.read_bytes())]


def said_of(home: Path, project: str, rows: Rows, until: datetime) -> list[Record]:
    """What people said of the rows: the project's own list, written by its own code in its own environment.

    Raises Refusal where that fails.
    """
    live = (home / "live" / project).resolve()
    unknown = [at for at, known in zip(rows.times, rows.labelled, strict=True) if not known]
    if not unknown:
        return []
    words = [str(live / "environment/bin/python"), "-I", "-B", str(live / "code" / f"{project}.py")]
    words += [_before(unknown[0]), until.isoformat()]
    told = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if told.returncode:
        last = (told.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise Refusal(f"The labels of {project} could not be listed: {last}; {GOES_ON}.")
    return [{**each, "label": int(each["label"])} for each in csv.DictReader(io.StringIO(told.stdout))]


def weeks_of(rows: Rows, said: Sequence[Record], until: datetime) -> list[Stretch]:
    """``rows`` whose label was not known, week by week, each with what was ``said`` of it by ``until``. Pure.

    What is said: the key's columns, ``label`` and ``time``. A row that nobody said anything of is left out.
    """
    weeks: list[list[Told]] = []
    for each in told_of(rows, said, until):
        if not weeks or each.at >= weeks[-1][0].at + WEEK:
            weeks.append([])
        weeks[-1].append(each)
    return [stretch_of(week) for week in weeks]


def told_of(rows: Rows, said: Sequence[Record], until: datetime) -> list[Told]:
    """The rows of which something new was said. Pure."""
    names = list(rows.keys[0]) if rows.keys else []
    labels = {tuple(each[name] for name in names): each for each in said if moment(each["time"]) <= until}
    found = []
    for request, key, at, known in zip(rows.requests, rows.keys, rows.times, rows.labelled, strict=True):
        label = labels.get(tuple(map(str, key.values())))
        if label is not None and not known:
            found.append(Told(moment(at), request, label))
    return found


def stretch_of(told: Sequence[Told]) -> Stretch:
    """Rows that follow one another, at least one. Pure."""
    last = max(moment(each.label["time"]) for each in told)
    return Stretch(clock.stamp(last), [each.request for each in told], [each.label for each in told])


def lately(stretch: Stretch) -> Stretch:
    """The same, whose labels become known when they come: nothing says another time. Pure."""
    untimed = [{name: value for name, value in each.items() if name != "time"} for each in stretch.labels]
    return replace(stretch, labels=untimed)


def _before(at: str) -> str:
    """The list is of what came after the moment that it is asked for."""
    return (moment(at) - timedelta(seconds=1)).isoformat()


def _stands(run: Run) -> bool:
    """Whether it did what it was to do, or is at it."""
    return run.state in ("queued", "running", "succeeded", "nothing-new")
