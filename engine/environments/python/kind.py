"""Python by uv: hashed requirements, one virtual environment for each lock, held against its picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.environments import programs
from engine.environments.python import build, check, mending
from engine.environments.python.lock import KIND, Lock, doubtful, resolve
from engine.environments.python.uv_process import Uv
from engine.environments.records import Environment, FetchedFiles, StandingEnvironment, Supply, nothing_kept
from engine.errors import Refusal
from engine.projects.manifest.records import EnvironmentSpec


class PythonKind:
    """Fills ``kind.Kind``."""

    name = KIND

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> Lock:
        found = programs.here(spec.programs)
        lock = resolve(_requirements(spec, code), spec.python, cache, fresh=fresh, called=spec.requirements)
        return lock.with_programs(found)

    def lacks(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        return programs.lacking(spec.programs)

    def doubts(self, spec: EnvironmentSpec, code: Path) -> tuple[str, ...]:
        return doubtful(_requirements(spec, code), str(spec.requirements))

    def read_lock(self, told: Mapping[str, Any]) -> Lock:
        return Lock.from_json(told)

    def place(self, lock: Lock, environments: Path) -> Environment:
        return build.place(lock, environments)

    def build(self, lock: Lock, environments: Path, supply: Supply = nothing_kept) -> Environment:
        if changed := programs.differences(lock.programs):
            raise Refusal(f"The environment cannot be had here: {'; '.join(changed)}.")
        return build.ensure(lock, environments)

    def kept(self, lock: Lock, environment: Environment, into: Path) -> tuple[Path, ...]:
        return ()

    def compare(self, environment: Environment, lock: Lock) -> tuple[str, ...]:
        return check.compare(environment, lock)

    def describe(self, lock: Lock) -> dict[str, Any]:
        packages = [{"name": each.name, "version": each.version} for each in lock.packages]
        return {"python": lock.python, "packages": packages, "programs": [vars(each) for each in lock.programs]}

    def words(self, lock: Lock) -> str:
        return f"Python {lock.python}"

    def why_not_rebuilt(self, lock: Lock) -> str | None:
        return None

    def fetch(self, lock: Lock, cache: Path, into: Path, known: Mapping[str, str]) -> FetchedFiles:
        from engine.environments.python.fetching import fetch

        return fetch(lock, Uv(cache / "uv"), into, known)

    def build_apart(
        self, lock: Lock, lay_out: Callable[[Path], None], supply: Supply, place: Path, held: int | None
    ) -> Environment:
        return build.build_apart(lock, lay_out, place, held)

    def standing(self, environments: Path) -> Iterator[StandingEnvironment]:
        return mending.standing(environments)

    def mend(self, found: StandingEnvironment, environments: Path, supply: Supply = nothing_kept) -> str:
        return mending.mend(found, environments)


def _requirements(spec: EnvironmentSpec, code: Path) -> Path | None:
    return code / spec.requirements if spec.requirements else None
