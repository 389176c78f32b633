"""A candidate on trial in lines: what runs beside the live version, how both do, and what may end it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from console.text import cells
from console.text.lines import EMPTY, Line, Span, Tone, fit, line, pad, wrapped
from console.text.request_lines import took
from engine.text import plain

if TYPE_CHECKING:
    from engine.canary.records import CanaryHealth, Measured, Predictions, Side
    from engine.records import OnTrial
    from engine.scoring.trials import Trial, TrialRow

_NAME, _WIDE = 26, 16
_ACTS = {"start": "began", "change": "changed", "end": "ended"}
_TONES: dict[str, Tone] = {"worse": "failing", "no worse": "ok", "cannot tell": "dim"}
_GLYPHS = {"worse": "×", "no worse": "✓", "cannot tell": "○"}


def share(value: float) -> str:
    """``5 %``; as many digits as it takes."""
    return f"{100 * value:.6g} %"


def what(trial: Trial | OnTrial) -> str:
    """What it does."""
    if trial.kind == "canary":
        return f"answers {share(trial.share)} of the keys"
    return f"scores {share(trial.share)} of the requests and answers nobody"


def standing(trial: Trial, now: datetime, width: int) -> list[Line]:
    """What runs, since when, who began it and why."""
    begun = f", {trial.kind} since {cells.ago(trial.since, now)}"
    lines = [line(Span(f"{trial.label} {what(trial)}", "strong"), begun)]
    if trial.share_since != trial.since:
        lines.append(line(Span(f"the share is what it is since {cells.ago(trial.share_since, now)}", "dim")))
    said = f"begun by {plain(trial.by, 60)}: {plain(trial.reason, 1000)}"
    return [*(fit(each, width) for each in lines), *wrapped(said, width, tone="dim")]


def health_lines(found: CanaryHealth, width: int) -> list[Line]:
    """Both sides in the same time, the differences that hold at every moment, and what may end it."""
    live, canary = found.live, found.canary
    seconds = (found.until - found.since).total_seconds()
    if seconds <= 0:
        return wrapped("Both are compared from the first whole minute on.", width, tone="dim")
    minutes = f"{seconds / 60:,.0f} minute{'' if seconds == 60 else 's'}"
    heads = pad(f"SAME {minutes.upper()}", _NAME) + _right(f"live {_short(live)}") + _right(f"canary {_short(canary)}")
    rows: list[tuple[str, ...]] = [
        ("requests", f"{live.requests:,}", f"{canary.requests:,}"),
        ("a second", *(f"{each.requests / seconds:.3g}" for each in (live, canary))),
        ("could not answer", _part(live.errors, live.requests), _part(canary.errors, canary.requests)),
        ("p50", took(live.p50), took(canary.p50)),
        ("p95", took(live.p95), took(canary.p95)),
        ("p99", took(live.p99), took(canary.p99)),
        *_predicted(live.predictions, canary.predictions),
        *_labelled(found),
    ]
    lines = [fit(line(Span(heads, "head")), width)]
    lines += [fit(line(f"{pad(name, _NAME)}{_right(one)}{_right(other)}"), width) for name, one, other in rows]
    lines.append(EMPTY)
    for each in found.measured:
        lines += _judged(each, width)
    ends = "ended by itself where it is surely worse" if found.ends else "never ended by itself, as the manifest says"
    lines += wrapped(f"It is {ends}; the intervals hold at every moment, however often one looks.", width, tone="dim")
    if found.last_error:
        lines += wrapped(f"the last time it could not answer: {plain(found.last_error)}", width, tone="watch")
    return lines


def _short(side: Side) -> str:
    return "@" + side.label.rpartition("@")[2]


def _right(text: str) -> str:
    return pad(text, _WIDE, right=True)


def _part(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.2%})" if of else "–"


def _predicted(live: Predictions, canary: Predictions) -> list[tuple[str, ...]]:
    """The distribution of what both predicted; nothing where nothing was logged."""
    if not live.rows and not canary.rows:
        return []
    rows: list[tuple[str, ...]] = [("logged rows", f"{live.rows:,}", f"{canary.rows:,}")]
    if live.quantiles is not None or canary.quantiles is not None:
        for place, name in enumerate(("predicted, lowest tenth", "predicted, median", "predicted, highest tenth")):
            rows.append((name, *(
                cells.number(each.quantiles[place]) if each.quantiles is not None else "–" for each in (live, canary)
            )))  # fmt: skip
        return rows
    shares = dict(live.shares), dict(canary.shares)
    for name in list(dict.fromkeys([*shares[0], *shares[1]]))[:6]:
        rows.append((f"predicted {plain(name, 14)}", *(
            f"{each[name]:.1%}" if name in each else "–" for each in shares
        )))  # fmt: skip
    return rows


def _labelled(found: CanaryHealth) -> list[tuple[str, ...]]:
    if found.loss is None:
        return []
    sides = found.live.losses, found.canary.losses
    return [
        ("labelled keys", *(f"{each.keys:,}" for each in sides)),
        (found.loss, *(f"{each.mean:.4g}" if each.keys else "–" for each in sides)),
    ]


def _judged(found: Measured, width: int) -> list[Line]:
    between = ""
    if found.low is not None and found.high is not None:
        unit = 1.0 if found.name == "loss" else 100.0
        points = "" if found.name == "loss" else " points"
        between = f"difference {unit * found.low:+.3g} to {unit * found.high:+.3g}{points}"
        if found.bound is not None:
            between += f", worse above {unit * found.bound:.3g}"
    elif found.name == "loss":
        between = "too few labels on one side"
    text = f"{_GLYPHS[found.judged]} {pad(found.name, 14)}{pad(found.judged, 13)}"
    return wrapped(text + between, width, tone=_TONES[found.judged], indent="  ", first="")


def history_lines(rows: Sequence[TrialRow], now: datetime, width: int) -> list[Line]:
    """Each start, change and end, the newest first."""
    lines: list[Line] = []
    for each in rows:
        how = f" ({each.how})" if each.how is not None else ""
        at = "" if each.act == "end" else f" at {share(each.share)}"
        said = f"{each.label} {each.kind} {_ACTS[each.act]}{at}{how} {cells.ago(each.at, now)}"
        lines += wrapped(
            f"{said} by {plain(each.by, 60)}: {plain(each.reason, 1000)}", width, tone="dim", indent="  ", first=""
        )
    return lines
