"""The gates, one row each, in the order in which a card shows them: what each asks, its name, who may waive it. Light.

First those that a manifest asks for under [[gates]], then those that are always on. The code that judges one stands
under its kind: validation/gates.py and quantities.py hold ``JUDGES`` for the former, validation/judge.py ``ALWAYS_ON``
for the latter. A row in docs/manifest.md says each to people; tests hold all of it to this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

# The verdicts of a gate, the worst last.
WORST_LAST = ("pass", "warn", "cannot tell", "fail")


@dataclass(frozen=True)
class GateKind:
    """One kind of gate. ``name``: as a card shows it, with places for what a manifest said. ``asks``: for people.

    Of a manifest's gate: ``key`` names its limit, which is ``of`` a metric's value, of its difference to the live
    version, of its value in every segment, or of a quantity; ``breaks``: a value on which side of it; a quantity's is
    from ``lowest`` to ``highest``; ``replaces``: the kind that is always on where this one is not asked for.

    Of one that is always on: ``waivable``, else ``never`` says why no reason helps. ``failed``: what to do about it,
    ``failed_binary`` where the target has two classes.
    """

    kind: str
    name: str
    asks: str
    key: str = ""
    of: Literal["", "metric", "difference", "segments", "quantity"] = ""
    breaks: Literal["", "below", "above"] = ""
    lowest: float = 0.0
    highest: float = 1.0
    size: bool = False
    """The limit is a size, such as "50MiB"."""
    rows_only: bool = False
    """It looks at rows only, so that it can be told before anything is trained."""
    replaces: str = ""
    not_of_regression: str = ""
    waivable: bool = False
    never: str = ""
    failed: str = ""
    failed_binary: str = ""

    @property
    def sign(self) -> int:
        """+1 where a value below the limit breaks it, -1 where one above does."""
        return -1 if self.breaks == "above" else 1


@dataclass(frozen=True)
class GateRule:
    """One check of every candidate, as a manifest asks for it.

    ``kind``: of a row below that a manifest may ask for; a limit on a size is in bytes. ``segment``
    narrows a segment gate to one column.
    """

    kind: str
    metric: str | None = None
    limit: float | None = None
    segment: str | None = None
    minimum_rows: int | None = None
    line: int | None = None


_WAIVE = 'or waive it for a reason: [[waivers]] gate = "{name}".'

_ASKED = (
    GateKind(
        "at_least", "{metric} at least {limit}", "the `metric` is at least this",
        key="at_least", of="metric", breaks="below",
    ),
    GateKind(
        "at_most", "{metric} at most {limit}", "the `metric` is at most this",
        key="at_most", of="metric", breaks="above",
    ),
    GateKind(
        "not_below_live_by", "{metric} not below live by {limit}",
        "the `metric`, larger being better, is not below that of the live version on the same rows by more than this",
        key="not_below_live_by", of="difference", breaks="below",
    ),
    GateKind(
        "not_above_live_by", "{metric} not above live by {limit}",
        "the same where smaller is better",
        key="not_above_live_by", of="difference", breaks="above",
    ),
    GateKind(
        "segment_at_least", "{metric} of every {segment} at least {limit}",
        "the `metric` is at least this in every segment, or of one `segment` only, with at least `minimum_rows`",
        key="every_segment_at_least", of="segments", breaks="below",
    ),
    GateKind(
        "segment_at_most", "{metric} of every {segment} at most {limit}",
        "the same, at most this",
        key="every_segment_at_most", of="segments", breaks="above",
    ),
    GateKind(
        "rows_at_least", "rows at least {limit}", "there are at least so many rows with a target",
        key="rows_at_least", of="quantity", breaks="below", lowest=1.0, highest=1e12, rows_only=True,
    ),
    GateKind(
        "rows_at_least_of_live", "rows at least {limit} of live",
        "at least such a part of the rows that the live version was made from; half unless said",
        key="rows_at_least_of_live", of="quantity", breaks="below", highest=100.0, replaces="rows_against_live",
    ),
    GateKind(
        "missing_at_most", "missing at most {limit} of a column",
        "at most such a part of any feature is missing",
        key="missing_at_most", of="quantity", breaks="above", rows_only=True, replaces="missing",
    ),
    GateKind(
        "train_seconds_at_most", "train time at most {limit} s", "the train step took at most so long",
        key="train_seconds_at_most", of="quantity", breaks="above", lowest=0.001, highest=1e8,
    ),
    GateKind(
        "score_seconds_at_most", "score time at most {limit} s",
        "the score step took at most so long for the whole holdout, its start included",
        key="score_seconds_at_most", of="quantity", breaks="above", lowest=0.001, highest=1e8,
    ),
    GateKind(
        "calibration_error_at_most", "calibration error at most {limit}",
        "stated chances are at most so far from what happens, in ten bins",
        key="calibration_error_at_most", of="quantity", breaks="above", not_of_regression="which states no chances",
    ),
    GateKind(
        "model_size_at_most", "model at most {limit}", 'the model is at most so large: `"50MiB"`',
        key="model_size_at_most", of="quantity", breaks="above", lowest=1.0, highest=2.0**50, size=True,
    ),
)  # fmt: skip

_ALWAYS_ON = (
    GateKind(
        "rows", "rows to judge by", "there are rows enough to judge by at all",
        never="so few rows bear no judgement",
    ),
    GateKind(
        "schema", "schema unchanged", "the data is what the live version was made for",
        waivable=True, failed=f"Let extract return the columns as they were, {_WAIVE}",
    ),
    GateKind(
        "target", "target varies", "there is something to learn, and something to judge by",
        never="with one outcome there is nothing to judge",
        failed="Let extract return rows with different outcomes.",
    ),
    GateKind(
        "predictions", "predictions valid", "every prediction is one",
        never="a prediction that is none cannot be used",
        failed="Let score write a class of the target, or a finite prediction in range, for each row.",
    ),
    GateKind(
        "constant", "predictions vary", "the model says different things about different rows",
        waivable=True, failed=f"Look at its features and its settings, {_WAIVE}",
    ),
    GateKind(
        "guessing", "better than guessing", "no metric is surely worse than a guess",
        waivable=True, failed=f"Train it otherwise, take the metric out of [validation] metrics, {_WAIVE}",
        failed_binary="See whether score speaks for the class that [validation] positive names, train it otherwise, "
        f"take the metric out of [validation] metrics, {_WAIVE}",
    ),
    GateKind(
        "leakage", "no leaking feature", "no feature alone tells the target almost perfectly",
        waivable=True,
        failed="If it is known only afterwards, put it into [data] exclude; if it is known before, name it in "
        "[validation] known_before.",
    ),
    GateKind(
        "missing", "missing values", "no feature lost its values between training and now",
        never="say how much may be missing instead, with a gate missing_at_most",
        failed="Mend their source, or say how much may be missing: a gate with missing_at_most.",
    ),
    GateKind("key", "rows told apart", "the key tells a row from every other; only a warning"),
    GateKind("labels", "labels join the data", "labels of their own source meet the rows; only a warning"),
    GateKind(
        "imported", "judged by unseen rows",
        "the model was trained by this run, on rows that do not judge it; only a warning",
    ),
    GateKind(
        "dead_feature", "no dead feature", "what varied for the live version, or while it was learnt, still does",
        waivable=True, failed=f"Mend its source, put it into [data] exclude, {_WAIVE}",
    ),
    GateKind(
        "classes", "classes as before", "no class that the live version knows is lost",
        waivable=True, failed=f"Let extract return rows of each class, {_WAIVE}",
    ),
    GateKind(
        "rows_against_live", "rows as before", "the rows are no fewer than half of the live version's",
        waivable=True,
        failed="Let extract return the rows that are missing, say how many are enough: a gate with "
        f"rows_at_least_of_live, {_WAIVE}",
    ),
    GateKind(
        "segments_against_live", "no segment worse than {live}",
        "the first metric is surely worse than the live version's in no segment; only a warning",
    ),
)  # fmt: skip

GATES: Mapping[str, GateKind] = MappingProxyType({row.kind: row for row in (*_ASKED, *_ALWAYS_ON)})
ASKED: Mapping[str, GateKind] = MappingProxyType({row.key: row for row in _ASKED})
"""Those that a manifest may ask for, by key."""
ALWAYS_ON = tuple(row.kind for row in _ALWAYS_ON)
LIMITS: Mapping[str, GateKind] = MappingProxyType({row.key: row for row in _ASKED if row.of == "metric"})
"""The fixed limits of a metric, by key, which is their kind too."""
WAIVABLE = tuple(row.name for row in _ALWAYS_ON if row.waivable)
NEVER_WAIVED: Mapping[str, str] = MappingProxyType({row.name: row.never for row in _ALWAYS_ON if row.never})
"""The others that can fail, by name, and why no reason helps."""


def name_of(kind: str, **said: object) -> str:
    """The gate as a card shows it."""
    return GATES[kind].name.format(**said)


def replaced(kinds: Iterable[str]) -> set[str]:
    """The gates that are always on, but for the ``kinds`` that a manifest asks for."""
    return {GATES[kind].replaces for kind in kinds if kind in GATES} - {""}


def fixed_limit(more_is_better: bool) -> str:
    """The key of the fixed limit that a metric breaks by getting worse."""
    return next(row.key for row in LIMITS.values() if (row.breaks == "below") == more_is_better)


def place(kind: str) -> int:
    """Where a card shows a gate among others; one that is not in the table stands last."""
    return list(GATES).index(kind) if kind in GATES else len(GATES)
