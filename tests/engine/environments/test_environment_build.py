from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.environments import folder
from engine.environments.folder import remove, sweep
from engine.environments.picture import MARKER
from engine.environments.python import build
from engine.environments.python.build import ensure
from engine.environments.python.check import compare, site_packages
from engine.environments.python.interpreter import Interpreter
from engine.environments.python.lock import Lock, parse_lock
from engine.environments.python.uv_process import Uv
from engine.errors import Refusal

if TYPE_CHECKING:
    from conftest import Place


class NoUv(Uv):
    """A uv that must not be asked."""

    def run(self, *arguments: str, **_: object) -> str:
        raise AssertionError(f"uv was started: {arguments}")


def visible(environments: Path) -> list[str]:
    return sorted(p.name for p in environments.iterdir() if not p.name.endswith(".lock"))


def child(place: Place, lock: Lock, body: str) -> subprocess.Popen[str]:
    """A process of its own that has ``lock``, ``uv``, ``environments`` and runs ``body``."""
    script = """
        import json, os, signal, sys
        from pathlib import Path
        from engine.environments.python.build import ensure
        from engine.environments.python.lock import Lock
        from engine.environments.python.uv_process import Uv
        told = json.loads(sys.argv[1])
        lock = Lock.from_json(told["lock"])
        environments = Path(told["environments"])
        class Watched(Uv):
            def run(self, *arguments, **options):
                before(arguments)
                answer = super().run(*arguments, **options)
                after(arguments)
                return answer
        def before(arguments): pass
        def after(arguments): pass
        uv = Watched(Path(told["uv"]), told["environ"])
    """
    told = {
        "lock": lock.to_json(),
        "environments": str(place.environments),
        "uv": str(place.uv.cache),
        "environ": dict(place.uv.environ),
    }
    code = textwrap.dedent(script) + textwrap.dedent(body)
    root = Path(build.__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", code, json.dumps(told)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_an_environment_holds_what_its_lock_says_and_runs(place: Place) -> None:
    lock = place.lock("fruit-salad", "apple<2")
    environment = ensure(lock, place.environments, uv=place.uv)
    assert environment.path.name == lock.digest[:16]
    assert environment.lock_digest == lock.digest
    told = subprocess.run(
        [environment.python, "-c", "import apple, fruit_salad, sys; print(apple.VERSION, sys.prefix)"],
        capture_output=True, text=True, check=True, env={"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert told.stdout.split() == ["1.0", str(environment.path)]
    assert compare(environment, lock) == ()


def test_relative_folders_mean_the_callers(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = place.lock("apple")
    monkeypatch.chdir(place.root)
    uv = replace(place.uv, cache=Path("cache/uv"))
    environment = ensure(lock, Path("environments"), uv=uv)
    assert environment.path == place.environments / lock.digest[:16]
    assert compare(environment, lock) == ()


def test_an_environment_that_is_there_costs_no_uv(place: Place) -> None:
    lock = place.lock("apple")
    first = ensure(lock, place.environments, uv=place.uv)
    assert ensure(lock, place.environments, uv=NoUv(place.uv.cache)) == first


def test_an_empty_lock_is_an_environment_without_packages(place: Place) -> None:
    lock = place.lock("# nothing")
    environment = ensure(lock, place.environments, uv=place.uv)
    assert compare(environment, lock) == ()


def test_packages_are_compiled_when_the_environment_is_built(place: Place) -> None:
    environment = ensure(place.lock("apple"), place.environments, uv=place.uv)
    source = site_packages(environment.path) / "apple" / "__init__.py"
    compiled = Path(importlib.util.cache_from_source(str(source)))
    assert compiled.is_file()


def test_two_environments_share_the_files_and_the_bytecode_of_a_package(place: Place) -> None:
    one = site_packages(ensure(place.lock("apple==2.0"), place.environments, uv=place.uv).path)
    two = site_packages(ensure(place.lock("fruit-salad"), place.environments, uv=place.uv).path)
    assert one != two
    for file in ("apple/__init__.py", f"apple/__pycache__/extra.{sys.implementation.cache_tag}.pyc"):
        assert (one / file).samefile(two / file), file


def test_bytecode_of_another_version_is_not_shared(place: Place) -> None:
    one = site_packages(ensure(place.lock("apple==1.0"), place.environments, uv=place.uv).path)
    two = site_packages(ensure(place.lock("apple==2.0"), place.environments, uv=place.uv).path)
    compiled = f"apple/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    assert not (one / compiled).samefile(two / compiled)


@contextmanager
def registry(place: Place) -> Iterator[Uv]:
    """The wheels behind a real HTTP registry, and a uv that knows only this one."""
    for wheel in place.wheels.iterdir():
        page = place.root / "web" / "simple" / wheel.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a", encoding="utf-8") as file:
            file.write(f"<a href='/{wheel.name}'>{wheel.name}</a>\n")
        shutil.copy(wheel, place.root / "web" / wheel.name)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(place.root / "web")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    environ = {k: v for k, v in place.uv.environ.items() if k not in ("UV_NO_INDEX", "UV_FIND_LINKS")}
    address = f"http://127.0.0.1:{server.server_port}/simple"
    try:
        yield Uv(place.uv.cache, {**environ, "UV_DEFAULT_INDEX": address, "UV_HTTP_RETRIES": "0", "NO_PROXY": "*"})
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_deleted_environment_is_built_again_from_its_lock_when_the_registry_is_gone(place: Place) -> None:
    with registry(place) as uv:
        online = replace(place, uv=uv)
        lock = online.lock("fruit-salad")
        environment = ensure(lock, place.environments, uv=uv)
    remove(lock.digest, place.environments)
    assert visible(place.environments) == []
    assert ensure(lock, place.environments, uv=uv) == environment
    assert compare(environment, lock, content=True) == ()


def test_a_registry_that_is_gone_is_refused_in_one_sentence_when_the_cache_lacks_a_package(place: Place) -> None:
    with registry(place) as uv:
        lock = replace(place, uv=uv).lock("apple")
    with pytest.raises(Refusal, match="registry cannot be reached installing the packages .*; check the network"):
        ensure(lock, place.environments, uv=replace(uv, cache=place.root / "empty" / "uv"))
    assert visible(place.environments) == []


def test_a_file_that_is_not_the_locked_one_is_never_installed(place: Place) -> None:
    lock = place.lock("apple==2.0")
    place.publish("apple", "2.0", "pear")
    fresh = replace(place.uv, cache=place.root / "other" / "uv")
    with pytest.raises(Refusal, match="gave another file than the one that was locked"):
        ensure(lock, place.environments, uv=fresh)
    assert visible(place.environments) == []


def test_a_lock_of_another_platform_is_refused(place: Place) -> None:
    lock = parse_lock("", "3.11.7", "win-amd64")
    with pytest.raises(Refusal, match="was locked for win-amd64 and this machine is"):
        ensure(lock, place.environments, uv=NoUv(place.uv.cache))


def test_an_incomplete_environment_is_built_again(place: Place) -> None:
    lock = place.lock("apple")
    environment = ensure(lock, place.environments, uv=place.uv)
    for spoil in (environment.path / MARKER, environment.python):
        spoil.unlink()
        ensure(lock, place.environments, uv=place.uv)
        assert compare(environment, lock) == ()
    (environment.path / MARKER).write_text("{", "utf-8")
    ensure(lock, place.environments, uv=place.uv)
    assert compare(environment, lock) == ()
    assert visible(place.environments) == [environment.path.name]


@pytest.mark.parametrize("stage", ["venv", "pip", "cut"])
def test_a_build_that_is_killed_leaves_nothing_broken(place: Place, stage: str) -> None:
    lock = place.lock("fruit-salad")
    killed = child(
        place,
        lock,
        f"""
        def after(arguments):
            if arguments[0] == {stage!r}:
                os.kill(os.getpid(), signal.SIGKILL)
        def before(arguments):
            if {stage!r} == "cut" and "--compile-bytecode" in arguments:
                os.kill(os.getpid(), signal.SIGKILL)
        ensure(lock, environments, uv=uv)
        """,
    )
    assert killed.wait(60) == -signal.SIGKILL
    (leftover,) = visible(place.environments)
    assert leftover.endswith(".building")
    environment = ensure(lock, place.environments, uv=place.uv)
    assert visible(place.environments) == [environment.path.name]
    assert compare(environment, lock) == ()


def test_a_killed_build_is_swept_by_the_next_build_of_anything(place: Place) -> None:
    body = "after = lambda _: os.kill(os.getpid(), signal.SIGKILL)\nensure(lock, environments, uv=uv)"
    killed = child(place, place.lock("pear"), body)
    assert killed.wait(60) == -signal.SIGKILL
    environment = ensure(place.lock("apple"), place.environments, uv=place.uv)
    assert visible(place.environments) == [environment.path.name]


def test_two_processes_that_ask_at_once_build_once(place: Place) -> None:
    lock = place.lock("fruit-salad")
    gate = place.root / "gate"
    os.mkfifo(gate)
    body = f"""
        def before(arguments):
            print("uv", arguments[0], flush=True)
            if arguments[0] == "venv":
                open({str(gate)!r}).close()  # waits until the test has seen both processes ask
        print("asking", flush=True)
        print("built", ensure(lock, environments, uv=uv).path.name, flush=True)
    """
    both = [child(place, lock, body) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
    gate.open("w").close()
    # Not communicate(): it reads past what readline() has taken into its buffer together with the first line.
    said = "".join(process.stdout.read() for process in both if process.stdout is not None)
    assert [process.wait(60) for process in both] == [0, 0]
    assert said.count("uv venv") == 1
    assert said.count(f"built {lock.digest[:16]}") == 2
    assert visible(place.environments) == [lock.digest[:16]]


def test_an_orphaned_uv_keeps_its_half_built_folder_from_being_swept(tmp_path: Path) -> None:
    leftover = tmp_path / ".0123456789abcdef.00000000.building"
    leftover.mkdir()
    with folder.held(tmp_path, "0123456789abcdef") as holding:
        orphan = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(holding,))
    assert sweep(tmp_path) == 0
    orphan.communicate()
    assert sweep(tmp_path) == 1
    assert not leftover.exists()


def test_a_full_disk_is_refused_in_one_sentence(place: Place) -> None:
    def full(asked: str | None, uv: Uv) -> Interpreter:
        raise OSError(28, "No space left on device")

    with pytest.raises(Refusal, match="The disk that holds .* is full; free some"):
        ensure(place.lock("apple"), place.environments, uv=place.uv, find=full)


def test_environments_that_cannot_be_written_are_refused_in_one_sentence(place: Place) -> None:
    lock = place.lock("apple")
    place.environments.rmdir()
    place.environments.write_text("a file", "utf-8")
    with pytest.raises(Refusal, match="cannot be written"):
        ensure(lock, place.environments, uv=place.uv)
