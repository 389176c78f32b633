"""What a version's document says, section by section. Times are texts in ISO 8601, as they stand in the document.

A field with a default is one that some older Leverframe did not write yet; ``document`` reads and writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.json_records import LEFT_OUT, Kept
from engine.records import Comparison, Gate, GateVerdict, Metric
from engine.storage.objects import Stored
from engine.storage.stored_files import StoredBlock, StoredFile
from engine.versions.parity import OnePass, Parity
from engine.versions.split import SplitSection


@dataclass(frozen=True)
class CodeSection:
    """The project's code. ``patch``: what was not committed, where it was ``dirty``; ``changed``: the files of it.

    ``system`` is written only where it is not Git, so that documents of before keep their digest: of "svn" a revision
    is ``r12``, of a "folder" that neither holds the digest of its files.
    """

    revision: str | None
    branch: str | None
    remote: str | None
    message: str | None
    author: str | None
    committed_at: str | None
    files: tuple[StoredFile, ...]
    dirty: bool = False
    changed: tuple[str, ...] = ()
    patch: Stored | None = None
    system: str = field(default="git", metadata=LEFT_OUT)


@dataclass(frozen=True)
class DrawnHoldout:
    """Of rows hashed by the columns ``by``, a class is held out below its place in ``below``, to be ``fraction``."""

    by: tuple[str, ...]
    fraction: float
    below: Mapping[str, float]


@dataclass(frozen=True)
class DataSection:
    """The whole table that extract returned. ``boundary``: the last moment of what was learnt from; ``cut``: how the
    holdout was drawn where there are no times. ``types``: of columns that a file cannot hold as they are; None of a
    version that learnt what the files alone say."""

    rows: int
    columns: int
    since: str | None
    until: str | None
    train_rows: int
    holdout_rows: int
    digest: str
    files: tuple[StoredBlock, ...]
    boundary: str | None = None
    cut: DrawnHoldout | None = None
    types: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class LockedPackage:
    name: str
    version: str


@dataclass(frozen=True)
class UsedProgram:
    """A program of the machine; see ``environments.records.Program``."""

    name: str
    version: str
    wanted: str = ""


@dataclass(frozen=True)
class EnvironmentSection:
    """``digest``: that of the lock, which is kept as a file. ``files``: what it is rebuilt from besides, in the store;
    ``python`` is "" where there is none.

    What is not Python's, or there could not always be, is written only where there is some, so that documents of before
    mean what they meant and keep their digest."""

    python: str
    digest: str
    lock: Stored
    packages: tuple[LockedPackage, ...]
    kind: str = field(default="python", metadata=LEFT_OUT)
    programs: tuple[UsedProgram, ...] = field(default=(), metadata=LEFT_OUT)
    files: tuple[StoredFile, ...] = field(default=(), metadata=LEFT_OUT)
    elsewhere: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """What no version keeps because the machine does, such as an image; each in words."""
    runtime: str = field(default="", metadata=LEFT_OUT)

    @property
    def words(self) -> str:
        """What it is in two words, such as ``Python 3.11.7``."""
        return self.runtime or f"Python {self.python}"


@dataclass(frozen=True)
class ModelSection:
    files: tuple[StoredFile, ...]
    features: tuple[str, ...]
    train_seconds: float


@dataclass(frozen=True, kw_only=True)
class MetricValues:
    """A metric on the holdout, beside the live version's on the same rows; see ``records.Metric``, which has a name.

    In the order of a version's document, which is sorted: a look's document has them from there.
    """

    comparison: Comparison | None = None
    difference: float | None = None
    difference_high: float | None = None
    difference_low: float | None = None
    high: float | None
    live: float | None = None
    live_high: float | None = None
    live_low: float | None = None
    low: float | None
    n: int
    value: float | None

    def called(self, name: str) -> Metric:
        return Metric(name=name, **vars(self))


@dataclass(frozen=True)
class SegmentValues:
    """A metric of one value of one column. ``verdict`` is about the difference to live; "first" where none is live.

    ``low`` and ``high`` are the interval of the difference, ``value_low`` and ``value_high`` that of the candidate. All
    are None where there are too few rows to tell.
    """

    column: str
    value: str
    n: int
    metric: str
    candidate: float | None
    live: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: str
    value_low: float | None = None
    value_high: float | None = None

    @property
    def name(self) -> str:
        return f"{self.column}={self.value}"


@dataclass(frozen=True)
class DecisionCounts:
    """How often a binary classifier was right and wrong on the holdout."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


@dataclass(frozen=True)
class BothDecisions:
    candidate: DecisionCounts | None
    live: DecisionCounts | None


@dataclass(frozen=True)
class Judgement:
    """What the judge said of the candidate but for its gates; ``drift`` is always empty and kept for its place."""

    task: str
    classes: tuple[str, ...]
    key_metric: str
    metrics: Mapping[str, MetricValues]
    segments: tuple[SegmentValues, ...]
    segments_left_out: Mapping[str, int]
    changed_decisions: float | None
    verdict: GateVerdict
    comparison: Comparison
    sentence: str
    drift: tuple[Any, ...]
    decisions: BothDecisions | None = None
    constant_features: tuple[str, ...] | None = None


