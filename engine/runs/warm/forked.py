"""What a fork of the server does: take over what it was sent, and become the process that was asked for."""

from __future__ import annotations

import fcntl
import gc
import hmac
import importlib
import json
import os
import random
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from engine.environments import unchanged
from engine.runs.warm import process_names
from engine.runs.warm.circumstances import RUN, WARDEN
from engine.runs.warm.fork_request import BEGIN, THERE
from engine.withheld import withhold

Work = Callable[[Mapping[str, Any]], int]
# For whoever asked to send all of it, and to say that it may begin.
PATIENCE_SECONDS = 5.0
HELD = 3
_MOST = 1 << 22
_FROM_HERE = 10  # Descriptors are kept out of the way of the four that they become.


def begin(connection: socket.socket, key: bytes, like: Mapping[str, str]) -> NoReturn:
    """Read what is asked for and do it; ends this process. Who does not know the key, or is not alike, gets nothing."""
    status = 1
    try:
        order, work = _taken_over(connection, key, like)
        status = _exit_code(lambda: work(order))
    except (OSError, ValueError, KeyError):
        status = 1  # Nothing was begun; whoever asked starts it afresh.
    finally:
        _end(status)


def _taken_over(connection: socket.socket, key: bytes, like: Mapping[str, str]) -> tuple[dict[str, Any], Work]:
    connection.settimeout(PATIENCE_SECONDS)
    order = _received(connection)
    if not hmac.compare_digest(bytes.fromhex(order["key"]), key) or order["like"] != like[order["kind"]]:
        raise ValueError("not for me")
    work = WORK[order["kind"]]
    os.nice(_nicer(order["nice"]))
    os.setsid()
    os.chdir(order["cwd"])
    connection.sendall(THERE)
    said, descriptors, _, _ = socket.recv_fds(connection, 1, HELD + 1)
    if said != BEGIN or len(descriptors) != HELD + 1:
        raise ValueError("nobody waits any more")
    connection.close()
    _place(descriptors)
    _take_on(order["environment"])
    return order, work


def _received(connection: socket.socket) -> dict[str, Any]:
    data, most = b"", 8
    while len(data) < most:
        more = connection.recv(min(most - len(data), 1 << 16))
        if not more:
            raise ValueError("cut short")
        data += more
        if len(data) == 8 and most == 8:
            most += int.from_bytes(data, "big")
            if most > _MOST:
                raise ValueError("too long")
    order: dict[str, Any] = json.loads(data[8:])
    return order


def _nicer(asked: int) -> int:
    """By how much this process must step back to be no more favoured than who asked. It cannot do the opposite."""
    more = asked - os.nice(0)
    if more < 0:
        raise ValueError("the server is less favoured than who asked")
    return more


def _place(descriptors: list[int]) -> None:
    """What it was sent becomes 0 to 3, and every other descriptor is closed, but those at which changes show."""
    kept = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _FROM_HERE) for each in descriptors]
    for number, each in enumerate(kept):
        os.dup2(each, number, inheritable=number < HELD)
    first = HELD + 1
    for told in (*unchanged.descriptors(), os.sysconf("SC_OPEN_MAX")):
        os.closerange(first, told)
        first = told + 1
    _open_streams()


def _open_streams() -> None:
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", 1, encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _take_on(environment: Mapping[str, str]) -> None:
    """The environment as it is given, and chance of its own: two forks must not draw the same."""
    os.environ.clear()
    os.environ.update(environment)
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    time.tzset()
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy"].random.seed()


def _run(order: Mapping[str, Any]) -> int:
    home, run = order["arguments"]
    process_names.call("engine.jobs.process", home, run)
    withhold()
    from_here: Callable[[str, str, str], int] = importlib.import_module("engine.jobs.process").main
    return from_here(home, run, str(HELD))


def _warden(_: Mapping[str, Any]) -> int:
    from engine.runs.steps import warden

    process_names.call("warden.py")
    warden.program = _become
    warden.main()
    return 0


def _become(_: str, argv: list[str], environment: Mapping[str, str]) -> NoReturn:
    """In place of exec, in the process that the warden forked: ``python -P -m MODULE ARGUMENT``, already loaded."""
    module, *arguments = argv[argv.index("-m") + 1 :]
    os.closerange(HELD, os.sysconf("SC_OPEN_MAX"))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # As Python has them when it starts.
        signal.signal(number, signal.SIG_IGN)
    _open_streams()
    _take_on(environment)
    process_names.call(module, *arguments)
    process_names.mark(environment)
    entry: Callable[[Path], int] = importlib.import_module(module).main
    _end(_exit_code(lambda: entry(Path(arguments[0]))))


WORK: dict[str, Work] = {RUN: _run, WARDEN: _warden}


def _exit_code(work: Callable[[], int]) -> int:
    """As Python ends a program: what nobody caught is told."""
    try:
        return work()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        return 1


def _end(status: int) -> NoReturn:
    """Without taking down what the server had loaded: nothing of it is this process's to tidy up."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    gc.disable()
    os._exit(status)
