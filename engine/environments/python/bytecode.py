"""Compiled bytecode shared between environments.

uv shares a package's files by hard links, not its bytecode: compiling the scikit-learn stack anew takes 6 s of an
environment's 7 s, linking what a sibling already compiled 0.15 s. Only bytecode of the very same source file (the
same inode) is taken, and only as it was when the sibling was built; uv's compiling makes what is missing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Compiled:
    """The site-packages ``folder`` of an environment, and what lay in the environment when it was built (``entries``
    of its picture, in which that folder is ``prefix``)."""

    folder: Path
    prefix: str
    entries: Mapping[str, str]


def share_bytecode(packages: Path, siblings: Iterable[Compiled]) -> int:
    """Link into ``packages`` (a site-packages folder) the bytecode that its siblings have; how many were linked.

    A file system without hard links shares no source either, and then nothing is linked.
    """
    linked = 0
    for sibling in siblings:
        for folder, folders, _ in os.walk(packages):
            if "__pycache__" in folders:
                folders.remove("__pycache__")
            linked += _share_folder(Path(folder), os.path.relpath(folder, packages), sibling)
    return linked


def _share_folder(mine: Path, below: str, sibling: Compiled) -> int:
    theirs = sibling.folder / below
    try:
        compiled = os.listdir(theirs / "__pycache__")
    except (FileNotFoundError, NotADirectoryError):
        return 0
    same: dict[str, bool] = {}
    linked = 0
    for name in compiled:
        module = name.partition(".")[0]
        if module not in same:
            same[module] = _same_file(mine / f"{module}.py", theirs / f"{module}.py")
        if not same[module] or not name.endswith(".pyc"):
            continue
        target = mine / "__pycache__"
        target.mkdir(exist_ok=True)
        try:
            os.link(theirs / "__pycache__" / name, target / name)
        except (FileExistsError, FileNotFoundError):
            # There already, from another sibling; or the sibling is being removed at this moment.
            continue
        if _as_pictured(target / name, os.path.normpath(f"{sibling.prefix}{below}/__pycache__/{name}"), sibling):
            linked += 1
        else:
            (target / name).unlink()
    return linked


def _as_pictured(file: Path, name: str, sibling: Compiled) -> bool:
    """uv looks at the head of bytecode only, which says nothing of the code in it."""
    return sibling.entries.get(name, "").split(" ")[-1] == hashlib.sha256(file.read_bytes()).hexdigest()


def _same_file(one: Path, other: Path) -> bool:
    try:
        return os.path.samestat(one.stat(), other.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False
