"""When the engine starts a fork server, and when it lets it go."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.runs import capacity
from engine.runs.warm import circumstances, fork_request, place
from engine.runs.warm.circumstances import RUN
from engine.runs.warm.fork_server import IDLE, LOADED, LOADED_TO_MEASURE, SPENT
from engine.runs.warm.keeper import REST_SECONDS, WANTED, Keeper
from engine.runs.warm.step_servers import StepServers
from engine.storage import workspace as workspaces


class FakeServer:
    """In place of a process: ``ended`` is how it ends."""

    def __init__(self) -> None:
        self.ended: int | None = None
        self.stdin = self
        self.closed = False

    def poll(self) -> int | None:
        return self.ended

    def close(self) -> None:
        self.closed = True


class Kept(Keeper):
    def __init__(self, home: Path) -> None:
        self.now = 100.0
        super().__init__(workspaces.create(home), lambda: self.now)
        self.servers: list[FakeServer] = []

    def _start(self) -> None:
        self._code = circumstances.code()
        self.servers.append(FakeServer())
        self._server = self.servers[-1]  # type: ignore[assignment]


@pytest.fixture
def kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(capacity, "free_memory", lambda: 8 << 30)
    return Kept(home)


def ask(kept: Kept, times: int) -> None:
    """Somebody asks so often in vain, in whatever process."""
    for _ in range(times):
        assert not fork_request.ask(kept._root, RUN, (), {}, "/", ())


def wanted(kept: Kept) -> None:
    ask(kept, WANTED)
    kept.look()


def test_everything_that_a_server_loads_is_there() -> None:
    # One that is not would end each server at its beginning: every run is started afresh then, and nobody is told.
    assert [name for name in (*LOADED, *LOADED_TO_MEASURE) if find_spec(name) is None] == []


def test_none_is_started_for_a_process_alone(kept: Kept) -> None:
    kept.look()
    ask(kept, WANTED - 1)
    kept.look()
    assert kept.servers == []
    ask(kept, 1)
    kept.look()
    kept.look()
    assert len(kept.servers) == 1


@pytest.mark.parametrize(("ended", "at_once", "later"), [(SPENT, 2, 2), (IDLE, 1, 1), (-9, 1, 1)])
def test_one_that_has_forked_enough_is_replaced_and_one_that_nobody_asked_is_not(
    kept: Kept, ended: int, at_once: int, later: int
) -> None:
    wanted(kept)
    kept.servers[0].ended = ended
    kept.look()
    assert len(kept.servers) == at_once
    kept.now += REST_SECONDS + 1
    kept.look()
    assert len(kept.servers) == later


@pytest.mark.parametrize("ended", [SPENT, IDLE, -9])
def test_step_servers_go_on_when_the_fork_server_ends_and_end_with_the_engine(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, ended: int
) -> None:
    stopped: list[StepServers] = []
    monkeypatch.setattr(StepServers, "stop", lambda servers: stopped.append(servers))
    wanted(kept)
    kept.servers[0].ended = ended
    kept.look()
    assert kept.servers[0].closed and stopped == []
    kept.stop()
    assert len(stopped) == 1


def test_one_that_fails_rests_before_the_next(kept: Kept) -> None:
    wanted(kept)
    kept.servers[0].ended = 1
    kept.look()
    wanted(kept)
    assert len(kept.servers) == 1
    kept.now += REST_SECONDS + 1
    kept.look()
    assert len(kept.servers) == 2


def gone() -> str:
    raise FileNotFoundError("it is being replaced")


@pytest.mark.parametrize("code", [lambda: "newer", gone])
def test_one_of_older_code_is_let_go_and_the_next_has_the_new(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, code: Callable[[], str]
) -> None:
    wanted(kept)
    monkeypatch.setattr(circumstances, "code", code)
    kept.look()
    assert kept.servers[0].closed
    monkeypatch.setattr(circumstances, "code", lambda: "newer")
    wanted(kept)
    assert len(kept.servers) == 2


def test_without_memory_there_is_none(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted(kept)
    monkeypatch.setattr(capacity, "free_memory", lambda: 100 << 20)
    kept.look()
    assert kept.servers[0].closed
    wanted(kept)
    assert len(kept.servers) == 1


def test_what_a_killed_server_left_is_taken_away_when_an_engine_begins(home: Path) -> None:
    folder = place.made(workspaces.create(home).root)
    for name in (place.SOCKET, place.KEY, f"{place.SOCKET}.123"):
        (folder / name).write_bytes(b"")
    Keeper(workspaces.find(home, must_exist=False))
    assert list(folder.iterdir()) == []


def test_the_code_is_another_when_a_file_of_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "engine"
    (package / "room").mkdir(parents=True)
    (package / "room" / "file.py").write_text("one = 1\n")
    monkeypatch.setattr(circumstances, "ENGINE", package)
    before = circumstances.code()
    assert circumstances.code() == before
    (package / "room" / "file.py").write_text("one = 21\n")
    assert circumstances.code() != before
