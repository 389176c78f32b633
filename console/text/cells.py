"""Records as words: the same in a table, a dialog and on the command line. Pure; times and ``now`` are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.records import (
    Comparison,
    GateVerdict,
    Metric,
    Point,
    ProjectStatus,
    Rehearsal,
    Run,
    RunState,
    Verdict,
    Version,
    VersionState,
)  # fmt: skip
from engine.storage.free_space import in_words
from engine.text import plain
from engine.text import span as span
from engine.validation.undefined import sentence, why

GLYPHS: dict[str, str] = {
    "ok": "●",
    "watch": "▲",
    "failing": "■",
    "unknown": "○",
    "pass": "✓",
    "warn": "▲",
    "fail": "■",
    "cannot tell": "○",
}
RUN_GLYPHS: dict[RunState, str] = {
    "queued": "…",
    "running": "▸",
    "succeeded": "✓",
    "failed": "■",
    "cancelled": "–",
    "interrupted": "■",
    "nothing-new": "=",
}
NOTHING = "–"
REHEARSED = 14  # cells
BARS = "▁▂▃▄▅▆▇█"


def age(at: datetime | None, now: datetime) -> str:
    """How long ago ``at`` was; whole seconds, because nobody reads tenths of an age."""
    if at is None:
        return NOTHING
    seconds = (now - at).total_seconds()
    return "now" if seconds < 1 else f"{seconds:.0f} s" if seconds < 10 else span(seconds)


def ago(at: datetime | None, now: datetime) -> str:
    """``2 h ago``; ``just now`` for less than a second."""
    said = age(at, now)
    return "just now" if said == "now" else said if at is None else f"{said} ago"


def until(at: datetime | None, now: datetime) -> str:
    """How long it is until ``at``; ``now`` when it has come."""
    if at is None:
        return NOTHING
    seconds = (at - now).total_seconds()
    return "now" if seconds < 1 else f"in {span(max(seconds, 10))}"


def size(count: float | None) -> str:
    """Bytes as the engine's sentences write them: ``512 B``, ``1.4 MiB``, ``80 GiB``."""
    return NOTHING if count is None else in_words(count)


def number(value: float | None) -> str:
    """Three digits that matter; thousands are grouped: ``0.724``, ``271``, ``12,840``."""
    if value is None:
        return NOTHING
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    if abs(value) >= 1 or value == 0:
        return f"{value:.3g}"
    return f"{value:.3f}" if abs(value) >= 0.01 else f"{value:.4f}"


def percent(share: float, digits: int = 0) -> str:
    """``4 %``, ``4.1 %``."""
    return f"{share * 100:.{digits}f} %"


def signed(value: float | None) -> str:
    """``number`` with its sign, and a real minus."""
    if value is None:
        return NOTHING
    text = number(abs(value))
    return ("±" if not text.strip("0.") else "+" if value > 0 else "−") + text


