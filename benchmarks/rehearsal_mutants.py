"""Faults in what environments are rebuilt from, and in rehearsals: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_KEPT = ("tests/engine/environments/test_kept_files.py",)
_BACK = ("tests/engine/environments/test_ways_back_are_rehearsed.py",)
_SAID = ("tests/engine/release/test_rehearsals.py",)
_KEEPING, _FETCHING = "engine/environments/keeping.py", "engine/environments/python/fetching.py"
_INSTALL, _JOB = "engine/environments/python/installing.py", "engine/jobs/rehearsal/rehearse.py"
_TOLD = "engine/release/rehearsals.py"

REHEARSALS = (
    Fault("only what the lock names is kept", _FETCHING, "if each.digest in hashes.get(each.package, ())]", "]", _KEPT),
    Fault("a lock that is kept asks nobody", _KEEPING, "        if whole and (", "        if False and (", _KEPT),
    Fault("what is missing is asked for again", _KEEPING, "        if whole and (kept.why is None or", "        if whole and (True or", _KEPT),
    Fault("what is not all there builds nothing", _KEEPING, "    if kept.why is not None:\n", "    if False:\n", _KEPT),
    Fault("what is damaged is fetched again", _KEEPING, "    if broken:\n", "    if False:\n", _KEPT),
    Fault("a rollback takes what is kept", _INSTALL, "            _from_keep(lock, Keep(root))(sync)\n            return\n", "            pass\n", _KEPT),
    Fault("the wheels do not stay in an environment", _INSTALL, "            shutil.rmtree(files, ignore_errors=True)\n", "            pass\n", _KEPT),
    Fault("nothing but what is kept builds it", _INSTALL, '"--offline", "--no-index", "--find-links"', '"--find-links"', _BACK),
    Fault("what a version's lock needs is not swept", "engine/housekeeping/survey.py", "Needs(store, kept_files.objects(db))", "Needs(store)", _BACK),
    Fault("what was kept comes back with its version", "engine/housekeeping/bin.py", "kept_files.objects(db) if with_kept else None", "None", _BACK),
    Fault("what is said to be kept is tried as it is", _JOB, "        if kept is None or kept.why is not None:\n", "        if True:\n", _BACK),
    Fault("a rehearsal that fails is red", _JOB, '"failed" if failed else "succeeded"', '"succeeded"', _SAID),
    Fault("a cancelled run says nothing of a version", _JOB, "                    raise Refusal(asked) from None\n", "                    pass\n", _SAID),
    Fault("what could not be rebuilt is told", _TOLD, 'found[label].outcome == "failed"', "False", _SAID),
    Fault("what is no way back is told no more", "engine/jobs/rehearsal/points.py", "            settle_alerts(db", "            (db", _SAID),
)  # fmt: skip
