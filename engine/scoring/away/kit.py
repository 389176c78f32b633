"""What a worker needs to score with a version, in a folder, and the SHA-256 of each file of it.

Compiled tables travel with the modules that evaluate them; a model travels with the project's code, and the worker has
to have the very environment of its lock, as for a step.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Damage, Refusal
from engine.projects.manifest.reader import Manifest
from engine.runs.compute import order
from engine.runs.compute.driver import STEPS
from engine.runs.run_context import RunContext
from engine.runs.steps.launch import Stage, spec_of
from engine.runs.steps.limits import Limits
from engine.runs.steps.step import StepSpec, clean_environment
from engine.scoring.away.seat import STAYING
from engine.scoring.unpacked import unpack
from engine.scoring.warm_program import stays
from engine.versions.document import COMPILED, named, write_folder
from engine.vocabulary.steps import SCORE_AWAY, SCORE_ROWS

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

MODULE = "engine.scoring.away.served"
_ENGINE = Path(__file__).resolve().parents[2]
_COMPILED = sorted(f"scoring/compiled/{path.stem}" for path in (_ENGINE / "scoring" / "compiled").glob("*.py"))
MODULES = (
    "__init__", "errors", "json_records", "text", "runs/__init__", "runs/steps/__init__", "runs/steps/warm_scorer",
    "runs/steps/python_runner", "runs/steps/column_types", "runs/steps/onnx_model", "scoring/__init__", "scoring/ready",
    "scoring/away/__init__", "scoring/away/served", *_COMPILED, "storage/__init__", "storage/atomic",
)  # fmt: skip
"""What ``served`` imports of Leverframe, below ``engine/``."""
_FOR_EVER = 10 * 365 * 86400.0
_PARTS = ("code", "input", "output", "tmp", "parts")


def filled(
    context: RunContext, label: str, document: VersionDocument, manifest: Manifest, folder: Path
) -> tuple[StepSpec, dict[str, Any]]:
    """Fill ``folder``, which is made here; the step as it would run there, and what its order says of it. Raises
    Refusal for a version that no process on a worker can score."""
    maker = document.scorer.maker
    if maker == "compiled":
        return _tables(context, label, document, manifest, _made(folder))
    if maker in ("process", "split"):  # The tables behind are of no use there: its process does the whole of it.
        taken = unpack(context, label, document, "away-version")
        return of_model(taken.stage, taken.model, folder, label)
    raise Refusal(f"{label} is scored by {maker}, which no worker does; score it on this machine.")


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True)
    for part in _PARTS:
        (folder / part).mkdir()
    return folder


def _sealed(folder: Path, maker: str) -> dict[str, Any]:
    """What stays there, and the digest of each file that is sent."""
    sent = {f"{part}/{path.relative_to(folder / part)}": path for part in ("code", "input")
            for path in sorted((folder / part).rglob("*")) if path.is_file()}  # fmt: skip
    sent |= {name: STEPS / name for name in STAYING}
    return {"stays": maker, "kit": {name: _digest(path) for name, path in sent.items()}}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tables(
    context: RunContext, label: str, document: VersionDocument, manifest: Manifest, folder: Path
) -> tuple[StepSpec, dict[str, Any]]:
    try:
        write_folder(context.store, document.scorer.files, folder / "code" / COMPILED)
    except Damage as damage:
        raise named(context.store, label, damage) from None
    for name in MODULES:
        to = folder / "code" / "engine" / f"{name}.py"
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_ENGINE / f"{name}.py", to)
    workspace = str(context.workspace.root)
    held = {
        "read": [], "own": [], "environment": sys.prefix, "write": [], "apart": [workspace], "network": False,
        "emptied": [str(context.workspace.root / "locks")],
    }  # fmt: skip
    asked = StepSpec(
        name=SCORE_AWAY.name,
        argv=(),
        cwd=folder / "code",
        environment=clean_environment((), {"LEVERFRAME_OUTPUT": str(folder / "output")}, manifest.train.threads),
        log=folder / "step.log",
        limits=Limits(_FOR_EVER, manifest.train.memory),
        marker=context.marker,
        held=context.held,
        containment=held,
    )
    nothing = {"callable": None, "command": None, "environment": "", "picture": ""}
    about = {"project": manifest.name, "step": SCORE_AWAY.name, "module": MODULE, **nothing}
    return asked, about | _sealed(folder, "compiled")


def of_model(stage: Stage, model: Path, folder: Path, label: str) -> tuple[StepSpec, dict[str, Any]]:
    """As ``filled``, for a process of the project's own environment. ``model``: the folder with its files."""
    if not stays(stage) or stage.manifest.form != "parquet":
        how = "a command" if not stays(stage) else "files in csv"
        raise Refusal(
            f"{label} is scored by {how}, one table after the other, which no process that stays on a worker does; "
            "score it on this machine."
        )
    _made(folder)
    shutil.copytree(stage.code, folder / "code", copy_function=shutil.copyfile, dirs_exist_ok=True)
    shutil.copytree(model, folder / "input" / "model", symlinks=True)
    asked = spec_of(stage, SCORE_ROWS.name, SCORE_AWAY.name, folder, warm=False)
    asked = replace(asked, limits=replace(asked.limits, seconds=_FOR_EVER))
    return asked, order.of_project(stage, SCORE_ROWS.name) | _sealed(folder, "process")
