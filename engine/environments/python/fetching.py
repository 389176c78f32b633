"""The files of a lock, as they are in the registry: what an environment can be built from when there is none any more.

uv keeps unpacked what it has installed, and no list of an unpacked file has the digest that the lock has. So uv is
asked where the files are (it knows the machine's registries), and each is fetched once more, by a process that is held
by the kernel as uv is, and held against the lock.
Of a package that there is as source only, the wheel that uv built from it is taken out of uv's cache.
"""

from __future__ import annotations

import json
import netrc
import os
import re
import select
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from engine.environments.held import holding, workspace_around
from engine.environments.python.interpreter import Finder, find_interpreter
from engine.environments.python.lock import RESOLVING_SECONDS, Lock, hashes_of
from engine.environments.python.uv_process import Uv, UvFailed, uv_environment
from engine.environments.records import FetchedFile, FetchedFiles, Package, canonical
from engine.errors import Refusal
from engine.text import plain

# A program that fetches and does nothing else; it stands alone, and is held.
_FETCHER = Path(__file__).with_name("wheel_fetcher.py")
SECONDS, MEMORY, LARGEST, LEAVE_FREE = 1800.0, 1 << 30, 4 << 30, 32 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WHEEL = re.compile(r"[A-Za-z0-9._+!-]{1,250}\.whl")
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Offer:
    """A wheel of ``package`` that is to be had: where, and what it has to be. ``own``: uv built it here, and "" is its
    ``digest``, for nobody knows it before."""

    package: str
    name: str
    url: str
    digest: str
    own: bool = False


def fetch(
    lock: Lock, uv: Uv, into: Path, known: Mapping[str, str], *, find: Finder = find_interpreter
) -> FetchedFiles:
    """Every file of ``lock`` that is to be had, in the folder ``into``; but for those ``known`` by their digests.

    Nothing of it is believed: what is fetched has a digest of the lock's. Raises Refusal when the disk is full.
    """
    if not lock.packages:
        return FetchedFiles((), None)
    try:
        offered = _offered(lock, uv, find)
    except Refusal as refused:
        return FetchedFiles((), f"the registry did not say where they are: {str(refused).rstrip('.')}")
    hashes, wheels, lacking = hashes_of(lock.text), list[Offer](), list[str]()
    for package in lock.packages:
        mine = [each for each in offered if each.package == package.name]
        chosen = [each for each in mine if each.digest in hashes.get(each.package, ())]
        if not mine:
            chosen = _built(package.name, package.version, uv.cache)
        wheels += chosen
        if not chosen and mine:
            lacking.append(f"{plain(mine[0].name, 100)} is another file in the registry than the one that was locked")
        elif not chosen:
            lacking.append(_source_only(package))
    asked = [each for each in wheels if each.digest not in known]
    found = [FetchedFile(each.package, each.name, each.digest, None) for each in wheels if each.digest in known]
    for each in _brought(asked, into, uv):
        found += [each] if isinstance(each, FetchedFile) else []
        lacking += [each] if isinstance(each, str) else []
    return FetchedFiles(tuple(found), _in_words(lacking))


def _source_only(package: Package) -> str:
    return f"{package.name} {package.version} is source only, and uv has the wheel no longer"


def _in_words(lacking: list[str]) -> str | None:
    if not lacking:
        return None
    more = f", and {len(lacking) - _NAMED_AT_MOST} more" if len(lacking) > _NAMED_AT_MOST else ""
    return "; ".join(lacking[:_NAMED_AT_MOST]) + more


def _offered(lock: Lock, uv: Uv, find: Finder) -> list[Offer]:
    """Where the registry has the wheels of ``lock`` that fit this machine; what uv has asked before is not asked."""
    python = find(lock.python, uv)
    command = (
        "pip", "compile", "-", "--quiet", "--no-deps", "--no-header", "--format", "pylock.toml",
        "--python", str(python.path),
    )  # fmt: skip
    asked = "".join(f"{each.name}=={each.version}\n" for each in lock.packages)
    doing = "asking where the packages are"
    try:
        said = uv.run(*command, "--offline", doing=doing, seconds=RESOLVING_SECONDS, given=asked)
    except UvFailed:
        said = uv.run(*command, doing=doing, seconds=RESOLVING_SECONDS, given=asked)
    return list(offers(said, uv.cache.absolute().parent))


