"""The Python that a project asks for, among those on this machine. Nothing is ever downloaded."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.environments.python.uv_process import Uv
from engine.errors import Invalid, Refusal
from engine.storage.atomic import write_file
from engine.text import plain

_ASKED = re.compile(r"3(\.\d{1,3}){0,2}")
_PROBE = (
    "import json,sys;print(json.dumps([getattr(sys,'_base_executable',None) or sys.executable,sys.version_info[:3]]))"
)


@dataclass(frozen=True)
class Interpreter:
    """One Python on this machine: its program, outside any virtual environment, and its full version."""

    path: Path
    version: str


Finder = Callable[[str | None, Uv], Interpreter]


def own_interpreter() -> Interpreter:
    """The Python that runs the engine."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(Path(os.path.realpath(base)), platform.python_version().rstrip("+"))


def matches(asked: str, version: str) -> bool:
    """Whether ``version`` is what was asked for: ``3.11`` means any 3.11.x, never 3.1 or 3.110."""
    return version == asked or version.startswith(asked + ".")


def find_interpreter(asked: str | None, uv: Uv) -> Interpreter:
    """The Python ``asked`` for (``3``, ``3.11`` or ``3.11.7``; None: the engine's own), remembered beside uv's cache.

    Raises Refusal, naming what is there, when this machine has none.
    """
    if asked is not None and not _ASKED.fullmatch(asked):
        raise Invalid(f"python = '{plain(asked, 40)}' is not a version of Python; write it like 3.11 or 3.11.7.")
    own = own_interpreter()
    if asked is None or matches(asked, own.version):
        return own
    memory = uv.cache.parent / "pythons" / f"{asked}.json"
    return _remembered(memory) or _look(asked, uv, memory)


def fingerprint(path: Path) -> str:
    """Changes when the program at ``path`` is replaced, as an upgrade by the system does. Raises OSError."""
    status = path.stat()
    return hashlib.sha256(f"{status.st_size}:{status.st_mtime_ns}".encode()).hexdigest()[:16]


def _remembered(memory: Path) -> Interpreter | None:
    """What was found before, if that program has not changed since (asking uv again costs 0.2 s)."""
    try:
        found = json.loads(memory.read_text("utf-8"))
        path = Path(found["path"])
        return Interpreter(path, found["version"]) if fingerprint(path) == found["fingerprint"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _look(asked: str, uv: Uv, memory: Path) -> Interpreter:
    there = _present(uv)
    for version, path in there:
        found = _probe(path) if matches(asked, version) else None
        if found is not None and matches(asked, found.version):
            memory.parent.mkdir(parents=True, exist_ok=True)
            told = {"path": str(found.path), "version": found.version, "fingerprint": fingerprint(found.path)}
            write_file(memory, json.dumps(told, sort_keys=True).encode(), durable=False)
            return found
    versions = dict.fromkeys([own_interpreter().version, *(version for version, _ in there)])
    raise Refusal(
        f"Python {asked} is not on this machine (there: {', '.join(versions)}); install it, for instance with "
        f"'uv python install {asked}', or change python in leverframe.toml."
    )


def _probe(path: str) -> Interpreter | None:
    """Ask the program itself: what lies on the search path may be a shim or a virtual environment's link."""
    try:
        asked = subprocess.run([path, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=30, check=True)
        base, version = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(Path(os.path.realpath(base)), ".".join(str(part) for part in version))


def _present(uv: Uv) -> list[tuple[str, str]]:
    """The versions and programs of CPython that uv finds here, newest first.

    Listing, not ``uv python find``: that stops at the first program on the path that cannot start (a pyenv shim).
    """
    listed = uv.run(
        "python", "list", "--only-installed", "--offline", "--output-format", "json",
        doing="listing the Pythons of this machine", seconds=60,
    )  # fmt: skip
    found = [
        (str(row["version"]), str(row["path"]))
        for row in json.loads(listed or "[]")
        if row.get("implementation") == "cpython" and row.get("variant") == "default" and row.get("path")
    ]
    return sorted(found, key=lambda row: [int(part) for part in re.findall(r"\d+", row[0])], reverse=True)
