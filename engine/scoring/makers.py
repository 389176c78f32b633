"""Which maker a version is scored by, ready: the one that its document names, else a process of its own environment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.clock import moment
from engine.errors import Damage
from engine.projects.manifest.reader import load_manifest
from engine.runs.steps.launch import Launch, Stage
from engine.scoring.onnx_scorer import OnnxProgram, onnx_process, runtime
from engine.scoring.ready import Maker, ReadyScorer, Value
from engine.scoring.row_table import RowTable, row_table
from engine.scoring.scorer import StepScorer, text_predicted
from engine.scoring.split_program import SplitProgram, Wholes
from engine.scoring.turns import Turns
from engine.scoring.unpacked import compiled_scorer, keeps_types, onnx_form, tables_behind
from engine.scoring.warm_process import Ended, WarmProcess
from engine.scoring.warm_program import Program, ProjectProgram, stays
from engine.storage.disk import delete_tree
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace
from engine.versions.document import COMPILED, named, write_folder
from engine.versions.environment import built, lock_of, supply_of
from engine.vocabulary.steps import SCORE_ROWS

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.storage.stored_files import StoredFile
    from engine.versions.records import VersionDocument


class ProcessScorer:
    """Fills ``ReadyScorer`` with processes: of the version's own environment, or of ONNX Runtime. Any thread may ask,
    at any time.

    ``rows``: its features and outputs; ``process``: the one that stays, None where a command scores one table and ends;
    ``ask`` has a table answered by whichever it is.
    """

    blocks = True

    def __init__(
        self, rows: RowTable, ask: Callable[[pa.Table], pa.Table], process: WarmProcess | None, title: str,
        maker: Maker = "process",
    ) -> None:  # fmt: skip
        self._rows, self._process, self._title = rows, process, title
        self.maker: Maker = maker
        self._turns = Turns(ask)
        self.features, self.outputs = rows.features, rows.outputs

    @property
    def ends(self) -> tuple[Ended, ...]:
        """When the process came to an end that nobody wanted, oldest first; the last hundred."""
        return tuple(self._process.ends) if self._process is not None else ()

    @property
    def program(self) -> Program | None:
        """What its process was started with; None where there is none that stays."""
        return self._process.program if self._process is not None else None

    @property
    def busy(self) -> float:
        """See ``busy_for``."""
        return self._turns.busy

    def score(self, features: pa.Table) -> pa.Table:
        """See ``ReadyScorer``."""
        return self._rows.named(self._turns.taken(features.select(list(self.features))), self._title)

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        """See ``ReadyScorer``. What several ask at once is asked of the process together."""
        return self._rows.answers(self.score(self._rows.table(rows))) if rows else []

    def cancel(self, why: str) -> None:
        """As ``close``: for whoever ends what a run has begun."""
        self.close()

    def close(self) -> None:
        """See ``ReadyScorer``."""
        if self._process is not None:
            self._process.close()


def open_ready(
    workspace: Workspace,
    store: ObjectStore,
    label: str,
    document: VersionDocument,
    folder: Path,
    *,
    marker: str,
    held: int | None = None,
    patience: float | None = None,
    maker: Maker | None = None,
    memory: int | None = None,
    closing: Callable[[Callable[[], None]], None] = lambda end: None,
    now: Callable[[], datetime] = clock.now,
) -> ReadyScorer:
    """The version called ``label``, taken out of the store and ready.

    ``maker``: another than the version's own; each can be scored by a "process", which does the whole of it, and is
    where it is ONNX and this Leverframe has no ONNX Runtime. ``folder`` is made here and must not
    be there; it is the scorer's until it is closed, and has the version's code in ``code``. ``marker`` and ``held``:
    see ``Stage``. ``patience``: after how many seconds without an answer its process is ended; None: as many as the
    manifest gives train. ``memory``: bytes that a process of the version's own environment may take; None: as many as
    the manifest gives train. ``closing``: is given what ends that process, also while it comes up. A process has loaded
    the model and scored the golden rows when this returns.

    Raises Damage where the store does not hold what it needs, Refusal where its environment cannot be had, and
    StepFailed where its process does not come up. Nothing is left running then.
    """
    chosen = maker or document.scorer.maker
    if chosen == "compiled":
        _write(store, label, folder, {"code": document.code.files})
        scorer = compiled_scorer(store, label, document, folder / COMPILED)
        scorer.ready()
        return scorer
    rows = row_table(store, document)
    if chosen == "onnx" and runtime():
        _write(store, label, folder, {"code": document.code.files})
        form = onnx_form(store, label, document, folder / COMPILED)
        graph = OnnxProgram(form, folder / COMPILED, workspace.root, marker, held)
        answers = onnx_process(graph, folder / "process", f"scoring {label}", rows.like, patience, now)
        return ProcessScorer(rows, answers.ask, answers, f"scoring {label}", "onnx")
    kit = _unpacked(workspace, store, label, document, folder, marker, held, memory)
    title, text = f"scoring {label}", text_predicted(kit.stage, document.schema)
    if not stays(kit.stage):
        return ProcessScorer(rows, _Once(kit, title, frozenset(text)).ask, None, title)
    seconds = patience if patience is not None else kit.stage.manifest.train.timeout.total_seconds()
    program = ProjectProgram(kit.stage, kit.model, frozenset(text), nearest(document, maker))
    if chosen == "split":
        tables = tables_behind(store, label, document, folder / COMPILED)
        program = SplitProgram(kit.stage, kit.model, frozenset(text), tables=tables)
    process = WarmProcess(program, folder / "process", title, rows.like, seconds, now)
    closing(process.close)
    process.start()
    return ProcessScorer(rows, process.ask, process, title, "split" if chosen == "split" else "process")


def whole_pipeline(scorer: ReadyScorer) -> str | None:
    """That the whole pipeline had to answer in place of the tables behind its first steps, and why the last time, as
    the end of a sentence; None where it had not."""
    wholes = wholes_of(scorer)
    if wholes is None or not wholes.count:
        return None
    times = f"{wholes.count:,} time{'' if wholes.count == 1 else 's'}"
    return f"the whole pipeline had to answer {times}, since {wholes.why}"


def wholes_of(scorer: ReadyScorer) -> Wholes | None:
    """How often the whole pipeline answered in place of tables behind its first steps; None where there are none."""
    program = scorer.program if isinstance(scorer, ProcessScorer) else None
    return program.wholes if isinstance(program, SplitProgram) else None


def nearest(document: VersionDocument, maker: Maker | None) -> float | None:
    """See ``ProjectProgram``. None where a process was asked for by its name: whoever does looks for what is wrong with
    what the version is scored by, and takes nothing of it for granted."""
    once = document.scorer.one_pass
    return once.nearest if once is not None and maker is None else None


@dataclass(frozen=True)
class _Kit:
    """A version's code and model in a folder, and what its steps have in common."""

    stage: Stage
    model: Path
    folder: Path


