"""Faults in where code comes from: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_SVN = ("tests/engine/projects/test_source_svn.py",)
_HOSTILE = ("tests/engine/projects/test_source_svn_trusts_nothing.py",)
_AUTHORS = ("tests/engine/projects/test_svn_authors.py",)
_THERE = ("tests/engine/projects/test_submodules_and_lfs.py",)
_GIT = ("tests/engine/projects/test_source_git.py",)
_P = "engine/projects/source/"

SOURCE = (
    Fault("what svn kept of a file is held against its digest", _P + "svn_files.py", "    if hashlib.sha1(content, usedforsecurity=False).hexdigest() != node.digest:\n", "    if False:\n", _HOSTILE),
    Fault("a digest is a digest, and no way out", _P + "svn_files.py", "    if not _DIGEST.fullmatch(node.digest):\n", "    if not node.digest:\n", _HOSTILE),
    Fault("what lies outside is not in the folder", _P + "svn.py", 'if name != "." and any(', 'if name != "." and not any(', _SVN),
    Fault("a tunnel is not asked", _P + "svn.py", "        if scheme not in ASKED:\n", "        if False:\n", _HOSTILE),
    Fault("a person's diff program is not run", _P + "svn.py", '"--config-dir", str(self.private), ', "", _HOSTILE),
    Fault("what the server has otherwise is found", _P + "svn_checkout.py", "        if not over:\n            return None\n", "        return None\n", _SVN),
    Fault("mixed revisions are not taken for one unasked", _P + "svn_checkout.py", "            if low == high:\n                return None\n", "            return None\n", _HOSTILE),
    Fault("a switched part is another branch's", _P + "svn_checkout.py", 'if item.switched and item.name != ".":', "if False:", _SVN),
    Fault("a part is not the whole", _P + "svn_checkout.py", "            if not node.whole:\n", "            if False:\n", _SVN),
    Fault("a copied folder is in no revision", _P + "svn_checkout.py", "replace(node, added=True)", "node", _SVN),
    Fault("another repository inside is none of the code", _P + "svn_checkout.py", '        yield f"{name}/", "repository"\n        return\n', "        return\n", _SVN),
    Fault("an external is in no revision", _P + "svn_files.py", "        if item.external:\n", "        if False:\n", _SVN),
    Fault("a conflict is settled first", _P + "svn_files.py", "        if item.conflicted:\n", "        if False:\n", _SVN),
    Fault("properties are those of the revision", _P + "svn.py", '"--revision", "BASE", "."', '"."', _SVN),
    Fault("who wrote what was merged counts", _P + "svn_log.py", '"--use-merge-history"', '"--quiet"', _AUTHORS),
    Fault("what the live version had is taken off", _P + "svn_log.py", '        if number(outer.get("revision", "")) in skipped:\n            continue\n', "", _AUTHORS),
    Fault("another repository's number says nothing", _P + "svn_log.py", "since is None or old.remote is None or not _inside(old.remote, root)", "since is None or old.remote is None", _AUTHORS),
    Fault("an account is one of its server", _P + "svn_log.py", 'f"{quote(name, safe=_UNRESERVED)}@{host}"', "name", _AUTHORS),
    Fault("nobody's commit is not nobody's work", _P + "svn_log.py", "    if not name:\n        return ANONYMOUS\n", "", _AUTHORS),
    Fault("a submodule is at the commit that is named", _P + "git_files.py", "        if inner.revision != commit:\n", "        if False:\n", _THERE),
    Fault("a submodule is unchanged", _P + "git_files.py", "            if changed:\n                first", "            if False:\n                first", _THERE),
    Fault("a submodule is no link", _P + "git_files.py", "inner is None or inner.top != place or", "inner is None or", _THERE),
    Fault("a submodule that is staged is committed first", _P + "git_files.py", "            if committed.get(name) != commit:\n", "            if False:\n", _GIT),
    Fault("what git lfs names has its digest", _P + "lfs.py", "return content if sha256(content).hexdigest() == self.digest else None", "return content", _THERE),
    Fault("what was fetched is not changed", _P + "git_files.py", "    for name in there:\n        del found[name]\n", "", _THERE),
    Fault("what was fetched is in no patch", _P + "git_files.py", '        repository.git("update-index"', '        str("update-index") or repository.git("update-index"', _THERE),
    Fault("a folder's digest is of names too", _P + "plain_folder.py", "path.relative_to(code).as_posix()", "len(code.parts)", _GIT),
    Fault("a folder's digest is of what can be run too", _P + "plain_folder.py", '"x" if path.stat().st_mode & 0o100 else "-"', '"-"', _GIT),
    Fault("what is in a repository and in no commit is refused", _P + "git_checkout.py", "    if not allow_dirty:\n        refuse_dirty(source, folder)\n    take_files", "    take_files", _GIT),
)  # fmt: skip
