"""Whose packages the common list knows: Python's, R's, jars, and programs of the machine. Pure.

A package is named by one word, in small letters: Python's by their names alone (``pandas``), others with the word of
their ecosystem before (``r:rpart``, ``jvm:org.apache.commons:commons-lang3``, ``program:java``). So no two of different
ecosystems are called alike. A jar whose maker did not write into it what it is, is known by the name of its file:
``jvm:commons-lang3``, of a group that nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from engine.environments.programs import NAME as PROGRAM_NAME
from engine.environments.records import canonical as python_name
from engine.packages import orders
from engine.text import plain

_LONGEST_NAME, _LONGEST_VERSION = 200, 200
# ``commons-lang3-3.14.0.jar``: a number behind a hyphen begins the version.
_JAR_FILE = re.compile(r"(?P<name>[A-Za-z0-9._+-]+?)(?:-(?P<version>[0-9][A-Za-z0-9.+_-]*))?\.jar", re.IGNORECASE)


@dataclass(frozen=True)
class Ecosystem:
    """``name``: the word before its packages; ``whose``: its packages, in words; ``osv``: as advisories call it, None
    where there are none. ``named``: what a package can be called. ``key`` makes of a version what compares as versions
    do, and raises ValueError for what is none."""

    name: str
    whose: str
    osv: str | None
    named: re.Pattern[str]
    key: Callable[[str], Any]


def _python_version(version: str) -> Any:
    from packaging.version import Version

    if len(version) > _LONGEST_VERSION:  # Of a number of thousands of digits Python makes none.
        raise ValueError
    return Version(version)


PYTHON = Ecosystem(
    "python", "Python's packages", "PyPI", re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"), _python_version
)
R = Ecosystem("r", "R's packages", "CRAN", re.compile(r"[A-Za-z][A-Za-z0-9.]*"), orders.r)
JVM = Ecosystem(
    "jvm", "jars", "Maven", re.compile(r"[A-Za-z0-9._+-]*[A-Za-z0-9](?::[A-Za-z0-9._+-]*[A-Za-z0-9])?"), orders.maven
)
PROGRAM = Ecosystem("program", "programs of the machine", None, re.compile(PROGRAM_NAME), orders.maven)
ALL = (PYTHON, R, JVM, PROGRAM)
_BY_NAME = {each.name: each for each in ALL}
# The ecosystem of what a kind of environment is put together from; an image's packages are inside it.
_OF_KIND = {"python": PYTHON, "r": R, "jvm": JVM}


def called(name: str) -> Ecosystem | None:
    """The ecosystem with this word."""
    return _BY_NAME.get(name)


def of_osv(name: str) -> Ecosystem | None:
    """The ecosystem that an advisory names, which may say behind a colon from where (``Maven:https://…``)."""
    said = name.partition(":")[0].lower()
    return next((each for each in ALL if each.osv is not None and each.osv.lower() == said), None)


def one_word(ecosystem: Ecosystem, name: str) -> str:
    """What the list calls the package ``name``, in one spelling."""
    if ecosystem is PYTHON:
        return plain(python_name(name), _LONGEST_NAME)
    return plain(f"{ecosystem.name}:{name.lower()}", _LONGEST_NAME)


def of(package: str) -> Ecosystem:
    """Whose package it is, by its one word."""
    return _BY_NAME[package.partition(":")[0]] if ":" in package else PYTHON


def written(package: str) -> str:
    """The one word for a package as somebody typed it: ``Scikit_Learn``, ``python:pandas``, ``r:Matrix``."""
    head, colon, name = package.partition(":")
    ecosystem = called(head.strip().lower()) if colon else PYTHON
    if ecosystem is None:
        return plain(package, _LONGEST_NAME)
    return one_word(ecosystem, (name if colon else package).strip())


def key_of(package: str, version: str) -> Any:
    """What compares as the versions of ``package`` do; None where ``version`` cannot be read as one."""
    try:
        return of(package).key(version)
    except ValueError:
        return None


class Named(Protocol):
    """What has a name and a version: a package or a program of a lock, or of a version's document."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...


def held_by(kind: str, packages: Iterable[Named], programs: Iterable[Named]) -> Mapping[str, str]:
    """What an environment of this ``kind`` has, by the words of the list, each with its version.

    Jars of one name (as of two folders) keep the version that is the older one, for that is the one to see to.
    """
    found: dict[str, str] = {}
    ecosystem = _OF_KIND.get(kind)
    for each in packages if ecosystem is not None else ():
        assert ecosystem is not None
        name, has = _jar(each.name, each.version) if ecosystem is JVM else (each.name, each.version)
        word = one_word(ecosystem, name)
        before = found.get(word)
        found[word] = has if before is None or _is_older(word, has, before) else before
    return found | {one_word(PROGRAM, each.name): each.version for each in programs}


def _is_older(package: str, version: str, other: str) -> bool:
    one, two = key_of(package, version), key_of(package, other)
    return one is None or (two is not None and one < two)


def _jar(file: str, said: str) -> tuple[str, str]:
    """Name and version of a jar: ``said`` is group, artifact and version where the jar itself names them, else nothing
    that counts, and the name of its file has to do. The version is "" where nothing says it."""
    pieces = said.split(":")
    if len(pieces) == 3:
        return f"{pieces[0]}:{pieces[1]}", pieces[2]
    read = _JAR_FILE.fullmatch(file)
    return (read["name"], read["version"] or "") if read else (file, "")


def words_for(package: str) -> tuple[str, ...]:
    """The words under which the list may speak of ``package``, the closest first: a jar's with its group, then
    without."""
    head, *rest = package.split(":")
    return (package, f"{head}:{rest[1]}") if len(rest) == 2 else (package,)


def may_be(package: str, said: str) -> bool:
    """Whether the word ``said`` (of the list, of an advisory) is about ``package``. One with a group is also about a
    jar of that name whose group nobody knows: to be looked at is better than to be passed over."""
    if said in words_for(package):
        return True
    return package.count(":") == 1 and package.startswith(f"{JVM.name}:") and words_for(said)[-1] == package


def not_seen(kind: str, held: Mapping[str, str]) -> str | None:
    """What of an environment of this ``kind`` the list cannot be about, as a clause; None where it knows all."""
    if kind == "container":
        return "what is in its image is not looked into (container)"
    if kind not in _OF_KIND and not held:
        return f"it names no package and no program ({kind})"
    return None
