"""``check``: validate a manifest and run its steps once on a sample, leaving nothing behind in the ledger."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.clock import stamp
from engine.environments.kind import KINDS
from engine.environments.records import Lock
from engine.errors import LeverframeError, Refusal, StepFailed
from engine.jobs.health.merging import Unfit, since_differs
from engine.jobs.labels import LABELS, labelled
from engine.jobs.retrain import imported, model_folder
from engine.jobs.retrain.data import Prepared, prepare
from engine.projects.allowances import more_than
from engine.projects.manifest.reader import FILE, ComputeSpec, Manifest, load_manifest
from engine.projects.reach import Reach, reach_of, unvouched
from engine.projects.source.code import inspect, snapshot
from engine.records import DoctorFinding
from engine.runs.compute import order
from engine.runs.steps import holding, sandbox
from engine.runs.steps.launch import Launch, Stage
from engine.runs.steps.missing_files import refuse_absent, without_places
from engine.runs.steps.step import StepResult
from engine.runs.steps.tables import read_output, write_input
from engine.scoring.scorer import StepScorer, text_predicted
from engine.storage import temporary
from engine.storage.disk import delete_tree, refused
from engine.storage.workspace import Workspace
from engine.text import plain, short_revision
from engine.validation.gates.beforehand import failing
from engine.validation.holdout.split import after
from engine.validation.holdout.undecided import cannot_decide
from engine.validation.rules import rules_of
from engine.versions.environment import standing
from engine.vocabulary.systems import FOLDER, UNHELD

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 2000
# How far back a check asks for what is new.
SINCE = timedelta(days=1)
# Of each class at least so many rows, where there are.
OF_EACH, MOST_CLASSES = 20, 200


class _Findings:
    """What was found, in order, each told as soon as it is known."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.all: list[DoctorFinding] = []

    def add(self, found: DoctorFinding) -> None:
        self.all.append(found)
        self._tell(f"{found.what}: {found.sentence}")

    def good(self, what: str, sentence: str) -> None:
        self.add(DoctorFinding(what, "ok", sentence))

    def doubtful(self, what: str, sentence: str) -> None:
        self.add(DoctorFinding(what, "watch", sentence))

    def failed(self, error: LeverframeError, folder: Path) -> None:
        # The folder is gone when somebody reads it.
        self.add(DoctorFinding("failed", "failing", without_places(str(error), folder)))
        self.all += [DoctorFinding("manifest", "failing", str(mistake)) for mistake in getattr(error, "mistakes", ())]


def check(
    workspace: Workspace,
    path: Path,
    as_of: datetime,
    on_step: Callable[[str], None],
    allowed: Callable[[str], tuple[Reach, ...]],
    *,
    vouched: bool = True,
) -> tuple[DoctorFinding, ...]:
    """Everything that was found, in order; the first failure ends it. ``allowed``: what the steps of the project with
    a name may reach, () where it is not known yet. ``vouched``: whether they begin here if they ask for more."""
    findings = _Findings(on_step)
    with refused("Nothing can be tried out here"):
        folder, held = temporary.make(temporary.CHECK, workspace.cache)
    try:
        stage = _stage(workspace, path.expanduser().absolute(), folder, as_of, allowed, findings, vouched)
        _steps(stage, folder, findings.good, findings.doubtful)
    except LeverframeError as error:
        findings.failed(error, folder)
    finally:
        with suppress(OSError):
            delete_tree(folder)
        os.close(held)
    return tuple(findings.all)


