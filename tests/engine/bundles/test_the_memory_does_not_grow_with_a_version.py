"""A bundle is written and taken apart again in memory that does not grow with what it holds."""

from __future__ import annotations

import random
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from engine.api import Engine
from engine.bundles import reading
from engine.bundles.staging import StagingPlace, stage
from engine.storage.stored_files import StoredFile
from engine.storage.workspace import Workspace
from engine.versions import catalog
from engine.versions import document as documents
from tests.engine.bundles.conftest import Sender
from tests.ledger import ledger_of, store_of, writing
from tests.people import open_engine

MIB = 1 << 20
SMALL, LARGE = 3, 24  # MiB of a model
BUFFERS = 12 * MIB  # more than all that is used again, and less than what is between the two


@pytest.fixture
def engine(sender: Sender, tmp_path: Path) -> Iterator[Engine]:
    shutil.copytree(sender.home, tmp_path / "copy", symlinks=True)
    engine = open_engine(tmp_path / "copy", "mia")
    yield engine
    engine.close()


def larger(engine: Engine, megabytes: int, scratch: Path) -> str:
    """tiny@1 with so much more of a model, as a version of its own; its label."""
    store, path = store_of(engine), scratch / "weights"
    path.write_bytes(random.Random(megabytes).randbytes(megabytes * MIB))
    stored, version, document = store.put_file(path), engine.version("tiny@1"), engine.show("tiny@1")
    weights = StoredFile(stored.digest, stored.size, stored.chunks, "weights.bin", False)
    model = replace(document.model, files=(*document.model.files, weights))
    digest = documents.save(store, replace(document, model=model, said=None))
    with writing(engine) as db:
        number = catalog.register(
            db, project="tiny", digest=digest, made_at=version.made_at, as_of=version.as_of, run=version.run,
            verdict="pass", comparison="first", sentence="It is large.", against=None, metric=None, data_until=None,
            expires_at=version.made_at,
        )  # fmt: skip
    return f"tiny@{number}"


def most(act: Callable[[], object]) -> int:
    """The bytes that ``act`` has at most, of what it did not have at its begin."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_writing_and_staging_take_as_much_for_a_small_one_as_for_a_large_one(engine: Engine, tmp_path: Path) -> None:
    written, staged = dict[int, int](), dict[int, int]()

    def taken(source: Path, folder: Path) -> None:
        (folder / "objects").mkdir(parents=True)
        with ledger_of(engine) as ledger, reading.opened(source) as bundle:
            place = StagingPlace(Workspace(engine.home), ledger, store_of(engine), folder)
            stage(place, bundle, None)
            place.staged.flush()
        assert {*bundle.document.model.files[-1].chunks} <= {*place.staged.digests()}

    engine.bundle("tiny@1", tmp_path / "first.zip")  # What is imported on the way is nobody's.
    taken(tmp_path / "first.zip", tmp_path / "first")
    for size in (SMALL, LARGE):
        label, target, folder = larger(engine, size, tmp_path), tmp_path / f"{size}.zip", tmp_path / str(size)
        written[size] = most(partial(engine.bundle, label, target))
        staged[size] = most(partial(taken, target, folder))
        assert target.stat().st_size > size * MIB
    for found in (written, staged):
        assert found[LARGE] < min(found[SMALL] + MIB, BUFFERS), found
