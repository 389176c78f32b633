"""The fixtures of rooms whose tests need three versions of a project that answers requests, and its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.storage.ledger import Ledger
from tests.builders import served
from tests.ledger import ledger_of


@pytest.fixture
def engine(tmp_path: Path, today: datetime) -> Iterator[Engine]:
    engine = served.made(tmp_path / "home", 3, today)
    yield engine
    engine.close()


@pytest.fixture
def ledger(engine: Engine) -> Iterator[Ledger]:
    with ledger_of(engine) as ledger:
        yield ledger
