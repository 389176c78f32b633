"""Python's environments: one folder for each lock, shared by every version that has this lock (see ``folder``).

Packages are hard links into uv's cache (``cache/uv`` of the workspace), so ten environments that share pandas keep one.
When it is built its picture is taken, which it is held against from then on; one without a picture is built anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

from engine.environments.folder import discard, held, in_plain_words, name_of, sweep, unfinished
from engine.environments.picture import MARKER, PICTURE, Picture, read, take
from engine.environments.pictures import OwnPicture, Pictures
from engine.environments.python.bytecode import Compiled, share_bytecode
from engine.environments.python.check import compare, marker, site_packages
from engine.environments.python.installing import LOCK_TEXT, Installer, LayOut, Sync, for_workspace, from_files
from engine.environments.python.interpreter import Finder, Interpreter, find_interpreter, fingerprint
from engine.environments.python.lock import Lock, this_platform
from engine.environments.python.uv_process import Uv
from engine.environments.python.wheels import differing
from engine.environments.records import Environment
from engine.errors import Damage, Refusal

_NEWEST_SIBLINGS = 5


def place(lock: Lock, environments: Path) -> Environment:
    """Where the environment of ``lock`` is, or will be."""
    path = environments.absolute() / name_of(lock.digest)
    return Environment(path, path / "bin" / "python", lock.digest, Pictures(path.parents[1]))


def ensure(lock: Lock, environments: Path, *, uv: Uv | None = None, find: Finder = find_interpreter) -> Environment:
    """The environment of ``lock``, built when it is missing, was left incomplete or has no picture (else a few ms).

    Whether it still is what was built is ``check.compare``'s question. Raises Refusal when this machine lacks the
    Python, the registry cannot be reached, the disk is full, or the lock is another platform's.
    """
    environment = place(lock, environments)
    if is_complete(environment, lock):
        return environment
    with in_plain_words(environments), held(environments, name_of(lock.digest)) as holding:
        sweep(environments, environment.path.name)
        if not is_complete(environment, lock):
            _build(lock, environment, uv or _uv_beside(environments), find, holding, share=True)
    return environment


def build_anew(lock: Lock, environments: Path, *, uv: Uv | None = None, find: Finder = find_interpreter) -> Environment:
    """Build the environment of ``lock`` anew, though one is there: for one that ``check.compare`` found different.

    Nothing is taken from other environments. Raises Refusal like ``ensure``.
    """
    environment = place(lock, environments)
    with in_plain_words(environments), held(environments, name_of(lock.digest)) as holding:
        sweep(environments, environment.path.name)
        _build(lock, environment, uv or _uv_beside(environments), find, holding, share=False)
    differences = compare(environment, lock)
    if differences:
        raise Refusal(
            f"The environment {environment.path.name} was built anew and differs from that already: {differences[0]}; "
            "find out who writes into it."
        )
    return environment


def build_apart(
    lock: Lock, lay_out: LayOut, place: Path, held: int | None = None, *, find: Finder = find_interpreter
) -> Environment:
    """Build the environment of ``lock`` in the folder ``place``, from the wheels that ``lay_out`` puts there alone: no
    registry is asked, and uv begins with an empty cache. Nothing of it is shared with what stands in the workspace.
    It is not compiled: that takes longer than what it is there for, and it goes afterwards.

    Raises Refusal like ``ensure``, and what ``lay_out`` raises.
    """
    _refuse_elsewhere(lock)
    uv, path = Uv(place / "cache" / "uv"), place / "environments" / name_of(lock.digest)
    environment = Environment(path, path / "bin" / "python", lock.digest, OwnPicture(place))
    with in_plain_words(place):
        path.parent.mkdir(parents=True)
        interpreter, keeps_open = find(lock.python, uv), (held,) if held is not None else ()
        sync, install = Sync(path, uv, keeps_open), from_files(lock, lay_out)
        entries = _fill(path, lock, interpreter, sync, (), install, compiles=False)
        environment.pictures.keep(lock.digest, _leave_picture(path, lock, interpreter, entries))
    return environment


def is_complete(environment: Environment, lock: Lock) -> bool:
    """Whether the environment was built to its end, its picture taken, and its Python is still there."""
    try:
        said = (environment.path / MARKER).read_bytes()
    except OSError:
        return False
    taken = environment.pictures.of(lock.digest)
    return taken is not None and said == marker(lock, taken.picture) and environment.is_there


def _uv_beside(environments: Path) -> Uv:
    return Uv(environments.parent / "cache" / "uv")


def _build(lock: Lock, environment: Environment, uv: Uv, find: Finder, held: int, *, share: bool) -> None:
    """Build under a temporary name and rename; the caller holds the lock ``held``."""
    _refuse_elsewhere(lock)
    interpreter = find(lock.python, uv)
    temporary = unfinished(environment.path)
    siblings = _siblings(environment, lock.python) if share else ()
    sync, install = Sync(temporary, uv, (held,)), for_workspace(lock, environment.pictures.root)
    try:
        entries = _fill(temporary, lock, interpreter, sync, siblings, install)
        damaged = differing(temporary, entries)
        if damaged:
            # Whoever writes into an environment writes into uv's cache too (hard links): these are fetched again. What
            # was just fetched is right, whatever its own list says.
            uv.run("cache", "clean", "--quiet", *damaged, doing="dropping damaged packages", seconds=120)
            shutil.rmtree(temporary)
            entries = _fill(temporary, lock, interpreter, sync, siblings, install)
        digest = _leave_picture(temporary, lock, interpreter, entries)
        # The ledger first: whatever is killed from here on, what lies there is never taken for what was pictured.
        environment.pictures.keep(lock.digest, digest)
        if environment.path.exists():
            discard(environment.path)
        os.rename(temporary, environment.path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _refuse_elsewhere(lock: Lock) -> None:
    if lock.platform != this_platform():
        raise Refusal(
            f"The environment was locked for {lock.platform} and this machine is {this_platform()}; "
            "make a new version here with a retraining run."
        )


def _leave_picture(folder: Path, lock: Lock, interpreter: Interpreter, entries: dict[str, str]) -> str:
    """Leave the picture of what lies there, and the marker that names it; the picture's digest."""
    told = {"path": str(interpreter.path), "fingerprint": fingerprint(interpreter.path)}
    content = Picture(lock.to_json(), told, entries).content()
    digest = hashlib.sha256(content).hexdigest()
    (folder / PICTURE).write_bytes(content)
    (folder / MARKER).write_bytes(marker(lock, digest))
    return digest


