"""Versions ready to be scored on workers, and passages through them: compiled tables, and the model of ``staying``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pyarrow as pa
from sklearn.ensemble import RandomForestClassifier

from engine.environments.picture import PICTURE, Picture, take
from engine.jobs.score.flow import Flow
from engine.projects.manifest.records import ComputeSpec
from engine.scoring.away import kit
from engine.scoring.away.workers import Workers
from engine.scoring.compiled.scorer import CompiledScorer
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions.document import store_folder
from tests.compiled_models import write
from tests.engine.scoring import staying

MARKER = f"test-{os.getpid()}"
LEARNT = pd.DataFrame({"x": [number / 7 % 3 for number in range(200)], "y": [number % 11 for number in range(200)]})
PARTS = [pa.table({"x": [0.1 * at, None, 2.0], "y": [at, 3, at % 5]}) for at in range(40)]


class Tables:
    """A compiled forest in a store. ``here``: what this machine says by it."""

    def __init__(self, folder: Path) -> None:
        large = (LEARNT["x"] + LEARNT["y"] > 6).astype(int)
        model = RandomForestClassifier(8, max_depth=4, random_state=1).fit(LEARNT, large)
        write(model, LEARNT, folder / "tables")
        (folder / "objects").mkdir()
        self.store = ObjectStore(folder / "objects")
        self.document = cast(Any, SimpleNamespace(
            scorer=SimpleNamespace(maker="compiled", files=store_folder(self.store, folder / "tables"))
        ))  # fmt: skip
        self.here, self.folder = CompiledScorer.read(folder / "tables"), folder
        self.first = pa.Table.from_pandas(LEARNT, preserve_index=False)

    def workers(self, scheduler: str, *, expected: pa.Table | None = None, **more: Any) -> Workers:
        context = SimpleNamespace(
            store=self.store, workspace=Workspace(self.folder / "home"), marker=MARKER, held=None, folder=self.folder
        )
        manifest = SimpleNamespace(name="trees", train=SimpleNamespace(threads=1, memory=400 << 20))
        asked, about = kit.filled(
            cast(Any, context), "trees@1", self.document, cast(Any, manifest), self.folder / "step"
        )
        said = expected if expected is not None else self.here.score(self.first)
        return Workers(
            asked, about, compute(scheduler, **more), self.first, said, 3, patience=60.0, keeps_types=False
        )


def compute(scheduler: str, silence: float = 30, wait: float = 60, connect: float = 10) -> ComputeSpec:
    spans = [timedelta(seconds=each) for each in (connect, wait, silence)]
    return ComputeSpec(scheduler, connect=spans[0], wait=spans[1], silence=spans[2])


def staying_workers(folder: Path, scheduler: str, *, patience: float = 60.0, **more: Any) -> Workers:
    """The model of ``staying``, which dies and hangs where a row tells it to."""
    stage = staying.stage(folder)
    content = Picture(stage.lock.to_json(), {}, take(stage.environment.path)).content()
    (stage.environment.path / PICTURE).write_bytes(content)
    taken = SimpleNamespace(of=lambda lock: SimpleNamespace(picture=hashlib.sha256(content).hexdigest()))
    stage = replace(stage, environment=replace(stage.environment, pictures=cast(Any, taken)))
    asked, about = kit.of_model(stage, folder / "model", folder / "step", "stays@1")
    expected = staying.by_a_step(folder / "here", stage, staying.FIRST)
    return Workers(
        asked, about, compute(scheduler, **more), staying.FIRST, expected, 3, patience=patience, keeps_types=True
    )


@contextmanager
def closed(workers: Workers) -> Iterator[Workers]:
    try:
        yield workers
    finally:
        workers.close()


def answers(workers: Workers, given: list[pa.Table]) -> list[pa.Table]:
    """What comes back, in its order."""
    found = list[pa.Table]()
    Flow[pa.Table, pa.Table](iter(given), workers.begin, found.append, workers.ahead).run()
    return found
