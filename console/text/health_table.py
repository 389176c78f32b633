"""The columns of the health screen, from record to cell. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.queries.health_questions import Health
from console.text import cells
from console.text.drift_lines import how_far
from console.text.lines import Column, Span, Tone
from engine.records import Metric
from engine.text import plain

if TYPE_CHECKING:
    from engine.monitoring.look_parts import MetricValue, WeighedDrift

TONES: dict[str, Tone] = {
    "ok": "ok", "watch": "watch", "failing": "failing", "unknown": "unknown", "cannot tell": "dim",
}  # fmt: skip


def glyph_and_word(verdict: str) -> Span:
    """``▲ watch``; 'cannot tell' is dim and needs no glyph."""
    if verdict == "cannot tell":
        return Span(verdict, "dim")
    return Span(f"{cells.GLYPHS.get(verdict, '○')} {verdict}", TONES.get(verdict, "unknown"))


def key_metric(health: Health) -> MetricValue | None:
    """The first metric as it is now."""
    return next(iter(health.document.metrics.values()), None)


def largest_drift(health: Health) -> WeighedDrift | None:
    """The column that is furthest from what the version learnt, among those that matter to it."""
    sized = [each for each in health.document.drift if each.size is not None]
    return min(sized, key=how_far, default=None)


def share_labelled(health: Health) -> float | None:
    """Rows with a label of all rows that were looked at."""
    look = health.look
    return look.labelled / look.rows if look is not None and look.rows else None


def _verdict(health: Health, now: datetime) -> Span:
    status = health.status
    since = status.since if status.verdict != "ok" else None
    return Span(cells.verdict(status.verdict) + (f" {cells.age(since, now)}" if since else ""), status.verdict)


def _part(name: str) -> Any:
    def cell(health: Health, now: datetime) -> Span:
        found = health.document.parts.get(name)
        return glyph_and_word(found.verdict) if found else Span(cells.NOTHING, "dim")

    return cell


def _open(health: Health, now: datetime) -> Span:
    quiet = sum(alert.quiet(now) for alert in health.alerts)
    loud = len(health.alerts) - quiet
    if loud:
        worst: Tone = "failing" if any(a.severity == "failing" and not a.quiet(now) for a in health.alerts) else "watch"
        return Span(str(loud), worst)
    return Span(f"({quiet})" if quiet else cells.NOTHING, "dim")


def _metric(health: Health, now: datetime) -> Span:
    """What is known of it, as every other screen shows it; the look's own where nothing else is known."""
    if health.status.metric is not None:
        return Span(cells.metric(health.status.metric, interval=False))
    found = key_metric(health)
    if found is None:
        return Span(cells.NOTHING, "dim")
    if found.value is None:  # The health of the project says why, where there is room.
        return Span(cells.metric(Metric(found.metric, None, None, None, found.n)), "dim")
    return Span(f"{found.metric} {cells.number(found.value)}")


def _validated(health: Health, now: datetime) -> Span:
    found = key_metric(health)
    return Span(cells.number(health.document.validated_value(found.metric) if found else None), "dim")


def _labels(health: Health, now: datetime) -> Span:
    share = share_labelled(health)
    return Span(cells.NOTHING if share is None else cells.percent(share), "dim" if share is None else "")


def _largest(health: Health, now: datetime) -> Span:
    found = largest_drift(health)
    if found is None:
        return Span(cells.NOTHING, "dim")
    tone: Tone = "dim" if found.verdict == "none" else ""
    return Span(f"{plain(found.column, 60)} {cells.number(found.psi)}", tone)


def _looked(health: Health, now: datetime) -> Span:
    return Span(cells.age(health.look.as_of if health.look else None, now), "dim")


HEALTH: tuple[Column[Health], ...] = (
    Column("PROJECT", 10, lambda h, now: Span(h.name, "strong"), grows=True),
    Column("HEALTH", 16, _verdict),
    Column("ALERTS", 6, _open, right=True),
    Column("QUALITY", 11, _part("quality")),
    Column("DRIFT", 11, _part("drift")),
    Column("PERFORMANCE", 11, _part("performance")),
    Column("KEY METRIC", 14, _metric, yields=1, front=True),
    Column("VALIDATED", 9, _validated, right=True, yields=2),
    Column("LABELS", 6, _labels, right=True, yields=3),
    Column("LARGEST DRIFT", 14, _largest, yields=3, right=True, front=True),
    Column("LOOKED", 7, _looked, right=True, yields=4),
)
