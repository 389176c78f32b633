"""What a bundle holds of a version, in which order and under which names; what it leaves out and why. Pure.

The version's document says nearly all of it. So whoever reads a bundle works out from the document what has to be in
it, and nothing else may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.bundles.manifest import AbsentPart, BundleMember
from engine.storage.objects import Stored
from engine.versions.absent_data import kept_at, travels_by_reference
from engine.versions.document import COMPILED

if TYPE_CHECKING:
    from engine.versions.records import VersionDocument

PAGE, VERIFIER, DOCUMENT, PROVENANCE = "README.html", "verify_bundle.py", "version.json", "provenance.json"
SCHEMA, GATES, SETTINGS = "schema.json", "gates.json", "settings.json"
LOCK, LOCK_TEXT, PUBLIC_KEY = "environment/lock.json", "environment/lock.txt", "public-key.txt"
PATCH, GOLDEN_INPUTS, GOLDEN_PREDICTIONS = "code.patch", "golden/inputs.parquet", "golden/predictions.parquet"
FIRST = (PAGE, VERIFIER, DOCUMENT, PROVENANCE, SCHEMA, GATES, SETTINGS, LOCK_TEXT)
DATA, WHEELS = "data", "wheels"
REFERENCE = "its leverframe.toml lets it travel as a reference"
NO_WHEELS = AbsentPart(
    "packages",
    "they come from a registry, each as exactly the file whose digest the lock has; an environment is rebuilt without "
    "one only where they are in a cache",
)


@dataclass(frozen=True)
class BundledFile:
    """A file of the version under its name in the bundle."""

    name: str
    stored: Stored
    executable: bool = False


def files_of(document: VersionDocument) -> Iterator[BundledFile]:
    """Every file that the document names, in the order of a bundle; the data last, for it is largest."""
    yield BundledFile(LOCK, document.environment.lock)
    for kept in document.environment.files:
        yield BundledFile(f"environment/files/{kept.path}", kept)
    for each in document.code.files:
        yield BundledFile(f"code/{each.path}", each, each.executable)
    if document.code.patch is not None:
        yield BundledFile(PATCH, document.code.patch)
    for each in document.model.files:
        yield BundledFile(f"model/{each.path}", each, each.executable)
    for each in document.scorer.files:
        yield BundledFile(f"{COMPILED}/{each.path}", each)
    yield BundledFile(GOLDEN_INPUTS, document.golden.inputs)
    yield BundledFile(GOLDEN_PREDICTIONS, document.golden.predictions)
    for block in document.data.files:
        yield BundledFile(f"{DATA}/{block.path}", block, block.executable)


def is_data(name: str) -> bool:
    """Whether the member called ``name`` is data that the version was made from."""
    return name.startswith(f"{DATA}/")


def sensitive_columns(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that the manifest calls sensitive."""
    data = settings.get("data")
    found = data.get("sensitive") if isinstance(data, Mapping) else None
    return tuple(str(each) for each in found) if isinstance(found, list | tuple) else ()


def told_values(document: VersionDocument) -> tuple[str, ...]:
    """The sensitive columns whose values the document's schema lists, as one made by an older Leverframe may."""
    hidden = set(sensitive_columns(document.settings))
    return tuple(
        str(each["name"]) for each in document.schema["columns"] if each["name"] in hidden and each.get("categories")
    )


def why_without_data(document: VersionDocument, wanted: bool) -> str | None:
    """Why the data does not travel; None where it does. ``wanted``: whoever bundles wants it to."""
    hidden = sensitive_columns(document.settings)
    if hidden:
        columns = "a sensitive column" if len(hidden) == 1 else "sensitive columns"
        return f"it has {columns} ({', '.join(hidden[:5])}), and such never travel"
    if travels_by_reference(document.settings):
        return f"{REFERENCE}; {document.data.rows:,} rows, kept at: {kept_at(document.settings)}"
    return None if wanted else "whoever made this bundle left it out"


def is_wheel(name: str) -> bool:
    """Whether the member called ``name`` is a file that the environment is built from, which no document names."""
    return name.startswith(f"{WHEELS}/") and name.count("/") == 1


def absent_environment(document: VersionDocument, *, wheels: bool) -> tuple[AbsentPart, ...]:
    """What of its environment does not travel, and where it comes from there; ``wheels``: its packages do."""
    section = document.environment
    packages = (NO_WHEELS,) if section.packages and not section.files and not wheels else ()
    programs = tuple(
        AbsentPart(f"program {each.name}", f"the machine's own, {each.version} here; there it is compared with that")
        for each in section.programs
    )
    return (*packages, *programs, *(AbsentPart("environment", each) for each in section.elsewhere))


def absent_data(document: VersionDocument, why: str) -> AbsentPart:
    """The data as what does not travel, with the digest of each of its files, by which it can be brought otherwise."""
    files = tuple(BundleMember(f"{DATA}/{each.path}", each.size, each.digest) for each in document.data.files)
    return AbsentPart(DATA, why, files)
