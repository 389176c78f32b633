"""The records that every layer speaks. Frozen, plain, and free of I/O.

Times are aware datetimes in UTC; sizes are bytes; durations are seconds; a version's label is ``flights@12``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Verdict = Literal["ok", "watch", "failing", "unknown"]
GateVerdict = Literal["pass", "warn", "fail", "cannot tell"]
# "not compared": there was a live version and nothing to hold against it; "cannot tell": it was held, undecided.
Comparison = Literal["better", "worse", "same", "cannot tell", "not compared", "first"]
RunState = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted", "nothing-new"]
VersionState = Literal["candidate", "live", "retired", "rejected", "expired", "barred", "failed"]
Role = Literal["viewer", "auditor", "operator", "admin"]


@dataclass(frozen=True)
class Operator:
    """A person whom the workspace knows; who is at work is a ``Caller`` (``engine.access.caller``).

    ``projects``: the roles that they have for single projects besides, each a project and a role.
    ``ways``: the keys and accounts that prove that it is them, where they were asked for.
    """

    name: str
    role: Role
    disabled: bool = False
    projects: tuple[tuple[str, Role], ...] = ()
    ways: tuple[Binding, ...] = ()

    def roles(self, project: str | None) -> tuple[Role, ...]:
        """What they are for ``project``; without one, for the workspace."""
        return (self.role, *(role for name, role in self.projects if name == project))


@dataclass(frozen=True)
class Binding:
    """A key or an account that proves that somebody is ``operator``. ``label``: a fingerprint, or ``ada@host``.

    ``public_key`` is the key as ``authorized_keys`` has it; ``comment`` what its owner wrote behind it.
    """

    operator: str
    kind: Literal["account", "key"]
    label: str
    since: datetime
    public_key: str = ""
    comment: str = ""


@dataclass(frozen=True)
class SealedKey:
    """A key that lets ``operator`` in through the system's sshd; ``seal`` shows who wrote the command."""

    operator: str
    fingerprint: str
    public_key: str
    seal: str


class Actor(Protocol):
    """Whoever a row of the trail names. ``account``: the proof of it, "account ada@host" or "key SHA256:…"."""

    @property
    def name(self) -> str: ...
    @property
    def account(self) -> str: ...


@dataclass(frozen=True)
class Project:
    name: str
    title: str
    owner: str
    path: str
    added_at: datetime


@dataclass(frozen=True)
class Step:
    name: str
    state: str
    seconds: float | None
    cpu_seconds: float | None
    peak_memory: int | None
    why: str | None


@dataclass(frozen=True)
class Run:
    id: int
    project: str
    job: str
    state: RunState
    as_of: datetime
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    requested_by: str
    progress: float
    phase: str
    version: str | None
    why: str | None
    steps: tuple[Step, ...] = ()
    overdue: str | None = None
    """What is said of a run that has not ended and takes longer than such runs do."""

    @property
    def seconds(self) -> float | None:
        """From start to end; None while it has not ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class Gate:
    """One check of a candidate: its name, verdict, evidence in words and the numbers behind them."""

    name: str
    kind: str
    verdict: GateVerdict
    evidence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """A metric on the holdout with its 95 % interval, and the live version's on the same rows."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    live: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    comparison: Comparison | None = None
    live_low: float | None = None
    live_high: float | None = None


@dataclass(frozen=True)
class Rehearsal:
    """What came of rebuilding a version offline, from what is kept, and holding it against its golden rows.

    ``why``: what was wrong with it, or why its kind of environment is never built again; None where it was rebuilt.
    """

    at: datetime
    seconds: float
    outcome: Literal["rebuilt", "failed", "impossible"]
    why: str | None = None
    run: int | None = None


@dataclass(frozen=True)
class Version:
    """One row of the version list. ``cleaned_at``: its content went to the bin then; its document stays.

    ``damage``: what of it was not whole in the store when that was last read through; None when all was. ``held``: who
    holds it, since when and why, where its content is under legal hold; told by what lists versions. ``said``: how many
    approvals and comments it has, told by what lists candidates. ``rehearsed``: its last rehearsal, told by what lists
    versions.
    """

    project: str
    number: int
    digest: str
    state: VersionState
    made_at: datetime
    as_of: datetime
    run: int
    verdict: GateVerdict
    comparison: Comparison
    sentence: str
    against: str | None
    metric: Metric | None
    live_from: datetime | None
    live_until: datetime | None
    reason: str | None
    cleaned_at: datetime | None = None
    damage: str | None = None
    held: str | None = None
    said: str | None = None
    rehearsed: Rehearsal | None = None

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


@dataclass(frozen=True)
class Deployment:
    """One row of the append-only table whose newest row, per project, is what is live."""

    seq: int
    project: str
    number: int
    previous: int | None
    kind: Literal["release", "rollback"]
    at: datetime
    actor: str
    reason: str

    @property
    def label(self) -> str:
        return f"{self.project}@{self.number}"


@dataclass(frozen=True)
class Change:
    """What differs between two versions in one respect: code, data, schema, packages, settings."""

    what: str
    summary: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """One measurement of a version's key metric."""

    as_of: datetime
    value: float


@dataclass(frozen=True)
class Reason:
    """Why a project is as it is: how bad that is, what it is, and since when where that is known."""

    verdict: Verdict
    why: str
    since: datetime | None


@dataclass(frozen=True)
class OnTrial:
    """A candidate that runs beside a live version: as shadow, or as canary that answers the ``share`` of the keys."""

    label: str
    kind: Literal["shadow", "canary"]
    share: float
    since: datetime


@dataclass(frozen=True)
class ProjectStatus:
    """One line of the overview. ``measured_on``: on which rows ``metric`` rests, in words. ``per_second``: requests of
    late; None where there were none. ``trial``: what runs beside the live version. ``stood_in``: in the last minute
    somebody else answered in its place.

    ``reasons`` are all there are, the worst first; the first of them is ``verdict``, ``why`` and ``since``.
    """

    project: Project
    verdict: Verdict
    why: str
    since: datetime | None
    live: str | None
    live_since: datetime | None
    metric: Metric | None
    measured_at: datetime | None
    history: tuple[Point, ...]
    data_until: datetime | None
    candidates: tuple[Version, ...]
    last_run: Run | None
    active_run: Run | None
    next_due: datetime | None
    rollback_to: str | None
    measured_on: str = ""
    reasons: tuple[Reason, ...] = ()
    rollback_damaged: bool = False
    per_second: float | None = None
    trial: OnTrial | None = None
    stood_in: bool = False


@dataclass(frozen=True)
class Overview:
    """``free`` and ``total`` of the disk are None where they are unknown: of a moment that is over."""

    at: datetime
    operator: Operator
    host: str
    projects: tuple[ProjectStatus, ...]
    free: int | None
    total: int | None
    keep_free: int = 0
    clock: str | None = None
    """What is wrong with the machine's clock, as the ledger has it."""


@dataclass(frozen=True)
class AuditRow:
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    digest: str
    details: Mapping[str, Any] = field(default_factory=dict)
    proof: str = ""


@dataclass(frozen=True)
class AuditVerdict:
    ok: bool
    rows: int
    head: str
    first_broken: int | None
    why: str | None


@dataclass(frozen=True)
class DoctorFinding:
    """What ``doctor`` found about one thing, and whether it was mended."""

    what: str
    verdict: Verdict
    sentence: str
    mended: bool = False
