"""What every test gets: a workspace of its own, and nothing of the person's who runs it. What is skipped is told."""

from __future__ import annotations

import fcntl
import gc
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

# Also where a machine forbids it: else each worker compiles every test file each time, 6 s, and before that Hypothesis,
# which pytest treats like tests. What tests import does not.
_FORBIDDEN, sys.dont_write_bytecode = sys.dont_write_bytecode, False

from hypothesis import Phase, settings  # noqa: E402

from engine import clock  # noqa: E402
from engine.runs.steps import sandbox  # noqa: E402
from engine.storage import ledger as ledgers  # noqa: E402
from engine.storage.migrations import migrate  # noqa: E402

if TYPE_CHECKING:
    from engine.api import Engine
    from engine.storage.ledger import Ledger

# A busy machine is no bug: examples are not timed. The hanging ones are caught by pytest's timeout. They are the same
# each time, so that what fails was changed; others are looked for on purpose, with --hypothesis-profile=search.
settings.register_profile("leverframe", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
# For trials of faults, which want to know whether one is found: what is found is not made smaller, for minutes.
_FOUND = [each for each in Phase if each not in (Phase.shrink, Phase.explain)]
settings.register_profile("trial", deadline=None, derandomize=True, phases=_FOUND)
settings.load_profile("leverframe")


def pytest_collection_finish() -> None:
    sys.dont_write_bytecode = _FORBIDDEN
    gc.freeze()  # What was collected stays to the end: whoever looks for garbage need not go through all of it.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="what would be skipped fails: all that tests want is here")


# What takes longest in one file, longest first: whoever began one of them late would end minutes after all others.
FIRST = (
    "test_spark_trains_and_scores.py", "test_models_through_the_real_path.py",
    "test_every_occurrence_is_accounted_for.py",
)  # fmt: skip


def _rank(path: Path) -> int:
    return FIRST.index(path.name) if path.name in FIRST else len(FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long, journeys before others, are spread over the first two thirds with the rest between them.

    The rest waits while they work, and what takes longest is not what is left at the end.
    """
    many = Counter(item.path for item in items)
    long = {item.path for item in items if item.get_closest_marker("slow") or "journeys" in item.path.parts}
    long |= {path for path, tests in many.items() if tests > 100}
    files = sorted(many, key=lambda path: (_rank(path), "journeys" not in path.parts, path))
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


_this_machine = cache(sandbox.this_machine)


@pytest.fixture(autouse=True)
def _the_machine_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each doctor and check starts a process that tries what holds a step here; one will do for a worker's tests."""
    monkeypatch.setattr(sandbox, "this_machine", _this_machine)


@cache
def _new_ledger() -> bytes:
    """A ledger as it is migrated, which takes 22 ms of CPU and some 40 writes that are waited for."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        migrate(path, path.parent)
        return path.read_bytes()


def _copied_or_migrated(path: Path, locks: Path) -> None:
    with (locks / "migrate").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.stat().st_size == 0:
            path.write_bytes(_new_ledger())
            return
    migrate(path, locks)


@pytest.fixture(autouse=True, scope="session")
def _a_new_ledger_is_a_copy() -> Iterator[None]:
    """But for the tests of what keeps it (``tests/engine/storage``): how a ledger comes to be is theirs to see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledgers, "migrate", _copied_or_migrated)
        yield


@pytest.fixture(autouse=True)
def _no_workspace_of_ours(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that forgets to name its workspace must not find the one of the person at the keyboard."""
    for name in ("LEVERFRAME_OPERATOR", "LEVERFRAME_RUN"):
        monkeypatch.delenv(name, raising=False)
    # Most tests write no file, and want no folder made for them: theirs is where none can be.
    has_one = "tmp_path" in request.fixturenames
    mine: Path = request.getfixturevalue("tmp_path") if has_one else Path("/dev/null")
    monkeypatch.setenv("LEVERFRAME_HOME", str(mine / "home"))
