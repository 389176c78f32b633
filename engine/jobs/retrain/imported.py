"""A model that was trained elsewhere, and lies in the project's code: it is taken in the place of a trained one.

Nothing of it is loaded here. What scores with it is the project's own program, or the Python runner, in a step.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.environments.records import Lock
from engine.errors import Refusal, StepFailed
from engine.projects.manifest.records import TrainSpec
from engine.records import Gate
from engine.text import plain
from engine.vocabulary.gates import name_of

# What the Python runner calls a model of each sort, and what has to be in the environment to score with it.
_CALLED = {
    ".onnx": "model.onnx", ".joblib": "model.joblib", ".pkl": "model.joblib", ".pickle": "model.joblib",
    ".skops": "model.skops",
}  # fmt: skip
_NEEDED = {".onnx": "onnxruntime", ".joblib": "joblib", ".pkl": "joblib", ".pickle": "joblib", ".skops": "skops"}


def refuse_unscorable(train: TrainSpec, lock: Lock) -> None:
    """Raise Refusal where the environment lacks what scores the model."""
    if train.imported is None or train.score is not None:
        return
    needed = _NEEDED[Path(train.imported).suffix]
    if needed not in {each.name.lower() for each in lock.packages}:
        raise Refusal(
            f"{plain(train.imported, 100)} is scored by {needed}, which is not among the locked packages; add {needed} "
            "to the requirements."
        )


def laid_out(train: TrainSpec, code: Path, folder: Path) -> Path:
    """The model in ``folder``, which must not exist, as its program finds it. Raises StepFailed."""
    assert train.imported is not None
    found, said = code / train.imported, plain(train.imported, 200)
    if not found.exists():
        raise StepFailed(
            f"[train] import names '{said}', which is not in the code of this run; commit it, or mend the name."
        )
    if found.is_dir():
        shutil.copytree(found, folder, copy_function=shutil.copyfile)
        return folder
    folder.mkdir()
    called = found.name if train.score is not None else _CALLED[found.suffix]
    shutil.copyfile(found, folder / called)
    return folder


def doubt(train: TrainSpec) -> Gate | None:
    """What nobody here knows of a model that was trained elsewhere."""
    if train.imported is None:
        return None
    said = "Trained elsewhere: nobody here knows which rows it learnt from, and it may know some of these."
    return Gate(name_of("imported"), "imported", "warn", said)
