"""The files of a lock, as they are in the registry: what an environment can be built from when there is none any more.

uv keeps unpacked what it has installed, and no list of an unpacked file has the digest that the lock has. So uv is
asked where the files are (it knows the machine's registries), and each is fetched once more and held against the lock.
Of a package that there is as source only, the wheel that uv built from it is taken out of uv's cache.
"""

from __future__ import annotations

import hashlib
import netrc
import os
import re
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from engine.environments.python.interpreter import Finder, find_interpreter
from engine.environments.python.lock import RESOLVING_SECONDS, Lock, hashes_of
from engine.environments.python.uv_process import Uv, UvFailed
from engine.environments.records import FetchedFile, FetchedFiles, canonical
from engine.errors import Refusal
from engine.storage.disk import is_full, why_not
from engine.text import plain

_AT_ONCE, _PIECE, _WAIT_SECONDS = 4, 1 << 20, 30.0
_LARGEST = 8 << 30
_WHEEL = re.compile(r"[A-Za-z0-9._+!-]{1,250}\.whl")
_NAMED_AT_MOST = 3


@dataclass(frozen=True)
class Offer:
    """A wheel of ``package`` that the registry has: where, and what it has to be."""

    package: str
    name: str
    url: str
    digest: str


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
    hashes = hashes_of(lock.text)
    wheels = [each for each in offered if each.digest in hashes.get(each.package, ())]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told = list(pool.map(lambda each: _fetched(each, into, known), wheels))
    found = [each for each in told if isinstance(each, FetchedFile)]
    lacking = [each for each in told if isinstance(each, str)]
    have = {each.package for each in wheels}
    for package in (each for each in lock.packages if each.name not in have):
        others = [each.name for each in offered if each.package == package.name]
        built = None if others else _built(package.name, package.version, uv.cache, into)
        if built is not None:
            found.append(built)
        elif others:
            lacking.append(f"{plain(others[0], 100)} is another file in the registry than the one that was locked")
        else:
            lacking.append(f"{package.name} {package.version} is source only, and uv has the wheel no longer")
    return FetchedFiles(tuple(found), _in_words(lacking))


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


def _fetched(offer: Offer, into: Path, known: Mapping[str, str]) -> FetchedFile | str:
    """The file, or why there is none."""
    if offer.digest in known:
        return FetchedFile(offer.package, offer.name, offer.digest, None)
    target = into / offer.name
    try:
        digest = _copied(offer.url, target)
    except (OSError, HTTPException) as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError) and is_full(error):
            raise Refusal(f"{offer.name} could not be kept: {why_not(error)}.") from None
        said = error.reason if isinstance(error, urllib.error.URLError) else error
        return f"{plain(offer.name, 100)} could not be fetched ({plain(str(said), 120)})"
    if digest != offer.digest:
        target.unlink(missing_ok=True)
        return f"{plain(offer.name, 100)} is another file in the registry than the one that was locked"
    return FetchedFile(offer.package, offer.name, digest, target)


def _copied(url: str, target: Path) -> str:
    """Write what is at ``url`` to ``target``; its digest. Raises OSError."""
    found = hashlib.sha256()
    size = 0
    with _opened(url) as source, target.open("xb") as file:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > _LARGEST:
                raise OSError("it is larger than any package")
            found.update(piece)
            file.write(piece)
    return found.hexdigest()


def _opened(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return open(unquote(parts.path), "rb")
    if parts.scheme not in ("http", "https"):
        raise OSError(f"it is not at an address of http: {plain(url, 80)}")
    request = urllib.request.Request(url)
    login = login_for(parts.hostname or "", os.environ, netrc_login)
    if login is not None:
        import base64

        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    return urllib.request.urlopen(request, timeout=_WAIT_SECONDS)


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


def _built(package: str, version: str, cache: Path, into: Path) -> FetchedFile | None:
    """The wheel that uv built of a package, as it lies in uv's cache."""
    for path in sorted(cache.glob("sdists-v*/**/*.whl")):
        named = path.name.split("-")
        if path.is_file() and canonical(named[0]) == package and named[1] == version and _WHEEL.fullmatch(path.name):
            target = into / path.name
            with suppress(OSError):
                return FetchedFile(package, path.name, _copied(f"file://{quote(str(path))}", target), target)
    return None
