"""A project's folder in a Subversion working copy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from engine.errors import Refusal
from engine.projects.source import git, svn, svn_log
from engine.projects.source.code_folder import WorkingFile, filled, walk
from engine.projects.source.plain_folder import take_files
from engine.projects.source.records import (
    CHANGED,
    UNTOLD,
    CodeAuthor,
    Commit,
    Origin,
    Source,
    Standing,
    refuse_dirty,
)
from engine.projects.source.remote import without_credentials
from engine.projects.source.svn_files import patch_of, refuse_what_no_version_holds, take_base
from engine.text import plain
from engine.vocabulary.systems import SUBVERSION

_BRANCH = re.compile(r"(.*?(?:^|/)(?:trunk|(?:branches|tags)/[^/]+))(?:/.*)?")
_NOT_FOUND = "W155010"
"""What svn calls a folder of a working copy that is not under version control."""


@contextmanager
def opened(folder: Path) -> Iterator[SvnCheckout]:
    """The working copy around ``folder``, which is no link. Raises Refusal."""
    with svn.asked(folder) as server:
        yield SvnCheckout(server)


@dataclass(frozen=True)
class _Told:
    """All that the working copy says of itself: files and folders in revisions, and what differs from them."""

    nodes: Mapping[str, svn.Node]
    items: tuple[svn.Item, ...]
    changes: Mapping[str, str]

    @property
    def root(self) -> svn.Node:
        return self.nodes["."]

    @property
    def revisions(self) -> tuple[int, int]:
        found = [node.revision for node in self.nodes.values() if not node.added]
        return min(found), max(found)


class SvnCheckout:
    """See ``WorkingCopy``."""

    system = SUBVERSION

    def __init__(self, server: svn.Server) -> None:
        self._server = server

    def inspect(self) -> Source:
        return self._source(svn.SHOWN_SECONDS)

    def take(self, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
        folder, told = self._server.folder, self._told
        source = self._source(svn.SERVER_SECONDS, message=True)
        if told is None or source.revision is None:
            if not allow_dirty:
                refuse_dirty(source, folder)
            take_files(folder, target)
            return source, None
        refuse_what_no_version_holds(told.items, told.changes)
        if not allow_dirty:
            refuse_dirty(source, folder)
        kinds = svn.properties(self._server)
        files = [node for node in told.nodes.values() if node.kind == "file" and not node.added]
        patch = patch_of(self._server, files, kinds, told.changes) if told.changes else ""
        changes = told.changes
        if not patch and source.odd is None:  # only properties that change no file
            source, changes = self._source(svn.SERVER_SECONDS, message=True, changes={}), {}
        with filled(target) as code:
            take_base([node for node in files if node.name not in changes], kinds, code)
            for name in changes:
                found = WorkingFile(name, folder)
                if found.there():
                    code.copy(found)
        return source, patch or None

    def commits(self, old: Origin, new: Origin) -> tuple[Commit, ...]:
        root = svn.root(self._server)
        asked = svn_log.between(old, new, root)
        # From the beginning only where nothing is known of the older one.
        return svn_log.commits(self._server, asked, root) if asked is not None and asked.after else ()

    def authors(self, old: Origin | None, new: Origin) -> tuple[CodeAuthor, ...]:
        asked = svn_log.between(old, new, svn.root(self._server))
        return svn_log.authors(self._server, asked) if asked is not None else (UNTOLD,)

    def standing(self, name: str) -> Standing:
        answer = self._server.local("status", "--no-ignore", "--", f"./{name}@")
        said = {item.get("item") for item in answer.iter("wc-status")}
        return "ignored" if "ignored" in said else "untracked" if said & {"unversioned", "added"} else "unknown"

    @cached_property
    def _told(self) -> _Told | None:
        """None where the folder is in no revision."""
        try:
            nodes = {node.name: node for node in svn.nodes(self._server)}
        except Refusal as refusal:
            if _NOT_FOUND in str(refusal):
                return None
            raise
        if "." not in nodes or nodes["."].added:
            return None
        items = svn.items(self._server)
        # What lies in a folder that was copied here calls itself unchanged, and is in no revision.
        copied = tuple(f"{item.name}/" for item in items if item.copied)
        nodes |= {name: replace(node, added=True) for name, node in nodes.items() if name.startswith(copied)}
        return _Told(nodes, items, dict(_changes(items, nodes, self._server.folder)))

    def _source(
        self, seconds: float, *, message: bool = False, changes: Mapping[str, str] | None = None
    ) -> Source:
        told = self._told
        if told is None:
            return Source(None, None, None, True, (), None, None, None, SUBVERSION)
        changes = told.changes if changes is None else changes
        low, high = told.revisions
        odd = self._odd(told, seconds)
        newest = max(told.nodes.values(), key=lambda node: (not node.added, node.changed))
        url = told.root.url
        said = svn_log.message(self._server, url, high, newest.changed) if message else None
        return Source(
            revision=f"r{low}:{high}" if odd and low < high else f"r{high}",
            branch=_branch(told.root),
            remote=without_credentials(url),
            dirty=bool(changes) or odd is not None,
            changed=tuple(plain(name, 300) for name in sorted(changes)[:CHANGED]),
            message=said,
            author=plain(newest.author, 100) or None,
            committed_at=svn_log.moment(newest.at),
            system=SUBVERSION,
            odd=odd,
        )

    def _odd(self, told: _Told, seconds: float) -> str | None:
        """Why the files, changes aside, are not those of one revision; None where they are, as far as can be told."""
        low, high = told.revisions
        for item in told.items:
            if item.switched and item.name != ".":
                return f"'{plain(item.name, 200)}' of another branch; run 'svn switch' there to come back"
        for node in told.nodes.values():
            if not node.whole:
                where = "" if node.name == "." else f" of '{plain(node.name, 200)}'"
                return f"only a part{where} of r{high}; run 'svn update --set-depth infinity' there"
        try:
            unlike = svn.differing(self._server, told.root.url, high, seconds)
        except Refusal:
            if low == high:
                return None
            return (
                f"files of r{low} to r{high}, and its server does not say whether one revision is the same; run "
                "'svn update' there when it answers"
            )
        over = [name for name in unlike if not _accounted(name, told.changes)]
        if not over:
            return None
        return f"'{plain(min(over), 200)}' otherwise than r{high}, which other files are of; run 'svn update' there"


def _accounted(name: str, changes: Mapping[str, str]) -> bool:
    """Whether what differs is a change of the folder's own, or a folder with or of one."""
    return any(name == each or each.startswith(f"{name}/") or name.startswith(f"{each}/") for each in changes)


