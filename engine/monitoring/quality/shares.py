"""Whether a share of rows is larger than it was: by an amount that matters, and by more than chance explains. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from engine.monitoring.look_parts import ShareVerdict

# Dozens of columns are looked at, up to every quarter of an hour: one chance in ten thousand for each.
CHANCE = 1e-4
# Below this nothing but a flood can be told from chance; below three rows not even that.
FEWEST_ROWS = 20
_FEWEST_COUNTED = 3
_SURE = 0.95


@dataclass(frozen=True)
class Shares:
    """``count`` of ``n`` rows now, ``reference_count`` of ``reference_n`` in the reference; ``peak``: of one part."""

    count: int
    n: int
    reference_count: int
    reference_n: int
    peak: float = 0.0


@dataclass(frozen=True)
class JudgedShare:
    """``bound``: the share from which it is watched, if it is no chance. None where there are no rows."""

    verdict: ShareVerdict
    share: float | None
    usual: float | None
    bound: float | None


def judge_share(found: Shares, watch_by: float, failing_by: float) -> JudgedShare:
    """Compare the shares; ``watch_by`` and ``failing_by`` are how much more than in the reference matters: than in all
    of it, and than in the part of it that had most.

    The test is the exact binomial one against the largest share that the reference's own rows allow (Clopper and
    Pearson 1934, one-sided 95 %), so that a small reference does not make a small difference look sure.
    """
    if found.n == 0 or found.reference_n == 0:
        return JudgedShare("cannot tell", None, None, None)
    share, usual = found.count / found.n, found.reference_count / found.reference_n
    most = max(usual, found.peak)
    bound = most + watch_by
    if share >= bound and found.count >= _FEWEST_COUNTED and _is_no_chance(found):
        return JudgedShare("failing" if share >= most + failing_by else "watch", share, usual, bound)
    return JudgedShare("cannot tell" if found.n < FEWEST_ROWS else "ok", share, usual, bound)


def _is_no_chance(found: Shares) -> bool:
    rest = found.reference_n - found.reference_count
    allowed = float(stats.beta.ppf(_SURE, found.reference_count + 1, rest)) if rest else 1.0
    return float(stats.binom.sf(found.count - 1, found.n, allowed)) < CHANCE
