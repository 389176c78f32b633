"""What starts a retrain besides its schedule: enough new rows, an alert of drift, an alert of falling performance.

Every look at a version's health asks. A condition that holds becomes a row of the table triggers, together with the run
that it queues or with why there is none; only a skip for the same reason as the one before is not written again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.access.caller import SystemActor
from engine.clock import moment, stamp
from engine.monitoring.alerts import alert_book
from engine.monitoring.records import Alert, Trigger
from engine.projects import registry
from engine.projects.manifest.records import TriggerSpec
from engine.runs import history, queue
from engine.text import span
from engine.versions import catalog

RETRAIN = "retrain"


@dataclass(frozen=True)
class TriggerFacts:
    """How things stand. ``new_rows`` have come since the newest version was made; ``alerts`` are parts with an open
    alert, each with why, and ``answered`` those with a version that was made since, each with what became of that;
    ``last`` is the newest retrain and when it was queued, ``again`` one that failed and is to be tried again."""

    new_rows: int
    alerts: Mapping[str, str]
    answered: Mapping[str, str] = field(default_factory=dict)
    busy: int | None = None
    again: int | None = None
    last: tuple[int, datetime] | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Firing:
    """A condition that holds; ``skipped`` is why it starts nothing."""

    on: str
    why: str
    skipped: str | None = None


def firings(specs: Iterable[TriggerSpec], facts: TriggerFacts, now: datetime) -> Iterator[Firing]:
    """The conditions that hold, in the manifest's order; at most one of them starts a run. Pure."""
    started: str | None = None
    for spec in specs:
        why = _holds(spec, facts)
        if why is None:
            continue
        skipped = f"{started} starts one already" if started else _skipped(spec, facts, now)
        yield Firing(spec.on, why, skipped)
        if skipped is None:
            started = spec.on


def _holds(spec: TriggerSpec, facts: TriggerFacts) -> str | None:
    if spec.on == "new-data":
        assert spec.rows is not None
        if facts.new_rows < spec.rows:
            return None
        return f"{facts.new_rows:,} new rows since the last version, and {spec.rows:,} are enough"
    return facts.alerts.get(spec.on)


def _skipped(spec: TriggerSpec, facts: TriggerFacts, now: datetime) -> str | None:
    if facts.busy is not None:
        return f"run {facts.busy} is under way"
    if facts.again is not None:
        return f"run {facts.again} failed and is tried again"
    if spec.on in facts.answered:
        return facts.answered[spec.on]
    # A run of later than now was queued while the clock was ahead.
    if facts.last is not None and timedelta(0) <= now - facts.last[1] < spec.cool_down:
        run, at = facts.last
        ago, cool = span((now - at).total_seconds()), span(spec.cool_down.total_seconds())
        return f"cool-down: run {run} was {ago} ago, and cool_down is {cool}"
    return facts.refused


def everything(db: sqlite3.Connection, project: str | None) -> tuple[Trigger, ...]:
    """Every project's triggers in the manifest's order, each with the newest row of what became of it."""
    return tuple(_trigger(db, name, spec) for name in registry.names(db, project) for spec in _specs(db, name))


def _trigger(db: sqlite3.Connection, project: str, spec: TriggerSpec) -> Trigger:
    last = db.execute(
        "SELECT * FROM triggers WHERE project = ? AND kind = ? ORDER BY id DESC LIMIT 1", (project, spec.on)
    ).fetchone()
    cool_down = spec.cool_down.total_seconds()
    if last is None:
        return Trigger(project, spec.on, spec.rows, cool_down, None, "", None, None)
    return Trigger(project, spec.on, spec.rows, cool_down, last["state"], last["why"], last["run"], moment(last["at"]))


def fire(
    db: sqlite3.Connection, project: str, seen: int, new_rows: int, refused: str | None, now: datetime
) -> int | None:
    """Ask the project's triggers inside the caller's transaction. Returns the retrain that one of them queued."""
    specs = _specs(db, project)
    if not specs:
        return None
    queued = None
    for firing in firings(specs, _facts(db, project, new_rows, refused), now):
        run = None
        if firing.skipped is None:
            by = SystemActor("a trigger")
            queued = run = queue.insert(db, project, by, now, now, {"trigger": firing.on, "why": firing.why})
        elif _said_before(db, project, firing):
            continue
        why = firing.why if firing.skipped is None else f"{firing.why}; {firing.skipped}"
        db.execute(
            "INSERT INTO triggers (project, kind, seen, state, why, run, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (project, firing.on, seen, "ran" if run else "skipped", why, run, stamp(now)),
        )
    return queued


def _said_before(db: sqlite3.Connection, project: str, firing: Firing) -> bool:
    last = db.execute(
        "SELECT state, why FROM triggers WHERE project = ? AND kind = ? ORDER BY id DESC LIMIT 1",
        (project, firing.on),
    ).fetchone()
    reason = str(firing.skipped).split(":")[0]
    return last is not None and last["state"] == "skipped" and f"; {reason}" in last["why"]


def _specs(db: sqlite3.Connection, project: str) -> tuple[TriggerSpec, ...]:
    """The triggers that the project's manifest names; none of one that was removed."""
    return registry.manifest(db, project).triggers if registry.there(db, project) else ()


def _facts(db: sqlite3.Connection, project: str, new_rows: int, refused: str | None) -> TriggerFacts:
    alerts = sorted(alert_book.open_of(db, [project]), key=lambda alert: -alert.id)
    return TriggerFacts(
        new_rows=new_rows,
        alerts={alert.part: alert.why for alert in alerts},
        answered=_answered(db, project, alerts),
        busy=history.busy(db, project, RETRAIN),
        again=history.to_try_again(db, project, RETRAIN),
        last=history.last_queued(db, project, RETRAIN),
        refused=refused,
    )


def _answered(db: sqlite3.Connection, project: str, alerts: Iterable[Alert]) -> dict[str, str]:
    """The parts for whose newest alert there is a version already that a person has to decide on, or has turned down.

    One that failed its gates is no answer: with more rows the next one may pass.
    """
    made = catalog.newest(db, project)
    if made is None or made.state not in ("candidate", "rejected"):
        return {}
    became = "waits for a decision" if made.state == "candidate" else "was made since and was turned down"
    newest: dict[str, datetime] = {}
    for alert in alerts:
        newest[alert.part] = max(alert.raised_at, newest.get(alert.part, alert.raised_at))
    return {part: f"{made.label} {became}" for part, at in newest.items() if at < made.made_at}
