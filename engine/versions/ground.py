"""A judgement without the version that it was held against, for where that is another one or none. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.versions.records import Judgement


def without_ground(judged: Judgement) -> Judgement:
    """``judged`` without what it says of a version that is not the one that is live here."""
    metrics = {
        name: replace(
            found, live=None, live_low=None, live_high=None, difference=None, difference_low=None,
            difference_high=None, comparison=None,
        )
        for name, found in judged.metrics.items()
    }  # fmt: skip
    segments = tuple(
        replace(each, live=None, difference=None, low=None, high=None, verdict="first") for each in judged.segments
    )
    return replace(judged, metrics=metrics, segments=segments, changed_decisions=None)
