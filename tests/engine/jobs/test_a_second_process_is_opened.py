"""When a second process of a version is opened beside the first, under which limits, and that nothing of it is left."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.errors import Refusal, StepFailed
from engine.jobs.score.second import EARLY, Second, early, may_be_two, second_of, worth
from engine.jobs.score.side_by_side import SideBySide, two_ready
from engine.runs.steps.launch import Stage
from engine.runs.steps.sweep import sweep
from engine.scoring.makers import ProcessScorer, open_ready
from engine.scoring.ready import ReadyScorer
from engine.scoring.warm_program import ProjectProgram
from engine.storage.objects import ObjectStore
from engine.versions.document import store_folder
from engine.versions.records import ModelSection, ScorerSection, VersionDocument
from tests.engine.runs.step_workshop import until
from tests.engine.scoring.staying import FIRST, GAPS, MANIFEST, rows, stage
from tests.version_documents import WHOLE

MARKER = f"test-second-{os.getpid()}"
GIB = 1 << 30
TRAIN = {"run": "project:train", "memory": "1GiB"}
SAID = pa.table({"prediction": pa.array([1, 0, 0]), "p_0": [0.1, 0.9, 0.9], "p_1": [0.9, 0.1, 0.1]})


def made(maker: str = "process", **train: Any) -> VersionDocument:
    settings = {"data": {"target": "late"}, "train": TRAIN | train}
    return replace(WHOLE, settings=settings, scorer=ScorerSection(cast(Any, maker), ""))


@pytest.mark.parametrize(
    ("document", "cores", "may"),
    [
        (made(), 2, True),
        (made("split"), 2, True),
        (made(), 1, False),
        (made(threads=2), 3, False),  # each has as many threads as the manifest gives it
        (made(threads=2), 4, True),
        (made("compiled"), 8, False),
        (made("onnx"), 8, False),
        (made(score={"command": ["Rscript", "score.R"]}), 8, False),  # it ends with its answer
        (made(score="project:score"), 2, True),
    ],
)
def test_two_may_be_where_each_stays_and_has_processors_of_its_own(
    document: VersionDocument, cores: int, may: bool
) -> None:
    assert may_be_two(document, cores) is may


@pytest.mark.parametrize(
    ("maker", "inputs", "at_once"),
    [("process", [EARLY], True), ("process", [EARLY - 1, None, 3], False), ("process", [None, EARLY + 1], True),
     ("process", [], False), ("split", [EARLY], False)],
)  # fmt: skip
def test_it_is_opened_at_once_where_one_file_is_large(maker: Any, inputs: list[int | None], at_once: bool) -> None:
    assert early(maker, inputs) is at_once


@pytest.mark.parametrize(
    ("pace", "done", "total", "opening", "pays"),
    [
        (0.001, 1000, 10_000, 3.0, True),  # 9 s are left, and an opening takes 3
        (0.001, 1001, 10_000, 3.0, False),
        (0.001, 9000, None, 3.0, True),  # nobody knows; as many again
        (0.001, 8999, None, 3.0, False),
        (0.001, 10_000, 10_000, 0.0, False),
        (0.001, 11_000, 10_000, 0.0, False),  # the lines of a CSV were shorter than its first
    ],
)
def test_it_is_worth_it_where_one_alone_would_take_three_openings_more(
    pace: float, done: int, total: int | None, opening: float, pays: bool
) -> None:
    assert worth(pace, done, total, opening) is pays


@dataclass(frozen=True)
class Laid:
    """A version in a store, and where its processes work."""

    stage: Stage
    store: ObjectStore
    folder: Path

    def document(self, golden: pa.Table = FIRST) -> VersionDocument:
        def kept(table: pa.Table) -> Any:
            content = io.BytesIO()
            pyarrow.parquet.write_table(table, content)
            return self.store.put_content(content.getvalue())

        whole = made()
        return replace(
            whole,
            code=replace(whole.code, files=store_folder(self.store, self.stage.code)),
            environment=replace(
                whole.environment, lock=self.store.put_content(json.dumps(self.stage.lock.to_json()).encode())
            ),
            model=ModelSection(store_folder(self.store, self.folder / "model"), tuple(FIRST.column_names), 0.1),
            golden=replace(whole.golden, rows=golden.num_rows, inputs=kept(golden), predictions=kept(SAID)),
        )

    @property
    def workspace(self) -> Any:
        return cast(Any, SimpleNamespace(root=self.stage.workspace))

    def second(self, document: VersionDocument, room: int = GIB) -> Second:
        found = second_of(
            self.workspace, self.store, "stays@1", document, self.folder / "beside", lambda: room, marker=MARKER
        )
        assert found is not None
        return found

    def first(self, document: VersionDocument) -> Callable[[], ReadyScorer]:
        return lambda: open_ready(
            self.workspace, self.store, "stays@1", document, self.folder / "live", marker=MARKER
        )


@pytest.fixture
def laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laid]:
    found = stage(tmp_path)
    (found.code / "leverframe.toml").write_text(MANIFEST.replace("FORMAT", "parquet"))
    monkeypatch.setattr("engine.runs.steps.launch.check_environment", lambda stage, name: None)
    monkeypatch.setattr("engine.scoring.makers.built", lambda *given: found.environment)
    monkeypatch.setattr("engine.jobs.score.second.os.sched_getaffinity", lambda process: {0, 1})
    (tmp_path / "objects").mkdir()
    yield Laid(found, ObjectStore(tmp_path / "objects"), tmp_path)
    assert sweep(MARKER) == 0, "nothing of them is left"


def answered(beside: SideBySide, tables: list[pa.Table]) -> list[dict[str, Any]]:
    return [each().to_pydict() for each in [beside.begin(table) for table in tables]]


def test_two_processes_answer_alike_and_what_both_fail_at_is_told_as_by_one(laid: Laid) -> None:
    document, said = laid.document(), list[str]()
    second = laid.second(document)
    with two_ready(laid.first(document), second, lambda: FIRST, said.append, at_once=True) as (first, beside):
        assert beside is not None and beside.settled.wait(120)
        alone = [first.score(table).to_pydict() for table in (FIRST, GAPS)]
        while 0 in beside.shares:
            assert answered(beside, [FIRST, GAPS] * 2) == alone * 2
        found = second.opened.result()
        memory = []
        for each in (first, found):
            assert isinstance(each, ProcessScorer) and isinstance(each.program, ProjectProgram)
            memory.append(each.program.stage.manifest.train.memory)
        assert memory == [GIB, GIB // 2], "the second may take half as much"
        bad = [beside.begin(rows((0.5, 1, "raise", "a"))) for _ in range(2)]
        for each in bad:
            with pytest.raises(StepFailed, match="^scoring stays@1 failed: ValueError: no such deed"):
                each()
    assert said[0] == "a second process of the version scores beside the first" and len(said) == 2
    assert said[1] == "the second process failed (scoring stays@1 failed: ValueError: no such deed); one scores alone"


def test_one_that_hangs_while_it_comes_up_is_ended_with_the_scoring(laid: Laid) -> None:
    second = laid.second(laid.document(rows((0.5, 1, "hang once", "a"))))
    second.begin()
    until((laid.folder / "beside" / "process" / "output" / "hangs").exists)
    closing = threading.Thread(target=second.close, daemon=True)
    closing.start()
    closing.join(30)
    assert not closing.is_alive(), "it is waited for"
    assert isinstance(second.opened.exception(), StepFailed)


def test_where_its_memory_would_not_fit_nothing_is_opened_and_it_is_told(laid: Laid) -> None:
    second = laid.second(laid.document(), room=GIB // 2 - 1)
    second.begin()
    problem = second.opened.exception(60)
    assert isinstance(problem, Refusal)
    assert str(problem) == "it may take 0.5 GiB, and 0.5 GiB are left beside what runs were promised."
    assert not (laid.folder / "beside").exists()
    second.close()
