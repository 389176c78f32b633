"""Where the packages of an environment come from when it is built: uv's cache, what the store keeps, the registry."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.environments.folder import BUILDING_SECONDS
from engine.environments.kept_files import Keep
from engine.environments.python.lock import Lock, hashes_of
from engine.environments.python.requirements import logical_lines
from engine.environments.python.uv_process import Uv, UvFailed
from engine.environments.records import canonical
from engine.errors import Damage

LOCK_TEXT = "requirements.lock"
_KEPT = ".kept"


@dataclass(frozen=True)
class Sync:
    """uv brings the environment in ``folder`` to what its lock says; ``held``: descriptors that uv keeps open."""

    folder: Path
    uv: Uv
    held: tuple[int, ...]

    def run(self, *options: str, doing: str = "installing the packages", lock: Path | None = None) -> None:
        """``lock``: another text of the lock than the one in the environment. Raises UvFailed."""
        self.uv.run(
            "pip", "sync", "--quiet", "--require-hashes", "--link-mode", "hardlink", *options,
            "--python", str(self.folder / "bin" / "python"), str(lock or self.folder / LOCK_TEXT),
            doing=doing, seconds=BUILDING_SECONDS, held=self.held, into=self.folder,
        )  # fmt: skip


Installer = Callable[[Sync], None]
LayOut = Callable[[Path], None]


def for_workspace(lock: Lock, root: Path) -> Installer:
    """From uv's cache alone if it holds all (a rollback must work without the network), then from what the workspace at
    ``root`` keeps, then from the registry."""

    def install(sync: Sync) -> None:
        # Whatever else is wrong is said again by the last attempt.
        with suppress(UvFailed):
            sync.run("--offline")
            return
        with suppress(UvFailed, Damage):
            _from_keep(lock, Keep(root))(sync)
            return
        sync.run()

    return install


def _from_keep(lock: Lock, keep: Keep) -> Installer:
    def install(sync: Sync) -> None:
        kept = keep.of(lock.digest)
        if kept is None or kept.why is not None:
            raise Damage("Not all that the environment is built from is kept.")
        from_files(lock, partial(keep.lay_out, kept))(sync)

    return install


def from_files(lock: Lock, lay_out: LayOut) -> Installer:
    """From the wheels that ``lay_out`` puts into a folder alone. Raises what it raises, and UvFailed."""

    def install(sync: Sync) -> None:
        # In there, because uv is let see nothing else of the workspace than what it fills.
        files = sync.folder / _KEPT
        files.mkdir()
        try:
            lay_out(files)
            given = files / LOCK_TEXT
            given.write_text(with_built(lock.text, _digests(files)), "utf-8")
            sync.run("--offline", "--no-index", "--find-links", str(files), lock=given)
        finally:
            shutil.rmtree(files, ignore_errors=True)

    return install


def _digests(files: Path) -> dict[str, str]:
    found = {}
    for wheel in files.glob("*.whl"):
        with wheel.open("rb") as file:
            found[wheel.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def with_built(text: str, found: Mapping[str, str]) -> str:
    """The lock ``text``, in which a package that is locked as source may also be the wheel that was built from it.

    ``found``: the digests of the wheels that there are, by their names. Pure.
    """
    locked, more = hashes_of(text), dict[str, str]()
    for name, digest in sorted(found.items()):
        package = canonical(name.split("-")[0])
        if digest not in locked.get(package, (digest,)):
            more[package] = f"{more.get(package, '')} --hash=sha256:{digest}"
    lines = [line + more.get(canonical(line.partition("==")[0]), "") for _, line in logical_lines(text)]
    return "".join(f"{line}\n" for line in lines)