def _stage(
    workspace: Workspace,
    path: Path,
    folder: Path,
    as_of: datetime,
    allowed: Callable[[str], tuple[Reach, ...]],
    findings: _Findings,
    vouched: bool,
) -> Stage:
    """All that a run has before its first step: manifest, code, environment, what its steps may reach."""
    manifest = load_manifest(path)
    gates = len(manifest.gates)
    findings.good("manifest", f"{manifest.name}, {gates} gate{'' if gates == 1 else 's'} of its own")
    _code(path, folder, findings)
    spec = manifest.environment
    if spec.requirements:
        refuse_absent(spec.requirements, folder / "code", path)
    kind = KINDS[spec.kind]
    lock = kind.lock(spec, folder / "code", workspace.cache)
    imported.refuse_unscorable(manifest.train, lock)
    environment = standing(workspace, lock)
    packages = f"{len(lock.packages)} packages locked, {kind.words(lock)}"
    findings.good("environment", f"{packages}; every file as it was built")
    for sentence in kind.doubts(spec, folder / "code"):
        findings.doubtful("requirements", sentence)
    if manifest.compute is not None:
        findings.good("compute", _elsewhere(manifest.compute, lock))
    findings.add(holding.finding(manifest.sandbox, sandbox.this_machine()))
    more = more_than(reach_of(manifest.document), allowed(manifest.name))
    if more and not vouched:
        raise Refusal(unvouched(more))
    if more:
        findings.doubtful("sandbox", f"a retrain stops until an admin allows its steps {'; '.join(more)}")
    sandbox.check_reads(manifest.sandbox, workspace.root)
    marker = f"{workspace.token}:check-{folder.name}"
    return Stage(folder / "code", manifest, environment, lock, marker, as_of, workspace.root, project=path)


def _code(path: Path, folder: Path, findings: _Findings) -> None:
    source = inspect(path)
    if source.system == FOLDER:
        findings.doubtful("code", f"{UNHELD}; a retrain takes it as it lies there, as nobody's that is known")
    elif source.odd is not None and not source.changed:
        findings.doubtful("code", f"it holds {source.odd}; a retrain will refuse it unless it is given --allow-dirty")
    elif source.dirty:
        findings.doubtful("code", "uncommitted changes: a retrain will refuse them unless it is given --allow-dirty")
    else:
        revision = short_revision(str(source.revision))
        findings.good("code", f"committed, {revision} on {source.branch or 'no branch'}")
    snapshot(path, folder / "code", allow_dirty=True)
    refuse_absent(FILE, folder / "code", path)


def _elsewhere(compute: ComputeSpec, lock: Lock) -> str:
    """What a run will do on a cluster, which a check does here. Raises StepFailed when something is not installed."""
    if compute.mode == "joblib":
        order.check_joblib(lock)
        return f"a run gives n_jobs to the workers of {compute.scheduler}; this check trains here"
    order.check_installed()
    return f"a run trains and scores on the workers of {compute.scheduler}; this check does both here"


def _steps(stage: Stage, folder: Path, good: Callable[[str, str], None], doubtful: Callable[[str, str], None]) -> None:
    def launch(name: str) -> Launch:
        return Launch(stage, name, folder / name, lambda done, text: None)

    def ended(result: StepResult) -> None:
        if result.state == "succeeded":
            took = f"{result.seconds:.1f} s, peak memory {result.peak_memory / 2**20:.0f} MiB"
            good(result.name, f"ended well in {took}")

    def run(name: str, fill: Callable[[Launch], None]) -> Launch:
        step = launch(name)
        fill(step)
        _begin_and_end(step, ended)
        return step

    form = stage.manifest.form
    extract = run("extract", lambda step: None)
    table = read_output(extract.output, "data", form, "extract")
    joined = None
    if stage.manifest.data.labels is not None:
        known = read_output(run(LABELS, lambda step: None).output, LABELS, form, LABELS)
        joined = labelled(table, known, stage.manifest)
        if not joined.few:
            good(LABELS, joined.said)
    data = prepare(joined.table if joined else table, stage.manifest, stage.as_of, joined)
    if stage.manifest.data.since:
        _since(stage, folder, table, ended, good, doubtful)
    for doubt in data.doubts:
        doubtful(doubt.kind, doubt.evidence.rstrip("."))
    good(
        "data",
        f"{data.table.num_rows:,} rows, {len(data.features)} features, {data.holdout.num_rows:,} rows in the holdout",
    )
    _foresee(data, stage.manifest, doubtful)
    target = stage.manifest.data.target
    if stage.manifest.train.imported is not None:
        model = model_folder.checked(imported.laid_out(stage.manifest.train, stage.code, folder / "imported"))
        good("model", f"{stage.manifest.train.imported}, trained elsewhere: which rows it learnt from is not known")
    else:
        train = run("train", lambda step: write_input(data.train.take(sample(data.train, target)), step.input, form))
        model = model_folder.checked(train.output / "model")
    scorer = StepScorer(launch("score"), model, text_predicted(stage, data.schema), ended)
    predictions = scorer.score(data.golden_inputs)
    good("predictions", _read_as_the_judge(predictions, data, stage.manifest))


