"""The environment of a version: its lock as the store keeps it, and the environment that stands for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.environments.kind import kind_in, kind_of
from engine.environments.records import Environment, Lock
from engine.errors import Damage
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.versions.records import EnvironmentSection, VersionDocument


def section(store: ObjectStore, lock: Lock) -> EnvironmentSection:
    """What a version document says of ``lock``, which goes into the store."""
    from engine.json_records import read, write
    from engine.versions.records import EnvironmentSection

    stored = store.put_content(json.dumps(lock.to_json(), sort_keys=True).encode())
    kind, about = kind_of(lock), {"digest": lock.digest, "lock": write(stored)}
    return read(EnvironmentSection, {**about, "kind": kind.name, **kind.describe(lock)}, "The lock")


def lock_of(store: ObjectStore, document: VersionDocument) -> Lock:
    """The lock that a version keeps, verified. Raises Damage."""
    section = document.environment
    lock: Lock = kind_in(section.kind).read_lock(json.loads(store.read(section.lock)))
    return lock


def built(workspace: Workspace, lock: Lock) -> Environment:
    """The environment of ``lock``, built where it is missing; it is compared when something is started in it."""
    return kind_of(lock).build(lock, workspace.environments)


def standing(workspace: Workspace, lock: Lock) -> Environment:
    """The environment of ``lock``, built where it is missing. Raises Damage where it is not what was built."""
    environment = built(workspace, lock)
    differences = kind_of(lock).compare(environment, lock)
    if differences:
        raise Damage(
            f"The environment {environment.path.name} is not what was built from its lock: {'; '.join(differences)}. "
            "Run 'leverframe doctor --fix' to build it anew."
        )
    return environment
