"""What an export is, as every room and front reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Thresholds:
    """What parity is held to. ``largest`` and ``mean`` are of probabilities, of any other number as a share of the
    spread (standard deviation) of the version's own answers. ``boundary``: a decision is at the boundary where its two
    best classes lie less than this apart; no more than ``changed_there`` of all rows may change there, and none
    elsewhere."""

    largest: float = 1e-4
    mean: float = 1e-5
    boundary: float = 0.02
    changed_there: float = 0.001
    rows: int = 20_000


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Group:
    """Some of the rows: how many there are, how far off the worst is, how many decisions changed."""

    rows: int
    largest: float | None
    changed: int | None


@dataclass(frozen=True)
class WorstRow:
    """A row by its place in the holdout, from 0, with both answers. ``of``: the groups that it belongs to."""

    row: int
    version: str
    export: str
    difference: float | None
    of: tuple[str, ...]


@dataclass(frozen=True)
class Parity:
    """What both said of the same rows. ``compared``: what was, in words. Differences are None where only labels are;
    ``changed`` is None for a regression; ``spread``: what differences are a share of, None for probabilities.

    ``holds`` is the verdict, and ``why`` says what is against it, each a sentence.
    """

    holds: bool
    why: tuple[str, ...]
    compared: str
    rows: int
    holdout_rows: int
    largest: float | None
    mean: float | None
    spread: float | None
    changed: int | None
    changed_share: float | None
    unanswered: int
    boundary: Group | None
    gaps: Group
    unseen: Group
    worst: tuple[WorstRow, ...]
    thresholds: Thresholds = THRESHOLDS
    measured_by: str = ""

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        said = [f"{self.rows:,} holdout rows compared"]
        if self.largest is not None:
            share = " of the spread" if self.spread is not None else ""
            said.append(f"largest difference {self.largest:.2g}{share}")
        if self.changed is not None:
            said.append(f"{self.changed:,} decision{'' if self.changed == 1 else 's'} changed")
        return ", ".join(said)


@dataclass(frozen=True)
class Input:
    """A feature as the caller gives it."""

    name: str
    type: str


@dataclass(frozen=True)
class Made:
    """What converting came to: the model's bytes, how it is called, and what it is."""

    content: bytes
    inputs: tuple[Input, ...]
    classes: tuple[str | int, ...] | None
    model: str


@dataclass(frozen=True)
class Export:
    """One that was written. ``digest``: over all of its files; ``forced``: it was written though parity does not hold;
    ``state`` is that of the version now."""

    id: int
    project: str
    number: int
    kind: str
    dialect: str
    digest: str
    folder: str
    parity: Parity
    forced: bool
    used_by: str
    reason: str
    by: str
    at: datetime
    state: str = ""

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"
