"""``check``: validate a manifest and run its steps once on a sample, leaving nothing behind in the ledger."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from engine.environments.lock import Lock, resolve
from engine.errors import LeverframeError
from engine.projects.manifest import ComputeSpec, load_manifest
from engine.projects.source import inspect, snapshot
from engine.records import Finding
from engine.runs import holding, sandbox
from engine.runs.compute import order
from engine.runs.data import prepare
from engine.runs.labels import LABELS, labelled
from engine.runs.launch import Launch, Stage
from engine.runs.tables import read_output, write_input
from engine.storage.workspace import Workspace
from engine.versions.environment import standing

SAMPLE = 2000


def check(workspace: Workspace, path: Path, as_of: datetime, on_step: Callable[[str], None]) -> tuple[Finding, ...]:
    """Everything that was found, in order; the first failure ends it."""
    findings: list[Finding] = []

    def good(what: str, sentence: str) -> None:
        findings.append(Finding(what, "ok", sentence))
        on_step(f"{what}: {sentence}")

    folder = Path(tempfile.mkdtemp(prefix="check-", dir=workspace.cache))
    try:
        manifest = load_manifest(path.expanduser().absolute())
        gates = len(manifest.gates)
        good("manifest", f"{manifest.name}, {gates} gate{'' if gates == 1 else 's'} of its own")
        source = inspect(path.expanduser().absolute())
        if source.dirty:
            sentence = "uncommitted changes: a retrain will refuse them unless it is given --allow-dirty"
            findings.append(Finding("code", "watch", sentence))
            on_step(f"code: {sentence}")
        else:
            good("code", f"committed, {str(source.revision)[:8]} on {source.branch or 'no branch'}")
        snapshot(path.expanduser().absolute(), folder / "code", allow_dirty=True)
        spec = manifest.environment
        requirements = folder / "code" / spec.requirements if spec.requirements else None
        lock = resolve(requirements, spec.python, workspace.cache)
        environment = standing(workspace, lock)
        good("environment", f"{len(lock.packages)} packages locked, Python {lock.python}")
        if manifest.compute is not None:
            good("compute", _elsewhere(manifest.compute, lock))
        kept = holding.finding(manifest.sandbox, sandbox.this_machine())
        findings.append(kept)
        on_step(f"{kept.what}: {kept.sentence}")
        sandbox.check_reads(manifest.sandbox, workspace.root)
        marker = f"{workspace.token}:check-{folder.name}"
        stage = Stage(folder / "code", manifest, environment, lock, marker, as_of, workspace.root)
        _steps(stage, folder, good)
    except LeverframeError as error:
        findings.append(Finding("failed", "failing", str(error)))
        on_step(f"failed: {error}")
        for mistake in getattr(error, "mistakes", ()):
            findings.append(Finding("manifest", "failing", str(mistake)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tuple(findings)


def _elsewhere(compute: ComputeSpec, lock: Lock) -> str:
    """What a run will do on a cluster, which a check does here. Raises StepFailed when something is not installed."""
    if compute.mode == "joblib":
        order.check_joblib(lock)
        return f"a run gives n_jobs to the workers of {compute.scheduler}; this check trains here"
    order.check_installed()
    return f"a run trains and scores on the workers of {compute.scheduler}; this check does both here"


def _steps(stage: Stage, folder: Path, good: Callable[[str, str], None]) -> None:
    def run(name: str, fill: Callable[[Launch], None]) -> Launch:
        step = Launch(stage, name, folder / name, lambda done, text: None)
        fill(step)
        try:
            step.begin()
            result = step.conclude()
        except BaseException:
            step.cancel("the check was broken off")
            raise
        good(name, f"ended well in {result.seconds:.1f} s, peak memory {result.peak_memory / 2**20:.0f} MiB")
        return step

    form = stage.manifest.data.format
    extract = run("extract", lambda step: None)
    table = read_output(extract.output, "data", form, "extract")
    if stage.manifest.data.labels is not None:
        known = read_output(run(LABELS, lambda step: None).output, LABELS, form, LABELS)
        table = labelled(table, known, stage.manifest)
    data = prepare(table, stage.manifest, stage.as_of)
    good(
        "data",
        f"{data.table.num_rows:,} rows, {len(data.features)} features, {data.holdout.num_rows:,} rows in the holdout",
    )
    every = max(1, data.train.num_rows // SAMPLE)
    rows = list(range(0, data.train.num_rows, every))
    train = run("train", lambda step: write_input(data.train.take(rows), step.input, form))

    def fill(step: Launch) -> None:
        shutil.copytree(train.output / "model", step.input / "model", symlinks=True)
        write_input(data.golden_inputs, step.input, form)

    score = run("score", fill)
    predictions = read_output(score.output, "predictions", form, "score")
    columns = ", ".join(predictions.column_names)
    good("predictions", f"{predictions.num_rows} for {data.golden_inputs.num_rows} rows: {columns}")
