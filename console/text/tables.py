"""The columns of every list, from record to cell. Pure; the same words stand on the command line."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import SENTENCE, Column, Line, Span, Tone, wrapped
from console.text.schedule_lines import occurrence_state
from engine.text import plain

if TYPE_CHECKING:
    from engine.housekeeping.records import BinItem
    from engine.records import AuditRow, Comparison, Run, RunState, Version, VersionState
    from engine.runs.logs.log_index import LogLine
    from engine.schedule.records import Occurrence, Schedule

RUN_TONES: dict[RunState, Tone] = {
    "queued": "dim", "running": "key", "succeeded": "", "failed": "failing", "cancelled": "dim",
    "interrupted": "failing", "nothing-new": "dim",
}  # fmt: skip
STATE_TONES: dict[VersionState, Tone] = {
    "live": "ok", "candidate": "watch", "retired": "", "rejected": "dim", "expired": "dim", "barred": "failing",
    "failed": "dim",
}  # fmt: skip
COMPARISON_TONES: dict[Comparison, Tone] = {
    "better": "ok", "worse": "failing", "same": "", "cannot tell": "unknown", "not compared": "unknown",
    "first": "",
}  # fmt: skip


def short(label: str | None) -> str:
    """``@12`` of ``flights@12``."""
    return "@" + label.rpartition("@")[2] if label else cells.NOTHING


CANDIDATES: tuple[Column[Version], ...] = (
    Column("VERSION", 14, lambda v, now: Span(v.label, "strong"), most=22, front=True),
    Column("GATES", 8, lambda v, now: Span(cells.verdict(v.verdict), "ok" if v.verdict == "pass" else "watch")),
    Column("AGAINST LIVE", 19, lambda v, now: Span(cells.comparison(v), COMPARISON_TONES[v.comparison])),
    Column("LIVE", 5, lambda v, now: Span(short(v.against)), yields=2),
    Column("KEY METRIC", 22, lambda v, now: Span(cells.metric(v.metric)), yields=1),
    Column("MADE", 8, lambda v, now: Span(cells.age(v.made_at, now)), right=True),
    Column("IN A SENTENCE", 20, lambda v, now: _judged(v), yields=3, grows=True),
)


def _judged(version: Version) -> Span:
    return Span(f"{version.said}. {version.sentence}" if version.said else version.sentence, "dim")


def _state(version: Version, now: datetime) -> Span:
    if version.damage:  # whatever else it is, and however narrow the screen
        return Span("× damaged", "failing")
    return Span(cells.version_state(version.state), STATE_TONES[version.state])


def _said_of(version: Version, now: datetime) -> Span:
    if version.damage:
        return Span(cells.damage(version.damage), "failing")
    if version.rehearsed is not None and version.rehearsed.outcome == "failed":
        return Span(cells.unrebuilt(version.rehearsed), "failing")
    if version.held:
        return Span(f"on hold by {plain(version.held)}", "strong")
    return Span(plain(version.reason or version.sentence), "dim")


def _rehearsed(version: Version, now: datetime) -> Span:
    failed = version.rehearsed is not None and version.rehearsed.outcome == "failed"
    return Span(cells.rehearsed(version, now), "failing" if failed else "dim")


VERSIONS: tuple[Column[Version], ...] = (
    Column("VERSION", 13, lambda v, now: Span(v.label, "strong"), most=22, front=True),
    Column("STATE", 11, _state),
    Column("HOLD", 4, lambda v, now: Span("held" if v.held else "", "strong")),
    Column("KEY METRIC", 22, lambda v, now: Span(cells.metric(v.metric)), yields=2),
    Column("AGAINST LIVE", 19, lambda v, now: Span(cells.comparison(v)), yields=5),
    Column("LIFE", 26, lambda v, now: Span(cells.lived(v, now))),
    Column("MADE", 8, lambda v, now: Span(cells.age(v.made_at, now)), right=True, yields=3),
    Column("REHEARSED", cells.REHEARSED, _rehearsed, yields=1),
    Column("WHY", 16, _said_of, yields=4, grows=True),
)


def _run_said(run: Run, now: datetime) -> Span:
    if run.overdue is not None:
        return Span(plain(run.overdue), "watch")
    if run.state == "running":
        return Span(plain(run.phase), "key")
    if run.state == "queued":
        return Span("waits for a place", "dim")
    return Span(plain(run.why or (f"made {run.version}" if run.version else "")), "dim")


RUNS: tuple[Column[Run], ...] = (
    Column("RUN", 5, lambda r, now: Span(str(r.id)), right=True),
    Column("PROJECT", 12, lambda r, now: Span(r.project, "strong"), most=20),
    Column("JOB", 8, lambda r, now: Span(r.job), yields=2),
    Column("STATE", 15, lambda r, now: Span(cells.run_state(r), RUN_TONES[r.state])),
    Column("QUEUED", 8, lambda r, now: Span(cells.age(r.queued_at, now)), right=True),
    Column("TOOK", 7, lambda r, now: Span(_took(r, now)), right=True),
    Column("DATA AS OF", 12, lambda r, now: Span(cells.clock_time(r.as_of, now)), yields=3),
    Column("BY", 8, lambda r, now: Span(r.requested_by), yields=4),
    Column("WHAT CAME OF IT", 19, _run_said, yields=1, grows=True),
)


def _took(run: Run, now: datetime) -> str:
    if run.seconds is not None:
        return cells.span(run.seconds)
    return cells.age(run.started_at, now) if run.state == "running" else cells.NOTHING


SCHEDULES: tuple[Column[Schedule], ...] = (
    Column("PROJECT", 12, lambda s, now: Span(s.project, "strong"), grows=True),
    Column("JOB", 8, lambda s, now: Span(s.job)),
    Column("RULE", 16, lambda s, now: Span(plain(s.rule))),
    Column("ZONE", 18, lambda s, now: Span(s.timezone), yields=1),
    Column("NEXT", 9, lambda s, now: _next(s, now), right=True),
    Column("LAST", 12, lambda s, now: occurrence_state(s.last) if s.last else Span(cells.NOTHING, "dim")),
    Column("DUE AGO", 8, lambda s, now: Span(cells.age(s.last.due if s.last else None, now)), right=True, yields=2),
    Column("CATCH UP", 8, lambda s, now: Span(s.catch_up, "dim"), yields=3),
    Column("BY", 8, lambda s, now: Span(s.changed_by or s.origin, "dim"), yields=4),
)


def _next(schedule: Schedule, now: datetime) -> Span:
    if not schedule.enabled:
        return Span("paused", "watch")
    return Span(cells.until(schedule.next_due[0] if schedule.next_due else None, now))


OCCURRENCES: tuple[Column[Occurrence], ...] = (
    Column("DUE (UTC)", 12, lambda o, now: Span(cells.clock_time(o.due, now))),
    Column("PROJECT", 12, lambda o, now: Span(o.project, "strong"), most=20),
    Column("JOB", 8, lambda o, now: Span(o.job), yields=1),
    Column("BECAME", 15, lambda o, now: occurrence_state(o)),
    Column("RUN", 6, lambda o, now: Span(str(o.run) if o.run is not None else cells.NOTHING), right=True),
    Column("WHY", 20, lambda o, now: Span(plain(o.why) or "on time", "dim"), grows=True),
)

LOG: tuple[Column[LogLine], ...] = (
    Column("LINE", 9, lambda g, now: Span(f"{g.number:,}", "dim"), right=True),
    Column("PRINTED", 20, lambda g, now: Span(g.text), grows=True),
)

BIN: tuple[Column[BinItem], ...] = (
    Column("WHAT", 24, lambda b, now: Span(plain(b.what), "strong"), grows=True),
    Column("KIND", 12, lambda b, now: Span(b.kind), yields=2),
    Column("SIZE", 9, lambda b, now: Span(cells.size(b.bytes)), right=True),
    Column("BINNED", 8, lambda b, now: Span(cells.age(b.binned_at, now)), right=True),
    Column("GONE FOR GOOD", 13, lambda b, now: Span(cells.until(b.purge_at, now)), right=True),
    Column("BY", 8, lambda b, now: Span(b.by), yields=1),
)

AUDIT: tuple[Column[AuditRow], ...] = (
    Column("ROW", 9, lambda a, now: Span(f"{a.seq:,}"), right=True),
    Column("WHEN (UTC)", 12, lambda a, now: Span(cells.clock_time(a.at, now))),
    Column("WHO", 8, lambda a, now: Span(a.actor)),
    Column("DID", 12, lambda a, now: Span(a.action, "strong")),
    Column("TO", 13, lambda a, now: Span(plain(a.subject)), front=True),
    Column("BECAUSE", 11, lambda a, now: Span(plain(a.reason), "dim"), yields=1, grows=True),
    Column("DIGEST", 12, lambda a, now: Span(a.digest[:12], "dim"), yields=2),
)


def reason_lines(row: AuditRow, width: int) -> list[Line]:
    """The reason of one row below the list, in up to three lines."""
    said = f"{row.actor}, {row.action} {row.subject}: {row.reason or 'no reason was asked for'}"
    lines: list[Line] = [(Span("─" * width, "rule"),), *wrapped(plain(said, SENTENCE), width - 6, indent="   ")]
    return [*lines[:3], (Span("   the rest: Enter", "dim"),)] if len(lines) > 4 else lines
