"""The times of past runs as the ledger remembers them, and which of the unfinished runs are beyond what is usual."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import moment
from engine.records import Run
from engine.runs import history
from engine.runs.times import usual as times
from engine.runs.times.usual import median, overdue_sentence, taken
from engine.vocabulary import jobs, steps
from engine.vocabulary.steps import EXTRACT, EXTRACT_NEW, NAMES, QUEUE

if TYPE_CHECKING:
    from engine.runs.times.times_records import RunTimes, StepTimes

SHOWN = 50
# How long a run may wait before anything is known about waiting here, and at least, whatever is known.
LONGEST_WAIT, SHORTEST_WAIT = 600.0, 60.0
# The newest runs that went well of each pair of project and job in the list that is given as JSON.
_PAST = f"""
SELECT r.id, r.project, r.job, r.started_at, r.ended_at, f.revision, f.lock, f.rows, f.train_rows, f.holdout_rows,
    (SELECT seconds FROM steps WHERE run = r.id AND seq = 1 AND name = '{QUEUE.name}') AS waited,
    EXISTS (SELECT 1 FROM steps WHERE run = r.id AND name = '{EXTRACT_NEW.name}') AS only_new
FROM json_each(?) AS pair
JOIN runs r ON r.id IN (
    SELECT id FROM runs
    WHERE project = json_extract(pair.value, '$[0]') AND job = json_extract(pair.value, '$[1]') AND state = 'succeeded'
        AND started_at IS NOT NULL AND ended_at IS NOT NULL
    ORDER BY id DESC LIMIT {SHOWN})
LEFT JOIN run_facts f ON f.run = r.id
ORDER BY r.id
"""
# The newest of these that asked for everything: where others ask for what is new alone, one a day may be left of them.
_WHOLE = f"""
SELECT r.project, r.job, r.started_at, r.ended_at FROM json_each(?) AS pair
JOIN runs r ON r.id IN (
    SELECT q.id FROM runs q
    WHERE q.project = json_extract(pair.value, '$[0]') AND q.job = json_extract(pair.value, '$[1]')
        AND q.state = 'succeeded' AND q.started_at IS NOT NULL AND q.ended_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM steps WHERE run = q.id AND name = '{EXTRACT.name}')
    ORDER BY q.id DESC LIMIT {times.ENOUGH})
"""
_STEPS_OF = """
SELECT run, name, seconds, cpu_seconds, peak_memory FROM steps
WHERE run IN (SELECT value FROM json_each(?)) AND state = 'succeeded' AND seconds IS NOT NULL ORDER BY run, seq
"""


@dataclass(frozen=True)
class Pace:
    """What is usual for what a run is at, waiting or running: p95 and the bound, None while too little is known."""

    usual: float | None
    bound: float | None


@dataclass(frozen=True)
class Overdue:
    """A run that runs, or waits, for longer than its ``bound`` (seconds); ``usual`` is p95, None while too little is
    known. ``why`` says it in words."""

    run: Run
    bound: float
    usual: float | None
    why: str


def run_times(db: sqlite3.Connection, project: str, job: str) -> RunTimes:
    """How long the last runs of ``job`` that went well took, as a whole and step by step."""
    from engine.runs.times.times_records import RunTimes

    runs = db.execute(_PAST, (json.dumps([(project, job)]),)).fetchall()
    if not runs:
        return RunTimes(project, job, 0, 0.0, 0.0, None, (), None)
    seconds = [_seconds(row) for row in runs]
    p50 = median(seconds)
    by_name: dict[str, list[tuple[sqlite3.Row, sqlite3.Row]]] = defaultdict(list)
    by_run = {row["id"]: row for row in runs}
    for step in db.execute(_STEPS_OF, (json.dumps(list(by_run)),)):
        by_name[step["name"]].append((step, by_run[step["run"]]))
    timed = tuple(_step(name, by_name[name], p50) for name in in_order(by_name))
    working = [step for step in timed if step.name != QUEUE.name]
    costliest = max(working, key=lambda step: step.p50).name if working else None
    return RunTimes(
        project, job, len(runs), p50, times.percentile(seconds, 0.95), times.bound(seconds), timed, costliest
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Steps in the order of the table; what is not in it last."""
    return sorted(names, key=lambda name: (NAMES.index(name) if name in NAMES else len(NAMES), name))


