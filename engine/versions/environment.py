"""The environment of a version: its lock as the store keeps it, and the environment that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.environments import programs
from engine.environments.kind import kind_in, kind_of
from engine.environments.records import Environment, Lock, Program, Supply, nothing_kept
from engine.errors import Damage
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.storage.stored_files import StoredFile
    from engine.versions.records import EnvironmentSection, VersionDocument


def section(store: ObjectStore, lock: Lock, environment: Environment, folder: Path) -> EnvironmentSection:
    """What a version document says of ``lock``, which goes into the store with what a version keeps of its environment;
    ``folder`` is for a while."""
    from engine.json_records import read, write
    from engine.versions.records import EnvironmentSection

    stored = store.put_content(json.dumps(lock.to_json(), sort_keys=True).encode())
    kind, about = kind_of(lock), {"digest": lock.digest, "lock": write(stored)}
    files = [_kept(store, each) for each in kind.kept(lock, environment, folder)]
    said = {**about, "kind": kind.name, "files": [write(each) for each in files], **kind.describe(lock)}
    return read(EnvironmentSection, said, "The lock")


def _kept(store: ObjectStore, file: Path) -> StoredFile:
    from engine.storage.stored_files import StoredFile

    stored = store.put_file(file)
    return StoredFile(stored.digest, stored.size, stored.chunks, file.name, False)


def lock_of(store: ObjectStore, document: VersionDocument) -> Lock:
    """The lock that a version keeps, verified. Raises Damage."""
    section = document.environment
    kind, content = kind_in(section.kind), store.read(section.lock)
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Damage("The lock of the environment is no JSON object.")
    lock: Lock = kind.read_lock(told)
    return lock


def check_described(document: VersionDocument, lock: Lock) -> None:
    """Raise Damage where the document says otherwise what is in its environment than the lock that it keeps."""
    section = document.environment
    said = [(each.name, each.version) for each in section.packages]
    if section.digest != lock.digest or said != [(each.name, each.version) for each in lock.packages]:
        raise Damage("Its version.json names other packages than the lock of its environment.")


@dataclass(frozen=True)
class KeptParts:
    """The files that a version keeps of its environment, out of the store; fills ``Supply``."""

    store: ObjectStore
    files: Mapping[str, StoredFile]

    def __call__(self, digest: str, target: Path) -> bool:
        found = self.files.get(digest)
        if found is None:
            return False
        self.store.write_file(found, target)
        return True


def supply_of(store: ObjectStore, document: VersionDocument) -> Supply:
    """What the version keeps of its environment."""
    return KeptParts(store, {each.digest: each for each in document.environment.files})


def supply_for(store: ObjectStore, ledger: Ledger, digest: str) -> Supply:
    """What any version keeps of the environment whose lock has this ``digest``."""
    from engine.versions import contents, document

    with ledger.read() as db:
        versions = [each.digest for each in contents.stored(db) if each.cleaned_at is None]
    files: dict[str, StoredFile] = {}
    for each in versions:
        with suppress(Damage):  # Which one is damaged, and what of it, is told beside this.
            found = document.load(store, each).environment
            files |= {kept.digest: kept for kept in found.files} if found.digest == digest else {}
    return KeptParts(store, files)


def left_out(section: EnvironmentSection) -> tuple[str, ...]:
    """What of it no version keeps because it is the machine's, each in words, with how that is here now."""
    used = [Program(each.name, each.version, each.wanted) for each in section.programs]
    return (*(programs.as_now(each) for each in used), *section.elsewhere)


def built(workspace: Workspace, lock: Lock, supply: Supply = nothing_kept) -> Environment:
    """The environment of ``lock``, built where it is missing; it is compared when something is started in it."""
    return kind_of(lock).build(lock, workspace.environments, supply)


def standing(workspace: Workspace, lock: Lock, supply: Supply = nothing_kept) -> Environment:
    """The environment of ``lock``, built where it is missing. Raises Damage where it is not what was built."""
    environment = built(workspace, lock, supply)
    differences = kind_of(lock).compare(environment, lock)
    if differences:
        raise Damage(
            f"The environment {environment.path.name} is not what was built from its lock: {'; '.join(differences)}. "
            "Run 'leverframe doctor --fix' to build it anew."
        )
    return environment
