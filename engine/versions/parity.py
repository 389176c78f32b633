"""How far what was made of a version, an export or a compiled form, answers as the version itself does."""

from __future__ import annotations

from dataclasses import dataclass


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
    """A row by its place in the holdout, from 0, with both answers: that of the version as it was recorded, and that of
    what was made of it. ``of``: the groups that it belongs to."""

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
            share = " of the spread" if self.spread is not None and self.largest else ""
            said.append(f"largest difference {self.largest:.2g}{share}")
        if self.changed is not None:
            said.append(f"{self.changed:,} decision{'' if self.changed == 1 else 's'} changed")
        return ", ".join(said)


@dataclass(frozen=True)
class OnePass:
    """In how many ``rows`` of the holdout the label was ``changed``: another one than the likeliest class.

    ``nearest``: the least that lay between the two likeliest classes of a row; None where labels are asked for apart.
    """

    rows: int
    changed: int
    nearest: float | None = None

    @property
    def sentence(self) -> str:
        """In one line."""
        how = "together" if self.nearest is not None else "apart"
        other = f"{self.changed:,} of {self.rows:,} holdout rows have another label than their likeliest class"
        return f"label and probabilities are asked for {how}: {other}"
