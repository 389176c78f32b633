"""What stands in a compiled model: ``model.json``, and two files of plain numbers that it points into.

``compiled/model.json``    these records, as JSON
``compiled/numbers.bin``   64-bit floats, little-endian, one after another
``compiled/places.bin``    32-bit whole numbers, little-endian, one after another

They are written by ``engine/runs/steps/compile_model.py`` in a process that ran the project's code: nothing in them is
believed before ``reading`` has looked at it. How they are computed with stands in ``docs/compiled.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FORM = "leverframe-compiled-1"
MODEL, NUMBERS, PLACES = "model.json", "numbers.bin", "places.bin"

Kind = Literal["number", "narrow", "text", "unused"]
Doing = Literal[
    "number", "look_up", "match", "fill", "gap", "add", "subtract", "multiply", "divide", "clip", "apply", "check"
]
Function = Literal[
    "log", "log1p", "log2", "log10", "exp", "expm1", "exp2", "sqrt", "cbrt", "square", "absolute", "negative",
    "reciprocal", "sin", "cos", "tan", "arcsinh", "sinh", "tanh", "floor", "ceil", "sign", "expit",
]  # fmt: skip
Chances = Literal["sigmoid", "pair", "softmax", "shares", "one_each", "score", "none"]
Decision = Literal["number", "positive", "not_negative", "largest_score", "largest_chance"]
LabelType = Literal["text", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]


@dataclass(frozen=True)
class Span:
    """``count`` of the numbers, or places, from ``at`` on."""

    at: int
    count: int


@dataclass(frozen=True)
class Feature:
    """A column of a row. ``number``: whole numbers, numbers and truth values, as 64-bit floats, a gap as NaN.
    ``narrow``: the same, rounded to 32 bits first, as the column was in training. ``unused``: nothing asks for it."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Vocabulary:
    """The values of a feature of text that something is said of."""

    feature: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """Makes one number of each row, the *slot* of its place among the operations, out of earlier ones.

    ``of``: a feature for ``number``, a vocabulary for ``look_up``, an earlier slot for all others.

    look_up    ``numbers``: one for each value of the vocabulary, then that of a gap, then that of a value never seen
    match      the same for the numbers ``values``, which grow; -0.0 is 0.0
    fill       ``by[0]`` in place of a gap
    gap        1.0 where there is one, else 0.0
    add ...    with ``by[0]``; clip: between ``by[0]`` and ``by[1]``, a gap stays one
    apply      ``function``
    check      the slot itself, where its size is at most ``by[0]`` (null: whatever it is); ``refuses`` a gap or not

    ``refuses``: a row with a ``gap``, or with an ``unseen`` value, is answered by nothing: scikit-learn raises there.
    ``codes``: how many codes a ``look_up`` or ``match`` gives, 0, 1, ...; or NaN. 0: it gives any numbers.
    """

    do: Doing
    of: int
    numbers: Span | None = None
    values: Span | None = None
    by: tuple[float, ...] = ()
    function: Function | None = None
    refuses: tuple[Literal["gap", "unseen"], ...] = ()
    codes: int = 0


@dataclass(frozen=True)
class Linear:
    """``weights``: a row for each target, a number for each input. The start is added last."""

    weights: Span


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, each tree's together and each node before its children. The start is added first.

    ``roots``: the first node of each tree. ``targets``: to which target it adds; none where each leaf has a number for
    every target. ``feature``: which input a node asks, -1 for a leaf. ``left``: a node, or of a leaf its row of
    ``values``. A row goes left where the input is at most ``threshold``, and with a gap where ``gap`` is 1. Where
    ``place`` is not -1, the input is a code, and ``sets`` holds from there on for each code, and then for a gap,
    whether it goes left. ``narrow``: sums are rounded to 32 bits after each tree.
    """

    roots: Span
    targets: Span | None
    feature: Span
    left: Span
    right: Span
    threshold: Span
    gap: Span
    place: Span
    sets: Span
    values: Span
    narrow: bool = False


@dataclass(frozen=True)
class Between:
    """A column that first steps make: ``type`` as pandas calls it, ``gap``: what one is in a column of text ("nan",
    "None", or "" where none was seen)."""

    name: str
    type: str
    gap: str = ""


@dataclass(frozen=True)
class Behind:
    """Which steps are done before, in a process of the project's: their kinds, in order; and the columns that they
    make, of an ``array`` or a DataFrame. ``why``: why they are not compiled, as the end of a sentence."""

    steps: tuple[str, ...]
    why: str
    array: bool
    columns: tuple[Between, ...]


@dataclass(frozen=True)
class Compiled:
    """One model. ``inputs``: the slots that it sees. ``start``: a number for each target. ``divide``: what the sums are
    divided by, as those of a forest by its trees.

    ``chances``: how the scores become probabilities; ``decision``: how they become a label, or are the prediction
    themselves, after each operation of ``after`` on it (its ``of`` counts from 0: the score).

    ``behind``: the first steps of the pipeline, where these are its others: then ``features`` are what those make.
    """

    form: str
    model: str
    made_with: str
    features: tuple[Feature, ...]
    outputs: tuple[str, ...]
    vocabularies: tuple[Vocabulary, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    targets: int
    start: Span
    divide: int
    linear: Linear | None
    trees: Trees | None
    chances: Chances
    decision: Decision
    after: tuple[Operation, ...] = ()
    labels: tuple[str | int | bool, ...] = ()
    label_type: LabelType | None = None
    behind: Behind | None = None
