"""The JVM: Java's version, and a list of jars with their digests, which lie in one folder on the class path.

The jars are files of the project; each version keeps its own, so that one that was not committed comes back too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from engine.environments import programs
from engine.environments.assembled import AssembledKind
from engine.environments.jvm.coordinates import coordinates
from engine.environments.parts_lock import Part, PartsLock, digest_of
from engine.environments.records import Environment, Supply, nothing_kept
from engine.errors import Invalid, NotFound, Refusal
from engine.projects.manifest.records import EnvironmentSpec
from engine.storage.atomic import write_file
from engine.text import plain

_JARS = "jars"


class JvmKind(AssembledKind):
    """Fills ``kind.Kind``."""

    name = "jvm"

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> PartsLock:
        found = programs.here(_wanted(spec))
        parts = tuple(sorted((_taken(code, jar, cache) for jar in spec.jars), key=lambda part: part.name))
        return PartsLock(self.name, parts, found)

    def lacks(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        return programs.lacking(_wanted(spec))

    def words(self, lock: PartsLock) -> str:
        return f"Java {next((each.version for each in lock.programs if each.name == 'java'), '')}"

    def variables(self, lock: PartsLock, path: Path) -> dict[str, str]:
        jars, home = [str(path / _JARS / part.name) for part in lock.parts], programs.home_of("java")
        found = {"LEVERFRAME_JARS": str(path / _JARS)}
        found |= {"CLASSPATH": os.pathsep.join(jars)} if jars else {}
        return found | ({"JAVA_HOME": str(home)} if home else {})

    def fill(self, lock: PartsLock, folder: Path, supply: Supply = nothing_kept) -> None:
        jars, cache = folder / _JARS, folder.parents[1] / "cache"
        jars.mkdir()
        for part in lock.parts:
            target = jars / part.name
            if not supply(part.digest, target):
                shutil.copyfile(_kept_in(cache, part.digest), target)
            if digest_of(target) != part.digest:
                raise Refusal(f"The jar {part.name} is not what was locked; make a new version with a retraining run.")

    def kept(self, lock: PartsLock, environment: Environment, into: Path) -> tuple[Path, ...]:
        return tuple(environment.path / _JARS / part.name for part in lock.parts)


def _wanted(spec: EnvironmentSpec) -> dict[str, str]:
    return {**spec.programs, "java": spec.java or ""}


def _taken(code: Path, jar: str, cache: Path) -> Part:
    """The jar as it lies in the code, kept in ``cache`` until its environment is built. Raises NotFound, Invalid."""
    path, name = code / jar, jar.rpartition("/")[2]
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound(
            f"There is no {plain(jar, 200)} in the project's code; build and commit it, or change jars in "
            "leverframe.toml."
        ) from None
    except OSError as error:
        raise Refusal(f"{plain(jar, 200)} cannot be read: {error.strerror}; make it readable.") from None
    if content[:4] != b"PK\x03\x04":
        raise Invalid(f"{plain(jar, 200)} is no jar; build it anew, or change jars in leverframe.toml.")
    digest = hashlib.sha256(content).hexdigest()
    kept = _kept_in(cache, digest)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_file(kept, content, durable=False)
    return Part(name, coordinates(content, name), digest)


def _kept_in(cache: Path, digest: str) -> Path:
    return cache / "jars" / f"{digest}.jar"
