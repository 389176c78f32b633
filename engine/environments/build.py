"""Environments: one folder for each lock, shared by every version that has this lock.

``environments/<first 16 of the digest>/`` is either whole or absent: it is built in a hidden sibling and renamed, under
a lock of the operating system that uv's own processes hold too, so neither two engines nor an orphaned uv meet in it.
Packages are hard links into uv's cache (``cache/uv`` of the workspace), so ten environments that share pandas keep one.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.environments.bytecode import share_bytecode
from engine.environments.check import MARKER, compare, site_packages
from engine.environments.interpreter import Finder, find_interpreter, fingerprint
from engine.environments.lock import Lock, this_platform
from engine.environments.uv_process import Uv, UvFailed
from engine.errors import Refusal

BUILDING_SECONDS = 1800.0
_LOCK_TEXT = "requirements.lock"
_UNFINISHED = ".building"
_NEWEST_SIBLINGS = 5


@dataclass(frozen=True)
class Environment:
    """A built environment: its folder, the Python to start in it, and the digest of the lock that it was built from."""

    path: Path
    python: Path
    lock_digest: str


def place(lock: Lock, environments: Path) -> Environment:
    """Where the environment of ``lock`` is, or will be."""
    path = environments.absolute() / lock.digest[:16]
    return Environment(path, path / "bin" / "python", lock.digest)


def ensure(lock: Lock, environments: Path, *, uv: Uv | None = None, find: Finder = find_interpreter) -> Environment:
    """The environment of ``lock``, built when it is missing or was left incomplete (a few ms when it is there).

    Whether its packages are still what the lock says is ``check.compare``'s question. Raises Refusal when this machine
    lacks the Python, the registry cannot be reached, the disk is full, or the lock is another platform's.
    """
    environment = place(lock, environments)
    if is_complete(environment):
        return environment
    with _in_plain_words(environments), held(environments, lock.digest[:16]) as holding:
        sweep(environments, environment.path.name)
        if not is_complete(environment):
            _build(lock, environment, uv or _uv_beside(environments), find, holding, share=True)
    return environment


def rebuild(lock: Lock, environments: Path, *, uv: Uv | None = None, find: Finder = find_interpreter) -> Environment:
    """Build the environment of ``lock`` anew, though one is there: for one that ``check.compare`` found different.

    Every file is compared with its package's own hashes; packages whose files in uv's cache were changed too (hard
    links: whoever writes into one environment writes into the cache) are fetched again. Raises Refusal like ``ensure``.
    """
    environment = place(lock, environments)
    uv = uv or _uv_beside(environments)
    with _in_plain_words(environments), held(environments, lock.digest[:16]) as holding:
        sweep(environments, environment.path.name)
        _build(lock, environment, uv, find, holding, share=False)
        if compare(environment, lock, content=True):
            names = [package.name for package in lock.packages]
            uv.run("cache", "clean", "--quiet", *names, doing="dropping damaged packages", seconds=120)
            _build(lock, environment, uv, find, holding, share=False)
        differences = compare(environment, lock, content=True)
    if differences:
        raise Refusal(
            f"The environment {environment.path.name} was built anew and still differs from its lock: "
            f"{differences[0]}; make a new version with a retraining run."
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


def is_complete(environment: Environment) -> bool:
    """Whether the environment was built to its end and its Python is still there."""
    try:
        marker = json.loads((environment.path / MARKER).read_text("utf-8"))
        return bool(marker["digest"] == environment.lock_digest) and environment.python.exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False


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
    try:
        uv.run(
            "venv", "--quiet", "--relocatable", "--no-project", "--python", str(interpreter.path), str(temporary),
            doing="making the environment", seconds=120, held=(held,),
        )  # fmt: skip
        (temporary / _LOCK_TEXT).write_text(lock.text, "utf-8")
        if lock.packages:
            _install(temporary, uv, held, _siblings(environment.path, lock.python) if share else ())
        marker = {
            "digest": lock.digest,
            "python": lock.python,
            "platform": lock.platform,
            "interpreter": {"path": str(interpreter.path), "fingerprint": fingerprint(interpreter.path)},
        }
        (temporary / MARKER).write_text(json.dumps(marker, indent=2, sort_keys=True) + "\n", "utf-8")
        if environment.path.exists():
            _discard(environment.path)
        os.rename(temporary, environment.path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _install(folder: Path, uv: Uv, held: int, siblings: tuple[Path, ...]) -> None:
    """Install the lock, then compile what no sibling has compiled."""
    _sync(folder, uv, held, doing="installing the packages")
    share_bytecode(site_packages(folder), siblings)
    _sync(folder, uv, held, "--compile-bytecode", doing="compiling the packages")


def _sync(folder: Path, uv: Uv, held: int, *options: str, doing: str) -> None:
    """From uv's cache alone if it holds all (a rollback must work without the network), else from the registry."""
    command = (
        "pip", "sync", "--quiet", "--require-hashes", "--link-mode", "hardlink", *options,
        "--python", str(folder / "bin" / "python"), str(folder / _LOCK_TEXT),
    )  # fmt: skip
    try:
        uv.run(*command, "--offline", doing=doing, seconds=BUILDING_SECONDS, held=(held,))
    except UvFailed:
        # Whatever else is wrong is said again by this second attempt.
        uv.run(*command, doing=doing, seconds=BUILDING_SECONDS, held=(held,))


def _siblings(path: Path, python: str) -> tuple[Path, ...]:
    """The site-packages of the newest other environments with the same Python; another's bytecode is of no use."""
    others = [p for p in path.parent.iterdir() if not p.name.startswith(".") and p != path and (p / MARKER).is_file()]
    others.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    packages = (site_packages(p) for p in others)
    minor = ".".join(python.split(".")[:2])
    return tuple(p for p in packages if p.parent.name == f"python{minor}")[:_NEWEST_SIBLINGS]


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
