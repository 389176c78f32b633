"""What R packages say of themselves in their file DESCRIPTION, read as text: R is not started for it. Pure but for
reading the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 1_000_000
_FIELD = re.compile(r"^([A-Za-z@/]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_NEEDED = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,98}")
_VERSION = re.compile(r"[0-9]+(?:[.-][0-9]+){0,5}")


@dataclass(frozen=True)
class Installed:
    """One package in a library of this machine. ``base``: it is part of R itself; ``needs``: the packages that it
    loads."""

    name: str
    version: str
    folder: Path
    base: bool
    needs: tuple[str, ...]


def read(folder: Path) -> Installed | None:
    """The package installed in ``folder``; None where none is, or nothing that can be read."""
    try:
        with (folder / "DESCRIPTION").open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return None
    said = {name: " ".join(value.split()) for name, value in _FIELD.findall(text)}
    name, version = said.get("Package", ""), said.get("Version", "")
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        return None
    needs = needed(said.get("Depends", ""), said.get("Imports", ""))
    return Installed(name, version, folder, said.get("Priority") == "base", needs)


def needed(*fields: str) -> tuple[str, ...]:
    """The packages that fields such as Imports name, without their versions and without R itself, in order."""
    names = [entry.strip() for field in fields for entry in field.split(",")]
    found = [match[0] for entry in names if (match := _NEEDED.match(entry)) is not None]
    return tuple(dict.fromkeys(name for name in found if name != "R"))


def in_libraries(libraries: Iterable[Path]) -> dict[str, Installed]:
    """The packages of the libraries by name; of one that lies in several the first counts, as it does for R."""
    found: dict[str, Installed] = {}
    for library in libraries:
        for folder in sorted(library.iterdir()) if library.is_dir() else ():
            package = read(folder) if folder.is_dir() else None
            if package is not None:
                found.setdefault(package.name, package)
    return found


def closure(names: Iterable[str], there: Mapping[str, Installed]) -> tuple[list[str], list[str]]:
    """The packages that ``names`` load, themselves among them, by name and without R's own; and those of them that are
    not there."""
    wanted, missing = dict.fromkeys(names), []
    for name in (todo := list(wanted)):
        package = there.get(name)
        if package is None:
            missing.append(name)
            continue
        todo += [each for each in package.needs if each not in wanted]
        wanted.update(dict.fromkeys(package.needs))
    return sorted(name for name in wanted if name in there and not there[name].base), missing
