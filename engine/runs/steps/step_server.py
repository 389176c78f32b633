"""An interpreter of one environment that has loaded what a step loads, and forks steps: ``python step_server.py``.

Stand-alone: run by the project's own interpreter (3.9 or later), started, held and watched like a step by
``server_warden.py``, with which it speaks over its standard input, a socket of packets: it is told which modules to
load and says that it is ready; then, for each step, it is sent what the step gets and its standard streams, forks, and
says how the fork ended. It never runs anything of a project's own, and has one thread. The fork narrows itself to what
its step may reach, takes on the step's environment and becomes python_runner.py, as a fresh interpreter would.
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
import socket
import threading
import time
import traceback
import types
from pathlib import Path
from typing import Any, Dict, List, Tuple

MOST = 1 << 20  # bytes of a packet; a list of modules is some 50,000
STREAMS = 2  # what a step is let go by, and where its output goes
UNFIT = 5  # exit code: what it was to load cannot be forked, or is not what the step loads
RUNNER = Path(__file__).with_name("python_runner.py")
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def beside(name: str) -> Any:
    """A module that stands beside this file, whose folder is not on the path."""
    spec = importlib.util.spec_from_file_location(f"leverframe_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def load(names: List[str]) -> str | None:
    """Load the modules in their order, those that can be. Returns why nothing is to be forked from it; None when it
    may: it has one thread, and nothing that a step would not have."""
    gc.disable()
    before = set(sys.modules)
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - a module that others make and no file holds, or one that refuses
            continue
    gc.freeze()
    gc.enable()
    more = sorted(set(sys.modules) - before - set(names))
    if more:
        return f"loading them loads {more[0]} too"
    if len(os.listdir("/proc/self/task")) != 1 or threading.active_count() != 1:
        return "one of them starts threads"
    return None


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


def serve(channel: socket.socket) -> Tuple[Dict[str, Any], List[int]]:
    """Fork for each packet, until the other end is gone (raises EOFError). Returns in a fork, with what it got."""
    while True:
        order, streams = received(channel)
        pid = os.fork()
        if pid == 0:
            return order, streams
        for each in streams:
            os.close(each)
        _, status, usage = os.wait4(pid, 0)
        told = {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}
        channel.send(json.dumps(told).encode())


def become(order: Dict[str, Any], streams: List[int], containment: Any) -> None:
    """Take on the step's streams, session and environment, once it is let go; from here on it is held like a step.

    Raises OSError when the system would not hold it.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    os.setsid()
    go, output = streams
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


def run(code: types.CodeType, arguments: List[str]) -> int:
    """Be ``python python_runner.py ARGUMENTS`` from its first line to its end."""
    main = types.ModuleType("__main__")
    main.__file__ = str(RUNNER)
    sys.modules["__main__"] = main
    sys.argv = [str(RUNNER), *arguments]
    sys.path.insert(0, "")
    status = 0
    try:
        exec(code, main.__dict__)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        status = 1
    return status


def end(status: int) -> None:
    """As an interpreter ends, but for taking down what was loaded before the fork."""
    gc.disable()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    os._exit(status)


def main() -> None:
    """Until whoever watches over it is gone; in a fork, until the step has ended."""
    channel = socket.socket(fileno=os.dup(0))
    code = compile(RUNNER.read_bytes(), str(RUNNER), "exec", dont_inherit=True)
    containment = beside("containment")
    names, _ = received(channel)
    problem = load(names["modules"])
    channel.send(json.dumps({"ready": problem is None}).encode())
    if problem is not None:
        print(problem, flush=True)
        sys.exit(UNFIT)
    try:
        order, streams = serve(channel)
    except EOFError:
        sys.exit(0)
    try:
        become(order, streams, containment)
    except BaseException as error:  # noqa: BLE001
        os.write(streams[1], f"This step was not begun, because it could not be held ({error}).\n".encode())
        os._exit(UNFIT)
    end(run(code, order["arguments"]))


if __name__ == "__main__":
    main()
