"""The system: programs of the machine, named with their versions. They are recorded and compared, not rebuilt."""

from __future__ import annotations

from pathlib import Path

from engine.environments import programs
from engine.environments.assembled import AssembledKind
from engine.environments.parts_lock import PartsLock
from engine.environments.records import Supply, nothing_kept
from engine.projects.manifest.records import EnvironmentSpec


class SystemKind(AssembledKind):
    """Fills ``kind.Kind``."""

    name = "system"

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> PartsLock:
        return PartsLock(self.name, (), programs.here(spec.programs))

    def lacks(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        return programs.lacking(spec.programs)

    def words(self, lock: PartsLock) -> str:
        named = ", ".join(f"{each.name} {each.version}" for each in lock.programs[:3])
        return named + (f" and {len(lock.programs) - 3} more programs" if len(lock.programs) > 3 else "")

    def fill(self, lock: PartsLock, folder: Path, supply: Supply = nothing_kept) -> None:
        (folder / "programs.txt").write_text(lock.text, "utf-8")
