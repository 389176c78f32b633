"""The folder ``environments/`` of a workspace, whatever is built in it: one folder for each lock, whole or absent.

``environments/<first 16 of the digest>/`` is built in a hidden sibling and renamed, under a lock of the operating
system that whatever builds it holds too, so neither two engines nor an orphaned process of theirs meet in it.
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
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.environments.picture import MARKER
from engine.errors import Refusal

BUILDING_SECONDS = 1800.0
_UNFINISHED = ".building"


def name_of(digest: str) -> str:
    """What the environment of the lock with this ``digest`` is called."""
    return digest[:16]


def unfinished(path: Path) -> Path:
    """A new hidden sibling of ``path`` to build in, or to put aside; ``sweep`` deletes what is left of it."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")


def kind_at(path: Path) -> str:
    """The kind of the environment that stands there, as its marker says; Python's where it says none."""
    with suppress(OSError, ValueError, AttributeError):
        return str(json.loads((path / MARKER).read_bytes()).get("kind", "python"))
    return "python"


def remove(digest: str, environments: Path) -> None:
    """Delete the environment of this digest, if it is there; ``ensure`` builds it again. Waits while it is built."""
    path = environments / name_of(digest)
    with in_plain_words(environments), held(environments, name_of(digest)):
        if path.exists():
            discard(path)


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


def discard(path: Path) -> None:
    """Take the environment out of its place in one step, then delete it; a kill in between leaves a swept leftover."""
    aside = unfinished(path)
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
def in_plain_words(environments: Path) -> Iterator[None]:
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
