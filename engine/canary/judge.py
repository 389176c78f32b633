"""Whether a canary surely does worse than the live version. Pure.

Three things are held against each other, each by intervals that hold at every moment at once (``sequences``), half of
``ALPHA`` for each side: the share of requests that a side could not answer, the share of its answers that were slow,
and the mean loss of the keys whose labels are known. The canary is *worse* in one of them where the lowest difference
that the data allow is above the bound of the manifest; *no worse* where the highest is not above it; otherwise nobody
can tell, and what nobody can tell ends nothing. So of a hundred canaries that do as well as the bound allows, one at
most is ended by each of the three, however often and for however long it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.canary.records import Judged, Losses, Measured, Side
from engine.canary.sequences import mean_margin, share_bounds
from engine.projects.manifest.records import CanarySpec

ALPHA = 0.01
LEAST_LABELLED = 200  # of each side: for fewer, the interval of a mean is not what it says


def measured(live: Side, canary: Side, spec: CanarySpec, loss: str | None) -> tuple[Measured, ...]:
    """Each of the three, as far as there is anything. ``loss``: what the loss of labelled keys is, in words."""
    found = [
        _shares("errors", "could not answer", (live.errors, live.requests), (canary.errors, canary.requests),
                spec.errors),
        _shares("slow answers", f"took longer than {spec.slow.total_seconds():g} s for",
                (live.slow, live.answered), (canary.slow, canary.answered), spec.slower),
    ]  # fmt: skip
    if loss is not None:
        found.append(_losses(live.losses, canary.losses, spec.worse, loss))
    return tuple(found)


def ended_because(label: str, worse: tuple[Measured, ...]) -> str:
    """Why it is ended, for the trail and the alert."""
    told = "; ".join(one.sentence for one in worse)
    return f"{label} did surely worse than the live version in the same time: {told}"


Counted = tuple[int, int]  # hits, of how many


def _shares(name: str, verb: str, live: Counted, canary: Counted, bound: float | None) -> Measured:
    seen = [hits / of if of else None for hits, of in (live, canary)]
    (live_low, live_high), (low, high) = share_bounds(*live, ALPHA / 2), share_bounds(*canary, ALPHA / 2)
    there = live[1] > 0 and canary[1] > 0
    difference = (low - live_high, high - live_low) if there else None
    said = (
        f"it {verb} {_percent(seen[1])} of {canary[1]:,} requests, the live version {_percent(seen[0])} of {live[1]:,}"
    )
    return _judged(name, seen[0], seen[1], difference, bound, said, _percent_points)


def _losses(live: Losses, canary: Losses, allowed: float | None, loss: str) -> Measured:
    seen = [each.mean if each.keys else None for each in (live, canary)]
    enough = min(live.keys, canary.keys) >= LEAST_LABELLED
    difference = bound = None
    if enough:
        gap, ours = canary.mean - live.mean, mean_margin(live.variance, live.keys, ALPHA / 2)
        margin = ours + mean_margin(canary.variance, canary.keys, ALPHA / 2)
        difference = gap - margin, gap + margin
        # A share of the live version's own loss, which is no more than that.
        bound = None if allowed is None else allowed * (live.mean + ours)
    said = (
        f"its {loss} is {_number(seen[1])} on {canary.keys:,} labelled keys, the live version's {_number(seen[0])} on "
        f"{live.keys:,}"
    )
    return _judged("loss", seen[0], seen[1], difference, bound, said, _plain_difference)


def _judged(
    name: str, live: float | None, canary: float | None, difference: tuple[float, float] | None, bound: float | None,
    said: str, words: Callable[[float, float], str],
) -> Measured:  # fmt: skip
    judged: Judged = "cannot tell"
    if difference is not None and bound is not None:
        judged = "worse" if difference[0] > bound else "no worse" if difference[1] <= bound else "cannot tell"
    low, high = difference if difference is not None else (None, None)
    if difference is not None:
        said += f" ({words(*difference)})"
    return Measured(name, live, canary, low, high, bound, judged, said)  # type: ignore[arg-type]


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.3g} %"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def _percent_points(low: float, high: float) -> str:
    return f"by {100 * low:+.3g} to {100 * high:+.3g} percentage points"


def _plain_difference(low: float, high: float) -> str:
    return f"by {low:+.3g} to {high:+.3g}"
