"""Whatever becomes of the fork server, and whoever speaks to it: a process begins once, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from engine.environments.unchanged import Watching
from engine.runs.steps import containment
from engine.runs.steps.step import clean_environment
from engine.runs.warm import circumstances, fork_request, fork_server, place
from tests.engine.runs.step_workshop import ROOT, alive, none_alive, until, workshop
from tests.engine.runs.test_containment_holds import Bench, bench
from tests.engine.runs.warm.servers import Served, served

__all__ = ["bench", "workshop"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("forks") / "home") as found:
        yield found


@contextmanager
def no_socket(server: Served) -> Iterator[None]:
    away = server.socket.rename(server.socket.with_name("away"))
    try:
        yield
    finally:
        away.rename(server.socket)


@contextmanager
def killed(server: Served) -> Iterator[None]:
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not alive(server.pid))
    try:
        yield
    finally:
        server.keeper.stop()
        server.start()


@contextmanager
def stopped(server: Served) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@contextmanager
def another_key(server: Served) -> Iterator[None]:
    key = server.socket.with_name(place.KEY)
    held = key.read_bytes()
    key.write_bytes(bytes(place.KEY_BYTES))
    try:
        yield
    finally:
        key.write_bytes(held)


@contextmanager
def open_to_others(server: Served) -> Iterator[None]:
    os.chmod(server.socket.parent, 0o711)
    try:
        yield
    finally:
        os.chmod(server.socket.parent, 0o700)


WAYS = (no_socket, killed, stopped, another_key, open_to_others)


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_a_server_that_is_not_as_it_should_be_is_passed_over(
    server: Served,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Served], AbstractContextManager[None]],
) -> None:
    before = place.unanswered(server.home)
    with way(server):
        if way is stopped:
            monkeypatch.setattr(fork_request, "PATIENCE_SECONDS", 0.2)
        assert server.begin(tmp_path / "one", "tell").wait().state == "succeeded"
        assert place.unanswered(server.home) == before + 1
        told = (tmp_path / "one" / "job").read_bytes()
    monkeypatch.setattr(fork_request, "PATIENCE_SECONDS", 60.0)
    before = place.unanswered(server.home)
    assert server.begin(tmp_path / "two", "tell").wait().state == "succeeded"
    assert place.unanswered(server.home) == before
    until(lambda: not server.forks())
    assert (tmp_path / "one" / "job").read_bytes() == told, "what was not answered then was begun later"


@pytest.mark.parametrize("variable", ["PYTHONWARNINGS", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE"])
def test_who_is_to_have_what_libraries_read_once_is_started_afresh(server: Served, variable: str) -> None:
    said, like = clean_environment((), {}, 1), circumstances.this_process()
    with open(os.devnull, "r+b") as nothing:
        streams = [nothing.fileno()] * 4
        assert not fork_request.ask(server.home, circumstances.WARDEN, (), {**said, variable: "x"}, "/", streams)
        assert fork_request.ask(server.home, circumstances.WARDEN, (), said, "/", streams)
    digests = {circumstances.digest(kind, {variable: "x"}, "", like) for kind in ("run", "warden")}
    assert len(digests) == 2


def test_of_other_code_or_less_favoured_nothing_is_begun(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, "r+b") as nothing:
        ask = (server.home, circumstances.WARDEN, (), clean_environment((), {}, 1), "/", [nothing.fileno()] * 4)
        monkeypatch.setattr(circumstances, "code", lambda: "newer")
        assert not fork_request.ask(*ask)
        monkeypatch.undo()
        monkeypatch.setattr(os, "nice", lambda more: -20)
        assert not fork_request.ask(*ask)
    until(lambda: not server.forks())


def test_who_only_waits_or_talks_nonsense_keeps_nobody_from_it(server: Served, tmp_path: Path) -> None:
    talkers = []
    for words in (b"", b"\0" * 8, b"\xff" * 8, (9).to_bytes(8, "big") + b'{"key":""', (2).to_bytes(8, "big") + b"[]"):
        talker = socket.socket(socket.AF_UNIX)
        with place.opened(server.socket.parent) as folder:
            talker.connect(place.address(folder))
        talker.sendall(words)
        talkers.append(talker)
    before = place.unanswered(server.home)
    assert server.begin(tmp_path / "one", "tell").wait().state == "succeeded"
    assert place.unanswered(server.home) == before
    for talker in talkers:
        talker.close()
    until(lambda: not server.forks())
    assert alive(server.pid)


def test_a_fork_whose_asker_goes_before_it_may_begin_does_not(server: Served, tmp_path: Path) -> None:
    said = clean_environment((), {}, 1)
    with place.opened(server.socket.parent) as folder, socket.socket(socket.AF_UNIX) as asker:
        asker.connect(place.address(folder))
        order = {
            "key": place.read_key(folder).hex(), "kind": "warden", "arguments": [], "environment": said,
            "like": circumstances.digest("warden", said, circumstances.code(), circumstances.this_process()),
            "cwd": str(tmp_path), "nice": os.nice(0),
        }  # fmt: skip
        data = json.dumps(order).encode()
        asker.sendall(len(data).to_bytes(8, "big") + data)
        assert asker.recv(1) == fork_request.THERE
        assert len(server.forks()) == 1
    until(lambda: not server.forks())


def test_neither_of_its_two_processes_begins_what_is_the_other_s(server: Served, tmp_path: Path) -> None:
    said = clean_environment((), {}, 1)
    for kind, other in (("warden", "run"), ("run", "warden")):
        with place.opened(server.socket.parent) as folder, socket.socket(socket.AF_UNIX) as asker:
            asker.connect(place.address(folder, place.SOCKETS[other]))
            order = {
                "key": place.read_key(folder).hex(), "kind": kind, "arguments": ["", ""], "environment": said,
                "like": circumstances.digest(kind, said, circumstances.code(), circumstances.this_process()),
                "cwd": str(tmp_path), "nice": os.nice(0),
            }  # fmt: skip
            data = json.dumps(order).encode()
            asker.sendall(len(data).to_bytes(8, "big") + data)
            assert asker.recv(1) == b""
    until(lambda: not server.forks())


@pytest.mark.parametrize("which", ["for runs", "for wardens"])
def test_when_one_of_its_two_processes_ends_so_does_the_other(tmp_path: Path, which: str) -> None:
    with served(tmp_path / "home") as server:
        os.kill(server.for_runs if which == "for runs" else server.pid, signal.SIGKILL)
        until(lambda: none_alive([server.pid]))
        server.keeper.look()
        until(lambda: none_alive([server.for_runs]))


def test_many_at_once_begin_once_each(server: Served, tmp_path: Path) -> None:
    ended = []

    def one(number: int) -> None:
        ended.append(server.begin(tmp_path / str(number), "tell").wait().state)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == ["succeeded"] * 8
    assert all((tmp_path / str(number) / "job").read_text() for number in range(8))
    until(lambda: not server.forks())


def test_a_server_has_one_thread_and_ends_when_it_has_forked_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, (read_end, write_end) = socket.socket(socket.AF_UNIX), os.pipe()
    listener.bind(str(tmp_path / "s"))
    listener.listen()
    askers = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for asker in askers:
        asker.connect(str(tmp_path / "s"))
    forks: list[int] = []
    monkeypatch.setattr(fork_server, "MOST_FORKS", 2)
    monkeypatch.setattr(fork_server, "_fork", lambda: (forks.append(1), -1)[1])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    before, _ = os.dup(0), os.dup2(read_end, 0)
    try:
        assert fork_server._serve(listener) == fork_server.SPENT and len(forks) == 2
        os.close(write_end)
        monkeypatch.setattr(fork_server, "MOST_FORKS", 9)
        # With something to watch, one that did not end would take it for a change there, and not turn for ever.
        assert fork_server._serve(listener, watching=Watching([], time.monotonic)) == fork_server.IDLE
    finally:
        os.dup2(before, 0)
        for each in (*askers, listener):
            each.close()


ENGINE = """
import sys, time
from pathlib import Path
from tests.engine.runs.warm.servers import Served
served = Served(Path(sys.argv[1]))
step = served.begin(Path(sys.argv[2]), "tell")
assert step.wait().state == "succeeded"
print(served.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_engine_is_killed_its_server_ends_and_takes_its_socket_along(tmp_path: Path, how: int) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE, str(tmp_path / "home"), str(tmp_path / "one")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert engine.stdout is not None
    server = int(engine.stdout.readline())
    engine.send_signal(how)
    engine.wait()
    engine.stdout.close()
    until(lambda: none_alive([server]))
    folder = tmp_path / "home" / "locks" / "warm"
    until(lambda: sorted(os.listdir(folder)) == [place.UNANSWERED, "server.log"])


ATTEMPT = """
import os, socket
def attempt(what, deed):
    try:
        print(what, repr(deed()), flush=True)
    except OSError as refusal:
        print(what, "refused", flush=True)
def speak():
    with socket.socket(socket.AF_UNIX) as asker:
        asker.settimeout(20)
        asker.connect(PLACE + "/forks")
        asker.sendall(len(ORDER).to_bytes(8, "big") + ORDER)
        return asker.recv(1)
attempt("key", lambda: open(PLACE + "/forks.key", "rb").read())
attempt("list", lambda: os.listdir(PLACE))
attempt("take away", lambda: os.unlink(PLACE + "/forks"))
attempt("speak", speak)
"""


@pytest.mark.skipif(containment.abi() == 0, reason="this kernel has no Landlock")
@pytest.mark.parametrize("alone", [True, False], ids=["in a namespace", "among others"])
def test_a_step_gets_nothing_from_the_server(bench: Bench, alone: bool) -> None:
    order = {
        "key": bytes(place.KEY_BYTES).hex(), "kind": circumstances.RUN, "arguments": [str(bench.home), "1"],
        "like": circumstances.digest("run", {}, circumstances.code(), circumstances.this_process()),
        "environment": {}, "cwd": "/", "nice": 19,
    }  # fmt: skip
    with served(bench.home) as server:
        code = f"PLACE, ORDER = {str(server.socket.parent)!r}, {json.dumps(order).encode()!r}\n{ATTEMPT}"
        said = bench.alone(textwrap.dedent(code))[0] if alone else bench.among_others(code)
        # Without a namespace nothing keeps it from connecting: then it is the key that it lacks.
        assert said.splitlines() in (
            ["key refused", "list refused", "take away refused", "speak refused"],
            ["key refused", "list refused", "take away refused", "speak b''"],
        )
        until(lambda: not server.forks())
        assert alive(server.pid) and server.socket.exists()


def test_what_may_be_spoken_to_is_the_account_s_alone(server: Served) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in (server.socket.parent, *server.socket.parent.iterdir())}
    assert (modes["warm"], modes["forks"], modes["forks.key"]) == (0o700, 0o600, 0o600)