def _seconds(row: sqlite3.Row) -> float:
    return (moment(row["ended_at"]) - moment(row["started_at"])).total_seconds()


def _step(name: str, found: Sequence[tuple[sqlite3.Row, sqlite3.Row]], whole: float) -> StepTimes:
    from engine.runs.times.times_records import StepTimes

    seconds = [step["seconds"] for step, _ in found]
    peaks = [step["peak_memory"] for step, _ in found if step["peak_memory"]]
    cpu = [step["cpu_seconds"] for step, _ in found if step["cpu_seconds"] is not None]
    kind = steps.of(name)
    column = kind.rows if kind else None
    rates = [run[column] / step["seconds"] for step, run in found if column and run[column] and step["seconds"] > 0]
    trend = times.trend(seconds)
    facts = [times.WorkedOn(run["revision"], run["lock"], run["rows"]) for _, run in found]
    p50 = median(seconds)
    return StepTimes(
        name=name,
        n=len(seconds),
        p50=p50,
        p95=times.percentile(seconds, 0.95),
        last=seconds[-1],
        share=p50 / whole if whole > 0 else 0.0,
        peak_memory_p95=round(times.percentile(peaks, 0.95)) if peaks else None,
        rows_per_second=median(rates) if rates else None,
        trend=trend.trend,
        since_run=None if trend.at is None else int(found[trend.at][0]["run"]),
        why="" if trend.at is None else times.what_changed(facts[: trend.at], facts[trend.at :]),
        cpu_p50=median(cpu) if cpu else None,
    )


def paces(db: sqlite3.Connection, runs: Collection[Run]) -> Callable[[Run], Pace]:
    """What is usual for each of ``runs``, which have not ended; one query, however many they are."""
    pairs = json.dumps(sorted({(run.project, run.job) for run in runs}))
    running: dict[tuple[str, str], list[float]] = defaultdict(list)
    queued: dict[tuple[str, str], list[float]] = defaultdict(list)
    whole: dict[tuple[str, str], list[float]] = {}
    for row in db.execute(_PAST, (pairs,)) if runs else ():
        key = row["project"], row["job"]
        running[key].append(_seconds(row))
        if row["only_new"]:
            whole[key] = []
        if row["waited"] is not None:
            queued[key].append(row["waited"])
    for row in db.execute(_WHOLE, (json.dumps(sorted(whole)),)) if whole else ():
        whole[row["project"], row["job"]].append(_seconds(row))

    def of(run: Run) -> Pace:
        if run.state == "running" and not jobs.of(run.job).troubles:
            return Pace(None, None)
        if run.state == "running":
            return _pace(running[run.project, run.job], whole.get((run.project, run.job), ()))
        wait = _pace(queued[run.project, run.job])
        return Pace(wait.usual, LONGEST_WAIT if wait.bound is None else max(wait.bound, SHORTEST_WAIT))

    return of


def _pace(seconds: Sequence[float], whole: Sequence[float] = ()) -> Pace:
    """``whole``: of the few among them that ask for everything. Nobody knows beforehand which one this is."""
    found = times.bound(seconds)
    if found is not None and whole:
        found = max(found, times.TIMES_P95 * max(whole), max(whole) + times.SLACK)
    return Pace(None if found is None else times.percentile(seconds, 0.95), found)


def overdue(db: sqlite3.Connection, now: datetime, runs: Collection[Run] | None = None) -> tuple[Overdue, ...]:
    """Those of ``runs``, or of all that have not ended, that run or wait for longer than their bound."""
    if runs is None:
        runs = history.unfinished(db)
    unfinished = [run for run in runs if run.state in ("queued", "running")]
    pace = paces(db, unfinished)
    late = []
    for run in unfinished:
        usual, bound = pace(run).usual, pace(run).bound
        if bound is not None and taken(run, now) > bound:
            late.append(Overdue(run, bound, usual, overdue_sentence(run, taken(run, now), usual)))
    return tuple(late)
