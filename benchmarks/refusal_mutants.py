"""Faults in what is refused of versions, models and code that come from elsewhere: the bounds, and what is believed.

A part of the table of ``promise_mutants.py``; most were found by a reader who broke lines that had no row.
"""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_ASKED = ("tests/engine/bundles/test_another_workspace_is_asked.py",)
_BAD = ("tests/engine/bundles/test_hostile_bundles.py",)
_FOLDER = ("tests/engine/exports/test_folder.py",)
_HOSTILE = ("tests/engine/projects/test_source_svn_trusts_nothing.py",)
_IN = ("tests/engine/bundles/test_a_version_comes_in.py",)
_KINDS = ("tests/engine/environments/test_assembled_kinds.py",)
_LEFT = ("tests/engine/exports/test_what_a_converter_leaves.py",)
_LOCKED = ("tests/engine/exports/test_export_environment.py",)
_MODELS = ("tests/engine/scaffold/test_a_model_that_exists.py",)
_OUT = ("tests/engine/bundles/test_a_bundle_is_written.py",)
_PACKAGES = ("tests/engine/environments/test_r_packages.py",)
_PROGRAMS = ("tests/engine/environments/test_programs.py",)
_SAYS = ("tests/engine/bundles/test_what_a_bundle_may_say.py",)
_SVN = ("tests/engine/projects/test_source_svn.py",)
_WITHIN = ("tests/engine/projects/test_submodules_and_lfs.py",)

