"""The lock of an environment that is put together from parts: a list of files with their digests, and programs of the
machine. Every kind but Python's has one; what its parts are is the kind's affair."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.environments.programs import NAME
from engine.environments.records import Package, Program
from engine.errors import Damage, Invalid
from engine.text import plain

FORMAT = 1
_LARGEST = 4_000_000
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/:-]{0,399}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[A-Za-z0-9._+~:-]{0,100}")


@dataclass(frozen=True)
class Part:
    """One file that an environment is put together from: a package's archive, a jar, an image. ``digest``: the SHA-256
    of its content; ``kept``: whether a version keeps that, or it has to come from elsewhere."""

    name: str
    version: str
    digest: str
    kept: bool = True


@dataclass(frozen=True)
class PartsLock:
    """``platform``: the only one that its parts are for, "" where they are for any; see ``written``."""

    kind: str
    parts: tuple[Part, ...]
    programs: tuple[Program, ...]
    platform: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over all that it says."""
        return hashlib.sha256(self._content().encode()).hexdigest()

    @property
    def packages(self) -> tuple[Package, ...]:
        return tuple(Package(each.name, each.version or f"sha256 {each.digest[:12]}") for each in self.parts)

    @property
    def text(self) -> str:
        """A line for each program and each part."""
        lines = [f"# {self.kind}{f', {self.platform}' if self.platform else ''}"]
        for program in self.programs:
            asked = f"   # asked for: {program.wanted}" if program.wanted else ""
            lines.append(f"{program.name} {program.version}{asked}")
        lines += [f"{part.name} {part.version or '-'} sha256:{part.digest}" for part in self.parts]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "content": self._content(), "digest": self.digest}

    def _content(self) -> str:
        parts = [[each.name, each.version, each.digest, each.kept] for each in self.parts]
        programs = _listed(self.programs)
        told = {"format": FORMAT, "kind": self.kind, "parts": parts, "platform": self.platform, "programs": programs}
        return json.dumps(told, sort_keys=True, separators=(",", ":"))


def digest_of(file: Path) -> str:
    """The SHA-256 of a part's file. Raises OSError."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def read_parts_lock(told: Mapping[str, Any], kind: str) -> PartsLock:
    """The lock of this ``kind`` that a version kept, or that came in a stranger's bundle: nothing in it is believed.

    Raises Damage when it is not what its digest says, Invalid when it cannot be read.
    """
    content, digest = told.get("content"), told.get("digest")
    if not isinstance(content, str) or not isinstance(digest, str) or len(content) > _LARGEST:
        raise Invalid("The lock of the environment has no content or no digest; take it in again.")
    if hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest() != digest:
        raise Damage(
            f"The lock of the environment is not the one that was stored (digest {plain(digest, 16)} expected); "
            "'leverframe doctor --deep' looks into it."
        )
    try:
        lock = _read(json.loads(content), kind)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _unreadable() from None
    if lock.digest != digest:
        raise _unreadable()
    return lock


def _listed(programs: Iterable[Program]) -> list[list[str]]:
    return [[each.name, each.version, each.wanted] for each in programs]


def programs_text(programs: Iterable[Program]) -> str:
    """Programs as a lock of Python's writes them."""
    return json.dumps(_listed(programs), separators=(",", ":"))


def read_programs(said: object) -> tuple[Program, ...]:
    """What ``programs_text`` wrote; () for None. Raises Invalid."""
    if said is None:
        return ()
    try:
        return tuple(_program(*each) for each in json.loads(str(said)))
    except (ValueError, TypeError, RecursionError):
        raise _unreadable() from None


def _unreadable() -> Invalid:
    return Invalid("The lock of the environment cannot be read; make it anew with a retraining run.")


def _read(said: Mapping[str, Any], kind: str) -> PartsLock:
    """Raises ValueError, TypeError or KeyError where it is not as it has to be."""
    if said["format"] != FORMAT or said["kind"] != kind:
        raise ValueError
    parts = tuple(_part(*each) for each in said["parts"])
    programs = tuple(_program(*each) for each in said["programs"])
    names = [each.name for each in parts]
    if len(set(names)) < len(names) or not re.fullmatch(r"[a-z0-9_.-]{0,60}", said["platform"]):
        raise ValueError
    return PartsLock(kind, parts, programs, said["platform"])


def _part(name: str, version: str, digest: str, kept: bool) -> Part:
    if not (_PART.fullmatch(name) and _WORD.fullmatch(version) and _DIGEST.fullmatch(digest) and type(kept) is bool):
        raise ValueError
    if any(piece in ("", ".", "..") for piece in name.split("/")):
        raise ValueError
    return Part(name, version, digest, kept)


def _program(name: str, version: str, wanted: str) -> Program:
    if not (re.fullmatch(NAME, name) and _WORD.fullmatch(version) and _WORD.fullmatch(wanted)):
        raise ValueError
    return Program(name, version, wanted)
