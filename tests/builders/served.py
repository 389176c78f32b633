"""A project that answers requests, with versions that have golden rows in the store and scorers that are arithmetic.

``numbers@N`` predicts N for every row. Its golden rows say so, so that a scorer of another version is found out.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from engine import clock
from engine.api import Engine
from engine.errors import StepFailed
from engine.records import Deployment
from engine.release import swap
from engine.release.all_workers import AllWorkers
from engine.release.history import live_deployment
from engine.release.proof import Steps
from engine.release.records import MovePlan
from engine.scoring import trials
from engine.scoring.ready import Maker, Value
from engine.serving.following import Following
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore, Stored
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from engine.versions.records import GoldenSection, ModelSection, VersionDocument
from tests.builders import projects
from tests.builders.versions import candidate
from tests.ledger import store_of, workspace_of, writing
from tests.people import open_engine
from tests.version_documents import WHOLE

PROJECT = "numbers"
GOLDEN = 5


@dataclass
class Arithmetic:
    """Predicts its number. ``fails``: raised instead; ``ends``: as a process has them."""

    number: int
    features: tuple[str, ...] = ("x",)
    outputs: tuple[str, ...] = ("prediction",)
    maker: Maker = "compiled"
    blocks: bool = False
    fails: Exception | None = None
    closed: bool = False
    ends: list[Any] = field(default_factory=list)

    def score(self, features: pa.Table) -> pa.Table:
        return pa.table({"prediction": [row[0] for row in self.answer([()] * features.num_rows)]})

    def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        if self.closed:
            raise StepFailed("it was closed")
        if self.fails is not None:
            raise self.fails
        return [(self.number,)] * len(rows)

    def close(self) -> None:
        self.closed = True


@dataclass
class Scorers:
    """What opens the scorers of a worker, and keeps them. ``wrong``: versions that another's answers come from."""

    opened: dict[str, list[Arithmetic]] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    fails: dict[str, Exception] = field(default_factory=dict)
    asked: int = 0

    def open(self, label: str, document: VersionDocument, folder: Path) -> Arithmetic:
        self.asked += 1
        if label in self.fails:
            raise self.fails[label]
        folder.mkdir()
        scorer = Arithmetic(self.wrong.get(label, int(label.rpartition("@")[2])))
        self.opened.setdefault(label, []).append(scorer)
        return scorer


def made(home: Path, versions: int, at: datetime, **serve: Any) -> Engine:
    """ada's engine with ``versions`` candidates of a project that answers requests."""
    engine = open_engine(home, "ada", create=True)
    manifest = settings(**serve)
    with writing(engine) as db:
        projects.listed(db, PROJECT, manifest, at)
    for number in range(1, versions + 1):
        candidate(engine, at, project=PROJECT, digest=stored(store_of(engine), number, manifest))
    return engine


def settings(**serve: Any) -> dict[str, Any]:
    return {
        "project": {"name": PROJECT}, "data": {"target": "late"}, "train": {"run": "m:train"},
        "serve": {"realtime": True, **serve},
    }  # fmt: skip


def stored(store: ObjectStore, number: int, manifest: dict[str, Any]) -> str:
    """The document of the version with that number, whose golden rows all are its number. Returns its digest."""
    golden = GoldenSection(
        GOLDEN, 1e-9, _kept(store, pa.table({"x": [1.0] * GOLDEN})), _kept(store, _predicted(number))
    )
    document = replace(
        WHOLE, project=PROJECT, settings=manifest, golden=golden, model=ModelSection((), ("x",), number / 1000),
        schema={"columns": [{"name": "x", "type": "number", "nullable": False}]},
    )  # fmt: skip
    return documents.save(store, document)


def _predicted(number: int) -> pa.Table:
    return pa.table({"prediction": [number] * GOLDEN})


def _kept(store: ObjectStore, table: pa.Table) -> Stored:
    written = io.BytesIO()
    pa.parquet.write_table(table, written)
    return store.put_content(written.getvalue())


def follower(
    engine: Engine, scorers: Scorers | None = None, *, ledger: Ledger | None = None, **options: Any
) -> Following:
    """A worker of the engine's workspace in this process, with a ledger of its own, that has not done a step yet."""
    workspace = workspace_of(engine)
    ledger = ledger or Ledger(workspace.ledger, locks=workspace.root / "locks")
    return Following(workspace, ledger, store_of(engine), (scorers or Scorers()).open, **options)


def go(
    engine: Engine, ledger: Ledger, number: int, *, kind: str = "release", lifts: bool = False,
    before: Callable[[], None] = lambda: None, steps: Steps | None = None,
) -> Deployment:  # fmt: skip
    """Make ``number`` live as ``swap.move`` does once it is proven: under its lock, and confirmed by all workers.

    ``before`` is called inside the transaction, when all have confirmed.
    """
    workspace, label = Workspace(engine.home), f"{PROJECT}@{number}"
    steps = steps or Steps(lambda step: None)
    if kind == "release":  # as if it had just been made and judged against what is live
        with ledger.write() as db:
            live = live_deployment(db, PROJECT)
            db.execute(
                "UPDATE versions SET state = 'candidate', reason = NULL, against = ? WHERE number = ?",
                (live["number"] if live else None, number),
            )
    with workspace.lock(f"move-{PROJECT}"):
        with ledger.read() as db:
            live = live_deployment(db, PROJECT)
            digest = str(catalog.find(db, label)["digest"])
        source, seq = (f"{PROJECT}@{live['number']}", live["seq"]) if live else (None, 0)
        plan = MovePlan(PROJECT, kind, source, label, seq, (), (), (), None, lifts=lifts)  # type: ignore[arg-type]
        manifest = documents.of_version(store_of(engine), label, digest).settings
        workers = AllWorkers(workspace, ledger, label, digest, seq, "ada", steps)

        def work(asks: Callable[[Any], None]) -> Deployment | None:
            def asked(db: Any) -> None:
                asks(db)
                before()

            return swap.commit(
                ledger, plan, manifest, f"{number}-x", steps, "good", engine.caller, clock.now(), asked
            )

        done = workers.commit(manifest, work)
    assert done is not None
    return done


def on_trial(
    engine: Engine, ledger: Ledger, number: int, kind: trials.Kind = "canary", share: float = 0.5
) -> trials.Trial:
    """Begin a trial of ``number`` as ``release.trials.start`` does once it may: under the lock of the project's moves,
    and confirmed by all workers."""
    workspace, label = Workspace(engine.home), f"{PROJECT}@{number}"
    with workspace.lock(f"move-{PROJECT}"):
        with ledger.read() as db:
            live, digest = live_deployment(db, PROJECT), str(catalog.find(db, label)["digest"])
        assert live is not None
        manifest = documents.of_version(store_of(engine), label, digest).settings
        workers = AllWorkers(
            workspace, ledger, label, digest, live["seq"], "ada", Steps(lambda step: None), beside=True
        )

        def work(asks: Callable[[Any], None]) -> trials.Trial:
            with ledger.write() as db:
                asks(db)
                return trials.start(
                    db, (PROJECT, number), digest, kind, share, live["seq"], "try it", engine.caller, clock.now(), {}
                )

        return workers.commit(manifest, work)


@contextmanager
def working(*workers: Following) -> Iterator[None]:
    """The workers at work, each in a thread of its own, until the end of the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=worker.run, args=(stop,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def settled(worker: Following, steps: int = 10) -> None:
    """Let the worker do as many steps as it takes it to have loaded whatever there is to load."""
    for _ in range(steps):
        worker.tick()