def offers(said: str, beside: Path) -> Iterator[Offer]:
    """The wheels that a lock in the form of PEP 751 names; paths in it are taken from ``beside``. Pure."""
    try:
        packages: list[dict[str, Any]] = tomllib.loads(said).get("packages", [])
    except tomllib.TOMLDecodeError:
        return
    for package in packages:
        for wheel in package.get("wheels", ()):
            path, url = wheel.get("path"), wheel.get("url")
            place = url or (f"file://{quote(str(beside / path))}" if path else "")
            name = wheel.get("name") or unquote(urlsplit(place).path).rpartition("/")[2]
            digest = wheel.get("hashes", {}).get("sha256", "")
            if place and _WHEEL.fullmatch(name):
                yield Offer(canonical(str(package["name"])), name, place, str(digest))


def _brought(asked: Sequence[Offer], into: Path, uv: Uv) -> Iterator[FetchedFile | str]:
    """Each file, or why there is none: fetched by a process that the kernel holds to the folder ``into``, with an end
    to its time, its memory, the size of a file and what it leaves of the disk. Raises Refusal when the disk is full."""
    if not asked:
        return
    said = {each["file"]: each for each in _told(asked, into, uv)}
    for place, offer in enumerate(asked):
        told, name, target = said.get(place), plain(offer.name, 100), into / offer.name
        digest = str(told.get("digest", "")) if told else ""
        if told is not None and told.get("full"):
            raise Refusal(f"{name} could not be kept: the disk is full; free some space and try again.")
        if told is None:
            yield f"{name} could not be fetched (it took longer than {SECONDS:.0f} s, or was ended)"
        elif "why" in told:
            yield f"{name} could not be fetched ({plain(str(told['why']), 120)})"
        elif not _DIGEST.fullmatch(digest) or (offer.digest and digest != offer.digest) or not _is_file(target):
            yield f"{name} is another file in the registry than the one that was locked"
        else:
            yield FetchedFile(offer.package, offer.name, digest, target)


def _is_file(path: Path) -> bool:
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def _told(asked: Sequence[Offer], into: Path, uv: Uv) -> list[dict[str, Any]]:
    """What the process said of the files until it ended, or its time was over."""
    cache = uv.cache.absolute()
    files = [
        {"url": each.url, "name": each.name, "login": None if each.own else _login(each.url), "own": each.own}
        for each in asked
    ]
    job = {"files": files, "into": str(into), "memory": MEMORY, "largest": LARGEST, "leave_free": LEAVE_FREE}
    before = holding([into], workspace_around(cache), network=True, reads=[cache])
    given = {name: value for name, value in uv_environment(os.environ).items() if not name.startswith("UV_")}
    process = subprocess.Popen(
        [*before, sys.executable, "-I", "-S", str(_FETCHER)],
        cwd=into, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        with suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()  # And not closed: by that it knows that we are there.
        return list(_lines(process, len(asked)))
    finally:
        _end(process)


def _lines(process: subprocess.Popen[bytes], many: int) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    said, until = b"", time.monotonic() + SECONDS
    while (left := until - time.monotonic()) > 0 and len(said) < 4096 * (many + 1):
        if select.select([process.stdout], [], [], left)[0]:
            piece = os.read(process.stdout.fileno(), 65536)
            said += piece
            if not piece:
                break
    for line in said.splitlines():
        with suppress(ValueError, RecursionError):
            told = json.loads(line)
            if isinstance(told, dict) and type(told.get("file")) is int:
                yield told


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with process:
        process.wait()


def _login(url: str) -> str | None:
    return login_for(urlsplit(url).hostname or "", os.environ, netrc_login)


def login_for(host: str, environ: Mapping[str, str], other: Callable[[str], str | None]) -> str | None:
    """``name:password`` for the registry at ``host``: of uv's own variables, or what ``other`` knows."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        for address in environ.get(name, "").split():
            parts = urlsplit(address.rpartition("=")[2] if "=" in address.partition("://")[0] else address)
            if parts.hostname == host and parts.username is not None:
                return f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return other(host)


def netrc_login(host: str) -> str | None:
    """What the account's own file of logins says, or the one that NETRC names."""
    with suppress(OSError, netrc.NetrcParseError):
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
        return f"{found[0]}:{found[2] or ''}" if found else None
    return None


def _built(package: str, version: str, cache: Path) -> list[Offer]:
    """The wheel that uv built of a package, as it lies in uv's cache."""
    for path in sorted(cache.absolute().glob("sdists-v*/**/*.whl")):
        named = path.name.split("-")
        if canonical(named[0]) == package and named[1] == version and _WHEEL.fullmatch(path.name):
            return [Offer(package, path.name, f"file://{quote(str(path))}", "", own=True)]
    return []
