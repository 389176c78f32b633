"""Kinds of environment: how one is locked, built, compared and described. A kind is one folder and one row here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from engine.environments.container.kind import ContainerKind
from engine.environments.jvm.kind import JvmKind
from engine.environments.python.kind import PythonKind
from engine.environments.r.kind import RKind
from engine.environments.records import Environment, FetchedFiles, Lock, StandingEnvironment, Supply, nothing_kept
from engine.environments.system.kind import SystemKind
from engine.errors import Refusal
from engine.projects.manifest.records import EnvironmentSpec
from engine.text import plain

L = TypeVar("L", bound=Lock)


class Kind(Protocol[L]):
    """One way to have what a project's code needs. Every method raises Refusal with a sentence where the machine lacks
    something, and Invalid for what a person wrote wrong."""

    @property
    def name(self) -> str:
        """As locks and version documents say it."""
        ...

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> L:
        """What the project with this ``code`` asks for, to the last file. The same until what is asked for changes, by
        what lies in the workspace's ``cache``, or with ``fresh``."""
        ...

    def lacks(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        """What this machine has not of what is asked for, each in words with what brings it. Resolves and builds
        nothing."""
        ...

    def doubts(self, spec: EnvironmentSpec, code: Path) -> tuple[str, ...]:
        """What can be had, but is probably not what is meant; each in words."""
        ...

    def read_lock(self, told: Mapping[str, Any]) -> L:
        """The lock that ``to_json`` told. Raises Damage when it is not what its digest says."""
        ...

    def place(self, lock: L, environments: Path) -> Environment:
        """Where its environment is, or will be, in the workspace's folder ``environments``."""
        ...

    def build(self, lock: L, environments: Path, supply: Supply = nothing_kept) -> Environment:
        """Its environment, built where it is missing or was left incomplete; whole or absent, whoever is killed.
        ``supply``: what a version keeps of it, where one does."""
        ...

    def kept(self, lock: L, environment: Environment, into: Path) -> tuple[Path, ...]:
        """The files that a version keeps so that ``build`` needs nothing else, made in the folder ``into`` or where
        they lie; each is found again by its digest."""
        ...

    def compare(self, environment: Environment, lock: L) -> tuple[str, ...]:
        """What differs between it and what was built, each in words; () when nothing does. Costs milliseconds."""
        ...

    def describe(self, lock: L) -> dict[str, Any]:
        """What a version document says of it for people: ``packages`` with names and versions, and what else counts."""
        ...

    def words(self, lock: L) -> str:
        """What it is in two words, such as ``Python 3.11.7``."""
        ...

    def standing(self, environments: Path) -> Iterator[StandingEnvironment]:
        """Those of this kind that are on the disk, by name. None is changed."""
        ...

    def why_not_rebuilt(self, lock: L) -> str | None:
        """Why an environment of this kind is only compared and cannot be built again, as a sentence; None: it can."""
        ...

    def fetch(self, lock: L, cache: Path, into: Path, known: Mapping[str, str]) -> FetchedFiles:
        """Fetch what ``build_apart`` needs into the folder ``into``, but for what is ``known`` by its digest, with its
        name. What cannot be had is said, not raised; Refusal for a full disk."""
        ...

    def build_apart(
        self, lock: L, lay_out: Callable[[Path], None], supply: Supply, place: Path, held: int | None
    ) -> Environment:
        """Its environment in the empty folder ``place``, from the files alone that ``lay_out`` puts into a folder and
        what a version keeps: no registry, no cache, nothing of the workspace or the machine's libraries. ``held``: a
        descriptor that what it starts keeps open."""
        ...

    def mend(self, found: StandingEnvironment, environments: Path, supply: Supply = nothing_kept) -> str:
        """Build one anew, or take it away where its lock is lost; what was done, in words."""
        ...


PYTHON = PythonKind()
_ALL: tuple[Kind[Any], ...] = (PYTHON, RKind(), JvmKind(), ContainerKind(), SystemKind())
KINDS: Mapping[str, Kind[Any]] = {each.name: each for each in _ALL}


def kind_of(lock: Lock) -> Kind[Any]:
    """The kind that made ``lock``."""
    return KINDS[lock.kind]


def kind_in(name: str) -> Kind[Any]:
    """The kind that a version document names. Raises Refusal for one that is not known."""
    if name not in KINDS:
        raise Refusal(
            f"This environment is of the kind '{plain(name, 40)}', which this Leverframe cannot build; use a newer one."
        )
    return KINDS[name]