def _changes(
    items: tuple[svn.Item, ...], nodes: Mapping[str, svn.Node], folder: Path
) -> Iterator[tuple[str, str]]:
    """Each file that differs from what was checked out, with how. Folders count by what they hold."""
    for item in items:
        if item.external or item.how in ("", "none", "ignored"):
            continue
        inside = f"{item.name}/"
        node = nodes.get(item.name)
        if item.how == "unversioned" and (folder / item.name).is_dir() and not (folder / item.name).is_symlink():
            yield from _unversioned(item.name, folder)
        elif node is not None and node.kind == "dir":
            if item.how in ("added", "replaced", "deleted", "missing", "obstructed"):
                inner = (each for each in nodes.values() if each.kind == "file" and each.name.startswith(inside))
                yield from ((each.name, item.how) for each in inner)
        elif item.how != "normal" or item.properties in ("modified", "conflicted"):
            yield item.name, item.how


def _unversioned(name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """What is in a folder that is under no version control; another repository's by its name with a slash."""
    if svn.is_top(folder / name) or git.is_top(folder / name):
        yield f"{name}/", "repository"
        return
    inside = [f"{name}/{found.name}" for found in walk(folder / name)]
    for place in sorted({each.rpartition("/")[0] for each in inside} - {name}):
        if svn.is_top(folder / place) or git.is_top(folder / place):
            yield f"{place}/", "repository"
    yield from ((each, "unversioned") for each in inside)


def _branch(root: svn.Node) -> str | None:
    path = unquote(root.url.removeprefix(root.root)).strip("/")
    found = _BRANCH.fullmatch(path)
    return plain(found[1] if found else path, 200) or None
