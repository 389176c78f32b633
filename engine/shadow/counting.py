"""What is counted of a shadow: how often it agrees, where, how far it was off, how long it took, what went wrong. Pure.

Two counts add up to one, in whatever order: each worker of a server has its own, and so has each hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.errors import Damage
from engine.requests.counting import merge
from engine.requests.records import Value
from engine.text import plain

LARGEST = 10  # differences that are kept
MOST_VALUES = 50  # of a segment's column that are told apart, those that came first
MOST_REASONS = 20
OTHERS, OTHER_REASONS = "other values", "other reasons"
_LONGEST_REASON, LONGEST_VALUE = 200, 80

# Why rows were not scored.
BEHIND = "the shadow was behind"
BUSY = "the worker was busy"
ENOUGH = "enough others were handed over"
ABSENT = "the shadow was not ready"
UNFIT = "they cannot be handed over"


@dataclass(frozen=True)
class Difference:
    """A row on which the two are apart: the project's ``keys`` of it, and none of its features. ``at``: seconds since
    1970, when it was asked."""

    agree: bool
    size: float
    request: str
    at: float
    keys: Mapping[str, Value]
    live: Mapping[str, Value]
    candidate: Mapping[str, Value]

    @property
    def whose(self) -> object:
        """Which row it is of: that with these keys, or, where none were told, that of its request."""
        return tuple(sorted((name, str(value)) for name, value in self.keys.items())) or self.request

    @property
    def order(self) -> tuple[bool, float, float, str]:
        """The largest first: what changes a decision before what does not."""
        return self.agree, -self.size, -self.at, self.request


@dataclass
class Sums:
    """Of ``scored`` scorings ``rows`` rows were compared, ``agreed`` of them alike, ``apart`` in sum how far off.

    A scoring is a request, or a part of a large one. ``failed``: rows for which the candidate had no answer, by their
    reasons in ``errors``; ``passed_over``: rows that it was not asked for, by reason. ``seconds`` and ``histogram``:
    what a scoring took. ``segments``: of each column's values, how many rows there were and how many agreed.
    ``numbers``: whether it is numbers that are compared, and not labels.
    """

    numbers: bool = False
    scored: int = 0
    rows: int = 0
    agreed: int = 0
    apart: float = 0.0
    seconds: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    passed_over: dict[str, int] = field(default_factory=dict)
    histogram: dict[int, int] = field(default_factory=dict)
    segments: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    largest: list[Difference] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def is_empty(self) -> bool:
        return not (self.rows or self.errors or self.passed_over)

    def fail(self, why: str, rows: int) -> None:
        _tell(self.errors, plain(why, _LONGEST_REASON) or "no reason was given", rows)

    def pass_over(self, why: str, rows: int) -> None:
        _tell(self.passed_over, why, rows)

    def segment(self, column: str, value: str, agreed: bool) -> None:
        _seen(self.segments, column, value, 1, int(agreed))

    def differ(self, found: Iterable[Difference]) -> None:
        """Keep the largest of these and of what is kept; of a row that was asked again and again, one."""
        apart = [*self.largest, *(each for each in found if each.size > 0 or not each.agree)]
        kept: dict[object, Difference] = {}
        for each in sorted(apart, key=lambda each: each.order):
            kept.setdefault(each.whose, each)
        self.largest = list(kept.values())[:LARGEST]

    def add(self, other: Sums) -> None:
        self.numbers |= other.numbers
        self.scored += other.scored
        self.rows += other.rows
        self.agreed += other.agreed
        self.apart += other.apart
        self.seconds += other.seconds
        for why, rows in other.errors.items():
            self.fail(why, rows)
        for why, rows in other.passed_over.items():
            self.pass_over(why, rows)
        merge(self.histogram, other.histogram)
        for column, values in other.segments.items():
            for value, (rows, agreed) in values.items():
                _seen(self.segments, column, value, rows, agreed)
        self.differ(other.largest)


def _tell(reasons: dict[str, int], why: str, rows: int) -> None:
    known = why if why in reasons or len(reasons) < MOST_REASONS else OTHER_REASONS
    reasons[known] = reasons.get(known, 0) + rows


def _seen(segments: dict[str, dict[str, list[int]]], column: str, value: str, rows: int, agreed: int) -> None:
    values = segments.setdefault(column, {})
    found = values.get(value)
    if found is None:
        name = value if len(values) < MOST_VALUES else OTHERS
        found = values.setdefault(name, [0, 0])
    found[0] += rows
    found[1] += agreed


def written(sums: Sums) -> dict[str, Any]:
    """As a document for JSON."""
    return asdict(sums)


def read(said: Any) -> Sums:
    """What ``written`` made. Raises Damage for anything else."""
    try:
        return Sums(
            numbers=bool(said["numbers"]),
            scored=int(said["scored"]),
            rows=int(said["rows"]),
            agreed=int(said["agreed"]),
            apart=float(said["apart"]),
            seconds=float(said["seconds"]),
            errors={str(why): int(rows) for why, rows in said["errors"].items()},
            passed_over={str(why): int(rows) for why, rows in said["passed_over"].items()},
            histogram={int(number): int(found) for number, found in said["histogram"].items()},
            segments={
                str(column): {str(value): [int(rows), int(agreed)] for value, (rows, agreed) in values.items()}
                for column, values in said["segments"].items()
            },
            largest=[_difference(each) for each in said["largest"]],
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Damage(f"What was counted of a shadow cannot be read: {type(error).__name__}.") from None


def _difference(said: Any) -> Difference:
    keys, live, candidate = (dict(said[name]) for name in ("keys", "live", "candidate"))
    return Difference(
        bool(said["agree"]), float(said["size"]), str(said["request"]), float(said["at"]), keys, live, candidate
    )