def _foresee(data: Prepared, manifest: Manifest, doubtful: Callable[[str, str], None]) -> None:
    """What every candidate would come to, told before anything is trained."""
    target = manifest.data.target
    undecided = cannot_decide(data.holdout.column(target), data.train.column(target), manifest)
    if undecided:
        doubtful("holdout", undecided)
    for gate in failing(data.train, data.holdout, data.features, rules_of(manifest)):
        doubtful("gates", f"no candidate passes '{gate.name}': {gate.evidence.rstrip('.')}")


def _begin_and_end(step: Launch, ended: Callable[[StepResult], None]) -> None:
    try:
        step.begin()
        step.conclude(ended)
    except BaseException:
        step.cancel("the check was broken off")
        raise


def _since(
    stage: Stage,
    folder: Path,
    table: pa.Table,
    ended: Callable[[StepResult], None],
    good: Callable[[str, str], None],
    doubtful: Callable[[str, str], None],
) -> None:
    """What looks do: put what is new since some time ago to what extract brought then, and have all that it brings now.
    Raises StepFailed that says what differs."""
    then, data = stage.as_of - SINCE, stage.manifest.data
    assert data.time is not None  # The manifest's reader sees to it.
    if after(table, data.time, then).all():
        doubtful("since", "no row is older than a day, so that what is new could not be told from what was there")
        return

    def asked(name: str, at: Stage) -> pa.Table:
        step = Launch(at, "extract", folder / name, lambda done, text: None, title=name)
        _begin_and_end(step, ended)
        return read_output(step.output, "data", stage.manifest.form, name)

    before = asked("extract before", replace(stage, as_of=then))
    new = asked("extract new", replace(stage, since=then))
    try:
        found = since_differs(table, before, new, data.time, data.key)
    except Unfit as problem:
        doubtful("since", f"looks ask for everything: {problem} than what was there a day ago")
        return
    told = f"what extract brings since {stamp(then)[:16].replace('T', ' ')} UTC, put to what it brought then,"
    if found:
        raise StepFailed(
            f"{told} {found.words}, against all that it brings now; let it return every row that is new or has "
            "changed since then, or take since out of [data]."
        )
    good("since", f"{told} is all that it brings now: {new.num_rows:,} of {table.num_rows:,} rows were asked for")


def sample(train: pa.Table, target: str) -> pa.Array:
    """Rows to train on here: by chance, for each second or seventh may be of one kind; with some of each class."""
    import numpy as np
    import pyarrow as pa

    from engine.validation.columns import codes

    generator = np.random.default_rng(0)
    chosen = generator.permutation(train.num_rows)[:SAMPLE]
    numbers, names = codes(train.column(target))
    if train.num_rows > SAMPLE and len(names) <= MOST_CLASSES:
        each = [np.flatnonzero(numbers == number)[:OF_EACH] for number in range(len(names))]
        chosen = np.union1d(chosen, np.concatenate(each))
    return pa.array(np.sort(chosen))


def _read_as_the_judge(predictions: pa.Table, data: Prepared, manifest: Manifest) -> str:
    """What there is. Raises what a retrain would raise for the form of its predictions, and where it could not pass."""
    from engine.validation.columns import shown
    from engine.validation.predictions import readable

    said, truth = readable(predictions, data.holdout, data.train, rules_of(manifest), data.golden)
    if said.problems:
        raise StepFailed(f"Of {predictions.num_rows:,} rows: {'; '.join(said.problems)}; no version passes with that.")
    columns = ", ".join(plain(name, 60) for name in predictions.column_names)
    wanted = f"; looked for: {shown(truth.classes[1])}" if truth.task == "binary" else ""
    return f"{predictions.num_rows} for {data.golden_inputs.num_rows} rows: {columns}{wanted}"
