"""Whether an environment still is what uv built from its lock: it is held against the picture that was taken then.

As long as the file system's own marks are those of the last time that it was found to be as pictured, no file is read;
where they differ every file is. No process is started.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from engine.environments.python.interpreter import fingerprint
from engine.environments.python.lock import Lock
from engine.environments.python.picture import MARKER, Picture, differences, read, remembered, take
from engine.environments.records import Environment
from engine.environments.unchanged import stamp, unchanged
from engine.errors import Damage
from engine.text import plain


def site_packages(environment: Path) -> Path:
    """The folder of an environment that holds its packages."""
    return next(iter(sorted(environment.glob("lib/python3*/site-packages"))), environment / "lib" / "site-packages")


def marker(lock: Lock, picture: str) -> bytes:
    """What stands in the marker of a whole environment: which lock it was built from and which picture it has."""
    told = {"digest": lock.digest, "picture": picture, "platform": lock.platform, "python": lock.python}
    return (json.dumps(told, indent=2, sort_keys=True) + "\n").encode()


def compare(environment: Environment, lock: Lock, *, content: bool = False) -> tuple[str, ...]:
    """What differs between an environment and its picture, each difference in words; () when nothing does.

    This is what a run, a proof, ``check`` and ``doctor`` ask. ``content``: read every file in any case.
    """
    path = environment.path
    if not path.is_dir():
        return (f"the environment {path.name} is missing",)
    taken = environment.pictures.of(lock.digest)
    if taken is None:
        return ("no picture was taken of it when it was built",)
    # Before anything is read: what changes meanwhile is seen the next time.
    try:
        before = remembered(path, taken.picture)
        now = unchanged(path, taken.picture) or stamp(path, before.names)
        if not content and now == taken.stamp:
            return _python_differences(before.interpreter, environment)
        picture = read(path, taken.picture)
        found = _python_differences(picture.interpreter, environment)
        found += _file_differences(path, picture, lock, taken.picture)
    except (Damage, OSError) as problem:
        return (plain(str(problem), 200).rstrip("."),)
    if not found and now is not None:
        environment.pictures.seen(lock.digest, taken.picture, now)
    return found


def _file_differences(path: Path, picture: Picture, lock: Lock, digest: str) -> tuple[str, ...]:
    found = differences(picture.entries, take(path), f"{site_packages(path).relative_to(path)}/")
    try:
        same = (path / MARKER).read_bytes() == marker(lock, digest)
    except FileNotFoundError:
        return (f"{MARKER} is gone", *found)
    return found if same else (f"{MARKER} was changed", *found)


def _python_differences(interpreter: Mapping[str, str], environment: Environment) -> tuple[str, ...]:
    """Whether the program outside the environment that its Python leads to is still the same."""
    program = plain(interpreter["path"], 120)
    try:
        if fingerprint(environment.python) == interpreter["fingerprint"]:
            return ()
    except OSError:
        return (f"its Python program {program} is missing",)
    return (f"its Python program {program} was replaced after the environment was built",)