def counted(count: int, what: str) -> str:
    """``1 alert``, ``6 alerts``."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def metric(value: Metric | None, *, interval: bool = True) -> str:
    """``roc_auc 0.724 ±0.011``: half the width of the 95 % interval behind the value. Without one, a word that says why
    not, which ``no_value`` explains where there is room."""
    if value is None:
        return NOTHING
    if value.value is None:
        return f"{value.name} {NOTHING} {why(value.name, value.n).short}"
    text = f"{value.name} {number(value.value)}"
    if interval and value.low is not None and value.high is not None:
        text += f" ±{number((value.high - value.low) / 2)}"
    return text


def known(status: ProjectStatus) -> str:
    """The key metric of what is live, and on which rows it rests; without a value, why it has none."""
    if status.metric is None:
        return NOTHING
    return no_value(status.metric) or f"{metric(status.metric)} on {status.measured_on}"


def no_value(found: Metric | None) -> str:
    """Why a metric has no value, in a sentence without its full stop; "" where it has one."""
    return sentence(found.name, found.n) if found is not None and found.value is None else ""


def way_back(status: ProjectStatus) -> str:
    """The version that a rollback would go to, and whether it is known to be damaged."""
    return f"{status.rollback_to}{', which is DAMAGED in the store' if status.rollback_damaged else ''}"


def sparkline(points: Sequence[Point], width: int = 8) -> str:
    """The last ``width`` values, the lowest of them as the lowest bar; equal values lie in the middle."""
    values = [p.value for p in points][-width:]
    if not values:
        return ""
    low, high = min(values), max(values)
    if high == low:
        return BARS[3] * len(values)
    return "".join(BARS[round((v - low) / (high - low) * (len(BARS) - 1))] for v in values)


def verdict(value: Verdict | GateVerdict) -> str:
    """A glyph and the word, so that colour is never needed to tell."""
    return f"{GLYPHS[value]} {value}"


def run_state(run: Run) -> str:
    """``▸ running 40 %``, ``✓ succeeded``; how far a run is that has told nothing yet, nobody knows."""
    text = f"{RUN_GLYPHS[run.state]} {run.state}"
    return f"{text} {percent(run.progress)}" if run.state == "running" and run.progress else text


def last_run(run: Run | None) -> str:
    """``retrain 41 s ✓``: what it was, how long it took, how it ended."""
    if run is None:
        return NOTHING
    took = f" {span(run.seconds)}" if run.seconds is not None else ""
    return f"{run.job}{took} {RUN_GLYPHS[run.state]}"


def comparison(version: Version) -> str:
    """``better +0.018``: the candidate against the live version on the same rows."""
    words: dict[Comparison, str] = {
        "better": "better", "worse": "worse", "same": "no worse", "cannot tell": "cannot tell",
        "not compared": "not compared", "first": "the first",
    }  # fmt: skip
    text = words[version.comparison]
    if version.metric is not None and version.metric.difference is not None:
        text += f" {signed(version.metric.difference)}"
    return text


def version_state(state: VersionState) -> str:
    """``● live``, ``▲ candidate``: a glyph and the word."""
    glyphs: dict[VersionState, str] = {
        "live": "●", "candidate": "▲", "retired": "·", "rejected": "×", "expired": "·", "barred": "■", "failed": "×",
    }  # fmt: skip
    return f"{glyphs[state]} {state}"


def damage(found: str) -> str:
    """What of a version is not whole in the store, as what is said of it in lists."""
    return plain(f"DAMAGED in the store, so it cannot be gone back to: {found[:1].lower()}{found[1:]}")


def rehearsed(version: Version, now: datetime) -> str:
    """When a version that is or was live was last rebuilt from what is kept: ``3 d ago, 6.2 s``, ``never``, ``failed``.

    What it took is left out where both would take more than REHEARSED cells.
    """
    if version.rehearsed is None:
        return "never" if version.state in ("live", "retired") and version.cleaned_at is None else NOTHING
    words = {"failed": "× failed", "impossible": "cannot be"}
    since = ago(version.rehearsed.at, now)
    both = f"{since}, {span(version.rehearsed.seconds)}"
    return words.get(version.rehearsed.outcome) or (both if len(both) <= REHEARSED else since)


def unrebuilt(found: Rehearsal) -> str:
    """What is said in lists of a version that could not be rebuilt."""
    return plain(f"could not be rebuilt on {found.at.day} {found.at:%b}: {found.why}")


def lived(version: Version, now: datetime) -> str:
    """``live for 12 d``, ``ran 5 d, until 3 d ago``, or nothing for a version that never was live."""
    if version.live_from is None:
        return NOTHING
    if version.live_until is None:
        return f"live for {age(version.live_from, now)}"
    ran = span((version.live_until - version.live_from).total_seconds())
    return f"ran {ran}, until {ago(version.live_until, now)}"


def day(at: datetime | None) -> str:
    """``24 Nov 2026``."""
    return f"{at.day} {at:%b %Y}" if at else NOTHING


def clock_time(at: datetime | None, now: datetime) -> str:
    """``24 Nov 02:03``, in UTC; of another year ``24 Nov 2024``."""
    if at is None:
        return NOTHING
    return f"{at.day:>2} {at:%b %H:%M}" if at.year == now.year else f"{at.day:>2} {at:%b %Y}"
