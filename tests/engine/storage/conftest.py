"""A ledger is really migrated here, other tests begin with a copy of one that was."""

from __future__ import annotations

import pytest

from engine.storage import ledger, migrations


@pytest.fixture(autouse=True)
def _ledgers_are_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "migrate", migrations.migrate)
