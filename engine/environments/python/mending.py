"""The environments that stand in a workspace, each held against its picture as before a run, and built anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from engine.environments.folder import kind_at, name_of, remove
from engine.environments.picture import MARKER, read
from engine.environments.pictures import Pictures
from engine.environments.python.build import build_anew
from engine.environments.python.check import compare
from engine.environments.python.lock import KIND, Lock, parse_lock
from engine.environments.records import Environment, StandingEnvironment
from engine.errors import Damage, Invalid

_found = partial(StandingEnvironment, KIND)


def standing(environments: Path) -> Iterator[StandingEnvironment]:
    """Every environment in the folder ``environments``, by name. None is changed."""
    pictures = Pictures(environments.absolute().parent)
    for path in sorted(environments.iterdir()) if environments.is_dir() else ():
        if path.is_dir() and not path.name.startswith(".") and kind_at(path) == KIND:
            yield _look_at(path.absolute(), pictures)


def mend(found: StandingEnvironment, environments: Path) -> str:
    """Build ``found`` anew, or take it away where its lock is lost; what was done, in words. Raises Refusal."""
    if found.lock is None:
        remove(found.name, environments)
        return "taken away; a run that needs it builds it anew"
    assert isinstance(found.lock, Lock)  # as _look_at found it
    build_anew(found.lock, environments)
    return "built anew"


def _look_at(path: Path, pictures: Pictures) -> StandingEnvironment:
    digest = pictures.named(path.name)
    if digest is None:
        return _found(path.name, False, (), _own_lock(path))
    taken = pictures.of(digest)
    try:
        lock = Lock.from_json(read(path, taken.picture).lock) if taken else None
    except Damage as damage:
        return _found(path.name, True, (str(damage).rstrip("."),), _own_lock(path))
    if lock is None:
        return _found(path.name, False, (), None)  # Cleaned away this instant.
    environment = Environment(path, path / "bin" / "python", digest, pictures)
    return _found(path.name, True, compare(environment, lock), lock)


def _own_lock(path: Path) -> Lock | None:
    """The lock that lies in an environment, if it is the one that gave it its name."""
    try:
        told = json.loads((path / MARKER).read_text("utf-8"))
        lock = parse_lock((path / "requirements.lock").read_text("utf-8"), told["python"], told["platform"])
    except (OSError, ValueError, KeyError, TypeError, Invalid):
        return None
    return lock if name_of(lock.digest) == path.name else None
