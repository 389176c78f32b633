"""Which code a version holds and who changed it, in the words of cards and differences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.storage.objects import Stored
from engine.storage.stored_files import StoredFile
from engine.versions.code import finding
from engine.versions.diff import CodeCommit, changes
from engine.versions.document import written
from engine.versions.records import CodeSection
from tests.version_documents import CODE, WHOLE

COMMITTED = replace(CODE, revision="ab" * 20, branch="main", author="Ada L")
SUBVERSION = replace(COMMITTED, revision="r12", branch="trunk", author="ada", system="svn")
PATCH = Stored("e" * 64, 1, ())


@pytest.mark.parametrize(
    ("code", "verdict", "said"),
    [
        (COMMITTED, "ok", "abababab on main, last changed by Ada L"),
        (SUBVERSION, "ok", "r12 on trunk, last changed by ada"),
        (replace(SUBVERSION, revision="r1234567:1234599", branch=None), "ok", "r1234567:1234599, last changed by ada"),
        (replace(COMMITTED, dirty=True, patch=PATCH), "watch", "that no commit holds; they are kept as a patch"),
        (replace(SUBVERSION, dirty=True), "watch", "ada, with changes that no commit holds"),
        (replace(CODE, system="folder", revision="cd" * 32), "watch", "no Git commit or Subversion revision holds this "
         "code, whose files have the digest cdcdcdcd: who changed what is not known"),
        (CODE, "watch", "no Git commit or Subversion revision holds this code, which lies in a repository all the"),
        (replace(COMMITTED, author="e\x1b[31mve"), "ok", "abababab on main, last changed by eve"),
    ],
)  # fmt: skip
def test_what_holds_the_code_is_said_and_what_nothing_holds_is_marked(
    code: CodeSection, verdict: str, said: str
) -> None:
    found = finding(code)
    assert found.verdict == verdict and said in found.sentence
    assert verdict == "watch" or found.sentence == said


def files(**digests: str) -> tuple[StoredFile, ...]:
    return tuple(
        StoredFile(digest * 64, 1, (), name.replace("_", "/") + ".py", False) for name, digest in digests.items()
    )


def differing(old: CodeSection, new: CodeSection, *commits: CodeCommit) -> tuple[str, tuple[str, ...]]:
    found = changes(replace(WHOLE, code=old), replace(WHOLE, code=new), commits)[0]
    return found.summary, found.details


def test_each_file_is_told_with_who_changed_it_and_what_no_commit_holds() -> None:
    old = replace(SUBVERSION, files=files(a="1", b="1", lib_c="1", d="1"))
    new = replace(
        SUBVERSION, revision="r14", files=files(a="2", b="2", lib_c="2", e="1"), dirty=True, changed=("b.py",)
    )
    told = (
        CodeCommit("r14 bob: two", "bob", ("a.py", "lib/")), CodeCommit("r13 ada: one", "ada", ("a.py", "b.py")),
    )  # fmt: skip
    assert differing(old, new, *told) == (
        "5 files changed in 2 commits by bob, ada, r12 → r14 + uncommitted changes",
        ("r14 bob: two", "r13 ada: one", "a.py changed (by bob, ada)", "b.py changed (by ada, not committed)",
         "d.py removed", "e.py added", "lib/c.py changed (by bob)"),
    )  # fmt: skip


def test_of_many_people_three_are_named() -> None:
    old, new = replace(COMMITTED, files=files(a="1")), replace(COMMITTED, revision="cd" * 20, files=files(a="2"))
    told = [CodeCommit(name, name, ("a.py",)) for name in ("ada", "bob", "cyd", "dan", "eve", "ada")]
    summary, details = differing(old, new, *told)
    assert summary == "1 file changed in 6 commits by ada, bob, cyd and 2 others, abababab → cdcdcdcd"
    assert details[-1] == "a.py changed (by ada, bob, cyd and 2 others)"


def test_another_branch_and_another_repository_are_told() -> None:
    new = replace(SUBVERSION, revision="r13", branch="branches/try", remote="https://svn.example.org/r")
    assert differing(replace(SUBVERSION, remote="https://svn.example.org/q"), new) == (
        "same files, r12 on trunk → r13 on branches/try", ("from https://svn.example.org/q to https://svn.example.org/r",),
    )  # fmt: skip
    assert differing(COMMITTED, COMMITTED) == ("same, at abababab", ())


def test_a_document_of_git_says_what_it_said_before_and_one_of_another_system_says_so() -> None:
    assert "system" not in written(replace(WHOLE, code=COMMITTED))["code"]
    assert written(replace(WHOLE, code=SUBVERSION))["code"]["system"] == "svn"
