"""The step servers that an engine keeps: started when steps asked for one in vain, ended with it, or when memory is
short, nobody asks any more, or what they have loaded is not what stands in their environment."""

from __future__ import annotations

import fcntl
import itertools
import json
import marshal
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine import clock, json_records
from engine.environments.kind import KINDS
from engine.environments.records import Lock
from engine.errors import Damage, LeverframeError
from engine.records import DoctorFinding
from engine.runs import capacity
from engine.runs.steps.limits import Limits
from engine.runs.steps.sandbox import COLUMN_TYPES, ONNX_MODEL, RUNNER
from engine.runs.steps.step import TOKEN
from engine.runs.warm import place
from engine.runs.warm.wanted_server import SECRET, Wanted, cache_of, folder_of
from engine.storage.disk import delete_tree
from engine.text import plain

WANTED = 2  # steps that were started afresh for want of one
IN_USE, UNFIT = "in-use", "unfit"
MOST, MOST_ALIKE, MOST_NOTES = 8, 2, 50
LEAST_FREE = 1 << 30
KEPT_SECONDS = 7 * 86400.0  # notes of what was wanted, and of what steps load
RESTED_SECONDS = 60.0  # not asked for so long, one makes room for another
WHAT = "warm steps"
_WARDEN = RUNNER.with_name("server_warden.py")
_SERVER, _CONTAINMENT = RUNNER.with_name("step_server.py"), RUNNER.with_name("containment.py")


@dataclass
class Kept:
    """One server: ``name`` is that of all that are alike, and a number."""

    name: str
    wanted: Wanted
    lock: Lock
    process: subprocess.Popen[bytes]
    since: float
    admitted: bool = False