REFUSALS = (
    Fault("a lock's platform is a word", "engine/environments/parts_lock.py", 'not re.fullmatch(r"[a-z0-9_.-]{0,60}", said["platform"])', "False", _KINDS),
    Fault("a lock is what its digest says", "engine/environments/parts_lock.py", 'if hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest() != digest:', "if False:", _KINDS),
    Fault("a lock in another spelling is none", "engine/environments/parts_lock.py", "    if lock.digest != digest:\n        raise _unreadable()\n", "", _KINDS),
    Fault("a part's name leads nowhere", "engine/environments/parts_lock.py", '    if any(piece in ("", ".", "..") for piece in name.split("/")):\n        raise ValueError\n', "", _KINDS),
    Fault("a rehearsal takes nothing from the machine", "engine/environments/assembled.py", "            if not supply(digest, target):\n                raise Damage", "            if not supply(digest, target):\n                return False\n            if False:\n                raise Damage", _KINDS),
    Fault("nothing is built apart with another program", "engine/environments/assembled.py", "        self._refuse_other_machine(lock)\n        path = place", "        path = place", _KINDS),
    Fault("nothing is built anew with another program", "engine/environments/assembled.py", "        self._refuse_other_machine(lock)\n        environment = self.place(lock, environments)\n        with in_plain_words(environments), held(environments, name_of(lock.digest)):\n            sweep(environments, environment.path.name)\n            self._build", "        environment = self.place(lock, environments)\n        with in_plain_words(environments), held(environments, name_of(lock.digest)):\n            sweep(environments, environment.path.name)\n            self._build", _KINDS),
    Fault("a jar is the one that was locked", "engine/environments/jvm/kind.py", "if digest_of(target) != part.digest:", "if False:", _KINDS),
    Fault("a jar is a zip", "engine/environments/jvm/kind.py", 'if content[:4] != b"PK\\x03\\x04":', "if False:", _KINDS),
    Fault("jars lie on the class path", "engine/environments/jvm/kind.py", '{"CLASSPATH": os.pathsep.join(jars)} if jars else {}', "{}", _KINDS),
    Fault("an image is asked for before each step", "engine/environments/container/kind.py", "super().compare(environment, lock) or _absent(lock)", "super().compare(environment, lock)", _KINDS),
    Fault("an image is here when it is locked", "engine/environments/container/kind.py", "        if missing := _absent(lock):\n", "        if (missing := _absent(lock)) and False:\n", _KINDS),
    Fault("17 is not 170", "engine/environments/programs.py", 'version.startswith((f"{asked}.", f"{asked}-", f"{asked}+"))', "version.startswith(asked)", _PROGRAMS),
    Fault("a program that prints without end is ended", "engine/environments/programs.py", "while len(said) < _MOST and", "while True and", _PROGRAMS),
    Fault("a program that never ends is ended", "engine/environments/programs.py", "os.killpg(process.pid, signal.SIGKILL)", "None", _PROGRAMS),
    Fault("a package calls itself as it was asked for", "engine/environments/r/library.py", "if built is None or (built.name, built.version) != (name, version):", "if False:", _PACKAGES),
    Fault("what was cut short is no restored package", "engine/environments/r/library.py", 'package.folder.parent.name == f"{package.name}_{package.version}"', "True", _PACKAGES),
    Fault("no archive grows without end", "engine/environments/r/archive.py", " and not about.issparse()", "", _PACKAGES),
    Fault("an archive holds no device", "engine/environments/r/archive.py", "about.isreg() and not", "not", _PACKAGES),
    Fault("a renv.lock names packages that can be", "engine/environments/r/renv_lock.py", "if not (_NAME.fullmatch(name) and _VERSION.fullmatch(locked)):", "if False:", _PACKAGES),
    Fault("a repository is an address that R is given", "engine/environments/r/renv_lock.py", "if _ADDRESS.fullmatch(each)", "if True", _PACKAGES),
    Fault("a converter names no other inputs", "engine/exports/answers.py", "or [each[0] for each in pairs] != features", "", _LEFT),
    Fault("a converter names no file of its own", "engine/exports/answers.py", "all(way in WAYS[kind] for way in named)", "True", _LEFT),
    Fault("an answer is no longer than it has to be", "engine/exports/answers.py", "said = content(path, doing, _LARGEST)", "said = content(path, doing)", _LEFT),
    Fault("answers for other rows are none", "engine/exports/answers.py", "if said.metadata.num_rows != rows:", "if False:", _LEFT),
    Fault("answers have one prediction", "engine/exports/answers.py", 'if "prediction" not in found.column_names or len(set(found.column_names)) != found.num_columns:', 'if "prediction" not in found.column_names:', _LEFT),
    Fault("an export overwrites nothing that came meanwhile", "engine/exports/folder.py", "        check_free(folder)\n        os.rename", "        os.rename", _FOLDER),
    Fault("a model is read by what wrote it", "engine/exports/environment.py", "    if lost:\n", "    if False:\n", _LOCKED),
    Fault("what svn prints declares nothing", "engine/projects/source/svn.py", 'if b"<!" in said:', "if False:", _HOSTILE),
    Fault("what svn names lies in the folder", "engine/projects/source/svn.py", 'if name != "." and any(part in ("", ".", "..") for part in name.split("/")):', "if False:", _HOSTILE),
    Fault("a revision is no longer than any", "engine/projects/source/svn.py", " and len(text) < 19", "", _HOSTILE),
    Fault("externals are refused", "engine/projects/source/svn_files.py", "        if item.external:\n", "        if False:\n", _SVN),
    Fault("conflicts are refused", "engine/projects/source/svn_files.py", "        if item.conflicted:\n", "        if False:\n", _SVN),
    Fault("what was cut short is refused", "engine/projects/source/svn_files.py", 'if item.how == "incomplete":', "if False:", _HOSTILE),
    Fault("what lies in another's place is refused", "engine/projects/source/svn_files.py", 'if item.how in ("obstructed", "replaced"):', "if False:", _HOSTILE),
    Fault("a repository inside is refused", "engine/projects/source/svn_files.py", 'if how == "repository":', "if False:", _SVN),
    Fault("a patch of svn has an end", "engine/projects/source/svn_files.py", "env, PATCH_BYTES, differs=True", "env, 1 << 40, differs=True", _SVN),
    Fault("a log is asked in its repository alone", "engine/projects/source/svn_log.py", 'url == root or url.startswith(f"{root}/")', "url.startswith(root)", _HOSTILE),
    Fault("what is of no revision has no range", "engine/projects/source/svn_log.py", "    if until is None or url is None or not _inside(url, root):\n", "    if until is None or url is None:\n", _HOSTILE),
    Fault("what LFS fetched has the digest of its pointer", "engine/projects/source/lfs.py", "return content if sha256(content).hexdigest() == self.digest else None", "return content", _WITHIN),
    Fault("what LFS fetched has the size of its pointer", "engine/projects/source/lfs.py", "if status.st_size == self.size:", "if True:", _WITHIN),
    Fault("a submodule is at its commit", "engine/projects/source/git_files.py", "        if inner.revision != commit:\n", "        if False:\n", _WITHIN),
    Fault("a submodule is unchanged", "engine/projects/source/git_files.py", "            if changed:\n                first", "            if False:\n                first", _WITHIN),
    Fault("a submodule is a repository of its own", "engine/projects/source/git_files.py", "inner is None or inner.top != place or", "inner is None or", _WITHIN),
    Fault("submodules in each other have an end", "engine/projects/source/git_files.py", "if len(around) > _DEEPEST:", "if False:", _WITHIN),
    Fault("a staged submodule is refused", "engine/projects/source/git_files.py", "if committed.get(name) != commit:", "if False:", _WITHIN),
    Fault("a requirement is a name and versions", "engine/scaffold/model.py", "_REQUIREMENT.fullmatch(line) and", "_REQUIREMENT.match(line) and", _MODELS),
    Fault("nothing needs MLflow", "engine/scaffold/model.py", 'not _named(line).startswith("mlflow")', "True", _MODELS),
    Fault("a model that Git cannot hold is refused", "engine/scaffold/model.py", "if file.stat().st_size > MODEL_BYTES:", "if False:", _MODELS),
    Fault("columns are such as a manifest can name", "engine/scaffold/model.py", "and not text_problem(each, 1000)", "", _MODELS),
    Fault("MLmodel is not deep", "engine/scaffold/model.py", "if _NESTED.search(text):", "if False:", _MODELS),
    Fault("a host is no option of ssh's", "engine/bundles/over_ssh.py", "if not _HOST.fullmatch(host):", "if False:", _ASKED),
    Fault("what another workspace says has an end", "engine/bundles/over_ssh.py", "if max(len(answer), len(complaint)) > LARGEST_ANSWER:", "if False:", _ASKED),
    Fault("a state that is told is one", "engine/bundles/whereabouts.py", "if found.state not in get_args(VersionState):", "if False:", _ASKED),
    Fault("a time that is told is one", "engine/bundles/whereabouts.py", "            moment(at)\n", "            pass\n", _ASKED),
    Fault("a zip has no comment", "engine/bundles/zip_layout.py", "if disk or start or comment or here != count or", "if", _SAYS),
    Fault("a zip's end fits its length", "engine/bundles/zip_layout.py", " or begins + length + behind != size", "", _SAYS),
    Fault("a directory lists all that it holds", "engine/bundles/zip_layout.py", "    if place != len(content):\n", "    if False:\n", _SAYS),
    Fault("another format is refused", "engine/bundles/manifest.py", 'if document.get("format") not in (FORMAT, WITH_TABLES):', "if False:", _BAD),
    Fault("a digest in a manifest is one", "engine/bundles/manifest.py", "if not all(DIGEST.fullmatch(each) for each in digests):", "if False:", _SAYS),
    Fault("a size in a manifest is one", "engine/bundles/manifest.py", "if each.size < 0 or any(piece <= 0 for piece in each.pieces) or sum(each.pieces or (each.size,)) != each.size:", "if False:", _SAYS),
    Fault("no text is larger than any real one", "engine/bundles/reading.py", "if place.size > LARGEST_TEXT:", "if False:", _SAYS),
    Fault("only a file is opened", "engine/bundles/reading.py", "if not stat.S_ISREG(found.st_mode):", "if False:", _BAD),
    Fault("a directory has an end", "engine/bundles/reading.py", "if length > LARGEST_DIRECTORY or count > names.MOST:", "if False:", _SAYS),
    Fault("no object is larger than any real one", "engine/bundles/reading.py", "if max(member.pieces or (member.size,)) > LARGEST_OBJECT:", "if False:", _SAYS),
    Fault("a file is in the version's pieces", "engine/bundles/reading.py", "if name in there and (len(member.pieces) or min(member.size, 1)) != len(file.stored.chunks):", "if False:", _SAYS),
    Fault("only data may be absent", "engine/bundles/reading.py", " or (name in absent and not contents.is_data(name))", "", _SAYS),
    Fault("nothing encrypted is opened", "engine/bundles/names.py", "if each.flags & 1:", "if False:", _SAYS),
    Fault("members have an end", "engine/bundles/names.py", "    if len(names) > MOST:\n", "    if False:\n", _SAYS),
    Fault("a document is not deep", "engine/bundles/spelling.py", "    if level:\n", "    if False:\n", _BAD),
    Fault("a document is spelt as ours are", "engine/bundles/spelling.py", "    if not same:\n", "    if False:\n", _BAD),
    Fault("the document tells what its lock holds", "engine/bundles/staging.py", "    check_described(bundle.document, lock_of(staged, bundle.document))\n", "", _BAD),
    Fault("a provenance has an end", "engine/bundles/provenance.py", "if not 1 <= len(found.stations) <= MOST or len(found.authors) > MOST_AUTHORS:", "if False:", _BAD),
    Fault("who is trusted no more is not", "engine/bundles/trusted.py", "WHERE until IS NULL AND fingerprint = ?", "WHERE fingerprint = ?", _IN),
    Fault("a key has one name", "engine/bundles/trusted.py", "if each.fingerprint == key.fingerprint:", "if False:", _IN),
    Fault("a name that is trusted can be shown", "engine/bundles/trusted.py", "if not _NAME.fullmatch(name):", "if False:", _IN),
    Fault("trust that ended meanwhile holds", "engine/bundles/registering.py", "if source != THIS and trusted.of_key(db, bundle.key.fingerprint) is None:", "if False:", _SAYS),
    Fault("steps of a stranger's reach no further", "engine/bundles/taking_in.py", "    if more and not request.vouches:\n", "    if False:\n", _SAYS),
    Fault("what was cleaned up may come again", "engine/bundles/arrival.py", " and version.cleaned_at is None", "", _SAYS),
    Fault("barred there is told here", "engine/bundles/arrival.py", 'if station.state in ("barred", "rejected"):', "if False:", _SAYS),
    Fault("no bundle is written over a file", "engine/bundles/writing.py", "    if os.path.lexists(target):\n", "    if False:\n", _OUT),
    Fault("what was cleaned up does not travel", "engine/bundles/writing.py", '    if row["cleaned_at"]:\n', "    if False:\n", _SAYS),
    Fault("no name leaves that may not come in", "engine/bundles/writing.py", "if (wrong := why_not_names([*texts, *(each.name for each in found)])) is not None:", "if False:", _SAYS),
)  # fmt: skip
