"""Rebuild a version in an empty folder from nothing but what the store holds.

<folder>/version.json   the version document
         code/          the project's code as it was
         model/         the model's files
         data/          the data it was made from, as one Parquet data set, where that is here
         schema.json    that data's schema
         requirements.lock    (environment.lock where it is not Python's)
         environment    link to the environment, rebuilt from the lock if it was gone
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.storage.objects import ObjectStore
from engine.versions import document as documents
from engine.versions.environment import lock_of, supply_of

if TYPE_CHECKING:
    from engine.environments.records import Environment, Lock, Supply
    from engine.versions.records import VersionDocument


EnvironmentOf = Callable[["Lock", "Supply"], "Environment"]


def lock_file(lock: Lock) -> str:
    """What the lock is called in a release folder: Python's can be given to pip as it is."""
    return "requirements.lock" if lock.kind == "python" else "environment.lock"


def rebuild(store: ObjectStore, digest: str, folder: Path, environment_of: EnvironmentOf) -> VersionDocument:
    """Rebuild the version with ``digest`` at ``folder``, which must not exist; returns the version document.

    ``environment_of`` has the environment of its lock, with what the version keeps of it. Every file is verified
    against its digest on the way. Raises Damage, and what ``environment_of`` raises.
    """
    document = documents.load(store, digest)
    folder.mkdir(parents=True)
    for part, files in documents.folders_here(store, document).items():
        documents.write_folder(store, files, folder / part)
    lock = lock_of(store, document)
    environment = environment_of(lock, supply_of(store, document))
    os.symlink(os.path.relpath(environment.path, folder), folder / "environment")
    (folder / lock_file(lock)).write_text(lock.text, encoding="utf-8")
    for name, content in (("schema", document.schema), ("version", {**documents.written(document), "digest": digest})):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
    return document