class StepServers:
    """``look`` is called every few seconds by the engine, from one thread."""

    def __init__(self, root: Path, environments: Path, now: Callable[[], datetime] = clock.now) -> None:
        self._root, self._environments, self._now = root, environments, now
        self.kept: list[Kept] = []
        self.leaving: list[Kept] = []  # told to end; a step that one has in hand goes on
        self._numbers = itertools.count()
        self._unfit: set[str] = set()
        self._place = folder_of(root)
        self._secret = secrets.token_bytes(place.KEY_BYTES)
        with suppress(OSError):
            self._made()

    def _time(self) -> float:
        return self._now().timestamp()

    def look(self) -> None:
        """Take leave of those that have ended, admit those that have loaded, start what is wanted."""
        for one in list(self.kept):
            if (ended := one.process.poll()) is not None:
                self._forget(one, unfit=ended != 0)
            elif not one.admitted and (self._place / f"{one.name}.loaded").exists():
                self._admit(one)
        for one in [one for one in self.leaving if one.process.poll() is not None]:
            self.leaving.remove(one)
            self._cleared(one)
        if capacity.free_memory() < LEAST_FREE // 4:
            self.stop()
            return
        with suppress(OSError):
            notes = sorted(self._place.glob("*.asked"), key=lambda each: -each.stat().st_mtime)
            for note in notes[MOST_NOTES:]:
                self._forget_note(note)
            for note in sorted(notes[:MOST_NOTES], key=lambda each: -each.stat().st_size):
                self._consider(note)

    def stop(self) -> None:
        """End them all, and do not wait for it: a step that one has in hand goes on to its end."""
        for one in list(self.kept):
            self._end(one)

    def _consider(self, note: Path) -> None:
        name = note.name.removesuffix(".asked")
        if self._time() - note.stat().st_mtime > KEPT_SECONDS:
            self._forget_note(note)
            return
        alike = [one for one in self.kept if one.name.startswith(f"{name}.")]
        waiting = any(not one.admitted for one in alike)
        if note.stat().st_size < WANTED or name in self._unfit or len(alike) >= MOST_ALIKE or waiting:
            return
        if len(self.kept) >= MOST and not self._made_room():
            return
        if capacity.free_memory() >= LEAST_FREE:
            note.unlink(missing_ok=True)
            with suppress(OSError, ValueError, KeyError, LeverframeError):
                self._start(name)

    def _forget_note(self, note: Path) -> None:
        note.unlink(missing_ok=True)
        note.with_suffix(".wanted").unlink(missing_ok=True)

    def _made_room(self) -> bool:
        rested = sorted((self._last_asked(one), number) for number, one in enumerate(self.kept) if one.admitted)
        if not rested or self._time() - rested[0][0] < RESTED_SECONDS:
            return False
        self._end(self.kept[rested[0][1]])
        return True

    def _last_asked(self, one: Kept) -> float:
        try:
            return (self._place / f"{one.name}.socket").stat().st_mtime
        except OSError:
            return one.since

    def _start(self, name: str) -> None:
        note = self._place / f"{name}.wanted"
        said = note.read_bytes()
        note.unlink()  # First: whoever asks next writes one that can be read.
        told = json.loads(said)
        wanted = json_records.read(Wanted, told, "What a step asked for")
        if wanted.name(self._secret) != name:
            return  # The engine has other variables than whoever asked.
        lock = KINDS[wanted.kind].read_lock(wanted.lock)
        if self._differs(wanted, lock):
            return
        full = f"{name}.{next(self._numbers)}"
        in_use = self._make_home(full)
        with os.fdopen(in_use), (self._place / f"{full}.log").open("wb") as log:
            settings = self._settings(full, wanted, in_use)
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WARDEN)],
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(in_use,),
            )
        self.kept.append(Kept(full, wanted, lock, process, self._time()))
        assert process.stdin is not None
        process.stdin.write(len(settings).to_bytes(8, "big") + settings)
        process.stdin.flush()

    def _make_home(self, full: str) -> int:
        """Make the folder in which its steps work; the descriptor says that it is in use, as long as it is open."""
        home = cache_of(self._root) / full
        for folder in (home, home / "work", home / "own"):
            folder.mkdir(mode=0o700, parents=True)
        in_use = os.open(home / IN_USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(in_use, fcntl.LOCK_EX)
        return in_use

    def _settings(self, full: str, wanted: Wanted, in_use: int) -> bytes:
        """What its warden is told, its key among it."""
        home, key, token = cache_of(self._root) / full, secrets.token_hex(place.KEY_BYTES), secrets.token_hex(16)
        _write_private(self._place / f"{full}.key", key.encode())
        own = str(home / "own")
        # Arrow's allocator would start a thread of its own when it is loaded.
        quiet = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
        environment = {**wanted.variables(), **quiet, "TMPDIR": own, "HOME": own, TOKEN: token}
        limits = Limits(0.0, wanted.memory)
        settings: dict[str, Any] = {
            "argv": [wanted.python, str(_SERVER)],
            "cwd": own,
            "environment": environment,
            "containment": {
                "read": list(wanted.read),
                "own": [str(each) for each in (RUNNER, COLUMN_TYPES, ONNX_MODEL, _SERVER, _CONTAINMENT)],
                "environment": wanted.environment,
                "write": [str(home / "work"), own],
                "apart": [str(self._root)],
                "network": wanted.network,
                "emptied": [str(self._root / "locks")],
            },
            "log": str(self._place / f"{full}.out"),
            "log_bytes": limits.log_bytes,
            "seconds": float("inf"),
            "memory": limits.memory,
            "output_bytes": limits.output_bytes,
            "output": "",
            "wait": True,
            "variable": TOKEN,
            "token": token,
            "held": in_use,
            "modules": list(wanted.modules),
            "work": str(home / "work"),
            "place": str(self._place),
            "name": full,
            "key": key,
        }
        return marshal.dumps(settings)

    def _admit(self, one: Kept) -> None:
        """Let it be asked, if what it has loaded still is what was built: compared before it began, and now."""
        if self._differs(one.wanted, one.lock):
            self._end(one)
            return
        with suppress(OSError):
            (self._place / f"{one.name}.loaded").rename(self._place / f"{one.name}.socket")
            one.admitted = True

    def _differs(self, wanted: Wanted, lock: Lock) -> bool:
        kind = KINDS[wanted.kind]
        try:
            return bool(kind.compare(kind.place(lock, self._environments), lock))
        except (Damage, OSError):
            return True

    def _forget(self, one: Kept, *, unfit: bool) -> None:
        self.kept.remove(one)
        if unfit and not one.admitted:
            name = one.name.rpartition(".")[0]
            self._unfit.add(name)
            with suppress(OSError):
                lines = (self._place / f"{one.name}.log").read_text("utf-8", "replace").strip().splitlines()
                said = f"{Path(one.wanted.environment).name}: {lines[-1] if lines else 'its server ended'}"
                _write_private(self._place / f"{name}.{UNFIT}", said.encode())
        self._cleared(one)

    def _end(self, one: Kept) -> None:
        self.kept.remove(one)
        self.leaving.append(one)
        if one.process.stdin is not None:
            with suppress(OSError):
                one.process.stdin.close()
        for ending in ("loaded", "socket"):
            (self._place / f"{one.name}.{ending}").unlink(missing_ok=True)

    def _cleared(self, one: Kept) -> None:
        for ending in ("loaded", "socket", "key", "out", "log"):
            (self._place / f"{one.name}.{ending}").unlink(missing_ok=True)
        delete_unused(cache_of(self._root) / one.name)

    def _made(self) -> None:
        """The folder, with nobody else let in, and nothing of an engine of before in it."""
        self._place.mkdir(mode=0o700, exist_ok=True)
        with place.opened(self._place) as folder:
            os.fchmod(folder, 0o700)
            for name in os.listdir(folder):
                os.unlink(name, dir_fd=folder)
        _write_private(self._place / SECRET, self._secret)
        cache = cache_of(self._root)
        cache.mkdir(parents=True, exist_ok=True)
        for each in cache.iterdir():
            if each.name != "loaded":
                delete_unused(each)
        for each in (cache / "loaded").glob("*"):
            if self._time() - each.stat().st_mtime > KEPT_SECONDS:
                each.unlink(missing_ok=True)


def findings(root: Path) -> Iterator[DoctorFinding]:
    """How the steps of projects that asked for it are forked; nothing where none has."""
    try:
        names = sorted(os.listdir(folder_of(root)))
    except OSError:
        return
    ready = sum(name.endswith(".socket") for name in names)
    if ready:
        yield DoctorFinding(WHAT, "ok", f"{ready} step {'server is' if ready == 1 else 'servers are'} ready")
    for name in names:
        if name.endswith(f".{UNFIT}"):
            said = plain((folder_of(root) / name).read_text("utf-8", "replace"), 200)
            yield DoctorFinding(WHAT, "watch", f"steps are started afresh in the environment {said}")


def delete_unused(home: Path) -> None:
    """Delete where a server's steps worked, unless it still has one in hand: another engine's, which is gone."""
    with suppress(OSError):
        in_use = os.open(home / IN_USE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            delete_tree(home)
        finally:
            os.close(in_use)


def _write_private(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(file, 0o600)
        os.write(file, content)
    finally:
        os.close(file)
    new.rename(path)
