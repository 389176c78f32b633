"""What a Subversion server says of the revisions between two: what each changed, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

from engine.clock import stamp
from engine.errors import Refusal
from engine.projects.source.records import COMMITS, FILES, CodeAuthor, Commit, Origin, author, in_order
from engine.projects.source.svn import SERVER_SECONDS, SHOWN_SECONDS, Server, number
from engine.text import plain
from engine.vocabulary.systems import SUBVERSION

_REVISION = re.compile(r"r([0-9]{1,18})(?::([0-9]{1,18}))?")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
ANONYMOUS = CodeAuthor("an anonymous commit", "")
_UNRESERVED = "!$&'*+.=^_`{|}~-"


@dataclass(frozen=True)
class Range:
    """What leads from ``after``, which is not in it, to ``until`` in the history of ``url``; ``but``: not what led to
    this address at ``after``, where that is another."""

    url: str
    after: int
    until: int
    but: str | None = None


def between(old: Origin | None, new: Origin, root: str) -> Range | None:
    """What ``new`` has and ``old`` has not; all that led to ``new`` where ``old`` is of another repository, or None.

    ``root``: the repository's address. None where ``new`` is not of it.
    """
    until, url = _numbers(new.revision), new.remote
    if until is None or url is None or not _inside(url, root):
        return None
    since = _numbers(old.revision) if old is not None and old.system == SUBVERSION else None
    if old is None or since is None or old.remote is None or not _inside(old.remote, root):
        return Range(url, 0, until[1])
    # Of mixed revisions the older is what all its files have.
    return Range(url, since[0], until[1], None if old.remote == url else old.remote)


def commits(server: Server, asked: Range, root: str) -> tuple[Commit, ...]:
    """The revisions that changed the folder, newest first. Raises Refusal."""
    skipped = _revisions_before(server, asked, SHOWN_SECONDS)
    prefixes = tuple(_path(url, root) for url in (asked.url, asked.but) if url is not None)
    found: list[Commit] = []
    for entry in _entries(server, asked, "--verbose", seconds=SHOWN_SECONDS):
        revision = number(entry.get("revision", ""))
        if revision in skipped or len(found) >= COMMITS:
            continue
        found.append(
            Commit(
                f"r{revision}",
                plain(entry.findtext("author", "").strip(), 100) or "nobody",
                moment(entry.findtext("date", "")) or "",
                plain(entry.findtext("msg", ""), 200),
                tuple(_files(entry, prefixes))[:FILES],
            )
        )
    return tuple(found)


def authors(server: Server, asked: Range) -> tuple[CodeAuthor, ...]:
    """Whose the revisions are, also those that were merged. Raises Refusal."""
    skipped = _revisions_before(server, asked, SERVER_SECONDS)
    host = host_of(asked.url)
    found: set[CodeAuthor] = set()
    for outer in _entries(server, asked, "--use-merge-history", seconds=SERVER_SECONDS):
        if number(outer.get("revision", "")) in skipped:
            continue
        found |= {known_as(entry.findtext("author", ""), host) for entry in outer.iter("logentry")}
    return in_order(found)


def message(server: Server, url: str, revision: int, changed: int) -> str | None:
    """What was said of the revision ``changed`` in the history of ``url`` at ``revision``; None where nobody says."""
    try:
        answer = server.server(url, "log", "--limit", "1", "--revision", str(changed), "--", f"{url}@{revision}")
    except Refusal:
        return None
    said = answer.findtext("logentry/msg")
    return plain(said.strip(), 500) if said else None


def known_as(name: str, host: str) -> CodeAuthor:
    """An author as operators are known to be one: by an address, which of a server's account is ``name@server``."""
    name = name.strip()
    if not name:
        return ANONYMOUS
    if _ADDRESS.fullmatch(name):
        return author(name, name, wrote=True)
    return author(name, f"{quote(name, safe=_UNRESERVED)}@{host}", wrote=True)


def host_of(url: str) -> str:
    """The server that ``url`` names; of a repository on this machine ``localhost``."""
    try:
        return urlsplit(url).hostname or "localhost"
    except ValueError:
        return "localhost"


def moment(text: str) -> str | None:
    """A moment as Subversion writes it, as engine.clock does."""
    try:
        return stamp(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _numbers(revision: str | None) -> tuple[int, int] | None:
    found = _REVISION.fullmatch(revision or "")
    return (int(found[1]), int(found[2] or found[1])) if found else None


def _inside(url: str, root: str) -> bool:
    return bool(root) and (url == root or url.startswith(f"{root}/"))


def _entries(server: Server, asked: Range, *options: str, seconds: float) -> Iterator[ElementTree.Element]:
    if asked.until <= asked.after and asked.but is None:
        return iter(())
    # From another address everything: what came before may not have led to it.
    first = 1 if asked.but is not None else asked.after + 1
    limit = ("--limit", str(COMMITS)) if "--verbose" in options and asked.but is None else ()
    where = f"{asked.url}@{asked.until}"
    span = ("--revision", f"{asked.until}:{first}")
    answer = server.server(asked.url, "log", *options, *limit, *span, "--", where, seconds=seconds)
    return iter(answer.findall("logentry"))


def _revisions_before(server: Server, asked: Range, seconds: float) -> frozenset[int]:
    if asked.but is None or not asked.after:
        return frozenset()
    where = f"{asked.but}@{asked.after}"
    try:
        span = ("--revision", f"{asked.after}:1")
        answer = server.server(asked.but, "log", "--quiet", *span, "--", where, seconds=seconds)
    except Refusal:  # It is not there any more: all of it counts.
        return frozenset()
    return frozenset(number(entry.get("revision", "")) for entry in answer.findall("logentry"))


def _path(url: str, root: str) -> str:
    return unquote(url.removeprefix(root)).rstrip("/") + "/"


def _files(entry: ElementTree.Element, prefixes: tuple[str, ...]) -> Iterator[str]:
    """What it changed in the folder; of a folder that came or went the name with a slash."""
    for each in entry.iter("path"):
        path = each.text or ""
        folder = each.get("kind") == "dir"
        if folder and each.get("action") == "M":  # Only properties of it.
            continue
        name = next((path.removeprefix(prefix) for prefix in prefixes if path.startswith(prefix)), "")
        if name:
            yield plain(name, 300) + ("/" if folder else "")
