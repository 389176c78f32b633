"""The environment of a version: its lock as the store keeps it, and the environment that stands for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.environments.build import Environment, ensure
from engine.environments.check import compare
from engine.environments.lock import Lock
from engine.errors import Damage
from engine.storage.objects import ObjectStore
from engine.storage.workspace import Workspace

if TYPE_CHECKING:
    from engine.versions.records import EnvironmentSection, VersionDocument


def section(store: ObjectStore, lock: Lock) -> EnvironmentSection:
    """What a version document says of ``lock``, which goes into the store."""
    from engine.versions.records import EnvironmentSection, LockedPackage

    stored = store.put_content(json.dumps(lock.to_json(), sort_keys=True).encode())
    packages = tuple(LockedPackage(each.name, each.version) for each in lock.packages)
    return EnvironmentSection(lock.python, lock.digest, stored, packages)


def lock_of(store: ObjectStore, document: VersionDocument) -> Lock:
    """The lock that a version keeps, verified. Raises Damage."""
    return Lock.from_json(json.loads(store.read(document.environment.lock)))


def standing(workspace: Workspace, lock: Lock) -> Environment:
    """The environment of ``lock``, built where it is missing. Raises Damage where it is not what was built."""
    environment = ensure(lock, workspace.environments)
    differences = compare(environment, lock)
    if differences:
        raise Damage(
            f"The environment {environment.path.name} is not what was built from its lock: {'; '.join(differences)}. "
            "Run 'leverframe doctor --fix' to build it anew."
        )
    return environment
