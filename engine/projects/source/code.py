"""The code of a project: which commit it is, whether it was changed since, and a copy of it for a run."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from engine.clock import stamp
from engine.errors import Refusal
from engine.projects.source.code_folder import CodeFolder, walk
from engine.projects.source.git import Repository, opened
from engine.projects.source.git_files import (
    CHANGED,
    patch_of,
    refuse_changed_elsewhere,
    refuse_filtered,
    refuse_repositories_inside,
    take_commit,
)
from engine.projects.source.git_process import Objects, objects
from engine.text import plain

COMMITS = 200


@dataclass(frozen=True)
class Source:
    """Where code comes from. Names and texts are safe to show; ``remote`` holds no credentials.

    ``changed`` are files that differ from the commit, the first thousand, relative to the project's folder. A folder
    that no commit holds has no revision and is dirty.
    """

    revision: str | None
    branch: str | None
    remote: str | None
    dirty: bool
    changed: tuple[str, ...]
    message: str | None
    author: str | None
    committed_at: str | None


@dataclass(frozen=True)
class Commit:
    """One commit; ``at`` as engine.clock writes times."""

    revision: str
    author: str
    at: str
    subject: str


def inspect(folder: Path) -> Source:
    """What is checked out in ``folder``. Raises Refusal when its repository cannot be read."""
    with opened(folder) as repository:
        if repository is None:
            return _UNVERSIONED
        with objects(repository.folder, repository.environment()) as store:
            return _inspect(repository, store, _changes(repository))


def refuse_dirty(source: Source, folder: Path) -> None:
    """Raise Refusal when ``source`` is not exactly a commit, naming up to five files."""
    if not source.dirty:
        return
    way = "commit the code, or use --allow-dirty to take it as it is"
    if source.revision is None:
        raise Refusal(f"No Git commit holds {plain(str(folder), 200)}; {way}.")
    named = ", ".join(source.changed[:5])
    more = len(source.changed) - 5
    more_said = f" and {more:,}{' or more' if len(source.changed) == CHANGED else ''} others" if more > 0 else ""
    raise Refusal(f"{plain(str(folder), 200)} has uncommitted changes ({named}{more_said}); {way}.")


def snapshot(folder: Path, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
    """Copy the code into ``target``, which must not exist: as committed, or as it is when that is allowed.

    Returns where it comes from and the patch, which is there whenever a commit is known and the code differs from it.
    Links become copies of what they name.
    Raises Refusal for uncommitted changes that are not allowed, for links that lead out of the folder, for submodules
    and Git LFS files (whose content the commit does not hold), and beyond 200 MB of code or 20 MB of changes.
    """
    if not folder.is_dir():
        raise Refusal(
            f"The folder {plain(str(folder), 200)} is gone; bring it back, or remove the project and add it where "
            "it lies now."
        )
    with opened(folder) as repository:
        if repository is None:
            return _take_as_it_is(_UNVERSIONED, folder, target, allow_dirty)
        with objects(repository.folder, repository.environment()) as store:  # It begins while Git looks for changes.
            changes = _changes(repository)
            source = _inspect(repository, store, changes)
            if source.revision is None:
                return _take_as_it_is(source, folder, target, allow_dirty)
            if not allow_dirty:
                refuse_changed_elsewhere(repository, store, changes)
                refuse_filtered(repository, changes)
                refuse_dirty(source, folder)
            if changes:
                refuse_repositories_inside(repository, changes)
            patch = patch_of(repository) if changes else ""
            if not patch:  # what was staged was taken back in the files: they are those of the commit
                source, changes = replace(source, dirty=False, changed=()), {}
            with _filled(target) as code:
                take_commit(repository, store, code, changes)
            return source, patch or None


def commits_between(folder: Path, old: str, new: str) -> tuple[Commit, ...]:
    """The commits that ``new`` has and ``old`` has not, newest first, at most 200; () when they are not known here."""
    if not all(re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", revision) for revision in (old, new)):
        return ()
    try:
        with opened(folder) as repository:
            if repository is None:
                return ()
            said = repository.git(
                "log", "-z", f"-n{COMMITS}", "--no-show-signature", "--no-color",
                "--format=%H%x00%an%x00%ct%x00%s", f"{old}..{new}", "--", ".",
            )  # fmt: skip
    except Refusal:  # a commit that was dropped, a folder that moved: the card is shown without commits
        return ()
    fields = said.decode("utf-8", "replace").split("\0")
    rows = [fields[at : at + 4] for at in range(0, len(fields) - 3, 4)]
    return tuple(Commit(r[0], plain(r[1], 100), _time(r[2]) or "", plain(r[3], 200)) for r in rows)


def standing_of(folder: Path, name: str) -> Literal["ignored", "untracked", "unknown"]:
    """How Git sees a file in ``folder`` that no commit holds. Raises Refusal when the repository cannot be read."""
    with opened(folder) as repository:
        if repository is None:
            return "unknown"
        asked = ("status", "--porcelain=v1", "-z", "--ignored=matching", "--untracked-files=all")
        said = repository.git(*asked, "--ignore-submodules=all", "--", f":(literal){name}")
    return "ignored" if said.startswith(b"!!") else "untracked" if said.startswith(b"??") else "unknown"


_UNVERSIONED = Source(None, None, None, True, (), None, None, None)


def _changes(repository: Repository) -> dict[str, str]:
    """Each file of the project's folder that differs from the commit, with Git's two letters for how."""
    said = repository.git(
        "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all", "--", "."
    )
    skip = len(repository.prefix) + 1 if repository.prefix else 0
    entries = [os.fsdecode(entry) for entry in said.split(b"\0") if entry]
    return {entry[3:][skip:]: entry[:2] for entry in entries}


def _inspect(repository: Repository, store: Objects, changes: dict[str, str]) -> Source:
    remote = _remote(repository)
    changed = tuple(plain(name, 300) for name in sorted(changes)[:CHANGED])
    commit = store.read(repository.revision) if repository.revision else None
    if commit is None and repository.revision:
        raise Refusal(
            f"The Git repository of {plain(str(repository.folder), 200)} lacks the commit that it has checked out; "
            "run 'git fsck' there."
        )
    if commit is None or (repository.prefix and store.read(repository.tree) is None):
        return Source(None, repository.branch, remote, True, changed, None, None, None)
    head, _, message = commit.decode("utf-8", "replace").partition("\n\n")
    written = dict(line.partition(" ")[::2] for line in reversed(head.split("\n")))
    return Source(
        revision=repository.revision,
        branch=repository.branch,
        remote=remote,
        dirty=bool(changes),
        changed=changed,
        message=plain(message.strip(), 500),
        author=plain(written.get("author", "").partition(" <")[0], 100),
        committed_at=_time(written.get("committer", "").rpartition("> ")[2].partition(" ")[0]),
    )


def _time(seconds: str) -> str | None:
    try:
        return stamp(datetime.fromtimestamp(int(seconds), UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _remote(repository: Repository) -> str | None:
    named = {
        key.removeprefix("remote.").removesuffix(".url"): url
        for key, url in repository.config.items()
        if key.startswith("remote.") and key.endswith(".url")
    }
    upstream = repository.config.get(f"branch.{repository.branch}.remote", "origin")
    url = named.get(upstream) or named.get("origin") or next(iter(named.values()), None)
    return without_credentials(url) if url else None


def without_credentials(url: str) -> str | None:
    """An address without password, token or query; the account name stays where it is one (ssh)."""
    if "://" not in url:
        # host:path of ssh, or a path; text before the @ is an account name, which a password would follow with a colon
        account, at, rest = url.partition("@")
        return plain(f"{account.partition(':')[0]}@{rest}" if at and "/" not in account else url, 300)
    try:
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")
    except ValueError:
        return None
    account = place[0].partition(":")[0] if parts.scheme.endswith("ssh") else ""
    return plain(f"{parts.scheme}://{account + '@' if account else ''}{place[2]}{parts.path}", 300)


def _take_as_it_is(source: Source, folder: Path, target: Path, allow_dirty: bool) -> tuple[Source, None]:
    if not allow_dirty:
        refuse_dirty(source, folder)
    if not folder.is_dir():
        raise Refusal(f"The folder {plain(str(folder), 200)} is not there any more.")
    found = list(walk(folder.resolve()))  # before target exists, which may lie inside
    with _filled(target) as code:
        for each in found:
            code.copy(each)
    return source, None


class _filled:
    """``target`` as a new folder that is whole when the block ends, and gone when it fails."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> CodeFolder:
        self._target.mkdir()
        self._code = CodeFolder(self._target)
        return self._code

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._code.close()
                return
        except BaseException:
            shutil.rmtree(self._target, ignore_errors=True)
            raise
        shutil.rmtree(self._target, ignore_errors=True)
