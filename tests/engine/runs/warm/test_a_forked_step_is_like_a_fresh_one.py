"""A step that a step server forked sees, and is told of, what one that was started afresh does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.runs.step_workshop import free, until
from tests.engine.runs.warm.served_project import MIB, Done, ServedProject, needs_landlock, served_project

pytestmark = needs_landlock
LOADS = "import json, random, signal, resource, tempfile, time, multiprocessing, numpy, numpy.random\n"
ALL = (
    LOADS
    + """
import os, sys
main = sys.modules["__main__"]
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
link = lambda fd: os.readlink(f"/proc/self/fd/{fd}").partition(":")[0]
named = [number for number in range(1, signal.NSIG) if number in signal.valid_signals()]
tell(
    environment={name: value for name, value in os.environ.items() if name not in CHANGING},
    names=sorted(os.environ),
    cwd=os.getcwd(), argv=sys.argv, path=sys.path, file=main.__file__, name=main.__name__,
    spec=str(main.__spec__), package=main.__package__, builtins=hasattr(main, "__builtins__"),
    input=sys.stdin.read(), descriptors=[link(fd) for fd in os.listdir("/proc/self/fd")[:-1]],
    status={name: status[name].strip() for name in KEPT}, nice=os.nice(0),
    limits={name: resource.getrlimit(getattr(resource, name)) for name in LIMITS},
    signals=[str(signal.getsignal(number)) for number in named],
    flags=str(sys.flags), executable=sys.executable, prefix=sys.prefix,
    encoding=[sys.stdout.encoding, sys.stderr.errors],
    buffered=sys.stdout.line_buffering or sys.stdout.write_through, zone=time.tzname, order=list({"a", "b", "c", "d"}),
    oom=open("/proc/self/oom_score_adj").read(), temporary=tempfile.gettempdir(), home=os.path.expanduser("~"),
    threads=len(os.listdir("/proc/self/task")), tasks=os.listdir("/dev/shm"), cpus=sorted(os.sched_getaffinity(0)),
    policy=os.sched_getscheduler(0), modules=sorted(sys.modules),
)
"""
)
CHANGING = ["LEVERFRAME_STEP_TOKEN", "LEVERFRAME_LOADED"]
KEPT = [
    "SigIgn", "SigBlk", "SigCgt", "Umask", "Groups", "Uid", "Gid", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd",
    "Threads",
]  # fmt: skip
LIMITS = ["RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_AS", "RLIMIT_STACK", "RLIMIT_CPU"]
ALL = f"CHANGING, KEPT, LIMITS = {CHANGING!r}, {KEPT!r}, {LIMITS!r}\n{ALL}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProject]:
    with served_project(tmp_path_factory.mktemp("like") / "served") as found:
        found.serve(ALL)
        yield found


def both(project: ServedProject, deed: str, **options: Any) -> tuple[Done, Done]:
    return project.do(deed, served=False, **options), project.forked(deed, **options)


def located(done: Done, project: ServedProject) -> dict[str, Any]:
    """What it told, with its own folder under one name, wherever it was."""
    import json

    text = json.dumps(done.told).replace(str(done.folder), "FOLDER")
    for place in (project.home / "cache" / "steps").glob("*/work"):
        head, *rest = text.split(f"{place}/")
        text = head + "".join("FOLDER" + each[32:] for each in rest)
    found: dict[str, Any] = json.loads(text)
    return found


def test_it_is_given_what_a_fresh_one_is_given(project: ServedProject) -> None:
    fresh, forked = (located(done, project) for done in both(project, ALL))
    # What the server's own few lines need is loaded as well; nothing else is.
    more = {*forked.pop("modules")} - {*fresh.pop("modules")}
    assert more <= {"array", "atexit", "_ctypes", "ctypes", "ctypes._endian"}, more
    assert forked == fresh
    assert fresh["descriptors"] == ["/dev/null", "pipe", "pipe"] and fresh["input"] == ""
    assert fresh["cwd"] == "FOLDER/code" == fresh["path"][0]


def test_two_forks_draw_different_numbers_and_have_keys_of_their_own(project: ServedProject) -> None:
    deed = LOADS + """