def _fill(
    folder: Path, lock: Lock, interpreter: Interpreter, sync: Sync, siblings: tuple[Compiled, ...], install: Installer,
    *, compiles: bool = True,
) -> dict[str, str]:  # fmt: skip
    """Make the environment ``folder``, install the lock, compile what no sibling has compiled; what lies there then."""
    folder.mkdir()
    sync.uv.run(
        "venv", "--quiet", "--relocatable", "--no-project", "--python", str(interpreter.path), str(folder),
        doing="making the environment", seconds=120, held=sync.held, into=folder,
    )  # fmt: skip
    (folder / LOCK_TEXT).write_text(lock.text, "utf-8")
    if lock.packages:
        install(sync)
    if lock.packages and compiles:
        share_bytecode(site_packages(folder), siblings)
        # All is there: nothing is installed by this, and nobody is asked.
        sync.run("--compile-bytecode", "--offline", doing="compiling the packages")
    return take(folder)


def _siblings(environment: Environment, python: str) -> tuple[Compiled, ...]:
    """The bytecode of the newest other environments with the same Python; another's is of no use."""
    minor = ".".join(python.split(".")[:2])
    others = [p for p in environment.path.parent.iterdir() if not p.name.startswith(".") and p != environment.path]
    others = [p for p in others if (p / MARKER).is_file()]
    others.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    found = (_compiled(path, environment.pictures) for path in others)
    return tuple(each for each in found if each is not None and each.folder.parent.name == f"python{minor}")[
        :_NEWEST_SIBLINGS
    ]


def _compiled(path: Path, pictures: Pictures) -> Compiled | None:
    """What the environment at ``path`` has compiled; None when it has no picture to hold that against."""
    try:
        taken = pictures.of(str(json.loads((path / MARKER).read_text("utf-8"))["digest"]))
        entries = read(path, taken.picture).entries if taken else {}
    except (Damage, OSError, ValueError, KeyError, TypeError):
        return None
    packages = site_packages(path)
    return Compiled(packages, f"{packages.relative_to(path)}/", entries)
