"""What packages say of their own files, which finds a cache of uv's that was written into through a hard link."""

from __future__ import annotations

import base64
import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_INFO, _RECORD = ".dist-info", "RECORD"


def differing(root: Path, entries: Mapping[str, str]) -> tuple[str, ...]:
    """The packages in the environment ``root`` with a file that is not what their RECORD says, by name.

    ``entries``: what lies in it, see ``picture``. Bytecode is left out: it is compiled anew.
    """
    found = []
    for path in entries:
        folder, _, name = path.rpartition("/")
        if name == _RECORD and folder.endswith(_INFO):
            packages = os.path.dirname(folder)
            if any(entries.get(place, "").split(" ")[-1] != digest for place, digest in _listed(root / path, packages)):
                found.append(os.path.basename(folder).removesuffix(_INFO).partition("-")[0])
    return tuple(found)


def _listed(record: Path, packages: str) -> Iterator[tuple[str, str]]:
    """Path and SHA-256 of each file that a RECORD lists with one."""
    with open(record, newline="", encoding="utf-8", errors="replace") as file:
        try:
            rows = [row for row in csv.reader(file) if len(row) == 3]
        except csv.Error:
            return  # Whatever cannot be read lists nothing.
    for path, digest, _ in rows:
        kind, _, value = digest.partition("=")
        if kind == "sha256" and not path.endswith(".pyc"):
            try:
                told = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
            except ValueError:
                told = "no digest"
            yield os.path.normpath(f"{packages}/{path}"), told
