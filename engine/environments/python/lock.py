"""A lock: the exact packages of an environment, each with the hashes of the files that may be installed.

A lock is made for one Python and one platform (uv can make one for all platforms, but then which packages belong to
an environment depends on markers, and comparing an environment with its lock would have to evaluate them).
"""

from __future__ import annotations

import hashlib
import json
import re
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from engine.environments.parts_lock import programs_text, read_programs
from engine.environments.python.interpreter import Finder, Interpreter, find_interpreter
from engine.environments.python.names import doubts, named
from engine.environments.python.requirements import LARGEST, logical_lines, plain_requirements, requirements_text
from engine.environments.python.uv_process import Uv, UvFailed
from engine.environments.records import Package, Program, canonical
from engine.errors import Damage, Invalid, NotFound, Refusal
from engine.storage.atomic import write_file
from engine.text import plain

KIND = "python"
FORMAT = 1
RESOLVING_SECONDS = 900.0

_PIN = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==(?P<version>[A-Za-z0-9][A-Za-z0-9.+!_-]*)")
_HASHES = re.compile(r"(?:\s+--hash=sha256:[0-9a-f]{64})+")


@dataclass(frozen=True)
class Lock:
    """``text``: hashed requirements; ``digest``: SHA-256 over text, Python, platform and, where there are any, the
    programs of the machine; see ``parse_lock``."""

    text: str
    digest: str
    python: str
    platform: str
    packages: tuple[Package, ...]
    programs: tuple[Program, ...] = ()
    kind: ClassVar[str] = KIND

    def to_json(self) -> dict[str, str]:
        """What a version keeps of its environment."""
        told = {"text": self.text, "python": self.python, "platform": self.platform, "digest": self.digest}
        return told | ({"programs": programs_text(self.programs)} if self.programs else {})

    def with_programs(self, programs: tuple[Program, ...]) -> Lock:
        """The same with these programs of the machine beside the packages."""
        return parse_lock(self.text, self.python, self.platform, programs) if programs else self

    @staticmethod
    def from_json(document: Mapping[str, object]) -> Lock:
        """The lock that a version kept. Raises Damage when it is not what its digest says, Invalid when unreadable."""
        parts = [document.get(key) for key in ("text", "python", "platform", "digest")]
        text, python, platform, digest = (part if isinstance(part, str) else None for part in parts)
        if text is None or python is None or platform is None or digest is None:
            raise Invalid("The lock of the environment has no text, python, platform or digest; take it in again.")
        lock = parse_lock(text, python, platform, read_programs(document.get("programs")))
        if lock.digest != digest:
            raise Damage(
                f"The lock of the environment is not the one that was stored (digest {plain(digest, 16)} expected, "
                f"{lock.digest[:16]} found); 'leverframe doctor --deep' looks into it."
            )
        return lock


def this_platform() -> str:
    """The platform of this machine as locks name it, such as ``linux-x86_64``."""
    return sysconfig.get_platform()


def packages_of(text: str) -> tuple[Package, ...]:
    """The packages that the lock ``text`` names, in its order.

    Raises Invalid at the first line that is not ``name==version`` with at least one SHA-256: a lock may come from a
    stranger's bundle, and an option or an address in it would choose where packages come from.
    """
    if len(text) > 20 * LARGEST:
        raise Invalid("The lock of the environment is larger than any real one; it is not used.")
    packages: dict[str, Package] = {}
    for number, line in logical_lines(text):
        pin = _PIN.match(line)
        if pin is None or not _HASHES.fullmatch(line, pin.end()):
            raise Invalid(
                f"The lock of the environment, line {number}: '{plain(line, 80)}' is not a package with its version "
                "and hashes; make the lock anew with a retraining run."
            )
        package = Package(canonical(pin["name"]), pin["version"])
        if package.name in packages:
            raise Invalid(
                f"The lock of the environment names {package.name} twice; make it anew with a retraining run."
            )
        packages[package.name] = package
    return tuple(packages.values())


def packages_named(text: str) -> dict[str, str]:
    """The version that each package is pinned to in what uv resolved, which has no hashes; by name."""
    pins = (_PIN.match(line) for _, line in logical_lines(text))
    return {canonical(pin["name"]): pin["version"] for pin in pins if pin is not None}