import uuid
key = bytes(multiprocessing.current_process().authkey).hex()
tell(drawn=[random.random(), numpy.random.random(), numpy.random.default_rng().random(), str(uuid.uuid4()), key])
"""
    one, other = (project.forked(deed).told["drawn"] for _ in range(2))
    assert len(one) == 5 and not {*one} & {*other}


def heard_alike(done: Done) -> list[str]:
    """Its log, with its folder under one name; of a crash without where the interpreter that forked it stands."""
    lines = done.log.replace(str(done.folder), "FOLDER").splitlines()
    return [line for line in lines if not re.search(r'step_server.py", line \d+ in |^Current thread', line)]


@pytest.mark.parametrize(
    ("deed", "code", "why"),
    [
        ("", 0, None),
        ("raise ValueError('no data')", 1, "train ended with exit code 1: ValueError: no data"),
        ("import os; os._exit(7)", 7, "train ended with exit code 7 and printed nothing"),
        ("import sys; sys.exit(7)", 3, "ended the process itself"),
        (f"{LOADS}import os; os.kill(os.getpid(), 11)", -11, "train was killed by signal 11 (SIGSEGV)"),
        ("import os; os.kill(os.getpid(), 9)", -9, "train was killed by signal 9 (SIGKILL)"),
        ("raise KeyboardInterrupt", -2, "train was killed by signal 2 (SIGINT)"),
        ("raise GeneratorExit('odd')", 1, "GeneratorExit: odd"),
    ],
)
def test_how_it_ended_is_told_as_of_a_fresh_one(project: ServedProject, deed: str, code: int, why: str | None) -> None:
    fresh, forked = both(project, deed)
    assert (forked.result.exit_code, forked.result.why) == (fresh.result.exit_code, fresh.result.why)
    assert forked.result.exit_code == code
    assert (forked.result.why is None) if why is None else (why in str(forked.result.why))
    assert heard_alike(forked) == heard_alike(fresh)


def test_the_place_where_it_worked_is_in_no_word_that_a_person_reads(project: ServedProject) -> None:
    deed = "import os\nopen(os.getcwd() + '/nowhere/' + os.environ['LEVERFRAME_OUTPUT'])"
    fresh, forked = both(project, deed)
    assert forked.result.last_lines[-1].startswith("FileNotFoundError")
    assert [line.replace(forked.folder.name, "N") for line in forked.result.last_lines] == [
        line.replace(fresh.folder.name, "N") for line in fresh.result.last_lines
    ]
    assert heard_alike(forked) == heard_alike(fresh)
    assert str(project.home / "cache") not in f"{forked.result.why} {forked.result.last_lines} {forked.log}"


def test_progress_is_heard_and_the_log_is_kept_byte_for_byte(project: ServedProject) -> None:
    deed = r"import sys; print('::progress 0.25 half', flush=True); sys.stdout.buffer.write(b'\xff\0')"
    deed += "\nprint('x', file=sys.stderr)"
    heard: list[tuple[float, str]] = []
    fresh, forked = both(project, deed, heard=lambda at, text: heard.append((at, text)))
    assert heard == [(0.25, "half")] * 2
    raw = [(done.folder / "step.log").read_bytes() for done in (fresh, forked)]
    assert raw[0] == raw[1] and b"\xff\0" in raw[0]


AT_THE_END = """
import atexit, os, sys, threading, time
out = os.environ["LEVERFRAME_OUTPUT"]
atexit.register(lambda: open(out + "/atexit", "w").write("x"))
def late():
    while not os.path.exists(out + "/written"): time.sleep(0.001)
    open(out + "/thread", "w").write("x")
threading.Thread(target=late).start()
threading.Thread(target=lambda: time.sleep(60), daemon=True).start()
project = sys.modules["project"]
project.kept = open(out + "/unflushed", "w")
project.kept.write("x")
open(out + "/written", "w").close()
"""


def test_what_is_to_be_done_at_the_end_is_done(project: ServedProject) -> None:
    fresh, forked = both(project, AT_THE_END)
    fresh_left, forked_left = (
        {path.name: path.read_text() for path in (done.folder / "output").iterdir() if path.is_file()}
        for done in (fresh, forked)
    )
    assert forked_left == fresh_left
    assert {name for name, text in fresh_left.items() if text == "x"} >= {"atexit", "thread", "unflushed"}


def test_its_files_are_where_they_were_and_its_lock_is_free(project: ServedProject) -> None:
    deed = "open('left', 'w').write('here')"
    fresh, forked = both(project, deed)
    left = [sorted(path.relative_to(d.folder) for path in d.folder.rglob("*")) for d in (fresh, forked)]
    assert left[0] == left[1] and Path("code/left") in left[1]
    assert free(forked.folder / "lock") and project.work() == []


def test_processor_time_and_memory_are_its_own(project: ServedProject) -> None:
    deed = "x = bytearray(100_000_000)\nimport time\nwhile time.process_time() < 0.2: pass"
    fresh, forked = both(project, deed)
    for done in (fresh, forked):
        assert 100 * MIB * 0.9 < done.result.peak_memory < 200 * MIB and done.result.cpu_seconds >= 0.15
    small = project.forked("").result
    assert small.peak_memory < 100 * MIB and small.cpu_seconds < 0.15


@pytest.mark.parametrize(
    ("deed", "limits", "why"),
    [
        ("import time; time.sleep(60)", {"timeout": timedelta(seconds=1)}, "time"),
        ("x = bytearray(600 << 20); import time; time.sleep(60)", {}, "memory"),
    ],
)
def test_it_is_held_to_the_limits_of_its_manifest(project: ServedProject, deed: str, limits: Any, why: str) -> None:
    forked = project.forked(deed, **limits)
    assert forked.result.passed == why and forked.result.state == "failed"
    assert until(lambda: project.forked("").result.state) == "succeeded"


def test_what_it_puts_into_shared_memory_is_bounded_as_of_a_fresh_one(project: ServedProject) -> None:
    deed = """
import os
try:
    with open("/dev/shm/full", "wb", buffering=0) as file:
        for _ in range(600):
            file.write(bytes(1 << 20))
    tell(stopped=0)
except OSError as error:
    tell(stopped=error.errno)
"""
    fresh, forked = both(project, deed)
    assert forked.told == fresh.told == {"stopped": 28}


def test_one_that_was_started_early_waits_and_is_started_afresh_after_the_server_has_gone(tmp_path: Path) -> None:
    with served_project(tmp_path / "served") as project:
        early = project.do("tell(a=1)", early=True)
        assert not early.forked and early.told == {"a": 1}
        project.serve()
        assert project.do("tell(a=2)", early=True).forked  # It need not be early where there is a server.