@dataclass(frozen=True)
class _Once:
    """A step for each table: for a command, which ends with its answer."""

    kit: _Kit
    title: str
    text: frozenset[str]
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def ask(self, features: pa.Table) -> pa.Table:
        room = self.kit.folder / f"step-{next(self.numbers)}"
        try:
            step = Launch(self.kit.stage, SCORE_ROWS.name, room, lambda done, text: None, title=self.title)
            return StepScorer(step, self.kit.model, self.text).score(features)
        finally:
            if room.exists():
                delete_tree(room)


def _unpacked(
    workspace: Workspace, store: ObjectStore, label: str, document: VersionDocument, folder: Path, marker: str,
    held: int | None, memory: int | None,
) -> _Kit:  # fmt: skip
    _write(store, label, folder, {"code": document.code.files, "model": document.model.files})
    try:
        lock = lock_of(store, document)
    except Damage as damage:
        raise named(store, label, damage) from None
    manifest = load_manifest(folder / "code", of_version=True)
    if memory is not None:
        manifest = replace(manifest, train=replace(manifest.train, memory=memory))
    stage = Stage(
        code=folder / "code",
        manifest=manifest,
        environment=built(workspace, lock, supply_of(store, document)),
        lock=lock,
        marker=marker,
        as_of=moment(document.lineage.as_of),
        workspace=workspace.root,
        held=held,
        types=keeps_types(document),
    )
    return _Kit(stage, folder / "model", folder)


def _write(store: ObjectStore, label: str, folder: Path, parts: Mapping[str, Iterable[StoredFile]]) -> None:
    folder.mkdir(mode=0o700, parents=True)
    try:
        for name, files in parts.items():
            write_folder(store, files, folder / name)
    except Damage as damage:
        raise named(store, label, damage) from None
