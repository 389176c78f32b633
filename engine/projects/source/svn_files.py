"""The files that a Subversion working copy was checked out with, and what differs from them.

As the repository keeps them: ``$Id$`` without what stands there in the folder, line ends as they are committed. So a
file is the same in every checkout, and in every version until somebody changes it.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from engine.errors import Refusal
from engine.projects.source import git_process
from engine.projects.source.code_folder import CodeFolder, WorkingFile, checked
from engine.projects.source.process import TooLong
from engine.projects.source.svn import Item, Node, Server
from engine.text import plain

PATCH_BYTES = 20_000_000
_DIGEST = re.compile(r"[0-9a-f]{40}")
_LINK, _PROGRAM = "svn:special", "svn:executable"
_IS_LINK = b"link "
Kinds = Mapping[str, Collection[str]]
"""By file its properties."""


def refuse_what_no_version_holds(items: Sequence[Item], changes: Mapping[str, str]) -> None:
    """Raise Refusal for externals and other repositories inside, which no revision holds, and for what is unsettled."""
    for name, how in changes.items():
        if how == "repository":
            _refuse(f"holds another repository, '{plain(name, 200)}'; have Subversion ignore it, or take it out")
    for item in items:
        name = plain(item.name, 200)
        if item.external:
            _refuse(f"has the external '{name}', whose files none of its revisions has; copy them in, or use a package")
        if item.conflicted:
            _refuse(f"has a conflict at '{name}'; settle it, and run 'svn resolve' there")
        if item.how == "incomplete":
            _refuse(f"was not brought to its end at '{name}'; run 'svn cleanup' and 'svn update' there")
        if item.how in ("obstructed", "replaced"):
            _refuse(f"has something else in the place of '{name}'; commit that, or run 'svn revert' there")


def take_base(files: Sequence[Node], kinds: Kinds, code: CodeFolder) -> None:
    """Write what ``files`` were checked out as. Raises Refusal."""
    for node in files:
        found = WorkingFile(f".svn/pristine/{node.digest[:2]}/{node.digest}.svn-base", Path(node.top))
        content = _content(node, found, code)
        properties = kinds.get(node.name, ())
        if _LINK in properties and content.startswith(_IS_LINK):
            code.link(node.name, content.removeprefix(_IS_LINK))
        else:
            code.put(node.name, content, _PROGRAM in properties)


def _content(node: Node, found: WorkingFile, code: CodeFolder) -> bytes:
    said = plain(node.name, 200)
    if not _DIGEST.fullmatch(node.digest):
        _refuse(f"does not say what '{said}' was checked out as; check it out anew")
    try:
        with found.opened() as (file, status):
            code.room_for(status.st_size)
            content = file.read(status.st_size + 1)
    except OSError as error:
        _refuse(
            f"does not keep what '{said}' was checked out as ({error.strerror}); run 'svn cleanup' there, or check it "
            "out anew"
        )
    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != node.digest:
        _refuse(f"keeps something else than what '{said}' was checked out as; check it out anew")
    return content


def patch_of(server: Server, files: Sequence[Node], kinds: Kinds, changes: Mapping[str, str]) -> str:
    """What differs from what was checked out, new files too, as Git writes it: with what is in no text as well."""
    before, after = (CodeFolder(_made(server.private / side)) for side in ("a", "b"))
    take_base([node for node in files if node.name in changes], kinds, before)
    for name in changes:
        found = WorkingFile(checked(name), server.folder)
        if found.there():
            after.copy(found)
    before.close_with_links()
    after.close_with_links()
    env = git_process.environment(GIT_CEILING_DIRECTORIES=str(server.private.parent.resolve()))
    args = (
        "diff", "--no-index", "--no-prefix", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color",
        "--no-renames", "a", "b",
    )  # fmt: skip
    try:
        said = git_process.output(args, server.private, env, PATCH_BYTES, differs=True)
    except TooLong:
        _refuse(
            f"has more than {PATCH_BYTES // 1_000_000} MB of uncommitted changes; commit them, or have Subversion "
            "ignore them"
        )
    return said.decode("utf-8", "replace")


def _made(folder: Path) -> Path:
    os.mkdir(folder)
    return folder


def _refuse(what: str) -> NoReturn:
    raise Refusal(f"The project's working copy {what}.")