@dataclass(frozen=True)
class JudgeAnswer:
    """What the judge leaves."""

    judgement: Judgement
    gates: tuple[Gate, ...]


@dataclass(frozen=True)
class GoldenSection:
    """A few hundred rows with the predictions that a proof must reproduce, to ``tolerance``."""

    rows: int
    tolerance: float
    inputs: Stored
    predictions: Stored


@dataclass(frozen=True)
class CurvePoint:
    """How a stretch of ``rows``, the last of them of ``until``, was predicted before it was learnt, with its interval,
    and by the parent as it was."""

    until: str
    rows: int
    value: float
    low: float
    high: float
    frozen: float


@dataclass(frozen=True)
class LearntSection:
    """What it learnt on top of its parent, whose digest is ``parent``: labels that became known from ``since`` to
    ``until``. ``counts``: what became of all feedback. ``metric``: of the curve, ``accuracy`` or ``mae``; ``changed``:
    the share of these rows that it decides otherwise than its parent, None of numbers."""

    parent: str
    rows: int
    since: str
    until: str
    counts: Mapping[str, int]
    metric: str
    curve: tuple[CurvePoint, ...]
    changed: float | None = None


@dataclass(frozen=True)
class LineageSection:
    """Where it comes from. ``against``: the label of the version that was live; ``sandbox``: what held its steps;
    ``parent``: the label of the version that it went on from, and ``learnt`` what it learnt then. One that was trained
    from scratch has none."""

    run: int
    as_of: str
    requested_by: str
    against: str | None
    engine: str
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = field(default=None, metadata=LEFT_OUT)
    learnt: LearntSection | None = field(default=None, metadata=LEFT_OUT)


@dataclass(frozen=True)
class Tried:
    """A form that was tried before the one that the version is scored by: ``why`` it may not answer, as the end of a
    sentence, and ``parity``: how it answered on the holdout, where it did."""

    maker: Literal["compiled", "split", "onnx"]
    why: str
    parity: Parity | None = None


@dataclass(frozen=True)
class ScorerSection:
    """What the version is scored by. ``why``: why it is a process of its own and no compiled form, as the end of a
    sentence; "" where it is compiled, or nobody asked. ``files``: the compiled form, in the store. ``parity``: how that
    answered beside the model itself on the holdout, also where it was not good enough. ``tried``: what was tried
    before; where it is a process, ``why`` and ``parity`` are of what was tried last. ``one_pass``: whether it is asked
    for labels beside probabilities. ``split``: where the pipeline is cut, where it is."""

    maker: Literal["compiled", "split", "onnx", "process"] = "process"
    why: str = ""
    files: tuple[StoredFile, ...] = ()
    parity: Parity | None = None
    tried: tuple[Tried, ...] = field(default=(), metadata=LEFT_OUT)
    one_pass: OnePass | None = field(default=None, metadata=LEFT_OUT)
    split: SplitSection | None = field(default=None, metadata=LEFT_OUT)

    @property
    def asked(self) -> bool:
        """Whether it was asked when the version was made; an older Leverframe did not."""
        return self.maker != "process" or bool(self.why)

    @property
    def words(self) -> str:
        """What it is scored by."""
        return _SCORED_BY[self.maker]

    @property
    def sentence(self) -> str:
        """In one line: ``compiled tables: 12,895 holdout rows compared, largest difference 0, 0 decisions changed``."""
        words = self.words if self.split is None else f"{self.words} ({self.split.named})"
        if self.maker != "process" and self.parity is not None:
            return f"{words}: {self.parity.sentence}"
        said = f"{words}: {self.reason}" if self.why else words
        return f"{said}; {self.one_pass.sentence}" if self.one_pass is not None else said

    @property
    def reason(self) -> str:
        """Why it is scored by nothing sooner, each form that was tried with its own; "" where it is compiled."""
        if not self.tried:
            return self.why
        said = "; ".join(each.why for each in self.tried)
        return f"{said}; as ONNX: {self.why}" if self.why else said


_SCORED_BY = {
    "compiled": "compiled tables", "split": "compiled tables behind its own first steps", "onnx": "ONNX",
    "process": "a process of its own",
}  # fmt: skip


@dataclass(frozen=True)
class VersionDocument(Kept):
    """Everything that a version is. ``settings``: the manifest as it was, and ``schedule`` that part of it."""

    project: str
    code: CodeSection
    data: DataSection
    schema: Mapping[str, Any]
    environment: EnvironmentSection
    model: ModelSection
    settings: Mapping[str, Any]
    schedule: Mapping[str, Any]
    metrics: Judgement
    gates: tuple[Gate, ...]
    golden: GoldenSection
    lineage: LineageSection
    scorer: ScorerSection = field(default=ScorerSection(), metadata=LEFT_OUT)

    @property
    def learnt_until(self) -> str | None:
        """Up to which rows a learner has learnt, by their own time; None of a version that was trained from scratch,
        whose rows its manifest divides."""
        return self.data.boundary if self.lineage.learnt is not None else None
