"""Faults in how a version goes live in every worker, and who answers where it cannot: a part of the table of
``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_SWAP = ("tests/engine/serving/test_a_swap_waits_for_every_worker.py",)
_LIVE = ("tests/engine/serving/test_what_a_worker_answers_with.py",)
_FAILOVER = ("tests/engine/serving/test_who_answers_when_the_live_version_cannot.py",)
_AGREE = ("tests/engine/serving/test_workers_agree_with_the_ledger.py",)
_HANGS = ("tests/engine/serving/test_a_load_that_hangs.py",)
_FLEET, _BEATS = "engine/scoring/fleet.py", "engine/scoring/beats.py"
_FOLLOWING, _VERSIONS = "engine/serving/following.py", "engine/serving/held_versions.py"
_ALL, _OVER = "engine/release/all_workers.py", "engine/serving/failover.py"
_RULE, _CRASHES = "engine/scoring/reconcile.py", "engine/scoring/crashes.py"

FLEET = (
    Fault("a load that hangs is named", _VERSIONS, "now - each.began >= NAMED_AFTER", "False", _HANGS),
    Fault("what hangs is loaded once", _VERSIONS, " or key in self._loading or", " or", _HANGS),
    Fault("what is loaded late is taken while it is wanted", _VERSIONS, "            elif key in wanted:\n", "            elif False:\n", _HANGS),
    Fault("what is loaded late and not wanted is closed", _VERSIONS, "        loaded.close()\n\n\ndef", "        pass\n\n\ndef", _HANGS),
    Fault("what hangs is let go of with its worker", _VERSIONS, "        for each in self._loading.values():\n            each.abandon()\n", "", _HANGS),
    Fault("live only when all that live have confirmed", "engine/release/swap.py", "        asks(db)\n", "", _SWAP),
    Fault("every move asks the workers", "engine/release/swap.py", "steps, reason, by, clock.now(), asks)", "steps, reason, by, clock.now())", ("tests/engine/serving/test_the_door_waits_for_workers.py",)),
    Fault("a move says who confirmed it", "engine/release/swap.py", "{f'{confirmed}, ' if confirmed else ''}", "", ("tests/engine/serving/test_the_door_waits_for_workers.py",)),
    Fault("live only when all that live have confirmed", _ALL, "            if fleet.there(db, self._locks):\n                raise _Missing\n", "", _SWAP),
    Fault("who came meanwhile is waited for", _ALL, "        if not found.complete:\n            raise _Missing\n", "", _SWAP),
    Fault("who cannot is named, and nothing has changed", _ALL, "            if found.cannot:\n", "            if False:\n", _SWAP),
    Fault("who does not say so in its time is named", _ALL, "    named = \", \".join(worker.called for worker in workers[:5])", "    named = \"a worker\"", _SWAP),
    Fault("what was not made live is given up", _ALL, "            self._give_up(str(error))\n", "", _SWAP),
    Fault("who is dead is not waited for", _FLEET, 'if lives(locks, row["name"]))', "if True)", _SWAP),
    Fault("who is dead is not waited for", _BEATS, "    except BlockingIOError:\n        return True\n    return False", "    except BlockingIOError:\n        return True\n    return True", _SWAP),
    Fault("another digest confirms nothing", _FLEET, 'elif row["digest"] != preparation.digest:', "elif False:", _SWAP),
    Fault("what cannot is no confirmation", _FLEET, 'elif row["why"] is not None:', "elif False:", _SWAP),
    Fault("what is over cannot be confirmed", _FLEET, "        if not is_open(db, preparation):\n            return False\n", "", _SWAP),
    Fault("what a killed swap left is over", _FLEET, '    _close(db, "project = ?", project,', '    (lambda *_: None)(db, "project = ?", project,', _SWAP),
    Fault("what a killed swap left is over", _FOLLOWING, 'return self._workspace.is_locked(f"move-{preparation.project}")', "return True", _SWAP),
    Fault("what goes live at this moment is not let go of", _FOLLOWING, "                    if not left <= {*fleet.prepared(db)}:\n", "                    if False:\n", ("tests/engine/serving/test_a_commit_between_two_looks.py",)),
    Fault("where nobody answers nothing is written", _ALL, "                except _Missing:\n                    self._wait(until)", "                except _Missing:\n                    self._wait(until)\n                finally:\n                    self._preparation or self._wait(until)", _SWAP),
    Fault("what is mended is tried anew", _FOLLOWING, "                    self._versions.forget((each.label, each.digest))\n", "                    pass\n", _SWAP),
    Fault("a request is answered by what is live when it begins", _FOLLOWING, "            if mark != view.mark or turn != view.turn:\n", "            if turn != view.turn:\n", _LIVE),
    Fault("what has been loaded is answered with", _FOLLOWING, "            if mark != view.mark or turn != view.turn:\n", "            if mark != view.mark:\n", _LIVE),
    Fault("a ledger that cannot be read answers nobody", _FOLLOWING, "            view.found.clear()\n            return None, f\"What", "            if project in view.found:\n                return view.found[project]\n            return None, f\"What", _LIVE),
    Fault("nobody answers with what is not proven", "engine/serving/held.py", "        rows = reproduced(store, document, label, scorer)\n", "        rows = 0\n", (*_LIVE, *_SWAP)),
    Fault("what was rolled back from does not stand in", "engine/serving/live_version.py", "(before[0].label, before[0].digest) if before else None", '(f"{project}@{newest.previous}", str(catalog.find(db, f"{project}@{newest.previous}")["digest"])) if newest.previous else None', _LIVE),
    Fault("what is no longer wanted is let go of", _FOLLOWING, "            self._versions.keep_only(self._wanted.to_keep())\n", "", _LIVE),
    Fault("nothing is closed while a request may be at it", _VERSIONS, "if at <= now]\n        self._leaving", "if True]\n        self._leaving", _LIVE),
    Fault("what left is closed", _VERSIONS, "            cannot(loaded.close, loaded.label)\n", "            pass\n", _LIVE),
    Fault("what could not be loaded is tried again", _FOLLOWING, " or self._versions.waits_again", "", _LIVE),
    Fault("what cannot be loaded is tried less and less", _VERSIONS, "min(AT_MOST_AFTER, 2 * before.after)", "before.after", _LIVE),
    Fault("a beat wakes nobody", _FLEET, "        if answers == self._said:\n            return\n", "", _LIVE),
    Fault("a file that was deleted is held anew", _BEATS, "        if not was_there:\n", "        if False:\n", ("tests/engine/serving/test_a_worker_whose_file_was_deleted.py",)),
    Fault("who was taken for dead says that it lives", _FLEET, '            self._said = None  # Meanwhile', '            pass  # Meanwhile', ("tests/engine/serving/test_a_worker_whose_file_was_deleted.py",)),
    Fault("the previous version answers where the live one cannot", _OVER, 'held.previous if held.spec.fallback == "previous" else None', "None", _FAILOVER),
    Fault("nobody stands in unasked", _OVER, 'held.previous if held.spec.fallback == "previous" else None', "held.previous", _FAILOVER),
    Fault("what was taken out is not asked", _OVER, "    if held.out is None:\n        yield held", "    if True:\n        yield held", _FAILOVER),
    Fault("an answer names who gave it", _OVER, "return Given(by.label, by.digest, by.scorer.outputs, answers, kind, why)", "return Given(held.label, held.digest, by.scorer.outputs, answers, kind, why)", _FAILOVER),
    Fault("an answer says that it is a fallback's", _OVER, "by.scorer.outputs, answers, kind, why)", "by.scorer.outputs, answers)", _FAILOVER),
    Fault("a fallback is counted", _OVER, "    counts.note(held.project, kind, why)\n", "", _FAILOVER),
    Fault("a fallback is counted", _OVER, '        counts.note(held.project, "rule", why)\n', "", _FAILOVER),
    Fault("who stands in has time left", _OVER, "            left /= 2\n", "            left /= 1\n", _FAILOVER),
    Fault("columns are those of who answers", _OVER, "    places = [features.index(name) for name in wanted]", "    places = list(range(len(wanted)))", _FAILOVER),
    Fault("rows that it cannot take are no failure of the version", _OVER, "    if not of_these_rows:\n", "    if True:\n", _FAILOVER),
    Fault("nothing that blocks is asked where nothing may", _OVER, "        if one.scorer.blocks:\n            raise Waits(failed, place)\n", "", _FAILOVER),
    Fault("a bug is not told to clients", _OVER, "isinstance(first, Refusal | TimeoutError)", "True", _FAILOVER),
    Fault("three crashes in a minute are too many", _CRASHES, "MOST = 3", "MOST = 4", (*_AGREE, *_LIVE)),
    Fault("three crashes in a minute are too many", _CRASHES, "<= _within(waited) for at", "<= 2 * _within(waited) for at", _AGREE),
    Fault("moments to come count for nothing", _CRASHES, "timedelta(0) <= now - at <= _within", "now - at <= _within", _AGREE),
    Fault("each crash is told once", _FOLLOWING, "                if ended not in known:\n", "                if True:\n", _LIVE),
    Fault("what a person put back starts anew", _CRASHES, " AND at > coalesce((SELECT", " AND '9' > coalesce((SELECT", _AGREE),
    Fault("a worker left behind is red", _RULE, "    if settled and not begins and (said is None or said.deployment != live.deployment):\n", "    if False:\n", _AGREE),
    Fault("who has just begun has time, and not to answer with another", _RULE, "and worker.lived < BEGINS", "", _AGREE),
    Fault("who has just begun has time, and not to answer with another", _RULE, "(said is None or not said.label) and worker", "worker", _AGREE),
    Fault("what a worker says of itself steers no terminal", _BEATS, 'plain(str(each["label"]), 200)', 'each["label"]', _LIVE),
    Fault("what a worker says of itself steers no terminal", _BEATS, 'plain(str(said["why"]), 300)', 'said["why"]', _LIVE),
    Fault("who says nothing is unknown", _RULE, "    if worker.age is None or worker.age > SILENT:\n", "    if worker.age is None:\n", _AGREE),
    Fault("who says nothing is unknown", _RULE, '[Disagreement(f"silent:{worker.worker}", "unknown", why)]', "[]", _AGREE),
    Fault("a clock set back hides nothing", _RULE, "not timedelta(0) <= now - live.at < JUST_NOW", "not now - live.at < JUST_NOW", _AGREE),
    Fault("when all died somebody is told", _RULE, "    if all_died:\n", "    if False:\n", _AGREE),
    Fault("who left is not missed", _FLEET, 'or row["why"] == _DIED)', "or True)", _AGREE),
    Fault("an alert that stays the same wakes nobody", "engine/release/workers_agree.py", "    if wanted == open_now and not any(", "    if False and not any(", _AGREE),
    Fault("a person has it asked again", "engine/release/workers_agree.py", "and alert.acknowledged_by is not None", "and False", _AGREE),
    Fault("a client is not told a project's last words", "engine/serving/failover.py", "    if not failed or not isinstance(failed[0], StepFailed):\n", "    if True:\n", ("tests/engine/serving/test_who_answers_when_the_live_version_cannot.py",)),
)  # fmt: skip
