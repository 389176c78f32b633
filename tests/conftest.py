"""What every test gets: a workspace of its own, and nothing of the person's who runs it. What is skipped is told."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from engine import clock

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.storage.ledger import Ledger

# A busy machine is no bug: examples are not timed. The hanging ones are caught by pytest's timeout.
settings.register_profile("leverframe", deadline=None)
settings.load_profile("leverframe")


# Also where a machine forbids it: else each worker compiles every test file each time, 6 s. What tests import does not.
_FORBIDDEN, sys.dont_write_bytecode = sys.dont_write_bytecode, False


def pytest_collection_finish() -> None:
    sys.dont_write_bytecode = _FORBIDDEN


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="what would be skipped fails: all that tests want is here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long, journeys before others, are spread over the first two thirds with the rest between them.

    The rest waits while they work, and what takes longest is not what is left at the end.
    """
    long = {item.path for item in items if item.get_closest_marker("slow") or "journeys" in item.path.parts}
    files = sorted({item.path for item in items}, key=lambda path: ("journeys" not in path.parts, path))
    place: dict[Path, float] = {}
    for share, some in ((2 / 3, long), (1.0, {*files} - long)):
        found = [path for path in files if path in some]
        place |= {path: share * number / len(found) for number, path in enumerate(found)}
    items.sort(key=lambda item: place[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _judged((yield), item.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _judged((yield), collector.config)


def _judged(report: Any, config: pytest.Config) -> Any:
    if report.skipped and not hasattr(report, "wasxfail") and config.getoption("no_skips"):
        report.outcome, report.longrepr = "failed", f"nothing may be skipped with --no-skips; {_why(report)}"
    return report


def _why(report: Any) -> str:
    """What a skipped test says: ``longrepr`` is its file, its line and the reason."""
    return str(report.longrepr[2])


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line says what was skipped and why; where nothing was, pytest's own line is the last."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = Counter(map(_why, reporter.stats.get("skipped", ()))) if reporter else None
    if skipped:
        reasons = "; ".join(f"{why.removeprefix('Skipped: ')} ({count})" for why, count in skipped.items())
        reporter.write_line(f"Skipped, {skipped.total()} in all: {reasons}")


@pytest.fixture(scope="session")
def today() -> datetime:
    """The midnight (UTC) before the session: what is live in a test, and judged by its age, is dated from it."""
    return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="session")
def quiet_day(today: datetime) -> str:
    """A day of the week, as cron says it, that does not come while the tests run: nothing falls due beside them."""
    return ("thu", "fri", "sat", "sun", "mon", "tue", "wed")[today.weekday()]


@pytest.fixture
def ledger(engine: Engine) -> Iterator[Ledger]:
    """A ledger of the test's own on the file of its ``engine``, closed before that."""
    from tests.ledger import ledger_of

    with ledger_of(engine) as ledger:
        yield ledger


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
