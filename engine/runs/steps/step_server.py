"""An interpreter of one environment that has loaded what a step loads, and forks steps: ``python step_server.py``.

Stand-alone: run by the project's own interpreter (3.9 or later), started, held and watched like a step by
``server_warden.py``, with which it speaks over its standard input, a socket of packets: it is told which modules to
load and says that it is ready; then, for each step, it is sent descriptors, forks, and says how the fork ended. What
a step gets is read from one of them in the fork: nothing of one step is in the memory that the next begins with. It
never runs anything of a project's own, and has one thread. The fork narrows itself to what its step may reach, takes
on the step's environment and becomes python_runner.py, as a fresh interpreter would.
"""
# The syntax and names of Python 3.9:
# ruff: noqa: UP006, UP035

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Before anything else is imported: this file's folder has modules named like the library's (queue, process).
    del sys.path[0]

import array
import atexit
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import random
import signal
import socket
import threading
import time
import types
from pathlib import Path
from typing import Any, Callable, Dict, List, Set, Tuple

MOST = 1 << 20  # bytes of a packet; a list of modules is some 50,000
STREAMS = 3  # what the step gets, what it is let go by, and where its output goes
UNFIT = 5  # exit code: what it was to load cannot be forked, or is not what the step loads
RUNNER = Path(__file__).with_name("python_runner.py")
# Each step has others than the process that loads its libraries, which must not have gone by its own.
OWN = ("HOME", "TMPDIR", "JOBLIB_TEMP_FOLDER", "JDK_JAVA_OPTIONS", "NUMBA_CACHE_DIR", "LEVERFRAME_")
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_INTERRUPTED = -2


def beside(name: str) -> Any:
    """A module that stands beside this file, whose folder is not on the path."""
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def load(names: List[str]) -> str | None:
    """Load the modules in their order, those that can be. Returns why nothing is to be forked from it; None when it
    may: it has one thread, and nothing that a step would not have, or that a fork would share with it."""
    gc.disable()
    before, open_before = set(sys.modules), opened()
    read = reads()
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - a module that others make and no file holds, or one that refuses
            continue
    own = sorted(read())
    gc.freeze()
    gc.enable()
    more = sorted(set(sys.modules) - before - set(names))
    if more:
        return f"loading them loads {more[0]} too"
    if own:
        return f"one of them goes by {own[0]}, of which each step has its own"
    if opened() != open_before:
        return "one of them keeps a file open, or shares memory with what it starts"
    if len(os.listdir("/proc/self/task")) != 1 or threading.active_count() != 1:
        return "one of them starts threads"
    return None


def reads() -> Callable[[], Set[str]]:
    """See which variables that are each step's own are read from now on; what this returns ends it, and says which."""
    kind: Any = type(os.environ)
    plain, seen = kind.__getitem__, set()

    def read(environ: Any, name: Any) -> Any:
        # sysconfig asks where this account's own packages would be.
        if os.fsdecode(name).startswith(OWN) and not asked_by("sysconfig"):
            seen.add(os.fsdecode(name))
        return plain(environ, name)

    def done() -> Set[str]:
        kind.__getitem__ = plain
        return seen

    kind.__getitem__ = read
    return done


def asked_by(module: str) -> bool:
    """Whether it is code of ``module`` that is being run."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != module:
        frame = frame.f_back
    return frame is not None


def opened() -> List[str]:
    """What a fork would have in common with this process: files that are open, and memory that is shared."""
    files = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    with open("/proc/self/maps") as maps:
        shared = [line for line in maps if line.split()[1][3] == "s"]
    return sorted([os.readlink(path) for path in files if os.path.lexists(path)] + shared)


def received(channel: socket.socket) -> Tuple[Dict[str, Any], List[int]]:
    """One packet and the descriptors with it. Raises EOFError when the other end is gone."""
    room = socket.CMSG_LEN(STREAMS * array.array("i").itemsize)
    data, more, _, _ = channel.recvmsg(MOST, room, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
    if not data:
        raise EOFError
    found = array.array("i")
    for level, kind, content in more:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return json.loads(data), list(found)


def serve(channel: socket.socket) -> List[int]:
    """Fork for each packet, until the other end is gone (raises EOFError). Returns in a fork, with what it got."""
    while True:
        _, streams = received(channel)
        pid = os.fork()
        if pid == 0:
            return streams
        for each in streams:
            os.close(each)
        _, status, usage = os.wait4(pid, 0)
        told = {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}
        channel.send(json.dumps(told).encode())


def become(streams: List[int], containment: Any) -> List[str]:
    """Take on the step's streams, session and environment, once it is let go; from here on it is held like a step.

    Returns the runner's arguments. Raises OSError when the system would not hold it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    os.setsid()
    what, go, output = streams
    order: Dict[str, Any] = json.loads(os.pread(what, os.fstat(what).st_size, 0))
    if os.read(go, 1) != b"\n":
        os._exit(1)  # Whoever watches over it is gone.
    nothing = os.open("/dev/null", os.O_RDONLY)
    for here, there in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(here, there, inheritable=True)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.nice(order["nicer"])
    os.chdir(order["cwd"])
    containment.narrow(order["opened"], network=order["network"])
    os.environ.clear()
    os.environ.update(order["environment"])
    os.environ.pop("LEVERFRAME_LOADED", None)  # Of this process it would say what the server has loaded.
    time.tzset()
    # Two forks must not draw the same.
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    arguments: List[str] = order["arguments"]
    return arguments


def run(code: types.CodeType, arguments: List[str], column_types: types.ModuleType) -> int:
    """Be ``python python_runner.py ARGUMENTS`` from its first line to its end."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=str(RUNNER), column_types=column_types)
    sys.modules["__main__"] = main
    sys.argv = [str(RUNNER), *arguments]
    sys.path.insert(0, "")
    status = 0
    try:
        exec(code, main.__dict__)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:  # noqa: BLE001
        status = _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
        trace = error.__traceback__ and error.__traceback__.tb_next  # It begins in the runner.
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    return status


def end(status: int, loaded: Set[str]) -> None:
    """As an interpreter ends, but for taking down what was ``loaded`` before the fork."""
    gc.disable()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    # What a module of the project's own still holds, such as a file that is not written to its end.
    for name in [name for name in reversed(list(sys.modules)) if name not in loaded]:
        held = getattr(sys.modules[name], "__dict__", {})
        held.update({each: None for each in held if each != "__builtins__"})
    gc.collect()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    if status == _INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def main() -> None:
    """Until whoever watches over it is gone; in a fork, until the step has ended."""
    channel = socket.socket(fileno=os.dup(0))
    code = compile(RUNNER.read_bytes(), str(RUNNER), "exec", dont_inherit=True)
    containment, column_types = beside("containment"), beside("column_types")
    names, _ = received(channel)
    problem = load(names["modules"])
    channel.send(json.dumps({"unfit": problem}).encode())
    if problem is not None:
        sys.exit(UNFIT)
    loaded = set(sys.modules)
    try:
        streams = serve(channel)
    except EOFError:
        sys.exit(0)
    try:
        arguments = become(streams, containment)
    except BaseException as error:  # noqa: BLE001
        os.write(streams[-1], f"This step was not begun, because it could not be held ({error}).\n".encode())
        os._exit(UNFIT)
    end(run(code, arguments, column_types), loaded)


if __name__ == "__main__":
    main()
