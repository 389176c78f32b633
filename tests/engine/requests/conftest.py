"""A workspace with a project that is served, and its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import made


@pytest.fixture
def served(home: Path) -> Iterator[tuple[Workspace, Ledger]]:
    workspace, ledger = made(home)
    yield workspace, ledger
    ledger.close()
