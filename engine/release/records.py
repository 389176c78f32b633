"""What is shown before a decision, what a move would do, and what it has done. The first screen shows none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from engine.records import Change, Deployment, DoctorFinding, Gate, Metric, Version

if TYPE_CHECKING:
    from engine.access.approval import Policy
    from engine.versions.records import SegmentValues


@dataclass(frozen=True)
class BacktestLine:
    """What the newest backtest of retraining says in a line; ``at`` is None where it cannot be read."""

    at: datetime | None
    said: str


@dataclass(frozen=True)
class Remark:
    """What somebody said of a version: with an approval, or only so."""

    kind: Literal["approval", "comment"]
    at: datetime
    by: str
    text: str


@dataclass(frozen=True)
class Remarks:
    """All that was said of a version, the newest last; ``needed``: how many people must approve it.

    ``approvals``: of a candidate those that count, against what is live now; of any other version all there were.
    """

    approvals: tuple[Remark, ...] = ()
    comments: tuple[Remark, ...] = ()
    needed: int = 1


@dataclass(frozen=True)
class DecisionCard:
    """All that an operator needs to decide on one candidate."""

    version: Version
    live: str | None
    live_seq: int
    expires_at: datetime | None
    metrics: tuple[Metric, ...]
    gates: tuple[Gate, ...]
    segments: tuple[SegmentValues, ...]
    changed_decisions: float | None
    changes: tuple[Change, ...]
    last_rejected: str | None
    made_by: str
    blocked: str | None
    sandbox: DoctorFinding
    """How the steps that made it were held, and what they were let reach."""
    backtest: BacktestLine | None = None
    """How often the project should be retrained, as far as somebody had that tried out."""
    takes: tuple[str, ...] = ()
    """What binds its approval beyond one operator's word, where it waits for one."""
    remarks: Remarks = Remarks()


@dataclass(frozen=True)
class MovePlan:
    """What a release or a rollback would do, or why it is refused. Nothing has happened yet.

    ``live_seq`` is the deployment that was shown; the move is refused if another came after it. ``lifts``: the bar of
    the target is lifted in the same commit, with the same reason. ``waivers``: gates that found something which the
    manifest waives, each with its reason. ``damaged``: what is known to be wrong with the target in the store, as a
    sentence; ``whole`` is then another version to go back to, if there is one. ``lately``: that somebody has only just
    rolled this project back, as a sentence; whoever did not see it may mean the version that is left already.
    ``remarks``: what was said of a candidate; the move is refused if somebody approved it after that.
    ``policy``: what a release took when this was shown.
    """

    project: str
    kind: Literal["release", "rollback"]
    source: str | None
    target: str
    live_seq: int
    sentences: tuple[str, ...]
    restores: tuple[str, ...]
    does_not_restore: tuple[str, ...]
    refused: str | None
    lifts: bool = False
    waivers: tuple[str, ...] = ()
    damaged: str | None = None
    whole: str | None = None
    policy: Policy | None = None
    lately: str | None = None
    remarks: Remarks = Remarks()


@dataclass(frozen=True)
class ProofStep:
    """One thing that a move has done, in the order it happened."""

    what: str
    seconds: float


@dataclass(frozen=True)
class Moved:
    """A decision that was made: what is live now, the proof, and what takes it back.

    ``deployment`` is None when the project wants more approvals and nothing has moved yet.
    """

    deployment: Deployment | None
    steps: tuple[ProofStep, ...]
    sentence: str
    undo: str | None
