"""The document of a look at a live version's health: the meter writes it, the ledger keeps it, everybody reads it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import Damage
from engine.json_records import LEFT_OUT, Kept, read, write
from engine.monitoring.answered_parts import AnsweredLook
from engine.monitoring.look_parts import (
    Calibration,
    ColumnDrift,
    Estimate,
    Extract,
    Fall,
    MetricPeriods,
    MetricValue,
    PreviousVersion,
    QualityCheck,
    Separation,
    ShareVerdict,
    SliceRows,
    Slices,
    WeighedDrift,
)
from engine.monitoring.records import Severity
from engine.records import Verdict
from engine.versions.records import MetricValues


@dataclass(frozen=True)
class RememberedAlarm:
    """An alarm of drift that goes on, as the next look is given it; see ``drift.alarm.Alarm``. ``ended`` is None."""

    column: str
    since: str
    over: str
    size: float | None
    level: str
    why: str
    ended: None = None


@dataclass(frozen=True)
class LookFinding:
    """Something that is not well, as the look says it; see ``records.HealthFinding``."""

    key: str
    part: str
    severity: Severity
    why: str
    act: str
    since: str


@dataclass(frozen=True)
class LookPart:
    """The verdict of one part of a look (quality, drift, performance ...), in a sentence."""

    verdict: ShareVerdict
    why: str


@dataclass(frozen=True)
class DriftWindow:
    """Which rows were compared with those that the version learnt from."""

    since: str | None = None
    until: str | None = None
    rows: int = 0


SignalValues = tuple[str, float, float | None, float | None, int]


@dataclass(frozen=True)
class LookDocument(Kept):
    """All that a look found. An older Leverframe did not look at everything, so each field has a default.

    ``measured``: the parts of which something can be told; ``told``: columns whose drift somebody was called for;
    ``memory``: alarms of drift that go on; ``validated``: each metric as it was when the version was made; ``by``:
    slices of the columns that somebody asked for; ``signals``: name, value, low, high and n of each figure that a line
    over time is drawn of; ``measured_at``: the parts that were measured by an earlier look, and when: too few rows have
    come since to tell another thing; ``requested``: the drift of what was asked of it in real time, ``asked``:
    which rows these are, ``answer_drift``: that of what it answered; ``answered``: how well it did by labels that came.
    """

    version: str = ""
    as_of: str = ""
    verdict: Verdict = "unknown"
    why: str = ""
    rows: int = 0
    labelled: int = 0
    left_out: int = 0
    findings: tuple[LookFinding, ...] = ()
    measured: tuple[str, ...] = ()
    parts: Mapping[str, LookPart] = field(default_factory=dict)
    extract: Extract | None = None
    quality: tuple[QualityCheck, ...] = ()
    told: tuple[str, ...] = ()
    window: DriftWindow = DriftWindow()
    drift: tuple[WeighedDrift, ...] = ()
    together: Separation | None = None
    prediction: ColumnDrift | None = None
    memory: tuple[RememberedAlarm, ...] = ()
    task: str | None = None
    problem: str | None = None
    problems: tuple[str, ...] = ()
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    validated: Mapping[str, MetricValues | None] = field(default_factory=dict)
    periods: MetricPeriods | None = None
    mature_until: str | None = None
    fall: Fall | None = None
    rival: PreviousVersion | None = None
    calibration: Calibration | None = None
    estimate: Estimate | None = None
    slices: Slices | None = None
    by: Mapping[str, Slices] = field(default_factory=dict)
    slice_rows: Mapping[str, SliceRows] = field(default_factory=dict)
    signals: tuple[SignalValues, ...] = ()
    measured_at: Mapping[str, str] = field(default_factory=dict, metadata=LEFT_OUT)
    requested: tuple[ColumnDrift, ...] = field(default=(), metadata=LEFT_OUT)
    asked: DriftWindow = field(default=DriftWindow(), metadata=LEFT_OUT)
    answer_drift: ColumnDrift | None = field(default=None, metadata=LEFT_OUT)
    answered: AnsweredLook | None = field(default=None, metadata=LEFT_OUT)

    def validated_value(self, metric: str) -> float | None:
        """What the metric was when the version was made; None where it was not measured then."""
        found = self.validated.get(metric)
        return found.value if found is not None else None


def packed(document: LookDocument) -> bytes:
    """A document as the ledger keeps it."""
    content = json.dumps(write(document), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(content.encode(), 6)


def unpacked(content: bytes) -> LookDocument:
    """The document in a row of the table. Raises Damage."""
    try:
        document = json.loads(zlib.decompress(content))
    except (zlib.error, ValueError) as error:
        raise Damage(f"What a look found cannot be read: {error}.") from None
    return read(LookDocument, document, "What a look found")
