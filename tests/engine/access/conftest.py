"""Who may ask for something is tried here, and not what then runs."""

from __future__ import annotations

import pytest

from engine.runs import starting


@pytest.fixture(autouse=True)
def _no_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for is queued; a process of it would go on when its test is over."""
    monkeypatch.setattr(starting, "start", lambda *_: None)
