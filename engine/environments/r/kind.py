"""R: its version, and every package beside R's own with its version and content, in a library of its own per lock.

What a project needs is copied from the machine's libraries, or built from the repositories of its ``renv.lock``; each
version keeps the packages that it was made with, and is rebuilt from those.
"""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from pathlib import Path

from engine.environments import programs
from engine.environments.assembled import AssembledKind
from engine.environments.parts_lock import Part, PartsLock, digest_of
from engine.environments.r import archive, description, library, renv_lock
from engine.environments.r.description import Installed
from engine.environments.records import Environment, Supply, nothing_kept
from engine.errors import Damage, Refusal
from engine.projects.manifest.records import EnvironmentSpec

_LIBRARY = "library"


class RKind(AssembledKind):
    """Fills ``kind.Kind``."""

    name = "r"

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> PartsLock:
        locked = renv_lock.read(code / spec.lock, spec.lock) if spec.lock else None
        found = programs.here(_wanted(spec, locked))
        r = next(each.version for each in found if each.name == "R")
        chosen = _of_names(spec.packages) if locked is None else _of_lock(locked, cache, r)
        parts = tuple(Part(each.name, each.version, archive.digest_of(each.folder)) for each in chosen)
        return PartsLock(self.name, parts, found, sysconfig.get_platform())

    def lacks(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        return programs.lacking(_wanted(spec, None))

    def words(self, lock: PartsLock) -> str:
        return f"R {_r_of(lock)}"

    def variables(self, lock: PartsLock, path: Path) -> dict[str, str]:
        # Else what the machine and the account have would be found too.
        return {"R_LIBS": str(path / _LIBRARY), "R_LIBS_USER": "NULL", "R_LIBS_SITE": "NULL"}

    def fill(self, lock: PartsLock, folder: Path, supply: Supply = nothing_kept) -> None:
        if lock.platform != sysconfig.get_platform():
            raise Refusal(
                f"The environment was locked for {lock.platform} and this machine is {sysconfig.get_platform()}; "
                "make a new version here with a retraining run."
            )
        (folder / _LIBRARY).mkdir()
        packed, here = folder / "package.tar", _Here(folder.parents[1] / "cache", _r_of(lock))
        for part in lock.parts:
            if not supply(part.digest, packed):
                here.write(part, packed)
            archive.unpack(packed, folder / _LIBRARY / part.name)
            packed.unlink()

    def kept(self, lock: PartsLock, environment: Environment, into: Path) -> tuple[Path, ...]:
        made = []
        for part in lock.parts:
            target = into / f"{part.name}_{part.version}.tar"
            archive.write(environment.path / _LIBRARY / part.name, target)
            if digest_of(target) != part.digest:
                raise Damage(f"The R package {part.name} is not what was locked; run 'leverframe doctor --fix'.")
            made.append(target)
        return tuple(made)


class _Here:
    """The packages that this machine has, looked for once."""

    def __init__(self, cache: Path, r: str) -> None:
        self._cache, self._r = cache, r
        self._found: list[Installed] | None = None

    def write(self, part: Part, target: Path) -> None:
        """The archive of a package, if it is here as it was locked. Raises Refusal."""
        if self._found is None:
            self._found = [*library.machine().values(), *library.restored(self._cache, self._r).values()]
        for each in self._found:
            if (each.name, each.version) == (part.name, part.version):
                archive.write(each.folder, target)
                if digest_of(target) == part.digest:
                    return
                target.unlink()
        raise Refusal(
            f"The R package {part.name} {part.version} is not on this machine as it was locked; "
            "make a new version with a retraining run."
        )


def _wanted(spec: EnvironmentSpec, locked: renv_lock.RenvLock | None) -> dict[str, str]:
    minor = ".".join(locked.r.split(".")[:2]) if locked else ""
    return {**spec.programs, "R": spec.r or minor}


def _r_of(lock: PartsLock) -> str:
    return next((each.version for each in lock.programs if each.name == "R"), "")


def _of_names(names: Iterable[str]) -> list[Installed]:
    """What is installed on this machine of ``names``, and all that they load. Raises Refusal for what is missing."""
    there = library.machine()
    chosen, missing = description.closure(names, there)
    if missing:
        raise Refusal(
            f"{'The R package' if len(missing) == 1 else 'R packages'} {', '.join(missing[:5])} "
            f"{'is' if len(missing) == 1 else 'are'} not in this machine's libraries; on Debian and its kin "
            f"'apt-get install r-cran-{missing[0].lower()}' brings one, or R's own install.packages(\"{missing[0]}\")."
        )
    return [there[name] for name in chosen]


def _of_lock(locked: renv_lock.RenvLock, cache: Path, r: str) -> list[Installed]:
    """Each package of a renv.lock at its version: from this machine's libraries, or built once and kept in ``cache``.
    """
    wanted = {name: version for name, version in locked.packages.items() if name != "renv"}  # It is not needed to run.
    there = library.machine()
    base = {name for name, each in there.items() if each.base}
    found = {name: each for name, each in there.items() if wanted.get(name) == each.version}
    kept = library.restored(cache, r)
    found |= {name: kept[each] for each in wanted.items() if (name := each[0]) not in found and each in kept}
    absent = {name: version for name, version in wanted.items() if name not in found and name not in base}
    if absent:
        libraries = list(dict.fromkeys(each.folder.parent for each in found.values()))
        library.restore(absent, locked.repositories, cache, r, libraries)
        kept = library.restored(cache, r)
        found |= {name: kept[name, version] for name, version in absent.items()}
    chosen = [found[name] for name in sorted(wanted) if name in found and not found[name].base]
    unlisted = sorted({need for each in chosen for need in each.needs} - set(wanted) - base)
    if unlisted:
        raise Refusal(
            f"renv.lock lacks {', '.join(unlisted[:5])}, which its packages load; make it anew with renv::snapshot()."
        )
    return chosen
