"""The code of a project: which commit it is, whether it was changed since, and a copy of it for a run."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import urlsplit

from engine.clock import stamp
from engine.errors import Refusal
from engine.projects.source.code_folder import CodeFolder, WorkingFile, walk
from engine.projects.source.git import Repository, opened, private_index
from engine.projects.source.git_process import Objects, TooLong, objects
from engine.projects.source.pointers import encrypted, said_of, said_of_filter
from engine.text import plain

PATCH_BYTES = 20_000_000
COMMITS = 200
_CHANGED = 1000
_NO_FILTER = ("unspecified", "unset", "set", "")


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
    more_said = f" and {more:,}{' or more' if len(source.changed) == _CHANGED else ''} others" if more > 0 else ""
    raise Refusal(f"{plain(str(folder), 200)} has uncommitted changes ({named}{more_said}); {way}.")


def snapshot(folder: Path, target: Path, *, allow_dirty: bool) -> tuple[Source, str | None]:
    """Copy the code into ``target``, which must not exist: as committed, or as it is when that is allowed.

    Returns where it comes from and the patch, which is there whenever a commit is known and the code differs from it.
    Links become copies of what they name.
    Raises Refusal for uncommitted changes that are not allowed, for links that lead out of the folder, for submodules
    and Git LFS files (whose content the commit does not hold), and beyond 200 MB of code or 20 MB of changes.
    """
    with opened(folder) as repository:
        if repository is None:
            return _take_as_it_is(_UNVERSIONED, folder, target, allow_dirty)
        changes = _changes(repository)
        with objects(repository.folder, repository.environment()) as store:
            source = _inspect(repository, store, changes)
            if source.revision is None:
                return _take_as_it_is(source, folder, target, allow_dirty)
            if not allow_dirty:
                _refuse_changed_elsewhere(repository, store, changes)
                _refuse_filtered(repository, changes)
                refuse_dirty(source, folder)
            if changes:
                _refuse_repositories_inside(repository, changes)
            patch = _patch(repository) if changes else ""
            if not patch:  # what was staged was taken back in the files: they are those of the commit
                source, changes = replace(source, dirty=False, changed=()), {}
            with _filled(target) as code:
                _take_commit(repository, store, code, changes)
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
    changed = tuple(plain(name, 300) for name in sorted(changes)[:_CHANGED])
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


def _take_commit(repository: Repository, store: Objects, code: CodeFolder, changes: dict[str, str]) -> None:
    """The files of the commit, and in place of those that were changed the ones in the working tree."""
    for entry in repository.git("ls-tree", "-r", "-z", "-l", "--full-tree", repository.tree).split(b"\0"):
        if not entry:
            continue
        described, _, raw = entry.partition(b"\t")
        mode, kind, digest, length = described.split()
        name = os.fsdecode(raw)
        if kind == b"commit":
            _refuse_submodule(name)
        if name in changes:
            continue
        content = None
        if length.isdigit():  # 'BAD' for an object that is not there
            code.room_for(int(length))
            content = store.read(digest.decode())
        if content is None:
            _refuse("lacks objects of its commit (a partial clone?); run 'git fsck' there")
        elsewhere = said_of(name, content, link=mode == b"120000")
        if elsewhere:
            _refuse(elsewhere)
        if encrypted(content) and (through := _filters(repository, [name]).get(name)):
            _refuse(said_of_filter(name, through))
        if mode == b"120000":
            code.link(name, content)
            continue
        code.put(name, content, mode == b"100755")
    for name in changes:
        path = repository.folder / name
        if path.is_symlink() or path.exists():
            code.copy(WorkingFile(name, path))


def _refuse_changed_elsewhere(repository: Repository, store: Objects, changes: dict[str, str]) -> None:
    """Of a pointer that was fetched Git's filter says that nothing was changed, and without it everything was."""
    for name in list(changes)[:_CHANGED]:
        path = f"{repository.prefix}/{name}" if repository.prefix else name
        content = None if "\n" in name else store.read(f"{repository.revision}:{path}")
        elsewhere = said_of(name, content) if content is not None else None
        if elsewhere:
            _refuse(elsewhere)


def _refuse_filtered(repository: Repository, changes: dict[str, str]) -> None:
    """Of a file that a filter of Git cleans nobody can say without the filter whether it was changed."""
    modified = [name for name, how in changes.items() if how.strip() == "M"]
    for name, through in _filters(repository, modified[:_CHANGED]).items():
        raise Refusal(
            f"'{plain(name, 200)}' goes through the Git filter '{plain(through, 60)}', a program that is not run here, "
            "and differs from what is committed; use --allow-dirty to take it as it is, or take the filter out of "
            ".gitattributes and commit it."
        )


def _filters(repository: Repository, names: list[str]) -> dict[str, str]:
    """The filter that .gitattributes names, of those files that have one."""
    if not names:
        return {}
    said = repository.git("check-attr", "-z", "filter", "--", *names).decode("utf-8", "surrogateescape").split("\0")
    found = zip(said[::3], said[2::3], strict=False)  # an empty text stands behind the last
    return {name: value for name, value in found if value not in _NO_FILTER}


def _refuse(what: str) -> NoReturn:
    raise Refusal(f"The project's repository {what}.")


def _refuse_submodule(name: str) -> NoReturn:
    _refuse(f"holds the submodule '{plain(name, 200)}', whose files are not in its commits; add them, or use a package")


def _refuse_repositories_inside(repository: Repository, changes: dict[str, str]) -> None:
    # Before anything compares them: git would run in there, under configuration of its own.
    for name in changes:
        if name.endswith("/"):
            _refuse(f"holds another repository, '{plain(name, 200)}'; have Git ignore it, or take it out")
    for entry in repository.git("ls-files", "--stage", "-z", "--", ".").split(b"\0"):
        if entry.startswith(b"160000 "):
            _refuse_submodule(os.fsdecode(entry.partition(b"\t")[2]))


def _patch(repository: Repository) -> str:
    """What differs from the commit, new files too, with paths from the project's folder."""
    index = private_index(repository)
    repository.git("add", "--intent-to-add", "--", ".", index=index)
    try:
        said = repository.git(
            "diff", "--binary", "--full-index", "--relative", "--no-ext-diff", "--no-textconv", "--no-color",
            "--no-renames", "--ignore-submodules=all", "HEAD", "--", ".", limit=PATCH_BYTES, index=index,
        )  # fmt: skip
    except TooLong:
        _refuse(
            f"has more than {PATCH_BYTES // 1_000_000} MB of uncommitted changes; commit them, or have Git ignore them"
        )
    return said.decode("utf-8", "replace")
