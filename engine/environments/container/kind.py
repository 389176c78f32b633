"""A container: an image named by its digest, which the runtime of this machine is asked for.

The image is checked and never pulled: which registry is asked, and as whom, is the machine's affair. The project's own
commands start the containers; an image cannot be rebuilt from a version.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.environments import programs
from engine.environments.assembled import AssembledKind
from engine.environments.held import holding
from engine.environments.parts_lock import Part, PartsLock
from engine.environments.records import Environment, Supply, nothing_kept
from engine.errors import Refusal
from engine.projects.manifest.records import EnvironmentSpec
from engine.text import plain

_RUNTIMES = ("docker", "podman")
_SECONDS = 30.0


class ContainerKind(AssembledKind):
    """Fills ``kind.Kind``."""

    name = "container"

    def lock(self, spec: EnvironmentSpec, code: Path, cache: Path, *, fresh: bool = False) -> PartsLock:
        name, _, digest = str(spec.image).partition("@sha256:")
        lock = PartsLock(self.name, (Part(name, "", digest, kept=False),), programs.here(_wanted(spec)))
        if missing := _absent(lock):
            raise Refusal(f"{missing[0]}.")
        return lock

    def lacks(self, spec: EnvironmentSpec) -> tuple[str, ...]:
        return programs.lacking(_wanted(spec))

    def words(self, lock: PartsLock) -> str:
        return f"image {_image(lock)[:80]}"

    def variables(self, lock: PartsLock, path: Path) -> dict[str, str]:
        return {"LEVERFRAME_IMAGE": _image(lock)}

    def fill(self, lock: PartsLock, folder: Path, supply: Supply = nothing_kept) -> None:
        (folder / "image.txt").write_text(lock.text, "utf-8")

    def compare(self, environment: Environment, lock: PartsLock) -> tuple[str, ...]:
        return super().compare(environment, lock) or _absent(lock)


def _wanted(spec: EnvironmentSpec) -> dict[str, str]:
    return {spec.runtime: "", **spec.programs}


def _image(lock: PartsLock) -> str:
    return "".join(f"{part.name}@sha256:{part.digest}" for part in lock.parts)


def _absent(lock: PartsLock) -> tuple[str, ...]:
    """What the runtime says that it has not, in words."""
    runtime = next((each.name for each in lock.programs if each.name in _RUNTIMES), _RUNTIMES[0])
    program, image = shutil.which(runtime), _image(lock)
    # Its service is asked through a socket, which a program without network may still open.
    asked = [*holding([], None, network=True), str(program), "image", "inspect", "--format", "{{.Id}}", image]
    if program is not None and programs.said_by(asked, _SECONDS).startswith(b"sha256:"):
        return ()
    return (f"{runtime} has no image {plain(image, 160)} here; bring it with '{runtime} pull {plain(image, 160)}'",)
