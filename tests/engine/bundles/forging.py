"""Bundles that are not as they were written: by somebody with the key that signed them, or by nobody who has one."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from engine.audit.chain import canonical
from engine.bundles import key, zip_layout
from engine.bundles.zip_layout import ZipMember

Content = Mapping[str, bytes]


def contents(bundle: Path) -> dict[str, bytes]:
    """Every member, in order."""
    with zipfile.ZipFile(bundle) as zipped:
        return {each.filename: zipped.read(each) for each in zipped.infolist()}


def zipped(target: Path, members: Content) -> Path:
    """``members`` as Leverframe writes a zip."""
    found = [ZipMember(name, len(content), zlib.crc32(content)) for name, content in members.items()]
    with open(target, "wb") as file:
        for member, content in zip(found, members.values(), strict=True):
            file.write(zip_layout.head(member) + content)
        file.write(zip_layout.directory(found))
    return target


def signed(target: Path, home: Path, members: Content, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """The same with a manifest that fits and that the workspace at ``home`` has signed; ``change`` of the manifest."""
    manifest = json.loads(members["manifest.json"])
    known = {each["name"]: each for each in manifest["members"]}
    rest = {name: content for name, content in members.items() if not name.startswith("manifest.")}
    manifest["members"] = [
        {
            "executable": False, "pieces": [], **(known.get(name, {}) if sha(content) == _was(known, name) else {}),
            "name": name, "size": len(content), "sha256": sha(content),
        }
        for name, content in rest.items()
    ]  # fmt: skip
    if change is not None:
        change(manifest)
    text = canonical(manifest).encode()
    signature = key.sign(home, text).hex().encode() + b"\n"
    return zipped(target, {**rest, "manifest.json": text, "manifest.sig": signature})


def _was(known: Mapping[str, Any], name: str) -> str | None:
    return known[name]["sha256"] if name in known else None


def sha(content: bytes) -> str:
    return sha256(content).hexdigest()
