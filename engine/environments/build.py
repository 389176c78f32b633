"""Environments: one folder for each lock, shared by every version that has this lock.

``environments/<first 16 of the digest>/`` is either whole or absent: it is built in a hidden sibling and renamed, under
a lock of the operating system that uv's own processes hold too, so neither two engines nor an orphaned uv meet in it.
Packages are hard links into uv's cache (``cache/uv`` of the workspace), so ten environments that share pandas keep one.
When it is built its picture is taken, which it is held against from then on; one without a picture is built anew.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.environments.bytecode import Compiled, share_bytecode
from engine.environments.check import compare, marker, site_packages
from engine.environments.interpreter import Finder, Interpreter, find_interpreter, fingerprint
from engine.environments.lock import Lock, this_platform
from engine.environments.picture import MARKER, PICTURE, Picture, read, take
from engine.environments.pictures import Pictures
from engine.environments.uv_process import Uv, UvFailed
from engine.environments.wheels import differing
from engine.errors import Damage, Refusal

BUILDING_SECONDS = 1800.0
_LOCK_TEXT = "requirements.lock"
_UNFINISHED = ".building"
_NEWEST_SIBLINGS = 5


@dataclass(frozen=True)
class Environment:
    """A built environment: its folder, the Python to start in it, the digest of the lock that it was built from, and
    where it is known what its picture is."""

    path: Path
    python: Path
    lock_digest: str
    pictures: Pictures = field(repr=False)


def place(lock: Lock, environments: Path) -> Environment:
    """Where the environment of ``lock`` is, or will be."""
    path = environments.absolute() / lock.digest[:16]
    return Environment(path, path / "bin" / "python", lock.digest, Pictures(path.parents[1]))


def ensure(lock: Lock, environments: Path, *, uv: Uv | None = None, find: Finder = find_interpreter) -> Environment:
    """The environment of ``lock``, built when it is missing, was left incomplete or has no picture (else a few ms).

    Whether it still is what was built is ``check.compare``'s question. Raises Refusal when this machine lacks the
    Python, the registry cannot be reached, the disk is full, or the lock is another platform's.
    """
    environment = place(lock, environments)
    if is_complete(environment, lock):
        return environment
    with _in_plain_words(environments), held(environments, lock.digest[:16]) as holding:
        sweep(environments, environment.path.name)
        if not is_complete(environment, lock):
            _build(lock, environment, uv or _uv_beside(environments), find, holding, share=True)
    return environment


def build_anew(lock: Lock, environments: Path, *, uv: Uv | None = None, find: Finder = find_interpreter) -> Environment:
    """Build the environment of ``lock`` anew, though one is there: for one that ``check.compare`` found different.

    Nothing is taken from other environments. Raises Refusal like ``ensure``.
    """
    environment = place(lock, environments)
    with _in_plain_words(environments), held(environments, lock.digest[:16]) as holding:
        sweep(environments, environment.path.name)
        _build(lock, environment, uv or _uv_beside(environments), find, holding, share=False)
    differences = compare(environment, lock)
    if differences:
        raise Refusal(
            f"The environment {environment.path.name} was built anew and differs from that already: {differences[0]}; "
            "find out who writes into it."
        )
    return environment


def remove(digest: str, environments: Path) -> None:
    """Delete the environment of this digest, if it is there; ``ensure`` builds it again. Waits while it is built."""
    path = environments / digest[:16]
    with _in_plain_words(environments), held(environments, digest[:16]):
        if path.exists():
            _discard(path)


def sweep(environments: Path, mine: str | None = None) -> int:
    """Delete what interrupted builds left behind; how many folders. A build at work holds its lock and is let be.

    ``mine``: the name of an environment whose lock the caller holds, so that nobody else can be building it.
    """
    swept = 0
    for leftover in environments.glob(f".*{_UNFINISHED}"):
        name = leftover.name.split(".")[1]
        descriptor = os.open(environments / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if name != mine:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover)
            swept += 1
        except (BlockingIOError, FileNotFoundError):
            continue
        finally:
            os.close(descriptor)
    return swept


def is_complete(environment: Environment, lock: Lock) -> bool:
    """Whether the environment was built to its end, its picture taken, and its Python is still there."""
    try:
        said = (environment.path / MARKER).read_bytes()
    except OSError:
        return False
    taken = environment.pictures.of(lock.digest)
    return taken is not None and said == marker(lock, taken.picture) and environment.python.exists()


def _uv_beside(environments: Path) -> Uv:
    return Uv(environments.parent / "cache" / "uv")


def _build(lock: Lock, environment: Environment, uv: Uv, find: Finder, held: int, *, share: bool) -> None:
    """Build under a temporary name and rename; the caller holds the lock ``held``."""
    if lock.platform != this_platform():
        raise Refusal(
            f"The environment was locked for {lock.platform} and this machine is {this_platform()}; "
            "make a new version here with a retraining run."
        )
    interpreter = find(lock.python, uv)
    temporary = environment.path.with_name(f".{environment.path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    siblings = _siblings(environment, lock.python) if share else ()
    try:
        entries = _fill(temporary, lock, interpreter, uv, held, siblings)
        damaged = differing(temporary, entries)
        if damaged:
            # Whoever writes into an environment writes into uv's cache too (hard links): these are fetched again. What
            # was just fetched is right, whatever its own list says.
            uv.run("cache", "clean", "--quiet", *damaged, doing="dropping damaged packages", seconds=120)
            shutil.rmtree(temporary)
            entries = _fill(temporary, lock, interpreter, uv, held, siblings)
        told = {"path": str(interpreter.path), "fingerprint": fingerprint(interpreter.path)}
        content = Picture(lock, told, entries).content()
        digest = hashlib.sha256(content).hexdigest()
        (temporary / PICTURE).write_bytes(content)
        (temporary / MARKER).write_bytes(marker(lock, digest))
        # The ledger first: whatever is killed from here on, what lies there is never taken for what was pictured.
        environment.pictures.keep(lock.digest, digest)
        if environment.path.exists():
            _discard(environment.path)
        os.rename(temporary, environment.path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _fill(
    folder: Path, lock: Lock, interpreter: Interpreter, uv: Uv, held: int, siblings: tuple[Compiled, ...]
) -> dict[str, str]:
    """Make the environment ``folder``, install the lock, compile what no sibling has compiled; what lies there then."""
    folder.mkdir()
    uv.run(
        "venv", "--quiet", "--relocatable", "--no-project", "--python", str(interpreter.path), str(folder),
        doing="making the environment", seconds=120, held=(held,), into=folder,
    )  # fmt: skip
    (folder / _LOCK_TEXT).write_text(lock.text, "utf-8")
    if lock.packages:
        _sync(folder, uv, held, doing="installing the packages")
        share_bytecode(site_packages(folder), siblings)
        _sync(folder, uv, held, "--compile-bytecode", doing="compiling the packages")
    return take(folder)


def _sync(folder: Path, uv: Uv, held: int, *options: str, doing: str) -> None:
    """From uv's cache alone if it holds all (a rollback must work without the network), else from the registry."""
    command = (
        "pip", "sync", "--quiet", "--require-hashes", "--link-mode", "hardlink", *options,
        "--python", str(folder / "bin" / "python"), str(folder / _LOCK_TEXT),
    )  # fmt: skip
    try:
        uv.run(*command, "--offline", doing=doing, seconds=BUILDING_SECONDS, held=(held,), into=folder)
    except UvFailed:
        # Whatever else is wrong is said again by this second attempt.
        uv.run(*command, doing=doing, seconds=BUILDING_SECONDS, held=(held,), into=folder)


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


def _discard(path: Path) -> None:
    """Take the environment out of its place in one step, then delete it; a kill in between leaves a swept leftover."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    os.rename(path, aside)
    shutil.rmtree(aside)


@contextmanager
def held(environments: Path, name: str) -> Iterator[int]:
    """Hold the lock of one environment; waits for another build of it, which never lasts longer than uv may."""
    environments.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(environments / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + 2 * BUILDING_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Refusal(
                        f"Another process has been building the environment {name} for an hour; "
                        "look for a uv that hangs, end it and try again."
                    ) from None
                time.sleep(0.05)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _in_plain_words(environments: Path) -> Iterator[None]:
    """What the operating system refuses while building, as a Refusal."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refusal(
                f"The disk that holds {environments} is full; free some ('leverframe disk' shows where) and try again."
            ) from None
        raise Refusal(
            f"The environments in {environments} cannot be written: {error.strerror or error}; "
            "check the folder and its permissions."
        ) from None
