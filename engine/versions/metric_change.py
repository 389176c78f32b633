"""How the figures of two versions differ, each measured on the holdout of its own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.records import Change

if TYPE_CHECKING:
    from engine.versions.records import Judgement


def metric_change(old: Judgement, new: Judgement) -> Change:
    """The key metric in the summary, each below. They are of other rows, so that none is called better."""
    before, after = old.metrics, new.metrics
    lines = []
    for name in dict.fromkeys((new.key_metric, *before, *after)):
        was, now = (found[name].value if name in found else None for found in (before, after))
        if was != now:  # also where one of them has it and the other has not
            lines.append(f"{name}: {_figure(was)} → {_figure(now)}")
    if not lines:
        return Change("metrics", "same")
    key = next((line for line in lines if line.startswith(f"{new.key_metric}: ")), lines[0])
    return Change("metrics", f"{key}, each on its own holdout", tuple(lines))


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
