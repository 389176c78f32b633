"""A workspace with something in it and no projects, which is enough for a backup and made in a moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.api import Engine
from tests.ledger import store_of
from tests.people import open_engine


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    for number in range(12):
        store_of(engine).put(f"a model, {number}".encode() * 50)
    engine.add_operator("bob", "operator", "a colleague")
    engine.add_operator("eve", "viewer", "the business")
    yield engine
    engine.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "backup"
