"""What a ``renv.lock`` says: R's version, the repositories, each package at its version. Pure but for reading it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import Invalid, NotFound, Refusal
from engine.text import plain

_LARGEST = 20_000_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,98}")
_VERSION = re.compile(r"[0-9]+(?:[.-][0-9]+){0,5}")
_ADDRESS = re.compile(r"(?:https?|file)://[^\s|'\"]{1,300}")
# Of packages that were built from elsewhere than a repository nobody can say that the same come again.
_FROM_REPOSITORY = ("Repository", "CRAN")


@dataclass(frozen=True)
class RenvLock:
    """``r``: R's version, as ``4.2.2``; ``packages``: versions by name."""

    r: str
    repositories: tuple[str, ...]
    packages: dict[str, str]


def read(file: Path, called: str) -> RenvLock:
    """The lock in ``file``, which people call ``called``. Raises NotFound, Refusal, or Invalid with what is wrong."""
    try:
        with file.open("rb") as content:
            said = json.loads(content.read(_LARGEST))
    except FileNotFoundError:
        said = f"There is no {called} in the project; create it with renv::snapshot(), or name packages."
        raise NotFound(said) from None
    except OSError as error:
        raise Refusal(f"{called} cannot be read: {error.strerror}; name a readable file.") from None
    except (ValueError, RecursionError):
        raise Invalid(f"{called} is no JSON; make it anew with renv::snapshot().") from None
    try:
        return _read(said, called)
    except (KeyError, TypeError, AttributeError):
        wrong = f"{called} is not what renv writes (R and Packages); make it anew with renv::snapshot()."
        raise Invalid(wrong) from None


def _read(said: Any, called: str) -> RenvLock:
    version = said["R"]["Version"]
    if not _VERSION.fullmatch(version):
        raise Invalid(f"{called} names '{plain(str(version), 40)}' as R's version; make it anew with renv::snapshot().")
    addresses = [each["URL"] for each in said["R"].get("Repositories", ())]
    packages = {}
    for name, about in said["Packages"].items():
        locked = about["Version"]
        if not (_NAME.fullmatch(name) and _VERSION.fullmatch(locked)):
            raise Invalid(f"{called} names a package that none can be: {plain(f'{name} {locked}', 80)}.")
        if about.get("Source") not in _FROM_REPOSITORY:
            raise Invalid(
                f"{called} takes {name} from {plain(str(about.get('Source')), 40)}; packages come from a repository "
                "or the machine's libraries: install it there, and snapshot it from a repository."
            )
        packages[name] = locked
    return RenvLock(version, tuple(each for each in addresses if _ADDRESS.fullmatch(each)), packages)
