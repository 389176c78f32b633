"""Two projects whose steps one server forks: what the first does reaches neither the server nor the second."""

from __future__ import annotations

import json
import os
import signal
import socket
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.runs.warm import place
from engine.runs.warm.wanted_server import folder_of
from tests.engine.runs.hostile_steps import HOSTILE, PRELUDE
from tests.engine.runs.step_workshop import until
from tests.engine.runs.warm.served_project import Kept, ServedProject, below, needs_landlock, processes, served_project

pytestmark = needs_landlock
LOADS = "import json, signal, socket, resource, tempfile, time\n"
# As a fork knows them: the first of the namespace, and the interpreter that it was forked from.
TO_THE_SERVER = {
    f"{what} ({pid})": attempt.format(pid=pid)
    for pid in (1, 2)
    for what, attempt in {
        "its environment": "open('/proc/{pid}/environ').read()",
        "its memory": "open('/proc/{pid}/mem', 'rb')",
        "its memory, to write": "open('/proc/{pid}/mem', 'r+b')",
        "where its memory lies": "open('/proc/{pid}/maps').read()",
        "which are its files": "os.readlink('/proc/{pid}/fd/0')",
        "one of its files": "open('/proc/{pid}/fd/0')",
        "its folder": "os.listdir('/proc/{pid}/cwd')",
        "its root": "os.listdir('/proc/{pid}/root/')",
        "its rank for want of memory": "open('/proc/{pid}/oom_score_adj', 'w').write('1000')",
        "trace it": "call(101 if X86 else 117, 16, {pid}, 0, 0)",
        "seize it": "call(101 if X86 else 117, 0x4206, {pid}, 0, 0)",
        "read its memory": "peek({pid})",
        "take one of its files": "call(438, os.pidfd_open({pid}), 0, 0)",
        "compare itself with it": "call(312 if X86 else 272, os.getpid(), {pid}, 1, 0, 0)",
        "ask whether it is there": "os.kill({pid}, 0)",
        "stop it": "os.kill({pid}, signal.SIGSTOP)",
        "end it by handle": "signal.pidfd_send_signal(os.pidfd_open({pid}), signal.SIGKILL)",
        "limit it": "resource.prlimit({pid}, resource.RLIMIT_CPU, (1, 1))",
        "rank it": "os.setpriority(os.PRIO_PROCESS, {pid}, 19)",
        "move its memory": "call(256 if X86 else 238, {pid}, 8, *(ctypes.byref(ctypes.c_long(1)) for _ in range(2)))",
    }.items()
}  # fmt: skip
TO_OTHERS = {
    "what the server forked before": "os.listdir(WORK)",
    "a folder beside its own": "os.mkdir(WORK + '/mine')",
    "another name for its own": "os.rename(os.path.dirname(OUT), WORK + '/mine')",
    "the server's own folder": "os.listdir(OWN)",
    "to write there": "open(OWN + '/left', 'w')",
    "that its folder is in use": "open(os.path.dirname(OWN) + '/in-use')",
    "the code it was taken from": "open(CODE + '/project.py').read()",
    "its own run's folder": "os.listdir(FOLDER)",
    "its own run's lock": "open(FOLDER + '/lock')",
    "the key": "open(PLACE + '/' + NAME + '.key').read()",
    "the secret": "open(PLACE + '/secret').read()",
    "who may be asked": "os.listdir(PLACE)",
    "to ask it": "socket.socket(socket.AF_UNIX).connect(PLACE + '/' + NAME + '.socket')",
    "what steps load": "os.listdir(HOME + '/cache/steps/loaded')",
    "a module of its environment": "open(ENVIRONMENT + '/lib/python3/site-packages/pandas.py', 'w')",
    "settings of the machine": "open('/proc/sys/vm/drop_caches', 'w').write('1')",
}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProject]:
    with served_project(tmp_path_factory.mktemp("hostile") / "served") as found:
        found.serve(LOADS)
        yield found


@pytest.fixture(scope="module")
def second(first: ServedProject) -> ServedProject:
    found = first.another("second")
    assert not found.do(LOADS).forked
    return found


