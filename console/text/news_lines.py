"""What went on since this operator last looked, in one line: what needs a person first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells, schedule_lines
from console.text.lines import Span, Tone

if TYPE_CHECKING:
    from console.queries.question import Desk
    from engine.monitoring.records import Alert
    from engine.records import Deployment


def news(desk: Desk, now: datetime) -> Span | None:
    """Alerts that are open, missed runs, swaps and rollbacks with who and when; None where nothing was."""
    failing = [alert for alert in desk.alerts if alert.resolved_at is None and alert.severity == "failing"]
    short = [_failing(failing), _others(desk.alerts, failing)]
    moved = _moved(desk.swaps, now)
    missed = schedule_lines.went_by(desk.news, brief=any([*short, moved]))
    said = " · ".join(part for part in (*short, missed.text if missed else "", moved) if part)
    if not said:
        return None
    open_ones = any(alert.resolved_at is None for alert in desk.alerts)
    back = any(swap.kind == "rollback" for swap in desk.swaps)
    tone: Tone = "failing" if failing else "watch" if open_ones or back else missed.tone if missed else "dim"
    return Span(f"Since you last looked: {said}", tone)


def _failing(alerts: Sequence[Alert]) -> str:
    if not alerts:
        return ""
    projects = sorted({alert.project for alert in alerts})
    return f"■ {', '.join(projects[:3])} failing" + (f" and {len(projects) - 3} more" if len(projects) > 3 else "")


def _moved(swaps: Sequence[Deployment], now: datetime) -> str:
    """The newest, a rollback before a release; the others are counted."""
    if not swaps:
        return ""
    told = max(swaps, key=lambda swap: (swap.kind == "rollback", swap.seq))
    what = f"{told.label} live" if told.kind == "release" else f"{told.project} back to @{told.number}"
    more = f", {cells.counted(len(swaps) - 1, 'more swap')}" if len(swaps) > 1 else ""
    return f"{what} by {told.actor} {cells.ago(told.at, now)}{more}"


def _others(alerts: Sequence[Alert], told: Sequence[Alert]) -> str:
    """How many came up that are still open, and how many are over."""
    opened = sum(1 for alert in alerts if alert.resolved_at is None) - len(told)
    over = sum(1 for alert in alerts if alert.resolved_at is not None)
    parts = [f"{cells.counted(opened, 'alert')} raised"] * bool(opened)
    parts += [f"{over} resolved" if opened else f"{cells.counted(over, 'alert')} resolved"] * bool(over)
    return f"{', '.join(parts)} (8)" if parts else ""
