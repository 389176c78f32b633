"""What every test gets: a workspace of its own, and nothing of the person's who runs it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings

from engine import clock

# A busy machine is no bug: examples are not timed. The hanging ones are caught by pytest's timeout.
settings.register_profile("leverframe", deadline=None)
settings.load_profile("leverframe")


@pytest.fixture(scope="session")
def today() -> datetime:
    """The midnight (UTC) before the session: what is live in a test, and judged by its age, is dated from it."""
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The path of a workspace that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _no_workspace_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that forgets to name its workspace must not find the one of the person at the keyboard."""
    for name in ("LEVERFRAME_OPERATOR", "LEVERFRAME_RUN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEVERFRAME_HOME", str(tmp_path / "home"))
