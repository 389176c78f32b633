"""What a manifest says, as records. Everything in them has been checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from engine.access.approval import Policy
from engine.projects.manifest.defaults import RETRIES, RETRY_AFTER, TRAIN_MEMORY
from engine.vocabulary.gates import GateRule
from engine.vocabulary.steps import Contract


@dataclass(frozen=True)
class Program:
    """How a step of the project is started: a Python callable or a command, exactly one of the two."""

    callable: str | None
    command: tuple[str, ...] | None


# What stands where a manifest names no program that can be read; there is a mistake then, and nothing is started.
UNREADABLE = Program("unreadable:unreadable", None)


@dataclass(frozen=True)
class EnvironmentSpec:
    """What the project's programs need around them. ``variables`` are names that are passed on from the engine's
    environment (``pass`` in TOML). ``warm``: steps may be forked from a process that has loaded their libraries.

    Each ``kind`` has fields of its own: Python's ``python``, ``requirements``, ``warm``; R's ``r``, ``packages``,
    ``lock`` (a renv.lock); the JVM's ``java``, ``jars``; a container's ``image``, ``runtime``. ``programs`` of the
    machine may be named by all, each with the version that is asked for.
    """

    python: str | None = None
    requirements: str | None = None
    variables: tuple[str, ...] = ()
    warm: bool = False
    kind: str = "python"
    r: str | None = None
    packages: tuple[str, ...] = ()
    lock: str | None = None
    java: str | None = None
    jars: tuple[str, ...] = ()
    image: str | None = None
    runtime: str = "docker"
    programs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSpec:
    """Where the data comes from and what its columns are. ``since``: extract can be asked for what is new alone.
    ``travels``: ``whole``, or as a ``reference`` to where it is ``kept_at``, in words for people."""

    extract: Program
    target: str
    labels: Program | None = None
    time: str | None = None
    key: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    sensitive: tuple[str, ...] = ()
    since: bool = False
    format: str = "parquet"
    source: str | None = None
    licence: str | None = None
    purpose: str | None = None
    travels: str = "whole"
    kept_at: str | None = None


@dataclass(frozen=True)
class TrainSpec:
    """How a model is made. ``window``: train sees only rows of that long before the holdout; ``memory`` in bytes.

    A run that failed is tried again at most ``retries`` times, the first time after ``retry_after``.

    ``imported``: the file or folder of the project that is the model; nothing is trained, and ``run`` is unreadable.
    """

    run: Program
    score: Program | None = None
    window: timedelta | None = None
    timeout: timedelta = timedelta(minutes=30)
    memory: int = TRAIN_MEMORY
    threads: int = 1
    retries: int = RETRIES
    retry_after: timedelta = RETRY_AFTER
    imported: str | None = None


@dataclass(frozen=True)
class ValidationSpec:
    """How a model is judged. The first metric is the key metric; ``task`` None means: told from the data.

    ``known_before``: features that are known before the target, however well they tell it."""

    holdout: timedelta | float
    metrics: tuple[str, ...]
    segments: tuple[str, ...] = ()
    task: str | None = None
    positive: str | None = None
    known_before: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiver:
    """A gate that is always on, by its name on the card, and why what it finds is borne. It is judged all the same."""

    gate: str
    reason: str


@dataclass(frozen=True)
class ScheduleSpec:
    """When a job is due, and what becomes of occurrences that were missed.

    ``rule`` is a cron line or ``every 6h``; within ``cool_down`` after a run no other is started.
    """

    job: str
    rule: str
    timezone: str = "UTC"
    catch_up: str = "latest"
    give_up_after: timedelta | None = None
    cool_down: timedelta | None = None


@dataclass(frozen=True)
class HealthSpec:
    """How a live version is watched. ``window``: the newest rows that are held against the training data; None:
    whole weeks, as few as hold rows enough. ``bake``: how long after a swap the version before is scored beside it.
    ``falling_behind``: what becomes of a version that does worse than that one: ``propose`` or ``roll back``.
    ``slices``: columns by which performance is looked at besides segments and features; ``bins``: the inner edges of
    ranges, by column."""

    window: timedelta | None = None
    bake: timedelta = timedelta(days=3)
    falling_behind: str = "propose"
    slices: tuple[str, ...] = ()
    bins: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class TriggerSpec:
    """What starts a retrain besides its schedule: ``new-data`` (that many ``rows`` since the last version), ``drift``
    or ``performance`` (an alert of that kind). Within ``cool_down`` after a retrain it starts none."""

    on: str
    rows: int | None = None
    cool_down: timedelta = timedelta(days=1)


@dataclass(frozen=True)
class ComputeSpec:
    """Through which Dask scheduler a run trains. ``mode`` is step (train and score as a whole on one worker each) or
    joblib (train here, scikit-learn's n_jobs on the workers).

    At least ``workers`` must be there. The scheduler has ``connect`` to answer; a step waits for a free worker for
    ``wait``, and takes one that was not heard of for ``silence`` for lost.
    """

    scheduler: str
    mode: str = "step"
    workers: int = 1
    connect: timedelta = timedelta(seconds=10)
    wait: timedelta = timedelta(minutes=10)
    silence: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class SandboxSpec:
    """What holds the project's steps. ``read``: absolute paths that they may read beside their own; ``off``: why they
    are not held at all."""

    read: tuple[str, ...] = ()
    network: bool = True
    off: str | None = None


@dataclass(frozen=True)
class CostSpec:
    """What each kind of decision about a binary target costs, in ``currency``; what is gained is negative."""

    currency: str
    false_alarm: float
    missed: float
    right_alarm: float = 0.0
    right_all_clear: float = 0.0


@dataclass(frozen=True)
class ReportSpec:
    """Who gets the report and hears of which events, and its words. ``period``: the week or the month that ended."""

    to: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    period: Literal["week", "month"] = "week"
    words: Mapping[str, str] = field(default_factory=dict)
    costs: CostSpec | None = None


Fallback = str | Mapping[str, str | int | float | bool] | None


@dataclass(frozen=True)
class CanarySpec:
    """When a canary is ended by itself, if it is (``end``): where it surely does worse by more than this. ``errors``:
    of its requests; ``slower``: of its answers that take longer than ``slow``; ``worse``: of the live version's loss on
    labelled rows. None: never by that."""

    end: bool = True
    errors: float | None = 0.01
    slow: timedelta = timedelta(milliseconds=500)
    slower: float | None = 0.05
    worse: float | None = 0.05


@dataclass(frozen=True)
class ServeSpec:
    """How requests over HTTP are answered, if they are (``realtime``). ``rows``: the most in one; ``timeout``: how long
    an answer may take. ``unseen``: categories that training never saw are told of (``tell``) or refused (``refuse``).
    ``fallback``: who answers where the version cannot: ``previous``, an answer by the names of its columns, or None.

    ``log``: the share of requests that is kept, from 0 to 1, for ``log_for`` and within ``log_size`` bytes. ``canary``:
    when a candidate that answers some of them is ended."""

    realtime: bool = False
    timeout: timedelta = timedelta(seconds=5)
    rows: int = 10_000
    unseen: str = "tell"
    fallback: Fallback = None
    log: float = 1.0
    log_for: timedelta = timedelta(days=30)
    log_size: int = 2**30
    canary: CanarySpec = CanarySpec()


@dataclass(frozen=True)
class ScoreSpec:
    """What the scheduled job ``score`` reads and writes. ``source``: files by a pattern, a query of the project's, or
    ``table:NAME``; ``output``: a folder for files, or ``table:NAME``; ``form`` of files; ``database``: the variable
    that holds the URL; ``workers``: it is scored by those of ``[compute]``. Paths count from the project's folder
    on."""

    source: str
    output: str
    form: str = "parquet"
    database: str | None = None
    workers: bool = False


@dataclass(frozen=True)
class LearnSpec:
    """How the live version learns from feedback, if it is ``asked`` to. ``run``: the project's own program; None: the
    model's own ``partial_fit``. ``rows``: the fewest new labels that it is worth while for, and ``chunk``: so many are
    predicted before they are learnt. Under ``approval = "guarded"`` what it learnt goes live by itself while no more
    than ``most_changed`` of its decisions are other ones, and not sooner than ``at_most_every`` after the last time.
    ``on_drift``: what becomes of it when its errors surely grow; None: nobody looks."""

    asked: bool = False
    run: Program | None = None
    every: timedelta | None = None
    approval: Literal["person", "guarded"] = "person"
    rows: int = 100
    chunk: int = 20
    most_changed: float = 0.05
    at_most_every: timedelta = timedelta(days=1)
    on_drift: Literal["tell", "reset"] | None = None


@dataclass(frozen=True)
class Manifest:
    """A whole manifest. ``zone``: the time zone that its people live by; ``document``: the TOML as JSON-able data, kept
    with every version as its settings."""

    name: str
    title: str
    owner: str
    environment: EnvironmentSpec
    data: DataSpec
    train: TrainSpec
    validation: ValidationSpec
    gates: tuple[GateRule, ...]
    waivers: tuple[Waiver, ...]
    schedule: tuple[ScheduleSpec, ...]
    health: HealthSpec
    triggers: tuple[TriggerSpec, ...]
    approval: Policy
    report: ReportSpec
    compute: ComputeSpec | None
    sandbox: SandboxSpec
    serve: ServeSpec
    score: ScoreSpec | None
    learn: LearnSpec
    zone: str
    document: dict[str, Any]

    @property
    def sends_mail(self) -> bool:
        """Whether it asks for mail at all: without ``[report]`` perhaps no machine of the project's sends any."""
        return "report" in self.document

    @property
    def form(self) -> str:
        """How its steps' files are read and written; see ``runs.steps.tables``."""
        return "csv of R" if self.environment.kind == "r" and self.data.format == "csv" else self.data.format

    def program(self, contract: Contract) -> Program | None:
        """How the project's code for ``contract`` is run; None for scoring a fitted estimator, which needs none."""
        program: Program | None = getattr(getattr(self, contract.section), contract.key)
        return program
