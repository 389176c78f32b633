"""Environments that are put together from the parts of a lock: what every kind but Python's has in common.

Like Python's each is one folder for each lock, built beside its place and renamed, pictured when it is whole and held
against its picture before each step.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from engine.environments import programs
from engine.environments.comparing import compare
from engine.environments.folder import discard, held, in_plain_words, kind_at, name_of, remove, sweep, unfinished
from engine.environments.parts_lock import Part, PartsLock, read_parts_lock
from engine.environments.picture import MARKER, PICTURE, Picture, read, take
from engine.environments.pictures import OwnPicture, Pictures
from engine.environments.records import Environment, FetchedFiles, StandingEnvironment, Supply, nothing_kept
from engine.errors import Damage, Invalid, Refusal
from engine.projects.manifest.records import EnvironmentSpec


def marker(lock: PartsLock, picture: str) -> bytes:
    """What stands in the marker of a whole environment: which lock it was built from and which picture it has."""
    return (json.dumps({"digest": lock.digest, "kind": lock.kind, "picture": picture}, indent=2) + "\n").encode()


class AssembledKind(ABC):
    """Fills ``kind.Kind``, but for what a kind says of itself."""

    name: ClassVar[str]

    @abstractmethod
    def fill(self, lock: PartsLock, folder: Path, supply: Supply) -> None:
        """Put the environment together in ``folder``, which is there and empty. What is kept comes from ``supply``,
        else from the machine. Raises Refusal where a part can be had from neither, OSError."""

    @abstractmethod
    def words(self, lock: PartsLock) -> str:
        """See ``kind.Kind``."""

    def variables(self, lock: PartsLock, path: Path) -> dict[str, str]:
        """By which variables its programs find what lies in the environment at ``path``."""
        return {}

    def doubts(self, spec: EnvironmentSpec, code: Path) -> tuple[str, ...]:
        return ()

    def kept(self, lock: PartsLock, environment: Environment, into: Path) -> tuple[Path, ...]:
        return ()

    def read_lock(self, told: Mapping[str, Any]) -> PartsLock:
        return read_parts_lock(told, self.name)

    def place(self, lock: PartsLock, environments: Path) -> Environment:
        path = environments.absolute() / name_of(lock.digest)
        return Environment(path, None, lock.digest, Pictures(path.parents[1]), self.variables(lock, path))

    def build(self, lock: PartsLock, environments: Path, supply: Supply = nothing_kept) -> Environment:
        environment = self.place(lock, environments)
        self._refuse_other_machine(lock)
        if _is_complete(environment, lock):
            return environment
        with in_plain_words(environments), held(environments, name_of(lock.digest)):
            sweep(environments, environment.path.name)
            if not _is_complete(environment, lock):
                self._build(lock, environment, supply)
        return environment

    def _refuse_other_machine(self, lock: PartsLock) -> None:
        if changed := programs.differences(lock.programs):
            raise Refusal(f"The environment cannot be had here: {'; '.join(changed)}.")

    def _build(self, lock: PartsLock, environment: Environment, supply: Supply) -> None:
        temporary = unfinished(environment.path)
        try:
            temporary.mkdir()
            self.fill(lock, temporary, supply)
            digest = _leave_picture(temporary, lock)
            # The ledger first: whatever is killed from here on, what lies there is never taken for what was pictured.
            environment.pictures.keep(lock.digest, digest)
            if environment.path.exists():
                discard(environment.path)
            os.rename(temporary, environment.path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def compare(self, environment: Environment, lock: PartsLock) -> tuple[str, ...]:
        found = compare(environment, lock.digest, lambda picture: marker(lock, picture))
        return found + programs.differences(lock.programs)

    def describe(self, lock: PartsLock) -> dict[str, Any]:
        return {
            "python": "",
            "packages": [{"name": each.name, "version": each.version} for each in lock.packages],
            "programs": [vars(each) for each in lock.programs],
            "elsewhere": [f"{_named(each)}, which the machine keeps" for each in lock.parts if not each.kept],
            "runtime": self.words(lock),
        }

    def why_not_rebuilt(self, lock: PartsLock) -> str | None:
        if any(part.kept for part in lock.parts):
            return None
        return f"{self.words(lock)} is the machine's and no version keeps it: it is compared, and not built again"

    def fetch(self, lock: PartsLock, cache: Path, into: Path, known: Mapping[str, str]) -> FetchedFiles:
        return FetchedFiles((), None)  # Its parts lie with each version.

    def build_apart(
        self, lock: PartsLock, lay_out: Callable[[Path], None], supply: Supply, place: Path, held: int | None
    ) -> Environment:
        def kept(digest: str, target: Path) -> bool:
            if not supply(digest, target):
                raise Damage(f"The version does not keep the part {digest[:12]} of its environment.")
            return True

        self._refuse_other_machine(lock)
        path = place / "environments" / name_of(lock.digest)
        environment = Environment(path, None, lock.digest, OwnPicture(place), self.variables(lock, path))
        with in_plain_words(place):
            path.mkdir(parents=True)
            self.fill(lock, path, kept)
            environment.pictures.keep(lock.digest, _leave_picture(path, lock))
        return environment

    def standing(self, environments: Path) -> Iterator[StandingEnvironment]:
        pictures = Pictures(environments.absolute().parent)
        for path in sorted(environments.iterdir()) if environments.is_dir() else ():
            if path.is_dir() and not path.name.startswith(".") and kind_at(path) == self.name:
                yield self._look_at(path.absolute(), pictures)

    def _look_at(self, path: Path, pictures: Pictures) -> StandingEnvironment:
        digest = pictures.named(path.name)
        taken = pictures.of(digest) if digest else None
        if digest is None or taken is None:
            return StandingEnvironment(self.name, path.name, False, (), None)
        try:
            lock = self.read_lock(read(path, taken.picture).lock)
        except (Damage, Invalid) as problem:
            return StandingEnvironment(self.name, path.name, True, (str(problem).rstrip("."),), None)
        environment = Environment(path, None, digest, pictures)
        return StandingEnvironment(self.name, path.name, True, self.compare(environment, lock), lock)

    def mend(self, found: StandingEnvironment, environments: Path, supply: Supply = nothing_kept) -> str:
        if found.lock is None:
            remove(found.name, environments)
            return "taken away; a run that needs it builds it anew"
        lock = self.read_lock(found.lock.to_json())
        self._refuse_other_machine(lock)
        environment = self.place(lock, environments)
        with in_plain_words(environments), held(environments, name_of(lock.digest)):
            sweep(environments, environment.path.name)
            self._build(lock, environment, supply)
        return "built anew"


def _leave_picture(folder: Path, lock: PartsLock) -> str:
    """Picture the environment in ``folder``, which is whole; the digest of the picture."""
    content = Picture(lock.to_json(), {}, take(folder)).content()
    digest = hashlib.sha256(content).hexdigest()
    (folder / PICTURE).write_bytes(content)
    (folder / MARKER).write_bytes(marker(lock, digest))
    return digest


def _named(part: Part) -> str:
    return f"image {part.name}@sha256:{part.digest[:12]}"


def _is_complete(environment: Environment, lock: PartsLock) -> bool:
    try:
        said = (environment.path / MARKER).read_bytes()
    except OSError:
        return False
    taken = environment.pictures.of(lock.digest)
    return taken is not None and said == marker(lock, taken.picture)
