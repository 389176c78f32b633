"""The manifest of a bundle: every member with its size and digest, what is absent and why, and whose it is. Pure.

It is one canonical JSON document; the signature is over its bytes. So whoever has checked it knows what each other byte
of the bundle has to be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.audit.chain import canonical
from engine.bundles import spelling
from engine.errors import Damage, Refusal
from engine.json_records import read as read_record
from engine.json_records import write as written
from engine.text import plain
from engine.versions.document import COMPILED

# An older Leverframe does not know of compiled tables, and would take them for what has no business in a bundle.
FORMAT, WITH_TABLES = 1, 2
KIND = "leverframe-bundle"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class BundleMember:
    """A file of the bundle. ``pieces``: the sizes of the objects that make it up in a store, where it is of several."""

    name: str
    size: int
    sha256: str
    executable: bool = False
    pieces: tuple[int, ...] = ()


@dataclass(frozen=True)
class AbsentPart:
    """What of the version did not travel and why; ``files``: what it would have been, where it can be brought."""

    what: str
    why: str
    files: tuple[BundleMember, ...] = ()


@dataclass(frozen=True)
class BundleManifest:
    """``version``: the digest of the version's document; ``label``: what it is called in the ``workspace`` that wrote
    this, which is named by the first digest of its trail; ``key``: that workspace's public key."""

    version: str
    label: str
    workspace: str
    key: str
    members: tuple[BundleMember, ...]
    absent: tuple[AbsentPart, ...] = ()


def content(manifest: BundleManifest) -> bytes:
    """The bytes that are signed."""
    return canonical({"kind": KIND, "format": _format(manifest), **written(manifest)}).encode()


def _format(manifest: BundleManifest) -> int:
    return WITH_TABLES if any(each.name.startswith(f"{COMPILED}/") for each in manifest.members) else FORMAT


def read(text: bytes) -> BundleManifest:
    """Read back what ``content`` wrote. Raises Damage, or Refusal for the format of another Leverframe."""
    document = spelling.parsed(text, "Its manifest")
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise Damage("Its manifest is not that of a bundle.")
    if document.get("format") not in (FORMAT, WITH_TABLES):
        found = plain(str(document.get("format")), 20)
        raise Refusal(
            f"It has the format {found} and this Leverframe reads {FORMAT} and {WITH_TABLES}; bundle the version "
            "with a Leverframe of the same release, or use that release here."
        )
    found_manifest = read_record(BundleManifest, document, "Its manifest")
    if document["format"] != _format(found_manifest):
        raise Damage("Its manifest has another format than its members ask for.")
    absent = [file for part in found_manifest.absent for file in part.files]
    digests = [found_manifest.version, found_manifest.workspace]
    digests += [each.sha256 for each in (*found_manifest.members, *absent)]
    if not all(DIGEST.fullmatch(each) for each in digests):
        raise Damage("Its manifest holds a digest that is none.")
    for each in (*found_manifest.members, *absent):
        if each.size < 0 or any(piece <= 0 for piece in each.pieces) or sum(each.pieces or (each.size,)) != each.size:
            raise Damage(f"Its manifest holds a size that is none, of '{plain(each.name, 80)}'.")
    spelling.check_canonical(text, "Its manifest")
    if content(found_manifest) != text:
        raise Damage("Its manifest is not written as Leverframe writes one.")
    return found_manifest
