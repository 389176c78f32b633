"""Whether an environment still is what its lock says, read from its folders: no process is started.

What is installed is told by the ``*.dist-info`` folders; whether each package is whole, by the sizes that its RECORD
gives (30 ms for the 6,800 files of the scikit-learn stack) and, where it matters, by its hashes (1.7 s).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.environments.interpreter import fingerprint
from engine.environments.lock import Lock
from engine.environments.requirements import canonical
from engine.text import plain

if TYPE_CHECKING:
    from engine.environments.build import Environment

MARKER = "leverframe.json"
_NAMED_AT_MOST = 3


def site_packages(environment: Path) -> Path:
    """The folder of an environment that holds its packages."""
    return next(iter(sorted(environment.glob("lib/python3*/site-packages"))), environment / "lib" / "site-packages")


def compare(environment: Environment, lock: Lock, *, content: bool = False) -> tuple[str, ...]:
    """What differs between an environment and its lock, each difference in words; () when nothing does.

    ``content``: also hash every file of every package, which finds changes that keep a file's size.
    """
    if not environment.path.is_dir():
        return (f"the environment {environment.path.name} is missing",)
    packages = site_packages(environment.path)
    if not packages.is_dir():
        return (f"the environment {environment.path.name} has no packages folder",)
    installed = _installed(packages)
    return (
        *_python_differences(environment, lock),
        *package_differences(lock, {name: version for name, (version, _) in installed.items()}),
        *_file_differences(packages, {name: folder for name, (_, folder) in installed.items()}, content),
    )


def package_differences(lock: Lock, installed: dict[str, str]) -> tuple[str, ...]:
    """How the installed packages (canonical name to version) differ from the lock's. Pure."""
    wanted = {package.name: package.version for package in lock.packages}
    found = []
    for name in sorted(wanted.keys() | installed.keys()):
        if name not in installed:
            found.append(f"{name} {wanted[name]} is missing")
        elif name not in wanted:
            found.append(f"{plain(name, 60)} {plain(installed[name], 30)} is not in the lock")
        elif _comparable(wanted[name]) != _comparable(installed[name]):
            found.append(f"{name} is {plain(installed[name], 30)} instead of {wanted[name]}")
    return tuple(found)


def _comparable(version: str) -> tuple[str, ...]:
    """A version with its spellings made one: folder names hold ``1.0_rc1`` or ``1.0.RC1`` for ``1.0rc1``."""
    words = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc", "rev": "post", "r": "post"}
    parts = re.findall(r"\d+|[a-z]+|[+!]", version.lower().removeprefix("v"))
    return tuple(str(int(part)) if part.isdecimal() else words.get(part, part) for part in parts)


def _installed(packages: Path) -> dict[str, tuple[str, Path]]:
    """Canonical name to version and dist-info folder. A second folder of one package counts as its own, by its path."""
    found: dict[str, tuple[str, Path]] = {}
    for name in sorted(os.listdir(packages)):
        if not name.endswith(".dist-info"):
            continue
        package, _, version = name.removesuffix(".dist-info").partition("-")
        key = canonical(package)
        found[name if key in found else key] = (version, packages / name)
    return found


def _python_differences(environment: Environment, lock: Lock) -> Iterable[str]:
    try:
        marker = json.loads((environment.path / MARKER).read_text("utf-8"))
        digest, path, print_then = marker["digest"], marker["interpreter"]["path"], marker["interpreter"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        yield f"its {MARKER} is missing or unreadable, so it was not built to its end"
        return
    if digest != lock.digest:
        yield f"it was built from another lock ({plain(str(digest), 16)} instead of {lock.digest[:16]})"
    settings = _settings(environment.path / "pyvenv.cfg")
    version = settings.get("version_info") or settings.get("version") or "unknown"
    if version != lock.python:
        yield f"Python is {plain(version, 30)} instead of {lock.python}"
    if settings.get("include-system-site-packages", "false").lower() != "false":
        yield "it also sees the packages of the system's Python"
    try:
        if fingerprint(environment.python) != print_then:
            yield f"the Python program {plain(path, 120)} was replaced after the environment was built"
    except (OSError, TypeError):
        yield f"its Python program {plain(str(path), 120)} is missing"


def _settings(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _file_differences(packages: Path, folders: dict[str, Path], content: bool) -> Iterable[str]:
    """Files that packages should have and have not, or have otherwise; and what lies there and is no package's."""
    base = f"{packages}{os.sep}"
    owned = {"__pycache__"} | {folder.name for folder in folders.values()}
    for name, folder in folders.items():
        try:
            with open(folder / "RECORD", newline="", encoding="utf-8", errors="replace") as file:
                rows = [row for row in csv.reader(file) if len(row) == 3]
        except (OSError, csv.Error):
            yield f"{plain(name, 60)} has no readable list of its files"
            continue
        owned.update(path.split("/", 1)[0] for path, _, _ in rows)
        # Text, not Path: joining 6,800 paths costs as much as looking at the files.
        changed = [
            path for path, digest, size in rows if not _is_whole(f"{base}{path}", digest if content else "", size)
        ]
        if changed:
            named = ", ".join(plain(path, 80) for path in changed[:_NAMED_AT_MOST])
            more = f" and {len(changed) - _NAMED_AT_MOST} more" if len(changed) > _NAMED_AT_MOST else ""
            yield f"files of {plain(name, 60)} are missing or changed: {named}{more}"
    for stranger in sorted(set(os.listdir(packages)) - owned):
        yield f"{plain(stranger, 80)} belongs to no package of the lock"


def _is_whole(path: str, digest: str, size: str) -> bool:
    try:
        if size.isdecimal() and os.stat(path).st_size != int(size):
            return False
        if digest:
            kind, _, expected = digest.partition("=")
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, kind).digest()
            return base64.urlsafe_b64encode(found).decode().rstrip("=") == expected
        return size.isdecimal() or os.path.exists(path)
    except (OSError, ValueError):
        return False
