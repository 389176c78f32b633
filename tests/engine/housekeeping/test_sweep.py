"""Mark and sweep beside runs that are packaging: no object goes that somebody is about to name."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.housekeeping.sweep import age_limit, sweep
from engine.records import Run
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from tests import tiny
from tests.builders.runs import left_behind
from tests.builders.versions import candidate
from tests.killing import let_go
from tests.ledger import ledger_of, reading, store_of, workspace_of
from tests.people import open_engine

NOW = datetime.now(UTC)
OLD = (NOW - timedelta(days=10)).timestamp()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def aged(store: ObjectStore, content: bytes) -> str:
    digest = store.put(content)
    os.utime(store.path(digest), (OLD, OLD))
    return digest


def swept(engine: Engine, digests: list[str], now: datetime = NOW) -> tuple[int, int, int]:
    with ledger_of(engine) as ledger:
        return sweep(ledger, store_of(engine), digests, workspace_of(engine).bin / "1", now, 0)


def test_an_old_object_goes_and_one_that_was_stored_again_stays(engine: Engine) -> None:
    store = store_of(engine)
    digests = [aged(store, b"one"), aged(store, b"two"), aged(store, b"three")]
    assert store.put(b"two") == digests[1]
    store.path(digests[2]).unlink()
    size, gone, wanted = swept(engine, digests)
    assert (size > 0, gone, wanted) == (True, 1, 1)
    assert not store.has(digests[0]) and store.get(digests[1]) == b"two"
    assert (workspace_of(engine).bin / "1" / "objects" / digests[0][:2] / digests[0][2:]).exists()


def test_what_a_version_needs_that_was_registered_since_it_was_marked_stays_whatever_the_clock_says(
    engine: Engine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(engine)
    digest, other = aged(store, b"named by a version of a moment ago"), aged(store, b"named by none")
    candidate(engine, NOW)
    monkeypatch.setattr("engine.housekeeping.sweep.Needs.of", lambda needs, document: frozenset({digest}))
    folder, ahead = workspace_of(engine).bin / "1", NOW + timedelta(days=731)
    size, gone, wanted = sweep(ledger, store, [digest, other], folder, ahead, 0)
    assert (size > 0, gone, wanted) == (True, 0, 1)
    assert store.has(digest) and not store.has(other)
    # One that was there when they were marked was asked then.
    assert sweep(ledger, store, [digest], folder, ahead, 1)[2] == 0


def test_nothing_goes_that_was_stored_since_the_oldest_run_at_work_began(engine: Engine) -> None:
    digest = aged(store_of(engine), b"stored by a run that has been at work for eleven days")
    left_behind(engine, NOW - timedelta(days=11))
    with reading(engine) as db:
        assert age_limit(db, NOW) < NOW - timedelta(days=11)
    assert swept(engine, [digest]) == (0, 0, 1)


def test_what_is_stored_while_the_sweep_is_at_work_is_there_afterwards(engine: Engine) -> None:
    store = store_of(engine)
    contents = [f"block {number}".encode() for number in range(400)]
    for _ in range(5):
        digests = [aged(store, content) for content in contents]
        named: list[str] = []

        def package(named: list[str] = named) -> None:
            # Backwards, so that both meet in the middle; what ``put`` has returned is named by a version soon.
            named.extend(store.put(content) for content in reversed(contents))

        packaging = threading.Thread(target=package)
        packaging.start()
        swept(engine, digests)
        packaging.join()
        assert len(named) == len(contents)
        assert [store.get(digest) for digest in reversed(named)] == contents


@pytest.mark.slow
@pytest.mark.clock
def test_a_run_that_packages_what_an_old_version_held_loses_nothing_to_a_clean_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run makes the same data, code and model as a version that goes at the very same time."""
    # The clean-ups are three days ahead of the run: what it is writing is not left there since then.
    monkeypatch.setattr("engine.housekeeping.survey.UNFINISHED", timedelta(days=9))
    from engine.versions.document import damaged
    from tests.journeys.cleaning import FIRST, bloated, cleaned, later

    # Its run is started afresh: a fork would be at work before the first clean-up came to tiny@1.
    engine = open_engine(let_go(bloated(tmp_path)), "ada")
    engine.choose("failed_days", "30d", "what comes of it cannot be compared, and is to be looked at")
    project = tmp_path / "tiny"
    tiny.git(project, "checkout", "-q", "-B", "again", "HEAD~5")  # the code of tiny@1
    ended: list[Run] = []
    watching: list[threading.Thread] = []

    def retrain(step: str) -> None:
        """As soon as the first clean-up has taken something: it has looked by then, so that tiny@1 goes in any case."""
        if not watching:
            run = engine.retrain("tiny", as_of=FIRST, force=True).id
            watch = threading.Thread(target=lambda: ended.append(engine.wait(run, lambda r: None)))
            watching.append(watch)
            watch.start()

    cleaned(engine, later(), on_step=retrain)
    while watching[0].is_alive():
        cleaned(engine, later())
    watching[0].join()
    assert ended[0].version is not None, ended[0].why
    made = engine.version(ended[0].version)
    assert damaged(store_of(engine), made.digest) == []
    gone = {version.label for version in engine.versions("tiny") if version.cleaned_at}
    engine.close()
    assert "tiny@1" in gone
