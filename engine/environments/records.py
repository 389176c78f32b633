"""What every kind of environment has: a lock, a place on the disk, a state that it is found in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.environments.pictures import Pictures


def canonical(name: str) -> str:
    """The one spelling of a package name (PEP 503): ``Scikit_Learn`` is ``scikit-learn``."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class Package:
    """One package of a lock, its name in the canonical spelling."""

    name: str
    version: str


@dataclass(frozen=True)
class Program:
    """A program of the machine, by the name that it is called by: ``version`` as it was found, and of what the project
    asked for (``17`` means any 17.x, "" any at all)."""

    name: str
    version: str
    wanted: str = ""


class Lock(Protocol):
    """What an environment is built from, exactly: ``kind`` says by whom, ``digest`` is its identity."""

    @property
    def kind(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def text(self) -> str:
        """Itself, as a file for people."""
        ...

    @property
    def packages(self) -> tuple[Package, ...]: ...

    @property
    def programs(self) -> tuple[Program, ...]:
        """What it takes from the machine: recorded and compared, not rebuilt."""
        ...

    def to_json(self) -> dict[str, str]:
        """What a version keeps of it; ``Kind.read_lock`` reads it again."""
        ...


class Supply(Protocol):
    """Where the files come from that a version keeps of its environment."""

    def __call__(self, digest: str, target: Path) -> bool:
        """Write the file with this ``digest`` to ``target``, verified; False where none is kept. Raises Damage."""
        ...


def nothing_kept(digest: str, target: Path) -> bool:
    """The supply of what no version keeps: all has to come from the machine."""
    return False


@dataclass(frozen=True)
class Environment:
    """A built environment: its folder, the Python to start in it (None where it has none), the digest of the lock that
    it was built from, where it is known what its picture is, and the variables that its programs find it by."""

    path: Path
    python: Path | None
    lock_digest: str
    pictures: Pictures = field(repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_there(self) -> bool:
        """Whether something stands in its place that can be started in; what, is to be compared."""
        return self.python.exists() if self.python is not None else self.path.is_dir()


@dataclass(frozen=True)
class FetchedFile:
    """A file that an environment can be built from: what it brings, its name and digest. ``path``: where it lies; None
    where it was not fetched, since it is known."""

    package: str
    name: str
    digest: str
    path: Path | None


@dataclass(frozen=True)
class FetchedFiles:
    """``lacking``: what could not be had, and why, as a clause; None where nothing is missing."""

    files: tuple[FetchedFile, ...]
    lacking: str | None


@dataclass(frozen=True)
class StandingEnvironment:
    """An environment on the disk. ``pictured``: whether a picture was taken when it was built; ``differences``: why a
    run would refuse it, () when it would not; ``lock``: what it can be built from, where that can still be read."""

    kind: str
    name: str
    pictured: bool
    differences: tuple[str, ...]
    lock: Lock | None
