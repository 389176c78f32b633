"""Moments worth stepping back to: before what is live changed, when something was found unwell, the last look. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import Line, Span, cells_of, fit, line, pad
from engine.text import plain

if TYPE_CHECKING:
    from engine.monitoring.records import Alert
    from engine.records import Deployment

SHOWN, INCIDENTS = 6, 2


@dataclass(frozen=True)
class Moment:
    """``what`` was at ``at``, a whole second, because people write none that are finer."""

    at: datetime
    what: str

    @property
    def written(self) -> str:
        """As it is written into a field."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S}"


def moments(
    swaps: Sequence[Deployment], alerts: Sequence[Alert], last_visit: datetime | None, now: datetime
) -> tuple[Moment, ...]:
    """The newest of them, newest first. ``swaps`` come oldest first; the alerts of one incident are one moment."""
    first: dict[int, Alert] = {}
    for alert in sorted(alerts, key=lambda alert: alert.raised_at):
        first.setdefault(alert.incident, alert)
    found = [_found(alert) for alert in first.values()][-INCIDENTS:]
    if last_visit is not None:
        found.append(Moment(last_visit.replace(microsecond=0), "when you last looked"))
    changed = [_changed(swap) for swap in swaps[-SHOWN:]]
    found += changed[-(SHOWN - len(found)) :]
    return tuple(sorted((each for each in found if each.at < now), key=lambda each: each.at, reverse=True))


def _changed(swap: Deployment) -> Moment:
    what = f"{swap.label} went live" if swap.kind == "release" else f"{swap.project} went back to @{swap.number}"
    return Moment((swap.at - timedelta(microseconds=1)).replace(microsecond=0), f"just before {what}")


def _found(alert: Alert) -> Moment:
    after = alert.raised_at.replace(microsecond=0) + timedelta(seconds=1)
    return Moment(after, f"alert of {alert.project}: {plain(alert.why)}")


def moment_lines(shown: Sequence[Moment], chosen: int, now: datetime, width: int) -> list[Line]:
    """One line a moment: what, when, how long ago; a mark before the one that is ``chosen``."""
    whens = [f"{cells.clock_time(each.at, now)}, {cells.ago(each.at, now)}" for each in shown]
    room = max(12, width - max(map(len, whens), default=0) - 4)
    broad = min(room, max((cells_of(each.what) for each in shown), default=0))
    return [
        fit(
            line(
                Span("▸ " if place == chosen else "  ", "key"),
                Span(pad(each.what, broad), "strong" if place == chosen else ""),
                Span(f"  {when}", "dim"),
            ),
            width,
        )
        for place, (each, when) in enumerate(zip(shown, whens, strict=True))
    ]
