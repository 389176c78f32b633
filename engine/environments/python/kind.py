"""Python by uv: hashed requirements, one virtual environment for each lock, held against its picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.environments.python import build, check, mending, picture
from engine.environments.python.lock import KIND, Lock, doubtful, resolve
from engine.environments.python.uv_process import Uv
from engine.environments.records import Environment, FetchedFiles, StandingEnvironment
from engine.environments.unchanged import Folder
from engine.projects.manifest.records import EnvironmentSpec


class PythonKind:
    """Fills ``kind.Kind``."""

    name = KIND

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> Lock:
        return resolve(_requirements(spec, code), spec.python, cache, fresh=fresh, called=spec.requirements)

    def doubts(self, spec: EnvironmentSpec, code: Path) -> tuple[str, ...]:
        return doubtful(_requirements(spec, code), str(spec.requirements))

    def read_lock(self, told: Mapping[str, Any]) -> Lock:
        return Lock.from_json(told)

    def place(self, lock: Lock, environments: Path) -> Environment:
        return build.place(lock, environments)

    def build(self, lock: Lock, environments: Path) -> Environment:
        return build.ensure(lock, environments)

    def compare(self, environment: Environment, lock: Lock) -> tuple[str, ...]:
        return check.compare(environment, lock)

    def remember(self, environments: Path) -> None:
        picture.remember(environments)

    def remembered(self) -> list[Folder]:
        return picture.remembered_folders()

    def describe(self, lock: Lock) -> dict[str, Any]:
        packages = [{"name": each.name, "version": each.version} for each in lock.packages]
        return {"python": lock.python, "packages": packages}

    def words(self, lock: Lock) -> str:
        return f"Python {lock.python}"

    def why_not_rebuilt(self, lock: Lock) -> str | None:
        return None

    def fetch(self, lock: Lock, cache: Path, into: Path, known: Mapping[str, str]) -> FetchedFiles:
        from engine.environments.python.fetching import fetch

        return fetch(lock, Uv(cache / "uv"), into, known)

    def build_apart(self, lock: Lock, lay_out: Callable[[Path], None], place: Path, held: int | None) -> Environment:
        return build.build_apart(lock, lay_out, place, held)

    def standing(self, environments: Path) -> Iterator[StandingEnvironment]:
        return mending.standing(environments)

    def mend(self, found: StandingEnvironment, environments: Path) -> str:
        return mending.mend(found, environments)


def _requirements(spec: EnvironmentSpec, code: Path) -> Path | None:
    return code / spec.requirements if spec.requirements else None
