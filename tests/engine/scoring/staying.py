"""A version's code and model in an environment that has pandas, without what makes building one slow: its packages are
those of the tests. Its model answers by a rule, and does what a row tells it to."""

from __future__ import annotations

import os
import pickle
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas
import pyarrow as pa

from engine.environments.pictures import Pictures
from engine.environments.python.lock import parse_lock, this_platform
from engine.environments.records import Environment
from engine.projects.manifest.reader import parse_manifest
from engine.runs.steps.launch import Launch, Stage
from engine.scoring.scorer import StepScorer
from engine.scoring.warm_process import WarmProcess
from engine.scoring.warm_program import ProjectProgram

PACKAGES = Path(pandas.__file__).parents[1]
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
MANIFEST = f"""
[project]
name = "stays"
title = "Stays"
owner = "ops@example.org"
[data]
extract = "project:extract"
target = "late"
time = "at"
key = ["id"]
format = "FORMAT"
[train]
run = "project:train"
memory = "1GiB"
[validation]
holdout = "7d"
metrics = ["roc_auc"]
[sandbox]
read = ["{PACKAGES}"]
"""
PROJECT = """
import os, signal, sys, time
import numpy

class Model:
    classes_ = numpy.array([0, 1])

    def predict(self, features):
        for deed in features["deed"].dropna():
            if deed == "die":
                print("out of luck", file=sys.stderr, flush=True)
                os.abort()
            elif deed == "be killed":
                os.kill(os.getpid(), signal.SIGKILL)
            elif deed == "hang once" and not os.path.exists(os.environ["LEVERFRAME_INPUT"] + "/model/again"):
                open(os.environ["LEVERFRAME_OUTPUT"] + "/hangs", "w").close()
                time.sleep(600)
            elif deed == "hang":
                time.sleep(600)
            elif deed == "exit":
                sys.exit(0)
            elif deed == "leak":
                self.kept = [bytearray(b"x" * (64 << 20)) for _ in range(64)]
            elif deed == "babble":
                with open(os.environ["LEVERFRAME_ANSWERS"], "wb", buffering=0) as pipe:
                    pipe.write(b"\\xff" * 64)
            elif deed == "raise":
                raise ValueError("no such deed")
            elif deed == "type":
                raise ValueError(str(list(features.dtypes)))
        return (self.chance(features) > 0.5).astype(int)

    def predict_proba(self, features):
        found = self.chance(features)
        return numpy.column_stack([1 - found, found])

    def chance(self, features):
        there = features["x"].fillna(0.25).to_numpy(dtype=float)
        return 1 / (1 + numpy.exp(-there - features["count"].fillna(-1).to_numpy(dtype=float) / 7))
"""
DEEDS = pa.dictionary(pa.int8(), pa.string())
SCHEMA = pa.schema([("x", pa.float64()), ("count", pa.int64()), ("deed", pa.string()), ("kind", DEEDS)])


def rows(*each: tuple[float | None, int | None, str | None, str | None]) -> pa.Table:
    kinds = pa.array([row[3] for row in each], pa.string()).dictionary_encode().cast(DEEDS)
    first = [pa.array([row[at] for row in each], SCHEMA.field(at).type) for at in range(3)]
    return pa.table([*first, kinds], schema=SCHEMA)


FIRST = rows((0.5, 3, None, "a"), (None, 4, "wait", "b"), (-2.0, 70_000, None, None))
GAPS = rows((None, None, None, None), (0.1, 2, None, "b"))


def stage(folder: Path, form: str = "parquet") -> Stage:
    """The version's code, ready to be started; its model lies beside it."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    environment, home = folder / "home" / "environments" / "one", folder / "home"
    packages = environment / "lib" / python / "site-packages"
    for place in (packages, environment / "bin", home / "locks", folder / "code", folder / "model"):
        place.mkdir(parents=True)
    real = os.path.realpath(sys.executable)
    (environment / "bin" / "python").symlink_to(real)
    said = f"home = {os.path.dirname(real)}\ninclude-system-site-packages = false\n"
    (environment / "pyvenv.cfg").write_text(said)
    (packages / "of_the_tests.pth").write_text(f"{PACKAGES}\n")
    (folder / "code" / "project.py").write_text(PROJECT)
    (folder / "model" / "model.pickle").write_bytes(_pickled())
    lock = parse_lock("", platform.python_version(), this_platform())
    built = Environment(environment, environment / "bin" / "python", lock.digest, Pictures(home))
    manifest = parse_manifest(MANIFEST.replace("FORMAT", form))
    return Stage(folder / "code", manifest, built, lock, f"test-{os.getpid()}", AT, home)


def _pickled() -> bytes:
    """A Model of the module ``project``, which is not loaded here."""
    module = type(sys)("project")
    exec(PROJECT, module.__dict__)
    module.Model.__module__ = "project"
    sys.modules["project"] = module
    try:
        return pickle.dumps(module.Model())
    finally:
        del sys.modules["project"]


def process(
    folder: Path, form: str = "parquet", patience: float = 60.0, nearest: float | None = None
) -> WarmProcess:  # fmt: skip
    program = ProjectProgram(stage(folder, form), folder / "model", nearest=nearest)
    return WarmProcess(program, folder / "process", "scoring stays@1", FIRST, patience, lambda: AT)


def by_a_step(folder: Path, found: Stage, table: pa.Table) -> pa.Table:
    """What the step score says of it."""
    step = Launch(found, "score", folder, lambda done, text: None)
    return StepScorer(step, found.code.with_name("model")).score(table)