def pinned(name: str, version: str) -> bool:
    """Whether that is a package at a version, as a line of requirements can say it."""
    return _PIN.fullmatch(f"{name}=={version}") is not None


def hashes_of(text: str) -> dict[str, frozenset[str]]:
    """The SHA-256 of each file that the lock ``text`` lets a package be installed from, by the package's name."""
    return {
        canonical(line.partition("==")[0]): frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
        for _, line in logical_lines(text)
    }


def parse_lock(
    text: str, python: str, platform: str | None = None, programs: tuple[Program, ...] = ()
) -> Lock:
    """The lock with this text for this full version of Python (``3.11.7``) and platform (None: this machine's).

    Raises Invalid when a line is not a pinned and hashed package.
    """
    if not re.fullmatch(r"3\.\d{1,3}\.\d{1,3}[A-Za-z0-9]{0,8}", python):
        raise Invalid(f"'{plain(python, 40)}' is not a full version of Python such as 3.11.7.")
    platform = platform or this_platform()
    # What names no programs has the digest that it had before there could be any.
    beside = [programs_text(programs)] if programs else []
    told = json.dumps([FORMAT, text, python, platform, *beside], ensure_ascii=False)
    return Lock(text, hashlib.sha256(told.encode()).hexdigest(), python, platform, packages_of(text), programs)


def resolve(
    requirements: Path | None,
    python: str | None,
    cache: Path,
    *,
    fresh: bool = False,
    uv: Uv | None = None,
    find: Finder = find_interpreter,
    called: str | None = None,
) -> Lock:
    """The lock of a project: what its requirements file comes to, for the Python that it asks for, on this machine.

    ``called``: what the person calls that file (its path in the project). The answer is kept in ``cache`` (a
    workspace's ``cache`` folder) by what was asked, so a lock changes only when the requirements or the Python change,
    or with ``fresh``. Raises Invalid for a requirements file that is not plain, NotFound when it is missing, and
    Refusal when uv cannot resolve it.
    """
    uv = uv or Uv(cache / "uv")
    source = called or (requirements.name if requirements else "")
    lines = [] if requirements is None else _read(requirements, source)
    asked = "\n".join(line for _, line in lines)
    interpreter = find(python, uv)
    if not asked:
        return parse_lock("", interpreter.version)
    key = json.dumps([FORMAT, asked, interpreter.version, this_platform()], ensure_ascii=False)
    kept = cache / "locks" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    lock = None if fresh else _kept(kept)
    if lock is None:
        try:
            text = _compile(asked, interpreter, uv)
        except UvFailed as failed:
            raise UvFailed(named(str(failed), failed.stderr, source, lines), failed.stderr) from None
        lock = parse_lock(text, interpreter.version)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_file(kept, json.dumps(lock.to_json(), sort_keys=True).encode(), durable=False)
    return lock


def doubtful(requirements: Path | None, called: str) -> tuple[str, ...]:
    """Packages that can be had, but are probably others than those that are meant; each in words."""
    return () if requirements is None else doubts(called, _read(requirements, called))


def _read(requirements: Path, source: str) -> list[tuple[int, str]]:
    """The plain requirements in the file, which people call ``source``, with the numbers of their lines."""
    try:
        content = requirements.read_bytes()
    except FileNotFoundError:
        said = f"There is no {source} in the project; create it, or change requirements in leverframe.toml."
        raise NotFound(said) from None
    except OSError as error:
        raise Refusal(f"{source} cannot be read: {error.strerror}; name a readable file.") from None
    text = requirements_text(content, source)
    plain_requirements(text, source)
    return logical_lines(text)


def _kept(path: Path) -> Lock | None:
    """The lock that was resolved before; None when there is none, or when its file does not hold what it says."""
    try:
        lock = Lock.from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, AttributeError, Invalid, Damage):
        # A cache: resolving again repairs it.
        return None
    return lock


def _compile(asked: str, interpreter: Interpreter, uv: Uv) -> str:
    return uv.run(
        "pip", "compile", "-", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url",
        "--python", str(interpreter.path),
        doing="resolving the requirements", seconds=RESOLVING_SECONDS, given=asked + "\n",
    )  # fmt: skip