@pytest.fixture
def server(first: ServedProject) -> Iterator[Kept]:
    """It is the same before and after."""
    (one,) = first.engine.kept
    before = processes(one)
    yield one
    assert processes(one) == before and below(before["server"]) == [] and first.work() == []


def text(project: ServedProject, server: Kept, attempts: dict[str, str]) -> str:
    home = project.home / "cache" / "steps" / server.name
    known = {
        "HOME": str(project.home), "ENVIRONMENT": str(project.environment.path), "ENGINE": os.getpid(),
        "WORK": str(home / "work"), "OWN": str(home / "own"), "CODE": str(project.code), "NAME": server.name,
        "PLACE": str(folder_of(project.home)), "FOLDER": str(project.home / "runs" / "0001"),
        "LEDGER": str(project.home / "ledger.db"), "ATTEMPTS": json.dumps(attempts), "ABSTRACT": "", "PORT": 9,
    }  # fmt: skip
    given = "import os\nOUT, INPUT = os.environ['LEVERFRAME_OUTPUT'], os.environ['LEVERFRAME_INPUT']\n"
    return given + "".join(f"{name} = {value!r}\n" for name, value in known.items()) + PRELUDE + "tell(**found)"


@pytest.mark.parametrize("attempts", [TO_THE_SERVER, TO_OTHERS], ids=["the server", "others"])
def test_it_reaches_neither_the_server_nor_what_is_others(
    first: ServedProject, server: Kept, attempts: dict[str, str]
) -> None:
    done = first.forked(text(first, server, attempts))
    assert len(done.told) == len(attempts), done.log
    assert {name for name, answer in done.told.items() if answer == "allowed"} == set()
    first.still_forked()


NEEDS_ANOTHER = ("an abstract socket", "TCP", "to listen", "UDP", "ask about the network", "a device", "names of hosts")


def test_every_attempt_of_a_fresh_hostile_step_is_refused_to_a_forked_one_too(
    first: ServedProject, server: Kept
) -> None:
    (first.home / "ledger.db").write_text("the ledger")
    (first.home / "live").mkdir(exist_ok=True)
    attempts = {name: attempt for name, attempt in HOSTILE.items() if name not in NEEDS_ANOTHER}
    deed = f"open(os.environ['LEVERFRAME_INPUT'] + '/../code/given', 'w').close()\n{text(first, server, attempts)}"
    done = first.forked("import os\n" + deed)
    assert len(done.told) == len(attempts), done.log
    assert {name for name, answer in done.told.items() if answer == "allowed"} == set()
    assert (first.home / "ledger.db").read_text() == "the ledger"


LEAVES = """
import os, sys, time, signal, json, builtins
import resource, socket, tempfile
open("/dev/shm/left", "w").write("x")
open("left", "w").write("x"); open(os.environ["TMPDIR"] + "/left", "w").write("x")
json.loads = json.dumps = builtins.open = None
sys.modules["tempfile"].tempdir = "/nowhere"; sys.path.insert(0, "/nowhere"); os.environ["LEFT"] = "x"
signal.signal(signal.SIGTERM, signal.SIG_IGN); os.umask(0o77); os.nice(1)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            while True: time.sleep(60)
        os._exit(0)
"""
SEES = LOADS + """
import json, os, resource, signal, sys, tempfile
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
tell(
    pids=len(pids), shared=os.listdir("/dev/shm"), here=sorted(os.listdir(".")),
    temporary=os.listdir(os.environ["TMPDIR"]),
    left="LEFT" in os.environ, tempdir=tempfile.gettempdir() == os.environ["TMPDIR"], path="/nowhere" in sys.path,
    term=str(signal.getsignal(signal.SIGTERM)), mask=os.umask(0), nice=os.nice(0),
    files=resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64,
)
"""


def test_the_second_sees_nothing_of_what_the_first_left(
    first: ServedProject, second: ServedProject, server: Kept
) -> None:
    fresh = second.do(SEES, served=False).told
    assert first.forked(LEAVES).result.state == "succeeded"
    after = second.forked(SEES).told
    assert (fresh.pop("pids"), after.pop("pids")) == (2, 3) and after == fresh  # The server is the third.
    assert after["shared"] == [] and after["here"] == ["project.py"]


