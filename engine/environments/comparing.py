"""Whether an environment still is what was built from its lock: it is held against the picture that was taken then.

As long as the file system's own marks are those of the last time that it was found to be as pictured, no file is read;
where they differ every file is. No process is started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from engine.environments.picture import MARKER, Picture, differences, read, remembered, take
from engine.environments.records import Environment
from engine.environments.unchanged import stamp, unchanged
from engine.errors import Damage
from engine.text import plain

Outside = Callable[[Mapping[str, str]], tuple[str, ...]]


def _nothing(interpreter: Mapping[str, str]) -> tuple[str, ...]:
    return ()


def compare(
    environment: Environment,
    digest: str,
    marker: Callable[[str], bytes],
    outside: Outside = _nothing,
    *,
    shown_from: str = "",
    content: bool = False,
) -> tuple[str, ...]:
    """What differs between an environment and its picture, each difference in words; () when nothing does.

    ``digest``: of the lock that it must be of; ``marker``: what its marker must say, by the picture; ``outside``: what
    differs in what it leads to; ``shown_from``: names are told from that folder on. ``content``: read every file in any
    case.
    """
    path = environment.path
    if not path.is_dir():
        return (f"the environment {path.name} is missing",)
    taken = environment.pictures.of(digest)
    if taken is None:
        return ("no picture was taken of it when it was built",)
    # Before anything is read: what changes meanwhile is seen the next time.
    try:
        before = remembered(path, taken.picture)
        now = unchanged(path, taken.picture) or stamp(path, before.names)
        if not content and now == taken.stamp:
            return outside(before.interpreter)
        picture = read(path, taken.picture)
        found = outside(picture.interpreter)
        found += _file_differences(path, picture, marker(taken.picture), shown_from)
    except (Damage, OSError) as problem:
        return (plain(str(problem), 200).rstrip("."),)
    if not found and now is not None:
        environment.pictures.seen(digest, taken.picture, now)
    return found


def _file_differences(path: Path, picture: Picture, marker: bytes, shown_from: str) -> tuple[str, ...]:
    found = differences(picture.entries, take(path), shown_from)
    try:
        same = (path / MARKER).read_bytes() == marker
    except FileNotFoundError:
        return (f"{MARKER} is gone", *found)
    return found if same else (f"{MARKER} was changed", *found)
