"""The environment of a version: its lock as the store keeps it, and the environment that stands for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.environments.build import Environment, ensure
from engine.environments.check import compare
from engine.environments.lock import Lock
from engine.errors import Damage
from engine.storage.objects import ObjectStore, Stored
from engine.storage.workspace import Workspace


def section(store: ObjectStore, lock: Lock) -> dict[str, Any]:
    """What a version document says of ``lock``, which goes into the store."""
    stored = store.put_content(json.dumps(lock.to_json(), sort_keys=True).encode())
    packages = [{"name": p.name, "version": p.version} for p in lock.packages]
    return {"python": lock.python, "digest": lock.digest, "lock": stored.document(), "packages": packages}


def lock_of(store: ObjectStore, document: Mapping[str, Any]) -> Lock:
    """The lock that a version keeps, verified. Raises Damage."""
    return Lock.from_json(json.loads(store.read(Stored.of(document["environment"]["lock"]))))


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
