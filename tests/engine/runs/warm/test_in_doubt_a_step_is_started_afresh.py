"""Whatever is not as it should be about a step server, a step is started afresh at once, and ends well."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from engine.runs.steps import containment
from engine.runs.steps.server_warden import admitted
from engine.runs.warm import place, step_request
from engine.runs.warm.wanted_server import SECRET, folder_of, wanted
from tests.engine.runs.step_workshop import until
from tests.engine.runs.warm.served_project import ServedProject, below, needs_landlock, processes, served_project

pytestmark = needs_landlock


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProject]:
    with served_project(tmp_path_factory.mktemp("doubt") / "served") as found:
        found.serve()
        yield found


def its(project: ServedProject, ending: str) -> Path:
    return folder_of(project.home) / f"{project.engine.kept[0].name}.{ending}"


def another_key(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    its(project, "key").write_text("0" * 64)


def no_key(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    its(project, "key").write_text("")


def a_key_that_is_a_link(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    its(project, "key").rename(folder := project.folder / "key")
    its(project, "key").symlink_to(folder)


def another_secret(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    (folder_of(project.home) / SECRET).write_bytes(bytes(32))


def open_to_the_group(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    folder_of(project.home).chmod(0o710)


def of_another_account(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(place, "of_this_account", lambda connection: False)


def in_another_s_folder(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "geteuid", lambda: 12345)


def no_socket(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    its(project, "socket").rename(project.folder / "socket")


def nobody_listens(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    its(project, "socket").rename(project.folder / "socket")
    its(project, "socket").touch()


def another_mask(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    before = os.umask(0o007)
    patch.setattr(project, "after", lambda: os.umask(before), raising=False)


def other_limits(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] - 1, before[1]))
    patch.setattr(project, "after", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, before), raising=False)


def fewer_processors(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    if len(before) < 2:
        pytest.skip("there is one processor")
    os.sched_setaffinity(0, {min(before)})
    patch.setattr(project, "after", lambda: os.sched_setaffinity(0, before), raising=False)


def a_signal_ignored(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # not SIGHUP, which nohup has ignored already
    patch.setattr(project, "after", lambda: signal.signal(signal.SIGUSR2, before), raising=False)


def more_favoured(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "nice", lambda more: -20)


def it_is_stopped(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(step_request, "PATIENCE_SECONDS", 0.2)
    watcher = processes(project.engine.kept[0])["watcher"]
    os.kill(watcher, signal.SIGSTOP)
    patch.setattr(project, "after", lambda: os.kill(watcher, signal.SIGCONT), raising=False)


def of_another_build(project: ServedProject, patch: pytest.MonkeyPatch) -> None:
    path = project.environment.path
    path.rename(path.with_name("before"))
    path.mkdir()
    for each in path.with_name("before").iterdir():
        each.rename(path / each.name)

    def after() -> None:
        for each in path.iterdir():
            each.rename(path.with_name("before") / each.name)
        path.rmdir()
        path.with_name("before").rename(path)

    patch.setattr(project, "after", after, raising=False)


WAYS = (
    another_key, no_key, a_key_that_is_a_link, another_secret, open_to_the_group, of_another_account,
    in_another_s_folder, no_socket, nobody_listens, another_mask, other_limits, fewer_processors, a_signal_ignored,
    more_favoured, it_is_stopped, of_another_build,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_a_server_that_is_not_as_it_should_be_is_passed_over(
    project: ServedProject, way: Callable[[ServedProject, pytest.MonkeyPatch], None]
) -> None:
    kept = {path: path.read_bytes() for path in folder_of(project.home).iterdir() if stat.S_ISREG(path.lstat().st_mode)}
    with pytest.MonkeyPatch.context() as patch:
        try:
            way(project, patch)
            done = project.do("tell(here=1)")
        finally:
            getattr(project, "after", lambda: None)()
    assert not done.forked and done.result.state == "succeeded" and done.told == {"here": 1}
    folder_of(project.home).chmod(0o700)
    if (project.folder / "socket").exists():
        (project.folder / "socket").rename(its(project, "socket"))
    if its(project, "key").is_symlink():
        its(project, "key").unlink()
    for path, content in kept.items():
        path.write_bytes(content)
    project.still_forked()
    assert project.work() == [] and below(processes(project.engine.kept[0])["server"]) == []


WORDS = {
    "nothing": b"", "too little": b"0" * 63, "no key": b"0" * 64, "no key and more": b"0" * 64 + b"\xff" * 5000,
    "a key that is no text": b"\xff" * 64, "a list": b"KEY" + (2).to_bytes(8, "big") + b"[]",
    "no end": b"KEY" + b"\xff" * 8, "cut short": b"KEY" + (9).to_bytes(8, "big") + b"{",
    "no words": b"KEY" + (2).to_bytes(8, "big") + b"{}", "deep": b"KEY" + (200_000).to_bytes(8, "big") + b"[" * 200_000,
}  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
def test_who_talks_nonsense_gets_nothing_and_whoever_asks_next_is_served(project: ServedProject, words: str) -> None:
    one = project.serve()
    key = its(project, "key").read_bytes()
    with place.opened(folder_of(project.home)) as folder, socket.socket(socket.AF_UNIX) as talker:
        talker.connect(place.address(folder, f"{one.name}.socket"))
        with suppress(BrokenPipeError):
            talker.sendall(WORDS[words].replace(b"KEY", key))
        talker.shutdown(socket.SHUT_WR)
        talker.settimeout(60)
        with suppress(ConnectionResetError):
            assert talker.recv(1) == b""
    project.still_forked()


def test_who_sends_a_byte_now_and_then_does_not_keep_it_from_others(project: ServedProject) -> None:
    one = project.serve()
    over, sent = threading.Event(), []
    with place.opened(folder_of(project.home)) as folder, socket.socket(socket.AF_UNIX) as talker:
        talker.connect(place.address(folder, f"{one.name}.socket"))

        def drip() -> None:
            with suppress(OSError):
                while not over.wait(0.2):
                    sent.append(talker.send(b"0"))

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            project.still_forked()
        finally:
            over.set()
            thread.join()
    assert sum(sent) < 64  # It was not heard until there was a whole key.


def test_who_has_no_time_left_to_begin_leaves_the_server_to_others(project: ServedProject) -> None:
    one = project.serve()
    project.still_forked()
    before = processes(one)
    opened = len(os.listdir(f"/proc/{before['watcher']}/fd"))
    manifest = project.manifest
    asked = wanted(manifest, project.environment, project.lock, project.loaded.read_text().split())
    assert asked is not None and one.name.startswith(asked.name((folder_of(project.home) / SECRET).read_bytes()))
    order = {"likeness": containment.likeness(), "listeners": [], "nice": os.nice(0)}
    data = json.dumps(order).encode()
    for said in (None, b"?", b"!"):
        with place.opened(folder_of(project.home)) as folder, socket.socket(socket.AF_UNIX) as asker:
            asker.connect(place.address(folder, f"{one.name}.socket"))
            asker.sendall(its(project, "key").read_bytes() + len(data).to_bytes(8, "big") + data)
            asker.settimeout(60)
            assert asker.recv(1) == step_request.THERE
            if said is not None:
                with open(os.devnull) as nothing:  # Three where four are to come.
                    socket.send_fds(asker, [said], [nothing.fileno()] * 3)
        project.still_forked()
        assert len(os.listdir(f"/proc/{before['watcher']}/fd")) == opened
    assert processes(one) == before


def test_one_that_is_busy_sends_others_away_at_once(project: ServedProject) -> None:
    project.serve()
    heard: list[str] = []
    deed = "print('::progress 0.5 here', flush=True)\nimport time; time.sleep(60)"
    first = project.begin(deed, heard=lambda at, text: heard.append(text))
    until(lambda: heard)
    # It has patience for a minute here, and is told no before.
    second = project.do("")
    assert first.forked and not second.forked and second.result.state == "succeeded"
    first.launch.cancel("enough")
    assert first.wait().result.state == "cancelled"
    project.still_forked()


def test_two_who_ask_at_the_same_moment_are_both_done_and_one_at_most_is_forked_at_a_time(
    project: ServedProject,
) -> None:
    project.serve()
    done = []
    threads = [threading.Thread(target=lambda: done.append(project.do("tell(here=1)"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(each.result.state, each.told) for each in done] == [("succeeded", {"here": 1})] * 6
    assert any(each.forked for each in done) and project.work() == []


def test_on_two_disks_nothing_is_moved(project: ServedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.runs.warm import served_step

    asked: list[tuple[Path, ...]] = []
    monkeypatch.setattr(served_step, "on_one_disk", lambda *folders: asked.append(folders))
    assert not project.do("").forked
    assert asked[0][1] == project.home / "cache" / "steps"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, 3), ({"listeners": ["/hidden", "/tmp/agent/1"]}, 3), ({"listeners": ["/run/agent"]}, None),
        ({"nice": 2}, 5), ({"listeners": ["/hidden/other"]}, None), ({"listeners": ["/tmpfs/agent"]}, None),
        ({"nice": -4}, None), ({"likeness": ["other"]}, None), ({"likeness": []}, None),
    ],
)  # fmt: skip
def test_who_is_let_in_and_by_how_much_it_steps_back(
    changed: dict[str, object], said: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "nice", lambda more: -3)
    box = {"hidden": ["/hidden"]}
    settings = {"key": "k" * 64, "likeness": ["like"], "containment": box, "covered": ("/tmp/",)}
    order = {"likeness": ["like"], "listeners": ["/hidden"], "nice": 0, **changed}
    theirs, ours = socket.socketpair()
    with theirs, ours:
        data = json.dumps(order).encode()
        theirs.sendall(b"k" * 64 + len(data).to_bytes(8, "big") + data)
        assert admitted(ours, settings) == said
        theirs.sendall(b"j" * 64 + len(data).to_bytes(8, "big") + data)
        assert admitted(ours, settings) is None


def test_without_a_lock_or_a_sandbox_there_is_no_fork(project: ServedProject) -> None:
    project.serve()
    modules = project.loaded.read_text().split()
    off = replace(project.manifest, sandbox=replace(project.manifest.sandbox, off="a reason"))
    assert wanted(off, project.environment, project.lock, modules) is None
    assert wanted(project.manifest, project.environment, project.lock, []) is None
    assert wanted(project.manifest, project.environment, project.lock, [*modules, "numba.core"]) is None
