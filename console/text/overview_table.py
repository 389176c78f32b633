"""The columns of the overview, from record to cell. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import Column, Span
from console.text.request_rate import rate
from console.text.tables import short

if TYPE_CHECKING:
    from engine.records import ProjectStatus



def _health(status: ProjectStatus, now: datetime) -> Span:
    since = status.since
    aged = f" {cells.age(since, now)}" if since else ""
    return Span(cells.verdict(status.verdict) + aged, status.verdict)


def _waiting(status: ProjectStatus, now: datetime) -> Span:
    if not status.candidates:
        run = status.active_run
        if run is not None:
            far = f" {cells.percent(run.progress)}" if run.progress else ""
            return Span(f"{cells.RUN_GLYPHS[run.state]} {run.job}{far}", "key")
        return Span(cells.NOTHING, "dim")
    newest = status.candidates[0]
    more = f" and {len(status.candidates) - 1} more" if len(status.candidates) > 1 else ""
    # By how much nobody can tell has no room here; the card has it, with its interval.
    told = "cannot tell" if newest.comparison == "cannot tell" else cells.comparison(newest)
    return Span(f"{short(newest.label)} {told}{more}", "watch")


PROJECTS: tuple[Column[ProjectStatus], ...] = (
    Column("PROJECT", 11, lambda s, now: Span(s.project.name, "strong"), grows=True),
    Column("HEALTH", 16, _health),
    Column("LIVE", 4, lambda s, now: Span(short(s.live))),
    Column("SINCE", 7, lambda s, now: Span(cells.age(s.live_since, now)), right=True, yields=3),
    Column("KEY METRIC", 20, lambda s, now: Span(cells.metric(s.metric)), yields=1),
    Column("TREND", 8, lambda s, now: Span(cells.sparkline(s.history)), yields=2),
    Column("DATA AGE", 8, lambda s, now: Span(cells.age(s.data_until, now)), right=True, yields=4),
    Column("LAST RUN", 15, lambda s, now: Span(cells.last_run(s.last_run)), yields=4),
    Column("DUE", 8, lambda s, now: Span(cells.until(s.next_due, now), "dim"), right=True, yields=5),
    Column("WAITING", 17, _waiting, grows=True),
)

# Beside the version's number, so that it stays where there is no room for the column.
_LIVE: Column[ProjectStatus] = Column("LIVE", 7, lambda s, now: _live(s))
_MARKS: Column[ProjectStatus] = Column("BESIDE", 14, lambda s, now: _marks(s), yields=2)
_RATE: Column[ProjectStatus] = Column("REQ/S", 8, lambda s, now: _rate(s), right=True, yields=2)


def columns(statuses: Iterable[ProjectStatus]) -> tuple[Column[ProjectStatus], ...]:
    """How many requests a second stands there where requests of any of these are answered, and who answers beside the
    live version where anybody does."""
    there = list(statuses)
    marked = any(each.trial is not None or each.stood_in for each in there)
    live, marks = (_LIVE, (_MARKS,)) if marked else (PROJECTS[2], ())
    first = (*PROJECTS[:2], live, PROJECTS[3])
    if all(each.per_second is None for each in there):
        return (*first, *marks, *PROJECTS[4:])
    return (*first, _RATE, *marks, *PROJECTS[4:])


def _live(status: ProjectStatus) -> Span:
    """``@12 ◐`` while a canary answers beside it."""
    mark = "↩" if status.stood_in else "" if status.trial is None else "◌" if status.trial.kind == "shadow" else "◐"
    return Span(f"{short(status.live)} {mark}".rstrip(), "watch" if status.stood_in else "")


def _marks(status: ProjectStatus) -> Span:
    """``◐ @3 5 %`` for a canary, ``◌ @3 shadow``, ``↩ fallback`` where others answered within the last minute."""
    if status.stood_in:
        return Span("↩ fallback", "watch")
    trial = status.trial
    if trial is None:
        return Span(cells.NOTHING, "dim")
    if trial.kind == "shadow":
        return Span(f"◌ {short(trial.label)} shadow", "dim")
    return Span(f"◐ {short(trial.label)} {100 * trial.share:.3g} %", "key")


def _rate(status: ProjectStatus) -> Span:
    return Span(rate(status.per_second), "ok") if status.per_second is not None else Span(cells.NOTHING, "dim")
