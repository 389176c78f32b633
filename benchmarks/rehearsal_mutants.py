"""Faults in what environments are rebuilt from, and in rehearsals: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_KEPT = ("tests/engine/environments/test_kept_files.py",)
_BACK = ("tests/engine/environments/test_ways_back_are_rehearsed.py",)
_SAID = ("tests/engine/release/test_rehearsals.py",)
_KEEPING, _FETCHING = "engine/environments/keeping.py", "engine/environments/python/fetching.py"
_INSTALL, _JOB = "engine/environments/python/installing.py", "engine/jobs/rehearsal/rehearse.py"
_TOLD, _POINTS = "engine/release/rehearsals.py", "engine/jobs/rehearsal/points.py"
_HELD = ("tests/engine/environments/test_what_a_registry_answers_is_held.py",)
_ALONE = ("tests/engine/schedule/test_one_rehearsal_at_a_time.py",)
_FETCHER = "engine/environments/python/wheel_fetcher.py"

REHEARSALS = (
    Fault("only what the lock names is kept", _FETCHING, "if each.digest in hashes.get(each.package, ())]", "]", _KEPT),
    Fault("a lock that is kept asks nobody", _KEEPING, "        if whole and (", "        if False and (", _KEPT),
    Fault("what is missing is asked for again", _KEEPING, "        if whole and (kept.why is None or", "        if whole and (True or", _KEPT),
    Fault("what is not all there builds nothing", _KEEPING, "    if kept.why is not None:\n", "    if False:\n", _KEPT),
    Fault("what is damaged is fetched again", _KEEPING, "    if broken:\n", "    if False:\n", _KEPT),
    Fault("a rollback takes what is kept", _INSTALL, "            _from_keep(lock, Keep(root))(sync)\n            return\n", "            pass\n", _KEPT),
    Fault("the wheels do not stay in an environment", _INSTALL, "            shutil.rmtree(files, ignore_errors=True)\n", "            pass\n", _KEPT),
    Fault("nothing but what is kept builds it", _INSTALL, '"--offline", "--no-index", "--find-links"', '"--find-links"', _KEPT),
    Fault("what a version's lock needs is not swept", "engine/housekeeping/survey.py", "Needs(store, kept_files.objects(db))", "Needs(store)", _BACK),
    Fault("what was kept comes back with its version", "engine/housekeeping/bin.py", "kept_files.objects(db) if with_kept else None", "None", _BACK),
    Fault("what is said to be kept is tried as it is", _JOB, "        if kept is None or kept.why is not None:\n", "        if True:\n", _BACK),
    Fault("a rehearsal that fails is red", _JOB, '"failed" if failed else "succeeded"', '"succeeded"', _SAID),
    Fault("a cancelled run says nothing of a version", _JOB, "            refuse_cancelled(db, context.run.id)  #", "            #", _SAID),
    Fault("what could not be rebuilt is told", _TOLD, 'found[label].outcome == "failed"', "False", _SAID),
    Fault("what is no way back is told no more", "engine/jobs/rehearsal/points.py", "            settle_alerts(db", "            (db", _SAID),
    Fault("what a killed run found is told", _POINTS, "& names) | cut_short", "& names)", _SAID),
    Fault("nothing is told while one is under way", _POINTS, " and history.busy(db, project, REHEARSAL) is None", "", _SAID),
    Fault("what was only compared is not rebuilt", _JOB, '    if compared:\n', "    if False:\n", _SAID),
    Fault("a model's word for a full disk is not enough", _JOB, 'free < _LITTLE or not said.startswith(f"{label} cannot be proven")', "True", _SAID),
    Fault("a shared environment's time counts for each", _JOB, "time.monotonic() - began + self._saved", "time.monotonic() - began", _BACK),
    Fault("one rehearsal of a project at a time", "engine/runs/queue.py", "if job.alone else None", "if False else None", _ALONE),
    Fault("one that waits is set going", "engine/runs/by_hand.py", "        queue.dispatch(workspace, ledger)  #", "        #", _ALONE),
    Fault("one that was killed is in nobody's way", "engine/runs/by_hand.py", "    if job.alone:\n", "    if False:\n", _ALONE),
    Fault("a registry that is away takes nothing", _KEEPING, "        found = _with_what_stands(store, found, kept_files.of(db, lock.digest))\n", "", _KEPT),
    Fault("what another run kept is not dropped", _KEEPING, "there = kept_files.of(db, kept.lock) or kept", "there = kept", _KEPT),
    Fault("what changes while it is kept is not kept", _KEEPING, "if kept.stored.digest != each.digest]", "if False]", _KEPT),
    Fault("a login goes to the registry alone", _FETCHER, "request.add_unredirected_header(", "request.add_header(", _HELD),
    Fault("an answer leads to nothing but HTTP", _FETCHER, "urllib.request.UnknownHandler(),", "urllib.request.FTPHandler(),", _HELD),
    Fault("a file has an end", _FETCHER, '            if size > job["largest"]:\n', "            if False:\n", _HELD),
    Fault("some of the disk is left", _FETCHER, "            if room.f_bavail", "            if False and room.f_bavail", _HELD),
    Fault("fetching has an end", _FETCHING, "    while (left := until - time.monotonic()) > 0 and", "    while (left := 9999) and", _HELD),
    Fault("it sees nothing of the workspace", _FETCHING, "holding([into], workspace_around(cache),", "holding([into], None,", _HELD),
    Fault("a link in the cache is not followed", _FETCHER, '(os.O_NOFOLLOW if asked["own"] else 0)', "0", _HELD),
    Fault("it is gone with whoever asked", _FETCHER, "    threading.Thread(target=leave_with_whoever_asked", "    threading.Thread(target=print", _HELD),
    Fault("its memory has an end", _FETCHER, '    resource.setrlimit(resource.RLIMIT_AS', '    (lambda *given: None)(resource.RLIMIT_AS', _HELD),
)  # fmt: skip
