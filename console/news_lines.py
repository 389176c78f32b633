"""What went on since this operator last looked, in one line: what needs a person first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console import cells, schedule_lines
from console.lines import Span

if TYPE_CHECKING:
    from console.asking import Desk
    from engine.monitoring.records import Alert
    from engine.records import Deployment


def news(desk: Desk, now: datetime) -> Span | None:
    """Alerts that fail, swaps and rollbacks with who and when, other alerts, missed runs; None where nothing was."""
    failing = [alert for alert in desk.alerts if alert.resolved_at is None and alert.severity == "failing"]
    missed = schedule_lines.went_by(desk.news)
    parts = [_failing(failing), _moved(desk.swaps, now), _others(desk.alerts, failing), missed.text if missed else ""]
    said = " · ".join(part for part in parts if part)
    if not said:
        return None
    calm = all(alert.resolved_at is not None for alert in desk.alerts) and not any(
        swap.kind == "rollback" for swap in desk.swaps
    )
    tone = "failing" if failing else missed.tone if calm and missed else "dim" if calm else "watch"
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
    verb = "live" if told.kind == "release" else "rolled back to"
    more = f" and {cells.counted(len(swaps) - 1, 'more swap')}" if len(swaps) > 1 else ""
    return f"{told.label} {verb} {cells.ago(told.at, now)} by {told.actor}{more}"


def _others(alerts: Sequence[Alert], told: Sequence[Alert]) -> str:
    """How many came up that are still open, and how many are over."""
    opened = sum(1 for alert in alerts if alert.resolved_at is None) - len(told)
    over = sum(1 for alert in alerts if alert.resolved_at is not None)
    parts = [f"{cells.counted(opened, 'alert')} raised"] * bool(opened)
    parts += [f"{over} resolved" if opened else f"{cells.counted(over, 'alert')} resolved"] * bool(over)
    return f"{', '.join(parts)} (8)" if parts else ""
