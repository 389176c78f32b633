"""The environment of a version: its lock as the store keeps it, and the environment that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.environments.kind import PYTHON, kind_in, kind_of
from engine.environments.records import Environment, Lock
from engine.errors import Damage
from engine.storage.objects import ObjectStore, Stored
from engine.storage.workspace import Workspace


def section(store: ObjectStore, lock: Lock) -> dict[str, Any]:
    """What a version document says of ``lock``, which goes into the store."""
    stored = store.put_content(json.dumps(lock.to_json(), sort_keys=True).encode())
    kind = {} if lock.kind == PYTHON.name else {"kind": lock.kind}
    return {**kind, "digest": lock.digest, "lock": stored.document(), **kind_of(lock).describe(lock)}


def lock_of(store: ObjectStore, document: Mapping[str, Any]) -> Lock:
    """The lock that a version keeps, verified. Raises Damage."""
    section = document["environment"]
    lock: Lock = kind_in(section).read_lock(json.loads(store.read(Stored.of(section["lock"]))))
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
