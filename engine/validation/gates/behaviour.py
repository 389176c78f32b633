"""What is odd about data and predictions, whatever the metrics say; and the golden rows that a version is proven by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.records import Gate
from engine.validation.columns import Codes, codes, floats, is_number, is_time, missing, shown, unwrapped
from engine.validation.words import percent
from engine.vocabulary.gates import name_of

if TYPE_CHECKING:
    from engine.validation.metrics import Predicted, Truth

# A regression whose predictions spread this little against the target says hardly more than its mean.
_FLAT = 0.01
_PER_COLUMN = 2
_COMMON = 0.99


def missing_fractions(table: pa.Table, features: list[str]) -> dict[str, float]:
    """Per feature the fraction of rows without a value."""
    rows = max(1, table.num_rows)
    return {name: float(missing(table.column(name)).sum() / rows) for name in features}


def infinite_counts(table: pa.Table, features: list[str]) -> dict[str, int]:
    """Features of floats that hold infinite values, with how many."""
    found = {}
    for name in features:
        column = unwrapped(table.column(name))
        if pa.types.is_floating(column.type) and (infinite := int(np.isinf(floats(column)).sum())):
            found[name] = infinite
    return found


def predictions_valid(problems: tuple[str, ...], rows: int) -> Gate:
    """Is every prediction a prediction?"""
    name, kind = name_of("predictions"), "predictions"
    if problems:
        return Gate(name, kind, "fail", f"Of {rows:,} rows: {'; '.join(problems)}.", {"problems": len(problems)})
    return Gate(name, kind, "pass", f"All {rows:,} are finite and in range.", {"problems": 0})


def predictions_vary(truth: Truth, predicted: Predicted) -> Gate:
    """Does the model say different things about different rows?"""
    name, kind = name_of("constant"), "constant"
    if truth.task == "regression":
        said = np.asarray(predicted.decided, np.float64)
    elif predicted.ranking is not None:
        said = predicted.ranking
    elif predicted.chances is not None:
        said = predicted.chances.max(axis=1) + np.argmax(predicted.chances, axis=1)
    else:
        said = np.asarray(predicted.decided, np.float64)
    values, counts = np.unique(said[np.isfinite(said)], return_counts=True)
    numbers: dict[str, object] = {"different": len(values)}
    if len(values) <= 1:
        evidence = "The model says the same about every row."
        return Gate(name, kind, "fail", evidence, numbers)
    common = float(counts.max() / len(said))
    numbers["most_common"] = common
    if common >= _COMMON:
        return Gate(name, kind, "warn", f"The model says the same about {percent(common)} of the rows.", numbers)
    if truth.task == "regression":
        spread, wanted = float(np.nanstd(said)), float(np.std(truth.actual))
        if spread < _FLAT * wanted:
            evidence = (
                f"Predictions spread {percent(spread / wanted, 2)} as far as the target: hardly more than a mean."
            )
            return Gate(name, kind, "warn", evidence, numbers)
    elif len(np.unique(predicted.decided)) == 1:
        evidence = f"{len(values):,} different scores, though every row is decided alike."
        return Gate(name, kind, "pass", evidence, numbers)
    return Gate(name, kind, "pass", f"{len(values):,} different predictions on {len(said):,} rows.", numbers)


def target_varies(train: pa.ChunkedArray, truth: Truth) -> Gate:
    """Is there anything to learn, and anything to judge by?"""
    name, kind = name_of("target"), "target"
    unique = len(np.unique(floats(train))) if truth.task == "regression" else len(codes(train)[1])
    if unique <= 1:
        return Gate(name, kind, "fail", "Every training row has the same target; there is nothing to learn.")
    judged = len(np.unique(truth.actual))
    if judged <= 1:
        evidence = "Every holdout row has the same target; there is nothing to judge by."
        return Gate(name, kind, "cannot tell", evidence, {"lacks": "one class"})
    if truth.task == "regression":
        return Gate(name, kind, "pass", f"{judged:,} different values in the holdout.")
    _, counts = np.unique(truth.actual, return_counts=True)
    wanted = f"; looked for: {shown(truth.classes[1])}" if truth.task == "binary" else ""
    evidence = f"{judged} classes, the rarest {percent(counts.min() / len(truth))} of the holdout{wanted}."
    return Gate(name, kind, "pass", evidence)


def changed_decisions(truth: Truth, candidate: Predicted, live: Predicted | None) -> float | None:
    """The fraction of rows about which candidate and live version decide differently; None for regression."""
    if live is None or truth.task == "regression" or len(truth) == 0:
        return None
    return float(np.mean(candidate.decided != live.decided))


def decision_counts(truth: Truth, predicted: Predicted | None) -> dict[str, int] | None:
    """How often a version was right and wrong about a binary target, at the threshold it decides by; None elsewhere.

    What errors cost can be told from these counts alone: a precision and a recall are not enough for it.
    """
    if predicted is None or truth.task != "binary":
        return None
    was, said = np.asarray(truth.actual) == 1, np.asarray(predicted.decided) == 1
    return {
        "true_positives": int(np.sum(was & said)),
        "false_positives": int(np.sum(~was & said)),
        "false_negatives": int(np.sum(was & ~said)),
        "true_negatives": int(np.sum(~was & ~said)),
    }


def choose_golden(table: pa.Table, n: int = 200, seed: int = 0) -> pa.Table:
    """``n`` rows to prove a version by, in the order of ``table``: a random sample, but never without the rows that
    rebuilt models stumble over: missing values, rare categories, the smallest and largest numbers of each column.
    """
    if table.num_rows <= n:
        return table
    generator = np.random.default_rng(seed)
    wanted: dict[int, None] = {}
    rounds = [_notable(table.column(index), generator) for index in range(table.num_columns)]
    # In turns, so that a table of a thousand columns gives each kind its share before the room runs out.
    for turn in range(max((len(rows) for rows in rounds), default=0)):
        for rows in rounds:
            if turn < len(rows) and len(wanted) < n // 2:
                wanted[rows[turn]] = None
    others = generator.permutation(table.num_rows)
    for row in others[: n + len(wanted)]:
        if len(wanted) == n:
            break
        wanted[int(row)] = None
    return table.take(pa.array(sorted(wanted)))


def _notable(column: pa.ChunkedArray, generator: np.random.Generator) -> list[int]:
    """Positions of a few rows worth having, the most telling first."""
    gaps = np.flatnonzero(missing(column))
    picked = [int(row) for row in generator.choice(gaps, min(_PER_COLUMN, len(gaps)), replace=False)]
    if is_number(unwrapped(column).type):
        values = floats(column)
        if np.isfinite(values).any():
            finite = np.isfinite(values)
            picked.append(int(np.argmin(np.where(finite, values, np.inf))))
            picked.append(int(np.argmax(np.where(finite, values, -np.inf))))
        return picked
    if is_time(unwrapped(column).type):
        return picked
    numbers, names = codes(column)
    return picked + _rarest(numbers, len(names))


def _rarest(numbers: Codes, values: int) -> list[int]:
    """A row of each of the rarest values, when the values are categories and not keys."""
    if values < 2 or values > len(numbers) // 4:
        return []
    counts = np.bincount(numbers[numbers >= 0], minlength=values)
    return [int(np.argmax(numbers == code)) for code in np.argsort(counts, kind="stable")[: 2 * _PER_COLUMN]]
