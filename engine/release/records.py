"""What is shown before a decision, what a move would do, and what it has done. The first screen shows none of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from engine.records import Change, Deployment, DoctorFinding, Gate, Metric, Rehearsal, Version

if TYPE_CHECKING:
    from engine.access.approval import Policy
    from engine.shadow.report import ShadowReport
    from engine.versions.judged_here import JudgedHere
    from engine.versions.origins import Origin
    from engine.versions.records import ScorerSection, SegmentValues


@dataclass(frozen=True)
class BacktestLine:
    """What the newest backtest of retraining says in a line; ``at`` is None where it cannot be read."""

    at: datetime | None
    said: str


@dataclass(frozen=True)
class Remark:
    """What somebody said of a version: with an approval, or only so. ``past``: what a broken glass let it pass."""

    kind: Literal["approval", "comment"]
    at: datetime
    by: str
    text: str
    past: str | None = None


@dataclass(frozen=True)
class PlannedSwap:
    """An approved version that goes live at ``due``, if all is then as it was when ``by`` approved it.

    ``live_seq``: the deployment that was live then; ``policy``: a digest of what a release took then. ``run`` proves it
    once more. ``how``, ``why`` and ``ended_at`` are None until it has come to its end.
    """

    id: int
    project: str
    number: int
    live_seq: int
    policy: str
    by: str
    reason: str
    due: datetime
    at: datetime
    audit: int
    run: int | None = None
    how: Literal["swapped", "cancelled"] | None = None
    why: str | None = None
    ended_at: datetime | None = None

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"

    @property
    def sentence(self) -> str:
        """What is to come of it, or why nothing will, without an end."""
        if self.how == "cancelled":
            return f"its swap of {self.due:%d %b %H:%M} UTC was cancelled: {(self.why or '').rstrip('.')}"
        return f"approved by {self.by}, swaps at {self.due:%d %b %H:%M} UTC"


@dataclass(frozen=True)
class Remarks:
    """All that was said of a version, the newest last; ``needed``: how many people must approve it.

    ``approvals``: of a candidate those that count, against what is live now; of any other version all there were.
    ``planned``: of a candidate the newest swap that was planned, also where that was cancelled.
    """

    approvals: tuple[Remark, ...] = ()
    comments: tuple[Remark, ...] = ()
    needed: int = 1
    planned: PlannedSwap | None = None


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
    code: DoctorFinding
    """What holds its code: a commit, or nothing that somebody could ask who wrote it."""
    sandbox: DoctorFinding
    """How the steps that made it were held, and what they were let reach."""
    backtest: BacktestLine | None = None
    """How often the project should be retrained, as far as somebody had that tried out."""
    takes: tuple[str, ...] = ()
    """What binds its approval beyond one operator's word, where it waits for one."""
    remarks: Remarks = Remarks()
    origin: Origin | None = None
    """Where it came from, if it was not made here."""
    judged_here: JudgedHere | None = None
    """What it was found to be here, where it came in and another was live than it was judged against."""
    judged_there: str = ""
    """What its judgement said where it was made, in a sentence."""
    without: str | None = None
    """What of it is not here and where that is to be had, as a half sentence."""
    scored_by: str = ""
    """What it is scored by, with the evidence, or why by nothing quicker; "" where nobody asked when it was made."""
    scorer: ScorerSection | None = None
    """The same, whole: every form that was tried, and how it answered on the holdout."""
    shadow: ShadowReport | None = None
    """What it said of live requests as a shadow, where it was one."""

    @property
    def held_against_live(self) -> bool:
        """Whether it was judged against a version of this workspace."""
        if self.version.against is None or self.origin is None:
            return self.version.against is not None
        return self.origin.same_ground or (self.judged_here is not None and self.judged_here.problem is None)


@dataclass(frozen=True)
class MovePlan:
    """What a release or a rollback would do, or why it is refused. Nothing has happened yet.

    ``live_seq`` is the deployment that was shown; the move is refused if another came after it. ``lifts``: the bar of
    the target is lifted in the same commit, with the same reason. ``waivers``: gates that found something which the
    manifest waives, each with its reason. ``damaged``: what is known to be wrong with the target in the store, as a
    sentence; ``whole`` is then another version to go back to, if there is one. ``lately``: that somebody has only just
    rolled this project back, as a sentence; whoever did not see it may mean the version that is left already.
    ``remarks``: what was said of a candidate; the move is refused if somebody approved it after that.
    ``policy``: what a release took when this was shown. ``due``: when it is to go live, where that is not at once.
    ``planned``: the planned swap that is carried out by this. ``rehearsal``: the last one of what would be gone back
    to, and ``rehearsed`` what is said of it.
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
    due: datetime | None = None
    planned: int | None = None
    rehearsal: Rehearsal | None = None
    rehearsed: str | None = None

    @property
    def warning(self) -> str | None:
        """``lately``, for whoever could go on all the same."""
        return f"{self.lately} Go on only if that was not enough." if self.lately else None


@dataclass(frozen=True)
class ProofStep:
    """One thing that a move has done, in the order it happened."""

    what: str
    seconds: float


@dataclass(frozen=True)
class Moved:
    """A decision that was made: what is live now, the proof, and what takes it back.

    ``deployment`` is None when nothing has moved yet: the project wants more approvals, or it goes live when ``due``.
    """

    deployment: Deployment | None
    steps: tuple[ProofStep, ...]
    sentence: str
    undo: str | None
    due: datetime | None = None
