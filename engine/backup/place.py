"""The folder of a backup, and its two manifests: the newest, and the one before it.

    <place>/backup.json   the newest backup; it is the backup, everything else is there for it
            former.json   the one before it
            of            the workspace whose backups these are
            objects/      the objects of both, the ledgers' pieces among them

A backup that is cut short has written objects that no manifest names, and nothing else: the one before it is whole.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.backup import manifest as manifests
from engine.backup.manifest import BackupManifest
from engine.errors import Conflict, Damage, NotFound, Refusal
from engine.storage.atomic import read_file, write_file
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

NEWEST, FORMER = "backup.json", "former.json"
_OF = "of"


@dataclass(frozen=True)
class BackupFolder:
    """A folder that holds a backup, or will."""

    root: Path

    @property
    def store(self) -> ObjectStore:
        return ObjectStore(self.root / "objects")

    def manifest(self, name: str = NEWEST) -> tuple[BackupManifest, dict[str, str]]:
        """A manifest and its signature. Raises NotFound when there is none, Damage when it is not as written."""
        try:
            content = read_file(self.root / name)
        except (FileNotFoundError, NotADirectoryError):
            which = "no backup" if name == NEWEST else "no backup before the newest"
            raise NotFound(
                f"There is {which} in {self.root}; name the folder that 'leverframe backup' wrote."
            ) from None
        except OSError as error:
            raise Damage(f"The backup in {self.root} cannot be read: {error.strerror}.") from None
        try:
            return manifests.read(content)
        except Damage as damage:
            other = "; 'leverframe restore --former' takes the one before it" if name == NEWEST else ""
            raise Damage(f"The backup in {self.root} is no good: of its {name}, {damage}{other}.") from None

    def there(self) -> Iterator[BackupManifest]:
        """The manifests that can be read."""
        for name in (NEWEST, FORMER):
            try:
                yield self.manifest(name)[0]
            except (NotFound, Damage):
                continue

    def put(self, manifest: BackupManifest, key: bytes) -> None:
        """Make ``manifest`` the newest backup and the newest the former, in two steps that each leave one whole."""
        newest = self.root / NEWEST
        try:
            self.manifest()
        except (NotFound, Damage):
            pass  # One that is no good takes no good one's place.
        else:
            write_file(self.root / FORMER, newest.read_bytes(), mode=0o600)
        write_file(newest, manifests.written(manifest, key), mode=0o600)

    def begun(self) -> bool:
        """Whether any backup was ever made here, as far as the folder says."""
        return (self.root / _OF).exists()

    def begin(self, workspace: str) -> None:
        """Make it a place for the backups of ``workspace``. Raises Refusal when it is somebody else's."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        of = self.root / _OF
        try:
            other = read_file(of).decode("ascii", "replace").strip()
        except FileNotFoundError:
            # A first backup that was killed may have left this very file half written.
            ours = (f".{_OF}.", "lost+found")
            others = [path.name for path in self.root.iterdir() if not path.name.startswith(ours)]
            if others:
                raise Refusal(f"{self.root} holds other things ({others[0]}, …); name an empty folder.") from None
            write_file(of, f"{workspace}\n".encode())
            other = workspace
        if other != workspace:
            raise Refusal(f"{self.root} holds the backup of another workspace; name a folder of its own.")
        (self.root / "objects").mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else writes here meanwhile. Raises Conflict."""
        with alone_in(self.root, f"Another process is writing a backup to {self.root}; wait for it and try again."):
            yield


@contextmanager
def alone_in(folder: Path, otherwise: str) -> Iterator[None]:
    """Hold the lock of a folder itself, which leaves nothing in it. Raises Conflict, which says ``otherwise``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(otherwise) from None
        yield
    finally:
        os.close(descriptor)


def outside(workspace: Workspace, folder: Path) -> BackupFolder:
    """``folder`` as a place for a backup. Raises Refusal when it would be lost with the workspace."""
    root, home = folder.expanduser().absolute(), workspace.root.resolve()
    found = root.resolve()
    if found == home or found.is_relative_to(home) or home.is_relative_to(found):
        raise Refusal(f"{root} and the workspace {workspace.root} lie in each other; name a folder on another disk.")
    return BackupFolder(root)
