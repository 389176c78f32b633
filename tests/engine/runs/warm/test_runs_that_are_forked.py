"""Whole runs whose process and judge were forked: what they come to, what they outlive, and what ends them."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.api import Engine
from engine.records import Run
from engine.runs.warm import circumstances, fork_request, place
from engine.versions import document
from engine.versions.records import VersionDocument
from tests import tiny
from tests.engine.runs.step_workshop import alive, none_alive, until
from tests.engine.runs.warm.servers import Served, runs_started_afresh, served
from tests.ledger import store_of, workspace_of
from tests.people import open_engine

AS_OF = datetime(2026, 3, 2, tzinfo=UTC)
SLOW = tiny.STEPS.replace("def train():", "def train():\n    __import__('time').sleep(60)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("forks")
    with served(folder / "home") as found:
        opened = open_engine(found.home, "ada", create=True)
        opened.add(tiny.make(folder / "tiny"))
        opened.add(tiny.make(folder / "slow", name="slow", steps=SLOW))
        opened.close()
        yield found


@pytest.fixture
def engine(server: Served) -> Iterator[Engine]:
    if not alive(server.pid):
        server.keeper.stop()
        server.start()
    opened = open_engine(server.home, "ada")
    yield opened
    for run in opened.runs():
        if run.state in ("queued", "running"):
            opened.cancel(run.id, "the test is over")
            opened.wait(run.id, lambda _: None)
    opened.close()


def made(engine: Engine, run: Run) -> VersionDocument:
    ended = engine.wait(run.id, lambda _: None)
    assert ended.version is not None, ended.why
    row = engine.version(ended.version)
    return document.of_version(store_of(engine), row.label, row.digest)


def test_a_version_is_the_same_to_the_last_digit_whether_its_run_was_forked_or_started(engine: Engine) -> None:
    before = runs_started_afresh(engine.home)
    forked = made(engine, engine.retrain("tiny", as_of=AS_OF, force=True))
    assert runs_started_afresh(engine.home) == before
    socket = place.folder_of(engine.home) / place.SOCKETS[circumstances.RUN]
    socket.rename(socket.with_name("aside"))
    fresh = made(engine, engine.retrain("tiny", as_of=AS_OF, force=True))
    socket.with_name("aside").rename(socket)
    assert runs_started_afresh(engine.home) == before + 1
    for name in ("data", "schema", "environment", "model", "golden", "metrics", "gates", "code"):
        assert _timeless(getattr(forked, name)) == _timeless(getattr(fresh, name)), name


def _timeless(part: object) -> str:
    """``part`` in words, without what says how long something took."""
    told = dataclasses.asdict(part) if dataclasses.is_dataclass(part) and not isinstance(part, type) else part
    if isinstance(told, dict):
        told = {name: value for name, value in told.items() if "seconds" not in name}
    elif isinstance(told, tuple):
        told = tuple(each for each in told if "time" not in getattr(each, "name", ""))
    return repr(told)


def begun(engine: Engine, server: Served) -> tuple[Run, int]:
    """A run whose train sleeps, and its process."""
    before = {*server.forks()}
    run = engine.retrain("slow", as_of=AS_OF, force=True)
    process = next(iter(until(lambda: _runs(server) - before)))
    until(lambda: (engine.home / "runs" / f"{run.id:07d}" / "steps" / "train").exists())
    return run, process


def _runs(server: Served) -> set[int]:
    """The forks that call themselves the process of a run."""
    found = set()
    for pid in server.forks():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(b"engine.jobs.process\0"):
            found.add(pid)
    return found


@pytest.mark.parametrize("how", ["let go", "killed"])
def test_a_run_goes_on_when_its_server_has_gone(engine: Engine, server: Served, how: str) -> None:
    run, process = begun(engine, server)
    if how == "killed":
        os.kill(server.pid, signal.SIGKILL)
    server.keeper.stop()
    until(lambda: none_alive([server.pid, server.for_runs]))
    engine.reconcile()
    assert alive(process) and engine.run(run.id).state == "running"
    engine.cancel(run.id, "enough")
    assert engine.wait(run.id, lambda _: None).state == "cancelled"
    until(lambda: not alive(process))


def test_a_run_that_is_killed_is_interrupted_and_leaves_no_process(engine: Engine, server: Served) -> None:
    run, process = begun(engine, server)
    os.kill(process, signal.SIGKILL)
    until(lambda: not workspace_of(engine).is_locked(f"../runs/{run.id:07d}/lock"))
    engine.reconcile()
    assert engine.run(run.id).state == "interrupted"
    until(lambda: not server.forks())
    assert alive(server.pid)


def test_a_run_begins_though_its_fork_died_when_it_was_let_go(
    engine: Engine, server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = fork_request.socket.send_fds  # type: ignore[attr-defined]

    def kill_and_send(connection: object, *rest: object) -> object:
        for pid in server.forks():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not server.forks())
        return send(connection, *rest)

    monkeypatch.setattr(fork_request.socket, "send_fds", kill_and_send)  # type: ignore[attr-defined]
    before = runs_started_afresh(engine.home)
    run = engine.retrain("tiny", as_of=AS_OF, force=True)
    assert engine.wait(run.id, lambda _: None).state == "succeeded"
    assert runs_started_afresh(engine.home) == before + 1


def test_the_engine_keeps_a_server_from_its_second_run_on_and_lets_it_go_with_itself(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_request, "PATIENCE_SECONDS", 60.0)
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    engine.start_scheduler(tick=0.05)
    socket = place.folder_of(home) / place.SOCKET
    until(lambda: engine.engine_state().here)
    for _ in range(2):
        assert not socket.exists()
        assert made(engine, engine.retrain("tiny", as_of=AS_OF, force=True))
    until(socket.exists)
    before = runs_started_afresh(home)
    assert made(engine, engine.retrain("tiny", as_of=AS_OF, force=True))
    assert runs_started_afresh(home) == before
    engine.close()
    until(lambda: not socket.exists())
