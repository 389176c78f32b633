"""Held steps that try what they shall not, and what they need; by the kernel of this machine, with nothing in between.

Each is tried in a namespace, where the system gives one, and without.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.projects.manifest.records import SandboxSpec
from engine.runs.steps import containment
from engine.runs.steps.running import start_step
from engine.runs.steps.sandbox import box
from engine.runs.steps.step import StepResult
from tests.engine.runs.hostile_steps import HARMLESS, HOSTILE, PRELUDE
from tests.engine.runs.step_workshop import Workshop, none_alive, outside, until, workshop

__all__ = ["workshop"]
pytestmark = pytest.mark.skipif(containment.abi() == 0, reason="this kernel has no Landlock")

class Bench:
    """A workspace with a ledger and a live folder, and a step in it."""

    def __init__(self, workshop: Workshop, folder: Path) -> None:
        self.workshop, self.home = workshop, folder / "home"
        self.step = self.home / "runs" / "1" / "train"
        self.environment = folder / "environment"
        for path in (self.home / "live", self.home / "objects", self.home / "runs" / "1" / "other", self.environment):
            path.mkdir(parents=True)
        for name in ("code", "input", "output", "tmp"):
            (self.step / name).mkdir(parents=True)
        (self.environment / "bin").mkdir()
        (self.environment / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
        (self.home / "ledger.db").write_text("the ledger")
        (self.step / "input" / "given").write_text("given")
        self.known: dict[str, Any] = {}

    def held(self, **spec: Any) -> dict[str, Any]:
        made = box(SandboxSpec(**spec), self.step, self.environment, self.home)
        assert made is not None
        return made

    def text(self, attempts: dict[str, str]) -> str:
        known = {
            "HOME": str(self.home), "LEDGER": str(self.home / "ledger.db"), "OUT": str(self.step / "output"),
            "INPUT": str(self.step / "input"), "ENVIRONMENT": str(self.environment), "ENGINE": os.getpid(),
            "ATTEMPTS": json.dumps(attempts), **self.known,
        }  # fmt: skip
        return "".join(f"{name} = {value!r}\n" for name, value in known.items()) + PRELUDE

    def variables(self) -> dict[str, str]:
        own = str(self.step / "tmp")
        return {"PATH": os.defpath, "HOME": own, "TMPDIR": own}

    def alone(self, code: str, **spec: Any) -> tuple[str, StepResult]:
        """As a run starts it, in a namespace where there is one."""
        asked = self.workshop.spec(str(self.environment / "bin" / "python"), "-I", "-S", "-c", code)
        environment = {**asked.environment, **self.variables()}
        held = replace(asked, cwd=self.step / "code", environment=environment, containment=self.held(**spec))
        result = start_step(held, lambda at, text: None).wait()
        return asked.log.read_text(), result

    def among_others(self, code: str, **spec: Any) -> str:
        """Without a namespace: by Landlock and the filter only."""
        start = f"""
        import os, sys
        sys.path.insert(0, {str(Path(containment.__file__).parent)!r})
        import containment
        sys.path.pop(0)
        containment.enter({self.held(**spec)!r}, own_proc=False)
        python = {str(self.environment / "bin" / "python")!r}
        os.execve(python, [python, "-I", "-S", "-c", {code!r}], dict(os.environ))
        """
        ended = subprocess.run(
            [sys.executable, "-I", "-S", "-c", textwrap.dedent(start)], cwd=self.step / "code", env=self.variables(),
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return ended.stdout + ended.stderr


@pytest.fixture
def bench(workshop: Workshop, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(workshop, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        name = f"leverframe-test-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        made.known = {"PORT": server.getsockname()[1], "ABSTRACT": name}
        yield made


def found(said: str) -> dict[str, str]:
    line = next((line for line in said.splitlines() if line.startswith("FOUND ")), None)
    assert line is not None, said
    answers: dict[str, str] = json.loads(line[6:])
    return answers


WAYS = pytest.mark.parametrize("alone", [True, False], ids=["in a namespace", "among others"])


@WAYS
def test_every_hostile_attempt_is_refused(bench: Bench, alone: bool) -> None:
    code = bench.text(HOSTILE)
    got, processors = [], os.sched_getaffinity(0)
    before = signal.signal(signal.SIGUSR1, lambda *_: got.append("a signal"))
    try:
        said = bench.alone(code, network=False)[0] if alone else bench.among_others(code, network=False)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert {name: answer for name, answer in found(said).items() if answer == "allowed"} == {}
    assert len(found(said)) == len(HOSTILE) and got == [] and os.sched_getaffinity(os.getpid()) == processors
    assert (bench.home / "ledger.db").read_text() == "the ledger"
    assert sorted(os.listdir(bench.home)) == ["ledger.db", "live", "objects", "runs"]


@WAYS
def test_what_steps_need_goes_on_as_before(bench: Bench, alone: bool) -> None:
    code = bench.text(HARMLESS)
    said = bench.alone(code)[0] if alone else bench.among_others(code)
    assert {name: answer for name, answer in found(said).items() if answer != "allowed"} == {}
    assert len(found(said)) == len(HARMLESS)


@WAYS
def test_what_is_refused_is_allowed_where_nothing_holds(bench: Bench, alone: bool) -> None:
    """Or the attempts would prove nothing."""
    attempts = {name: HOSTILE[name] for name in ("read the ledger", "signal another", "TCP", "an abstract socket")}
    bare = subprocess.run(
        [sys.executable, "-I", "-S", "-c", bench.text(attempts)], capture_output=True, text=True, timeout=60
    )
    assert set(found(bare.stdout + bare.stderr).values()) == {"allowed"}


@WAYS
def test_the_network_is_there_unless_it_is_forbidden(bench: Bench, alone: bool) -> None:
    attempts = {name: HOSTILE[name] for name in ("TCP", "UDP", "to listen")}
    code = bench.text(attempts)
    said = bench.alone(code)[0] if alone else bench.among_others(code)
    assert set(found(said).values()) == {"allowed"}


@WAYS
def test_what_the_manifest_names_can_be_read_and_not_written(bench: Bench, tmp_path: Path, alone: bool) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "x.csv").write_text("x")
    attempts = {"read": f"open({str(data / 'x.csv')!r}).read()", "write": f"open({str(data / 'x.csv')!r}, 'w')"}
    code = bench.text(attempts)
    without = found(bench.alone(code)[0] if alone else bench.among_others(code))
    assert "allowed" not in without.values()
    read = (str(data),)
    with_it = found(bench.alone(code, read=read)[0] if alone else bench.among_others(code, read=read))
    assert with_it["read"] == "allowed" and with_it["write"] != "allowed"
    assert (data / "x.csv").read_text() == "x"


def test_in_a_namespace_a_step_sees_its_own_processes_only_and_nobody_listens(bench: Bench, tmp_path: Path) -> None:
    code = """
    import os
    print("SEEN", *sorted(int(name) for name in os.listdir("/proc") if name.isdigit()), os.listdir("/dev/shm"))
    """
    said, result = bench.alone(textwrap.dedent(code))
    assert result.contained is not None
    if not result.contained.alone:
        assert "Permission denied: '/proc'" in said, "without a namespace it sees none at all"
        return
    assert "SEEN 1 2 []" in said


def test_in_a_namespace_nobody_who_acts_as_this_account_can_be_asked_wherever_he_listens(
    bench: Bench, tmp_path: Path
) -> None:
    place = tmp_path / "agent"
    place.mkdir()
    with socket.socket(socket.AF_UNIX) as stream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as words:
        stream.bind(str(place / "agent.sock"))
        stream.listen()
        words.bind(str(place / "words.sock"))
        attempts = {
            "ask": f"socket.socket(socket.AF_UNIX).connect({str(place / 'agent.sock')!r})",
            "tell": f"socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', {str(place / 'words.sock')!r})",
        }
        said, result = bench.alone(bench.text(attempts))
        assert result.contained is not None
        expected = "ConnectionRefusedError" if result.contained.alone else "allowed"
        assert all(expected in answer for answer in found(said).values()), found(said)
        assert set(found(bench.alone(bench.text(attempts), read=(str(place),))[0]).values()) == {"allowed"}


def test_what_a_step_puts_into_shared_memory_is_bounded_by_its_memory(bench: Bench) -> None:
    code = """
    import os
    try:
        with open("/dev/shm/full", "wb", buffering=0) as file:
            for _ in range(600):
                file.write(bytes(1 << 20))
        print("WROTE ALL")
    except OSError as error:
        print("STOPPED", error.errno)
    """
    said, result = bench.alone(textwrap.dedent(code))
    assert result.contained is not None
    if result.contained.alone:
        assert "STOPPED 28" in said and "WROTE ALL" not in said
    else:
        os.unlink("/dev/shm/full")


def test_of_a_step_that_leaves_processes_behind_nothing_is_left(bench: Bench) -> None:
    code = """
    import os, time  # of those that stay behind
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 3)
                time.sleep(600)
            os._exit(0)
    print("HERE", flush=True)
    while True:
        if os.path.exists("go"):
            break
        time.sleep(0.01)
    """
    results: list[StepResult] = []
    thread = threading.Thread(target=lambda: results.append(bench.alone(textwrap.dedent(code))[1]))
    thread.start()
    pids = until(lambda: _all(outside("of those that stay behind", *range(2, 12)), 4), 60)
    (bench.step / "code" / "go").write_text("")
    thread.join(60)
    assert results[0].state == "succeeded" and none_alive(pids)


def _all(pids: list[int], count: int) -> list[int]:
    return pids if len(pids) >= count else []


def test_how_a_held_step_ended_is_told_as_of_any_other(bench: Bench) -> None:
    assert bench.alone("import sys; sys.exit(7)")[1].exit_code == 7
    killed = bench.alone("import os; os.kill(os.getpid(), 11)")[1]
    assert killed.exit_code == -11 and "signal 11 (SIGSEGV)" in str(killed.why)
    gone = bench.alone("import os; os.kill(os.getpid(), 9)")[1]
    assert gone.exit_code == -9
    peak = bench.alone("x = bytearray(100_000_000)")[1]
    assert 100_000_000 < peak.peak_memory < 200_000_000


def test_a_held_step_that_uses_too_much_memory_is_stopped_and_says_one_process(bench: Bench) -> None:
    result = bench.alone("x = bytearray(600_000_000); import time; time.sleep(60)")[1]
    assert result.passed == "memory" and "(one process)" in str(result.why)


# What it starts uses a second of processor time, says so, and stays: nobody waits for it.
STARTS_A_WORKER = """
import os, time
read, write = os.pipe()
if os.fork() == 0:
    while time.process_time() < 1.0:
        pass
    os.write(write, b"x")
    time.sleep(600)
