"""The environments that stand in a workspace, each held against its picture as before a run, and built anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.environments.build import Environment, rebuild, remove
from engine.environments.check import compare
from engine.environments.lock import Lock, parse_lock
from engine.environments.picture import MARKER, read
from engine.environments.pictures import Pictures
from engine.errors import Damage, Invalid


@dataclass(frozen=True)
class StandingEnvironment:
    """An environment on the disk. ``pictured``: whether a picture was taken when it was built; ``differences``: why a
    run would refuse it, () when it would not; ``lock``: what it can be built from, where that can still be read."""

    name: str
    pictured: bool
    differences: tuple[str, ...]
    lock: Lock | None


def standing(environments: Path) -> Iterator[StandingEnvironment]:
    """Every environment in the folder ``environments``, by name. None is changed."""
    pictures = Pictures(environments.absolute().parent)
    for path in sorted(environments.iterdir()) if environments.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            yield _look_at(path.absolute(), pictures)


def mend(found: StandingEnvironment, environments: Path) -> str:
    """Build ``found`` anew, or take it away where its lock is lost; what was done, in words. Raises Refusal."""
    if found.lock is None:
        remove(found.name, environments)
        return "taken away; a run that needs it builds it anew"
    rebuild(found.lock, environments)
    return "built anew"


def _look_at(path: Path, pictures: Pictures) -> StandingEnvironment:
    digest = pictures.named(path.name)
    if digest is None:
        return StandingEnvironment(path.name, False, (), _own_lock(path))
    taken = pictures.of(digest)
    try:
        lock = read(path, taken.picture).lock if taken else None
    except Damage as damage:
        return StandingEnvironment(path.name, True, (str(damage).rstrip("."),), _own_lock(path))
    if lock is None:
        return StandingEnvironment(path.name, False, (), None)  # Cleaned away this instant.
    environment = Environment(path, path / "bin" / "python", digest, pictures)
    return StandingEnvironment(path.name, True, compare(environment, lock), lock)


def _own_lock(path: Path) -> Lock | None:
    """The lock that lies in an environment, if it is the one that gave it its name."""
    try:
        told = json.loads((path / MARKER).read_text("utf-8"))
        lock = parse_lock((path / "requirements.lock").read_text("utf-8"), told["python"], told["platform"])
    except (OSError, ValueError, KeyError, TypeError, Invalid):
        return None
    return lock if lock.digest[:16] == path.name else None
