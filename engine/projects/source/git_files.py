"""The files of a commit, and what differs from it, taken out of a Git repository without running anything of it."""

from __future__ import annotations

import os
from typing import NoReturn

from engine.errors import Refusal
from engine.projects.source.code_folder import CodeFolder, WorkingFile
from engine.projects.source.git import Repository, private_index
from engine.projects.source.git_process import Objects, TooLong
from engine.projects.source.pointers import encrypted, said_of, said_of_filter
from engine.text import plain

PATCH_BYTES = 20_000_000
CHANGED = 1000
"""So many files that differ from the commit are named."""
_NO_FILTER = ("unspecified", "unset", "set", "")


def take_commit(repository: Repository, store: Objects, code: CodeFolder, changes: dict[str, str]) -> None:
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
        found = WorkingFile(name, repository.folder)
        if found.there():
            code.copy(found)


def refuse_changed_elsewhere(repository: Repository, store: Objects, changes: dict[str, str]) -> None:
    """Of a pointer that was fetched Git's filter says that nothing was changed, and without it everything was."""
    for name in list(changes)[:CHANGED]:
        path = f"{repository.prefix}/{name}" if repository.prefix else name
        content = None if "\n" in name else store.read(f"{repository.revision}:{path}")
        elsewhere = said_of(name, content) if content is not None else None
        if elsewhere:
            _refuse(elsewhere)


def refuse_filtered(repository: Repository, changes: dict[str, str]) -> None:
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


def _refuse_submodule(name: str) -> NoReturn:
    _refuse(f"holds the submodule '{plain(name, 200)}', whose files are not in its commits; add them, or use a package")


def refuse_repositories_inside(repository: Repository, changes: dict[str, str]) -> None:
    # Before anything compares them: git would run in there, under configuration of its own.
    for name in changes:
        if name.endswith("/"):
            _refuse(f"holds another repository, '{plain(name, 200)}'; have Git ignore it, or take it out")
    for entry in repository.git("ls-files", "--stage", "-z", "--", ".").split(b"\0"):
        if entry.startswith(b"160000 "):
            _refuse_submodule(os.fsdecode(entry.partition(b"\t")[2]))


def patch_of(repository: Repository) -> str:
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