os.read(read, 1)
"""


@pytest.mark.parametrize("ending", ["", "x = bytearray(600_000_000); time.sleep(600)"], ids=["by itself", "at a limit"])
def test_what_a_step_leaves_running_has_used_time_too(bench: Bench, ending: str) -> None:
    result = bench.alone(STARTS_A_WORKER + ending)[1]
    assert result.passed == ("memory" if ending else None)
    assert 0.9 <= result.cpu_seconds < 5.0


def test_a_program_that_may_not_be_read_is_named_with_the_way_out(bench: Bench, tmp_path: Path) -> None:
    tool = tmp_path / "tools" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho HELLO\n")
    tool.chmod(0o755)
    asked = bench.workshop.spec(str(tool))
    result = start_step(replace(asked, containment=bench.held()), lambda at, text: None).wait()
    assert f'[sandbox] read = ["{tool.parent}"]' in str(result.why)
    allowed = replace(asked, containment=bench.held(read=(str(tool.parent),)))
    assert start_step(allowed, lambda at, text: None).wait().state == "succeeded"


def test_a_step_whose_holding_fails_is_not_started(bench: Bench) -> None:
    asked = bench.workshop.spec(sys.executable, "-c", "print('BEGUN')")
    broken = {**bench.held(), "write": ["\0"]}
    result = start_step(replace(asked, containment=broken), lambda at, text: None).wait()
    assert result.state == "failed" and "BEGUN" not in (asked.log.read_text() if asked.log.exists() else "")


@WAYS
def test_a_step_keeps_no_capability_but_for_files_and_that_of_root_only(bench: Bench, alone: bool) -> None:
    code = """
    import json
    said = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print("FOUND", json.dumps({"caps": said["CapEff"].strip()}))
    """
    code = textwrap.dedent(code)
    said = bench.alone(code)[0] if alone else bench.among_others(code)
    assert int(found(said)["caps"], 16) & ~0b110 == 0
