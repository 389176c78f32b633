"""Faults in what becomes of processes that hang, leak or die, and of a disk that is full: a part of the table of
``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_AGREE = ("tests/engine/serving/test_workers_agree_with_the_ledger.py",)
_FAILOVER = ("tests/engine/serving/test_who_answers_when_the_live_version_cannot.py",)
_ANSWERED = ("tests/engine/serving/test_what_is_answered.py",)
_SUPERVISOR = ("tests/engine/serving/test_supervisor.py",)
_HANGS = ("tests/engine/serving/test_a_loop_that_hangs.py",)
_STAYS = ("tests/engine/scoring/test_a_process_that_stays.py",)
_TURNS = ("tests/engine/scoring/test_turns.py",)
_OVER, _SCORING, _WORKER = "engine/serving/failover.py", "engine/serving/scoring.py", "engine/serving/worker.py"
_BEATS, _RULE, _CRASHES = "engine/scoring/beats.py", "engine/scoring/reconcile.py", "engine/scoring/crashes.py"
_WARM, _TELL = "engine/scoring/warm_process.py", "engine/release/workers_agree.py"

ROBUST = (
    Fault("who was asked is not asked twice", _OVER, "turns[since.place :]", "turns", _FAILOVER),
    Fault("what was said before is told", _OVER, "failed, turns = list(since.failed),", "failed, turns = [],", _FAILOVER),
    Fault("who hangs is waited for by nobody after its time", _OVER, "        if late > held.spec.timeout.total_seconds():\n", "        if False:\n", _FAILOVER),
    Fault("who is slow is waited for", _OVER, "        if late > held.spec.timeout.total_seconds():\n", "        if late > 0:\n", _FAILOVER),
    Fault("where there is no room a stand-in answers", _SCORING, "full is None or large or prepared.held.spec.fallback is None", "True", _ANSWERED),
    Fault("where nobody stands in, no room is told", _SCORING, "full is None or large or prepared.held.spec.fallback is None", "full is None or large", _ANSWERED),
    Fault("a stand-in has threads of its own", _SCORING, "self._standing_in if version.scorer.blocks", "self._waiting if version.scorer.blocks", _ANSWERED),
    Fault("how long a batch takes is known", "engine/scoring/turns.py", "batch, self._since = self._next(), self._monotonic()", "batch = self._next()", _TURNS),
    Fault("a batch that is over takes no longer", "engine/scoring/turns.py", "self._busy, self._since = False, None", "self._busy = False", _TURNS),
    Fault("what a process leaked of is not asked of another", _WARM, "and result.passed is None and", "and", _STAYS),
    Fault("what ended by itself was not given up", _WARM, "if isinstance(over, Late) else 0.0", "if isinstance(over, Late) else 9.9", _STAYS),
    Fault("the time until it is given up does not count", _CRASHES, "WITHIN + (MOST - 1) * timedelta(seconds=waited)", "WITHIN", _AGREE),
    Fault("a loop that stands still is found", _BEATS, "self.age <= _GOES_ON < self.still", "False", (*_SUPERVISOR, *_AGREE)),
    Fault("one that says nothing may be at a large model", _BEATS, "self.age <= _GOES_ON < self.still", "_GOES_ON < self.still", _SUPERVISOR),
    Fault("a loop that stands still is found", _BEATS, "(beat.hangs or 0.0) > STUCK_AFTER", "False", _SUPERVISOR),
    Fault("one that was stopped is found", _BEATS, "return age > STUCK_AFTER and is_stopped(beat.pid)", "return False", _SUPERVISOR),
    Fault("the beat is confirmed by the loop", _WORKER, "return Aside(at, self._log.trouble)", "return Aside(None, self._log.trouble)", _HANGS),
    Fault("who has too little of a processor does not hang", _WORKER, "        if spent - self._spent > LEAST_SPENT:\n", "        if False:\n", _HANGS),
    Fault("who does not come back hangs", _WORKER, "return at if spent - then > MOST_SPENT else max(at, self._moved)", "return max(at, self._moved)", _HANGS),
    Fault("where it stands still is kept", _WORKER, "            self._keep(f\"worker {self._settings.number}\", said)\n", "", _HANGS),
    Fault("a machine that was paused ends nobody", "engine/serving/supervisor.py", "            self._looked = now + AWAY\n", "            self._looked = now\n            self._end_hanging()\n", _SUPERVISOR),
    Fault("a loop that stands still is red", _RULE, "    if worker.hangs is not None and worker.hangs > SILENT:\n", "    if False:\n", _AGREE),
    Fault("nobody waits at the door for what cannot be had", "engine/serving/following.py", "            return not why.endswith(_NOT_YET)\n", "            return False\n", ("tests/engine/serving/test_what_a_worker_answers_with.py",)),
    Fault("a head in one piece is counted", "engine/serving/connection.py", "            if end > HEAD_BYTES:\n", "            if False:\n", ("tests/engine/serving/test_connections.py",)),
    Fault("what was refused keeps nothing in memory", "engine/serving/app.py", "            error.__traceback__ = error.__context__ = None\n", "", _ANSWERED),
    Fault("what was refused keeps nothing in memory", _OVER, "failed.append(error.with_traceback(None))", "failed.append(error)", _ANSWERED),
    Fault("a log that stops is shown", _RULE, "    if live.project in worker.unlogged:\n", "    if False:\n", _AGREE),
    Fault("what nobody answered long ago is not told of what others answer now", _RULE, "said.failed_ago is not None and said.failed_ago + age <= STOOD_IN", "said.failed", _AGREE),
    Fault("what nobody answered is no fallback", _RULE, "said.ago is not None and said.ago + age <= STOOD_IN", "said.previous or said.failed", _AGREE),
    Fault("when nobody answered is told by itself", "engine/serving/failover.py", "self._last[project, kind is None] =", "self._last[project, False] =", ("tests/engine/serving/test_who_answers_when_the_live_version_cannot.py",)),
    Fault("a log that stops is told once", _TELL, "if project not in known or not each.key.startswith(UNLOGGED)", "if True", _AGREE),
    Fault("to acknowledge it has it asked again at once", _TELL, "        _ask_again(db, alert, now)\n        return", "        return", _AGREE),
    Fault("threads that ended keep no file open", "engine/storage/ledger.py", "if not each[0].is_alive()]", "if False]", ("tests/engine/storage/test_ledger.py",)),
)