def test_nothing_of_what_the_first_was_told_is_in_the_memory_of_the_second(
    first: ServedProject, second: ServedProject, server: Kept
) -> None:
    given = first.manifest
    for length in (5000, 1500, 500, 150):  # Where it lies, and what will lie there later, goes by its size.
        first.manifest = replace(given, data=replace(given.data, target="target-of-the-first-" * length))
        assert first.forked("").result.exit_code == 3  # There is no such column; it was told all the same.
    first.manifest = given
    deed = """
    import os
    head, tail, own = b"target-of-the-f", b"irst-target-of-", os.environ["LEVERFRAME_STEP_TOKEN"].encode()
    def found(head, tail):
        count = 0
        with open("/proc/self/mem", "rb", buffering=0) as memory, open("/proc/self/maps") as maps:
            for line in maps.read().splitlines():
                (begin, end), modes = (int(part, 16) for part in line.split()[0].split("-")), line.split()[1]
                if modes[:2] == "rw" and end - begin < 1 << 28:
                    memory.seek(begin)
                    content, at = memory.read(end - begin), 0
                    while (at := content.find(head, at) + 1):
                        count += content[at - 1 + len(head):].startswith(tail)
        return count
    tell(others=found(head, tail), own=found(own[:20], own[20:]))
    """
    told = second.forked(textwrap.dedent(deed)).told
    assert told["own"] > 0 and told["others"] == 0


def test_a_listener_that_came_after_the_server_cannot_be_asked_by_a_step(first: ServedProject) -> None:
    path = first.folder / "agent"
    deed = f"""{LOADS}
try:
    socket.socket(socket.AF_UNIX).connect({str(path)!r})
    tell(asked=True)
except OSError:
    tell(asked=False)
"""
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(path))
        agent.listen()
        later = first.do(deed)
        assert not later.forked and later.told == {"asked": False}
    path.unlink()
    first.still_forked()


@pytest.mark.parametrize("served", [False, True], ids=["fresh", "forked"])
def test_no_step_sees_where_the_engine_s_own_servers_listen(first: ServedProject, server: Kept, served: bool) -> None:
    warm = first.home / "locks" / "warm" / "forks"
    warm.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as forks:
        with place.opened(warm.parent) as folder:
            forks.bind(place.address(folder, warm.name))
        forks.listen()
        asked = {str(warm.parent): "forks", str(folder_of(first.home)): f"{server.name}.socket"}
        deed = f"""{LOADS}
import os
found = []
for folder, name in {asked!r}.items():
    os.symlink(folder, name + ".d")  # An address has no room for more.
    try:
        found.append(socket.socket(socket.AF_UNIX).connect(name + ".d/" + name))
    except OSError as error:
        found.append(type(error).__name__)
tell(found=found)
"""
        done = first.do(deed, served=served)
    warm.unlink()
    assert done.forked == served and done.told == {"found": ["FileNotFoundError"] * 2}


def test_no_network_is_none_for_a_forked_step_too(tmp_path: Path) -> None:
    attempts = {name: HOSTILE[name] for name in ("TCP", "to listen", "UDP", "ask about the network")}
    with served_project(tmp_path / "served", sandbox="[sandbox]\nnetwork = false\n") as project:
        server = project.serve()
        done = project.forked(text(project, server, attempts))
        assert len(done.told) == 4 and "allowed" not in done.told.values()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
def test_a_signal_to_everybody_ends_nobody(first: ServedProject, server: Kept, how: int) -> None:
    assert first.forked(f"import os; os.kill(-1, {how:d}); os.killpg(1, {how:d})").result.state == "succeeded"
    first.still_forked()


def test_a_step_that_leaves_what_cannot_be_cleared_takes_the_server_with_it(tmp_path: Path) -> None:
    with served_project(tmp_path / "served") as project:
        one = project.serve()
        assert project.forked("import os; os.makedirs('/dev/shm/left/deep')").result.state == "succeeded"
        until(lambda: one.process.poll() is not None)
        assert not project.do("").forked
        assert project.serve() is not one
        assert project.forked("import os; tell(left=os.listdir('/dev/shm'))").told == {"left": []}
