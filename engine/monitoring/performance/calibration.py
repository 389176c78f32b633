"""Whether what the model says can be taken at its word: chances that come true as often as said, numbers without bias.

Classifiers: the expected calibration error over bins with equally many rows (M. P. Naeini, G. F. Cooper, M.
Hauskrecht, AAAI 2015), judged against what chance alone gives a perfectly calibrated model with the same chances
(outcomes drawn from them: J. Broecker and L. A. Smith, Weather and Forecasting 22, 2007), because the error of few rows
is never 0. Slope and intercept are those of the logistic recalibration of the log-odds (D. R. Cox, Biometrika 45,
1958): a slope below 1 means chances too extreme. With several classes the chance given to the predicted class is
looked at (C. Guo and others, ICML 2017).

Regressions: the bias with its interval, and how the errors spread compared with the reference; the line of actual on
predicted (J. Mincer and V. Zarnowitz 1969) has slope 1 and intercept 0 when predictions can be taken at their word.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.monitoring.look_parts import Bin, Calibration, ShareVerdict
from engine.monitoring.performance.metric_values import too_few
from engine.validation.columns import Floats
from engine.validation.metrics import Predicted, Truth
from engine.validation.words import between, number, percent, signed

_BINS, _ROWS_PER_BIN = 10, 50
_DRAWS = 200
_Z = 1.959964
# An average error of two hundredths changes no decision; of ten, a threshold means something else than it did.
WATCH_ERROR, FAILING_ERROR = 0.03, 0.10
# A model that was never calibrated is no news: what counts is how much more than when it was validated.
_MORE = 0.02
# Deviations: the same is looked at again and again.
_SURE = 3.0
# A bias of a fifth of the usual error is worth a look, one of half of it misleads; so does a spread half as wide again.
WATCH_BIAS, FAILING_BIAS = 0.20, 0.50
WATCH_SPREAD, FAILING_SPREAD = 1.25, 1.75
_CHANCE = 1e-6


def calibration(
    truth: Truth, predicted: Predicted, *, reference: Calibration | None = None, seed: int = 0
) -> Calibration:
    """Calibration on labelled rows; ``reference`` is that of the rows the version was validated on."""
    kind: Literal["chances", "values"] = "values" if truth.task == "regression" else "chances"
    if kind == "chances" and predicted.chances is None:
        return Calibration(kind, "", "cannot tell", "The predictions hold no chances, only classes.", len(truth))
    if reason := too_few(truth):
        return Calibration(kind, "", "cannot tell", f"Calibration cannot be told: {reason}.", len(truth))
    if kind == "values":
        return _values(np.asarray(truth.actual, np.float64), np.asarray(predicted.decided, np.float64), reference)
    said, came, subject = _claims(truth, predicted)
    return _chances(said, came, subject, reference, seed)


def _claims(truth: Truth, predicted: Predicted) -> tuple[Floats, Floats, str]:
    """What chance was given, whether it came true (0 or 1), and to what."""
    assert predicted.chances is not None
    actual = np.asarray(truth.actual, np.int64)
    if truth.task == "binary":
        return predicted.chances[:, 1], (actual == 1).astype(np.float64), truth.classes[1]
    top = np.argmax(predicted.chances, axis=1)
    return predicted.chances[np.arange(len(top)), top], (actual == top).astype(np.float64), "the predicted class"


def _chances(said: Floats, came: Floats, subject: str, reference: Calibration | None, seed: int) -> Calibration:
    said = np.clip(said, 0.0, 1.0)
    starts = _starts(said)
    error, chance = float(_error(said, came[None, :], starts)[0]), _by_chance(said, starts, seed)
    n, gap = len(said), float(said.mean() - came.mean())
    reach = _Z * float(np.sqrt(came.mean() * (1 - came.mean()) / n))
    slope, slope_error, intercept, intercept_error = _logistic(said, came)
    before = reference.error if reference is not None and reference.kind == "chances" else None
    more = np.inf if before is None or reference is None else error - before - _no_increase(reference, chance, reach)
    verdict: ShareVerdict = "ok"
    if error > chance and error >= WATCH_ERROR and more >= _MORE:
        verdict = "failing" if error >= FAILING_ERROR and more >= 2 * _MORE else "watch"
    told = (
        f"Chances are off by {number(error)} on average over {n:,} rows (chance alone gives up to {number(chance)})"
        f"{'' if before is None else f', {number(before)} when it was validated'}: {percent(float(said.mean()))} were "
        f"said, {percent(float(came.mean()))} happened"
    )
    told += "." if verdict == "ok" else f"; {advice_on(slope, gap)}."
    return Calibration(
        "chances", subject, verdict, told, n, error, chance, gap, gap - reach, gap + reach, slope, slope_error,
        intercept, intercept_error, bins=_bins(said, came, starts, chances=True),
    )  # fmt: skip


def _no_increase(reference: Calibration, chance: float, reach: float) -> float:
    """By how much the error may be larger than the reference's without being one that increased.

    Of few rows it is large by chance alone, before and now: half of that is no increase. Of a model that was off before
    already, it is about how far the chances lie from what happened, and swings as that share does on both sides; within
    three deviations. Else a model that was never calibrated, as a forest or one with weighted classes, is told of again
    and again: a rule with two leaves, off by 0.15 from the start, was in 4 of 6 cases within a month.
    """
    slack = max(0.0, chance / 2 - _MORE)
    if reference.error is None or reference.chance is None or reference.error <= reference.chance:
        return slack
    low, high = reference.bias_low or 0.0, reference.bias_high or 0.0
    return max(slack, _SURE * float(np.hypot(reach, (high - low) / 2)) / _Z)


def advice_on(slope: float | None, gap: float) -> str:
    """What is wrong with the chances and what to do, by the slope of the curve and the ``gap`` of said and seen."""
    if slope is not None and slope < 0.8 and abs(gap) < WATCH_ERROR:
        return "it is surer than it should be: recalibrate it or retrain"
    direction = "too high" if gap > 0 else "too low"
    return f"chances are {direction}: a threshold no longer means what it did, recalibrate it or retrain"


def _starts(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where each bin begins among the values in rising order; equal values are never divided."""
    bins = max(1, min(_BINS, len(values) // _ROWS_PER_BIN))
    rising = np.sort(values)
    wanted = np.linspace(0, len(values), bins + 1)[:-1].astype(np.int64)
    return np.unique(np.searchsorted(rising, rising[wanted], side="left"))


def _error(said: Floats, came: Floats, starts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """The expected calibration error of each row of ``came`` (draws x rows)."""
    order = np.argsort(said, kind="stable")
    gaps = np.add.reduceat(came[:, order] - said[order], starts, axis=1)
    return np.asarray(np.abs(gaps).sum(axis=1) / len(said))


def _by_chance(said: Floats, starts: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int) -> float:
    """What the error of a perfectly calibrated model stays below in 99 of 100 cases.

    The sum over many rows of a bin is normal: one number is drawn per bin instead of one per row.
    """
    rising = np.sort(said)
    deviation = np.sqrt(np.add.reduceat(rising * (1 - rising), starts))
    drawn = np.random.default_rng(seed).normal(size=(20 * _DRAWS, len(starts))) * deviation
    return float(np.quantile(np.abs(drawn).sum(axis=1) / len(said), 0.99))


def _bins(
    said: Floats, came: Floats, starts: np.ndarray[tuple[int], np.dtype[np.int64]], *, chances: bool
) -> tuple[Bin, ...]:
    order = np.argsort(said, kind="stable")
    found = []
    for first, end in zip(starts, [*starts[1:], len(said)], strict=True):
        own, happened = said[order[first:end]], came[order[first:end]]
        low, high = _wilson(happened) if chances else _mean_interval(happened)
        found.append(Bin(float(own[0]), float(own[-1]), len(own), float(own.mean()), float(happened.mean()), low, high))
    return tuple(found)


def _wilson(happened: Floats) -> tuple[float, float]:
    """The 95 % interval of a share (E. B. Wilson, JASA 22, 1927)."""
    n, share = len(happened), float(happened.mean())
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    reach = _Z / (1 + _Z**2 / n) * float(np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _mean_interval(values: Floats) -> tuple[float, float]:
    reach = _Z * float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return float(values.mean()) - reach, float(values.mean()) + reach


def _logistic(said: Floats, came: Floats) -> tuple[float | None, float | None, float | None, float | None]:
    """Slope and intercept of the recalibration with standard errors, by Newton's method; None where none exists."""
    clipped = np.clip(said, _CHANCE, 1 - _CHANCE)
    odds = np.log(clipped / (1 - clipped))
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    weights = np.zeros(2)
    if odds.std() < 1e-9:
        return None, None, None, None
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        information = design.T @ (design * (fitted * (1 - fitted))[:, None])
        try:
            step = np.linalg.solve(information, design.T @ (came - fitted))
        except np.linalg.LinAlgError:
            return None, None, None, None
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            errors = np.sqrt(np.diag(np.linalg.inv(information)))
            return float(weights[0]), float(errors[0]), float(weights[1]), float(errors[1])
    return None, None, None, None  # what happened is divided perfectly by what was said: the slope has no end


def _values(actual: Floats, said: Floats, reference: Calibration | None) -> Calibration:
    wrong = said - actual
    n, bias, spread = len(wrong), float(wrong.mean()), float(wrong.std(ddof=1))
    low, high = _mean_interval(wrong)
    before = reference if reference is not None and reference.kind == "values" else None
    usual = before.spread if before is not None and before.spread else spread
    moved = bias - (before.bias or 0.0 if before is not None else 0.0)
    parts = surely_changed(wrong, moved, spread, usual, before)
    verdict: ShareVerdict = "ok"
    if parts[0] >= WATCH_BIAS or parts[1] >= WATCH_SPREAD:
        verdict = "failing" if parts[0] >= FAILING_BIAS or parts[1] >= FAILING_SPREAD else "watch"
    uncertain = spread_error(wrong)
    slope, slope_error, intercept, intercept_error = _line(said, actual)
    told = (
        f"Predictions are off by {signed(bias)} on average over {n:,} rows ({between(low, high, sign=True)}); errors "
        f"spread by {number(spread)}{'' if before is None else f', {number(usual)} when it was validated'}"
    )
    told += "." if verdict == "ok" else "; look at the worst slices and at the newest periods, then retrain."
    return Calibration(
        "values", "the value", verdict, told, n, None, None, bias, low, high, slope, slope_error, intercept,
        intercept_error, spread, _bins(said, actual, _starts(said), chances=False), uncertain,
    )  # fmt: skip


def surely_changed(
    wrong: Floats, moved: float, spread: float, usual: float, before: Calibration | None
) -> tuple[float, float]:
    """How far the bias moved, in usual spreads, and how much wider the errors spread; 0 and 1 where that may be chance.

    Within three deviations of both sides: else of 100 rows then and now one look in five calls somebody, and with
    errors that have long tails one in three.
    """
    if not usual > 0:
        return 0.0, 1.0
    own, then = spread / np.sqrt(len(wrong)), 0.0
    swing = spread_error(wrong)
    if before is not None:
        then = ((before.bias_high or 0.0) - (before.bias_low or 0.0)) / (2 * _Z)
        swing = float(np.hypot(swing, before.spread_error or 0.0))
    wider = spread / usual
    sure_bias = abs(moved) > _SURE * float(np.hypot(own, then))
    sure_spread = wider > 0 and abs(np.log(wider)) > _SURE * swing
    return abs(moved) / usual if sure_bias else 0.0, wider if sure_spread else 1.0


def spread_error(wrong: Floats) -> float:
    """The standard error of the logarithm of a standard deviation: large where few rows make most of it."""
    centred = wrong - wrong.mean()
    square = float((centred**2).mean())
    if not square > 0:
        return 0.0
    return float(np.sqrt(max(0.0, float((centred**4).mean()) / square**2 - 1) / (4 * len(wrong))))


def _line(said: Floats, actual: Floats) -> tuple[float | None, float | None, float | None, float | None]:
    """Slope and intercept of actual on predicted by least squares, with standard errors."""
    away = said - said.mean()
    square = float(away @ away)
    if not square > 0 or len(said) < 3:
        return None, None, None, None
    slope = float(away @ actual) / square
    intercept = float(actual.mean()) - slope * float(said.mean())
    left = actual - intercept - slope * said
    variance = float(left @ left) / (len(said) - 2)
    at_zero = variance * (1 / len(said) + float(said.mean()) ** 2 / square)
    return slope, float(np.sqrt(variance / square)), intercept, float(np.sqrt(at_zero))
