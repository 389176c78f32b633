"""A workspace with a version that was bundled, made once; and an empty one that trusts it, for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from tests import tiny
from tests.builders.runs import retrained
from tests.killing import let_go
from tests.people import open_engine


@dataclass(frozen=True)
class Sender:
    """``zip``: its tiny@1, which is live there; ``second``: tiny@2, which was judged against that and waits."""

    home: Path
    key: str
    zip: Path
    second: Path


@pytest.fixture(scope="session")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    folder = tmp_path_factory.mktemp("sender")
    with_project = tiny.make(folder / "tiny")
    engine = open_engine(folder / "home", "mia", create=True)
    try:
        engine.add(with_project)
        first = retrained(engine, tiny.BEGINS + timedelta(days=30))
        engine.move(engine.plan_release(first), "the first", lambda step: None)
        second = retrained(engine, tiny.BEGINS + timedelta(days=37))
        zips = [folder / f"{label}.zip" for label in (first, second)]
        for label, path in zip((first, second), zips, strict=True):
            engine.bundle(label, path)
        return Sender(let_go_of(engine), engine.bundle_key()[1], *zips)
    finally:
        engine.close()


def let_go_of(engine: Engine) -> Path:
    engine.close()
    return let_go(engine.home)


@pytest.fixture
def receiver(home: Path, sender: Sender) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.trust("development", sender.key, "the modellers")
    yield engine
    engine.close()


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], list[Path]]:
    """Asked for a store, the list of what is moved into it from now on; fails at what is not on the disk by then."""
    fsync, rename = os.fsync, os.rename

    def into(root: Path) -> list[Path]:
        synced, moved = set[int](), list[Path]()

        def noted(file: int) -> None:
            synced.add(os.fstat(file).st_ino)
            fsync(file)

        def watched(old: Path, new: Path) -> None:
            if root in Path(new).parents and root not in Path(old).parents:
                moved.append(Path(new))
                assert Path(old).stat().st_ino in synced, new
            rename(old, new)

        monkeypatch.setattr(os, "fsync", noted)
        monkeypatch.setattr(os, "rename", watched)
        return moved

    return into
