"""The files of a commit, and what differs from it, taken out of a Git repository without running anything of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NoReturn

from engine.errors import Refusal
from engine.projects.source import lfs
from engine.projects.source.code_folder import CodeFolder, WorkingFile
from engine.projects.source.git import Repository, opened, private_index
from engine.projects.source.git_process import Objects, objects
from engine.projects.source.pointers import encrypted, said_of, said_of_filter
from engine.projects.source.process import TooLong
from engine.projects.source.records import CHANGED
from engine.text import plain, short_revision

PATCH_BYTES = 20_000_000
_NO_FILTER = ("unspecified", "unset", "set", "")
# Paths in one call: a command line is bounded.
_PATHS = 200
# Submodules in each other: each takes processes while those inside it are read.
_DEEPEST = 10


def changes_of(repository: Repository, store: Objects) -> tuple[dict[str, str], tuple[str, ...]]:
    """Each file of the project's folder that differs from the commit, with Git's two letters for how; and those that
    differ because Git LFS has put their content in the place of its pointer."""
    said = repository.git(
        "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all", "--", "."
    )
    skip = len(repository.prefix) + 1 if repository.prefix else 0
    entries = [os.fsdecode(entry) for entry in said.split(b"\0") if entry]
    found = {entry[3:][skip:]: entry[:2] for entry in entries}
    there = lfs.fetched(repository, store, found) if repository.revision else ()
    for name in there:
        del found[name]
    return found, there


def take_commit(
    repository: Repository, store: Objects, code: CodeFolder, changes: Mapping[str, str], around: tuple[str, ...] = ()
) -> None:
    """The files of the commit, and in place of those that were changed the ones in the working tree.

    ``around``: of a submodule the paths that lead to it, its own last.
    """
    under = "".join(f"{each}/" for each in around)
    for entry in repository.git("ls-tree", "-r", "-z", "-l", "--full-tree", repository.tree).split(b"\0"):
        if not entry:
            continue
        described, _, raw = entry.partition(b"\t")
        mode, kind, digest, length = described.split()
        name = os.fsdecode(raw)
        if kind == b"commit":
            _take_submodule(repository, digest.decode(), code, (*around, name))
            continue
        if name in changes:
            continue
        content = None
        if length.isdigit():  # 'BAD' for an object that is not there
            code.room_for(int(length))
            content = store.read(digest.decode())
        if content is None:
            _refuse("lacks objects of its commit (a partial clone?); run 'git fsck' there")
        if mode == b"120000":
            elsewhere = said_of(name, content, link=True)
            if elsewhere:
                _refuse(elsewhere)
            code.link(under + name, content)
            continue
        code.put(under + name, _content(repository, name, content, code), mode == b"100755")
    for name in changes:
        found = WorkingFile(name, repository.folder)
        if found.there():
            code.copy(found)


def _content(repository: Repository, name: str, content: bytes, code: CodeFolder) -> bytes:
    """What the file holds: what is committed, or of Git LFS what that names. Raises Refusal where it is not here."""
    pointer = lfs.pointer(content)
    if pointer is not None:
        code.room_for(pointer.size)
        fetched = pointer.content(WorkingFile(name, repository.folder))
        if fetched is not None:
            return fetched
    elsewhere = said_of(name, content)
    if elsewhere:
        _refuse(elsewhere)
    if encrypted(content) and (through := _filters(repository, [name]).get(name)):
        _refuse(said_of_filter(name, through))
    return content


def _take_submodule(repository: Repository, commit: str, code: CodeFolder, around: tuple[str, ...]) -> None:
    """The files of the submodule's commit, out of its own objects, where it is checked out at that, unchanged."""
    said = plain("/".join(around), 200)
    if len(around) > _DEEPEST:
        _refuse(f"has more than {_DEEPEST} submodules in each other ('{said}'); take some out")
    place = repository.folder / around[-1]
    with opened(place) as inner:
        if inner is None or inner.top != place or inner.revision is None:
            _refuse(
                f"has nothing in its submodule '{said}'; run 'git submodule update --init --recursive' there, or take "
                "it out"
            )
        if inner.revision != commit:
            _refuse(
                f"has its submodule '{said}' at {short_revision(inner.revision)}, and what is committed names "
                f"{short_revision(commit)}; run 'git submodule update' there, or commit it"
            )
        with objects(inner.folder, inner.environment()) as store:
            changed, _ = changes_of(inner, store)
            if changed:
                first = plain(min(changed), 200)
                _refuse(f"has uncommitted changes in its submodule '{said}' ({first}); commit or undo them there")
            take_commit(inner, store, code, {}, around)


def refuse_changed_elsewhere(repository: Repository, store: Objects, changes: Mapping[str, str]) -> None:
    """Of a pointer that was fetched Git's filter says that nothing was changed, and without it everything was."""
    for name in list(changes)[:CHANGED]:
        content = None if "\n" in name else store.read(repository.named(name))
        elsewhere = said_of(name, content) if content is not None else None
        if elsewhere:
            _refuse(elsewhere)


def refuse_filtered(repository: Repository, changes: Mapping[str, str]) -> None:
    """Of a file that a filter of Git cleans nobody can say without the filter whether it was changed."""
    modified = [name for name, how in changes.items() if how.strip() == "M"]
    for name, through in _filters(repository, modified[:CHANGED]).items():
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


def refuse_repositories_inside(repository: Repository, changes: Mapping[str, str]) -> tuple[str, ...]:
    """Before anything compares them: git would run in there, under configuration of its own. Returns the submodules,
    which are looked at one by one. Raises Refusal for other repositories."""
    for name in changes:
        if name.endswith("/"):
            _refuse(f"holds another repository, '{plain(name, 200)}'; have Git ignore it, or take it out")
    staged = _submodules(repository.git("ls-files", "--stage", "-z", "--", "."), 1)
    if staged:
        committed = _submodules(repository.git("ls-tree", "-r", "-z", "--full-tree", repository.tree), 2)
        for name, commit in staged.items():
            if committed.get(name) != commit:
                _refuse(f"holds the submodule '{plain(name, 200)}' as no commit does; commit it")
    return tuple(staged)


def _submodules(listed: bytes, at: int) -> dict[str, str]:
    """The commit of each submodule; ``at``: which word of a line says it."""
    found = (each.partition(b"\t") for each in listed.split(b"\0") if each.startswith(b"160000 "))
    return {os.fsdecode(name): said.split()[at].decode() for said, _, name in found}


def patch_of(repository: Repository, submodules: tuple[str, ...], fetched: tuple[str, ...]) -> str:
    """What differs from the commit, new files too, with paths from the project's folder; not what Git LFS fetched."""
    index = private_index(repository)
    here = (".", *(f":(exclude,literal){name}" for name in submodules))
    for start in range(0, len(fetched), _PATHS):
        repository.git("update-index", "--skip-worktree", "--", *fetched[start : start + _PATHS], index=index)
    repository.git("add", "--intent-to-add", "--", *here, index=index)
    try:
        said = repository.git(
            "diff", "--binary", "--full-index", "--relative", "--no-ext-diff", "--no-textconv", "--no-color",
            "--no-renames", "--ignore-submodules=all", "HEAD", "--", *here, limit=PATCH_BYTES, index=index,
        )  # fmt: skip
    except TooLong:
        _refuse(
            f"has more than {PATCH_BYTES // 1_000_000} MB of uncommitted changes; commit them, or have Git ignore them"
        )
    return said.decode("utf-8", "replace")
