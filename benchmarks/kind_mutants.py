"""Faults in the kinds of environment and the programs of the machine: a part of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_TESTS = "tests/engine/environments/test_"
_KINDS, _PROGRAMS = (f"{_TESTS}assembled_kinds.py",), (f"{_TESTS}programs.py",)
_PACKAGES, _R, _WAY = (f"{_TESTS}r_packages.py",), (f"{_TESTS}r.py",), ("tests/journeys/test_a_project_in_r.py",)
_ROOM = "engine/environments"

KINDS = (
    Fault("a picture is kept before the environment is in its place", f"{_ROOM}/assembled.py", "            environment.pictures.keep(lock.digest, digest)\n", "", _KINDS),
    Fault("a build that fails leaves nothing", f"{_ROOM}/assembled.py", "            shutil.rmtree(temporary, ignore_errors=True)\n            raise", "            raise", _KINDS),
    Fault("what a kill left is swept", f"{_ROOM}/assembled.py", "            sweep(environments, environment.path.name)\n            if not", "            if not", _KINDS),
    Fault("nothing is built with a program of another version", f"{_ROOM}/assembled.py", "        self._refuse_other_machine(lock)\n        if _is_complete", "        if _is_complete", _KINDS),
    Fault("programs are compared before each step", f"{_ROOM}/assembled.py", "return found + programs.differences(lock.programs)", "return found", _KINDS),
    Fault("each kind tells of its own", f"{_ROOM}/assembled.py", ' and kind_at(path) == self.name:', ":", _KINDS),
    Fault("a lock is what its digest says", f"{_ROOM}/parts_lock.py", '.hexdigest() != digest:\n        raise Damage(', '.hexdigest() == "":\n        raise Damage(', _KINDS),
    Fault("a stranger's lock names no way out", f"{_ROOM}/parts_lock.py", '    if any(piece in ("", ".", "..") for piece in name.split("/")):\n        raise ValueError\n', "", _KINDS),
    Fault("a part is named once", f"{_ROOM}/parts_lock.py", "if len(set(names)) < len(names) or not", "if not", _KINDS),
    Fault("a version's files come first", f"{_ROOM}/jvm/kind.py", "            if not supply(part.digest, target):\n", "            if True:\n", _KINDS),
    Fault("a jar is a jar", f"{_ROOM}/jvm/kind.py", 'if content[:4] != b"PK\\x03\\x04":', "if False:", _KINDS),
    Fault("an image is looked for", f"{_ROOM}/container/kind.py", "super().compare(environment, lock) or _absent(lock)", "super().compare(environment, lock)", _KINDS),
    Fault("what no version keeps is told", "engine/versions/environment.py", '(*(programs.as_now(each) for each in used), *section.elsewhere)', "section.elsewhere", _KINDS),
    Fault("a version is asked for by its beginning", f"{_ROOM}/programs.py", 'version.startswith((f"{asked}.", f"{asked}-", f"{asked}+"))', "version.startswith(asked)", _PROGRAMS),
    Fault("a program that fails tells no version", f"{_ROOM}/programs.py", ' if process.wait(max(0.1, left)) == 0 else b""', "", _PROGRAMS),
    Fault("a program writes nowhere while it is asked", f"{_ROOM}/programs.py", "[*holding([], None, network=False), path,", "[path,", _PROGRAMS),
    Fault("one that was replaced is asked again", f"{_ROOM}/programs.py", "(marks.st_size, marks.st_mtime_ns, marks.st_ino)", "(0, 0, 0)", _PROGRAMS),
    Fault("every program that is missing is named", f"{_ROOM}/programs.py", "    if missing := lacking(wanted):", "    if (missing := lacking(wanted)) and False:", _PROGRAMS),
    Fault("an archive leaves nothing outside", f"{_ROOM}/r/archive.py", 'or any(piece in ("", ".", "..") for piece in pieces)', "", _PACKAGES),
    Fault("doctor promises no build of the machine's own", f"{_ROOM}/findings.py", "if each.lock is not None and programs.differences(each.lock.programs):", "if False:", ("tests/engine/environments/test_assembled_kinds.py",)),
    Fault("an archive holds files only", f"{_ROOM}/r/archive.py", "content.extractfile(about) if about.isreg() and not about.issparse() else None", "content.extractfile(about)", _PACKAGES),
    Fault("an archive has no time in it", f"{_ROOM}/r/archive.py", "about.size, about.mode = status.st_size,", "about.mtime, about.size, about.mode = status.st_mtime, status.st_size,", _PACKAGES),
    Fault("packages from elsewhere are refused", f"{_ROOM}/r/renv_lock.py", 'if about.get("Source") not in _FROM_REPOSITORY:', "if False:", _PACKAGES),
    Fault("nothing but its own library is on R's path", f"{_ROOM}/r/kind.py", ', "R_LIBS_SITE": "NULL"}', "}", _R),
    Fault("a package is as it was locked", f"{_ROOM}/r/kind.py", "                if digest_of(target) == part.digest:\n                    return\n", "                return\n", _R),
    Fault("a lock lacks nothing that its packages load", f"{_ROOM}/r/kind.py", "    if unlisted:\n", "    if False:\n", _R),
    Fault("a csv names its columns", "engine/runs/steps/tables.py", "        if not field.name:\n", "        if False:\n", _WAY),
    Fault("doctor names what a project lacks", "engine/environments/findings.py", "    if missing:\n", "    if False:\n", _WAY),
)
