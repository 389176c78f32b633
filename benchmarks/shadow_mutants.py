"""Faults in what a shadow is handed, scores, counts and keeps: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_HANDED = ("tests/engine/serving/test_what_a_shadow_is_handed.py",)
_ENDS = ("tests/engine/serving/test_a_shadow_that_misbehaves.py",)
_SCORES = ("tests/engine/serving/test_what_a_shadow_scores.py",)
_AGREES = ("tests/engine/shadow/test_when_two_answers_agree.py",)
_COUNTED = ("tests/engine/shadow/test_what_is_counted_of_a_shadow.py",)
_KEPT = ("tests/engine/shadow/test_what_is_kept_of_shadows.py",)
_LINES = ("tests/console/test_shadow_lines.py",)
_SHADOW, _SEAT, _FRAMES = (f"engine/serving/shadow{name}.py" for name in ("", "_seat", "_frames"))
_SCORING, _PROCESS = "engine/serving/shadow_scoring.py", "engine/serving/shadow_process.py"
_COUNTING, _BOOK, _REPORT = (f"engine/shadow/{name}.py" for name in ("counting", "book", "report"))

_TRIED, _PHRASES = "engine/reports/tried.py", "engine/reports/phrases.py"
_TOLD = ("tests/engine/reports/test_what_was_tried.py",)

SHADOW = (
    Fault("a report tells of trials that ran in its period", _TRIED, 'rows[-1].act != "end" or rows[-1].at >= period.since', "True", _TOLD),
    Fault("what is tried later is not told yet", "engine/scoring/trials.py", "WHERE project = ? AND at < ? ORDER BY seq", "WHERE project = ? AND at <> ? ORDER BY seq", _TOLD),
    Fault("a report counts what a canary answered itself", "engine/requests/book.py", " AND status = 200 AND fallback = ''", "", _TOLD),
    Fault("a report counts the canary's own answers", "engine/requests/book.py", " AND version = ? AND minute", " AND version <> ? AND minute", _TOLD),
    Fault("all is only said of all", _PHRASES, '    if part < whole and shown == "100.0":\n        return "more than 99.9 %"\n', "", _TOLD),
    Fault("what a fallback answered is not compared", _SHADOW, "        and answered.fallback is None\n", "", _HANDED),
    Fault("what another version answered is not compared", _SHADOW, "        and answered.label == beside.live\n", "", _HANDED),
    Fault("a shadow beside what is live no more is none", _SHADOW, 'and live["seq"] == trial.against', "", _HANDED),
    Fault("a canary is no shadow", _SHADOW, 'trial.kind == "shadow" and ', "", _HANDED),
    Fault("of the requests the share is drawn", _SHADOW, "        and sampling.is_kept(answered.request, beside.trial.share, key)\n", "", _HANDED),
    Fault("sensitive keys are handed to nobody", _FRAMES, "if name not in hidden", "", (*_HANDED, *_SCORES)),
    Fault("a busy worker hands over less", _SHADOW, "    if busy <= FREE:\n        return MOST\n", "    return MOST\n", _HANDED),
    Fault("a request of many rows finds room by and by", _SHADOW, "self._room.get(whose, 0.0) + a_second * seconds", "a_second * seconds", _HANDED),
    Fault("an hour without requests is no room for an hour's rows", _SHADOW, "min(a_second, self._room.get(whose, 0.0) + a_second * seconds)", "self._room.get(whose, 0.0) + a_second * seconds", _HANDED),
    Fault("while requests wait little is handed over", _SHADOW, "LEAST if crowded else rate(busy)", "rate(busy)", _HANDED),
    Fault("what is passed over is counted", _SHADOW, "            seat.sums.pass_over(why, rest)\n", "            pass\n", _HANDED),
    Fault("what is taken is spread over all there is", _SHADOW, "taken < seen * most // whole", "True", _HANDED),
    Fault("what cannot be written down is counted", _SHADOW, "                seat.sums.pass_over(UNFIT, rows)\n", "                pass\n", _HANDED),
    Fault("what cannot be written down takes nobody with it", _FRAMES, "    elif rows > 1:\n        yield from (packed for half in _halves(frame) for packed in _packed(half))\n", "", _HANDED),
    Fault("a packet is no larger than may be", _FRAMES, "if packet is not None and len(packet) <= MOST_BYTES:", "if packet is not None:", _HANDED),
    Fault("a large request is handed over whole", _FRAMES, "range(0, len(answered.rows), MOST_ROWS)", "range(0, 1, MOST_ROWS)", (*_HANDED, *_SCORES)),
    Fault("a trial that is over ends its process", _SHADOW, "                seat.finish()\n\n    def _read", "                pass\n\n    def _read", _HANDED),
    Fault("figures that cannot be written are with the next", _SHADOW, "        except LeverframeError:\n            return\n        seat.written()", "        except LeverframeError:\n            pass\n        seat.written()", _HANDED),
    Fault("figures are written once", _SEAT, "        self.sums, self.told = Sums(), self.trouble\n", "        self.told = self.trouble\n", _HANDED),
    Fault("that trouble is over is said", _SHADOW, 'seat.trouble == seat.told == ""', 'seat.trouble == ""', _HANDED),
    Fault("with the worker its last words are written", _SHADOW, "            self._write(whose, seat, now or clock.now())\n", "", _HANDED),
    Fault("nothing is handed to a candidate that is not proven", _SEAT, "self._process is None or not self._ready", "self._process is None", _ENDS),
    Fault("no more rows are on their way than may be", _SEAT, "self._waiting + rows > MOST_WAITING or ", "", _ENDS),
    Fault("rows that an ended process took with it have failed", _SEAT, "            self.sums.fail(said, self._waiting)\n", "", _ENDS),
    Fault("what was scored is on its way no more", _SEAT, "self._waiting - handled", "self._waiting", _ENDS),
    Fault("one that hangs is ended", _SEAT, "now - self._heard > patience", "False", _ENDS),
    Fault("that nothing is asked is no hanging", _SEAT, "            if not self._waiting:\n                self._heard = self._monotonic()\n", "", _ENDS),
    Fault("one that takes too much memory is ended", _SEAT, "if memory > MOST_MEMORY:", "if False:", _ENDS),
    Fault("one that ends again and again is begun more rarely", _SEAT, "FIRST_WAIT * 2 ** (self._ends - 1)", "FIRST_WAIT", _ENDS),
    Fault("one whose trial is over is not begun anew", _SEAT, "if not self._finishing and now >= self._due:", "if now >= self._due:", _ENDS),
    Fault("one that does not end is ended", _SEAT, 'if now - self._since > ENDS_WITHIN else ""', 'if False else ""', _ENDS),
    Fault("what it said of its end is told", _SEAT, "said = self._why or why", "said = why", _ENDS),
    Fault("a bad row costs one row", _SCORING, "if len(rows) == 1 or of_all:", "if True:", _SCORES),
    Fault("a process that ended is not asked row by row", _SCORING, "if len(rows) == 1 or of_all:", "if len(rows) == 1:", _SCORES),
    Fault("too few answers are none", _SCORING, "if len(answers) != len(rows) or", "if", _SCORES),
    Fault("what requests do not have fails and says so", _SCORING, "        if lacking:\n", "        if False:\n", _SCORES),
    Fault("features are in the order of the candidate", _SCORING, "[frame.features.index(name) for name in self.scorer.features]", "[*range(len(self.scorer.features))]", _SCORES),
    Fault("it says what it counted each second", _PROCESS, "        if monotonic() - said >= SAY_EVERY:\n            tell()\n", "", _SCORES),
    Fault("labels agree whatever their type", "engine/shadow/comparing.py", "agree = _label(one) == _label(other)", "agree = one is other", _AGREES),
    Fault("numbers agree within a hundredth of the larger", "engine/shadow/comparing.py", "most = max(abs(first), abs(second))", "most = abs(first) or 1.0", _AGREES),
    Fault("a gap beside a number is a difference", "engine/shadow/comparing.py", "return 0.0 if first is second else 1.0\n    if first == second", "return 0.0\n    if first == second", _AGREES),
    Fault("changed labels come first", _COUNTING, "return self.agree, -self.size", "return False, -self.size", _COUNTED),
    Fault("a row is kept once", _COUNTING, "kept.setdefault(each.whose, each)", "kept.setdefault(id(each), each)", _COUNTED),
    Fault("differences are bounded", _COUNTING, "list(kept.values())[:LARGEST]", "list(kept.values())", _COUNTED),
    Fault("values of a segment are bounded", _COUNTING, "value if len(values) < MOST_VALUES else OTHERS", "value", _COUNTED),
    Fault("reasons are bounded", _COUNTING, "why in reasons or len(reasons) < MOST_REASONS", "True", _COUNTED),
    Fault("few rows are never sure", _REPORT, "rows >= FEWEST and part.high", "part.high", _COUNTED),
    Fault("intervals of segments hold together", _REPORT, "part = agreement(rows, agreed, tests)", "part = agreement(rows, agreed)", _COUNTED),
    Fault("trouble is what was said last, and lately", _REPORT, "if now - cell.said_at <= LATELY", "", _COUNTED),
    Fault("days are kept for hours", _BOOK, "            _fold(db, project, stamp(certain - HOURS_FOR))\n", "", _KEPT),
    Fault("a day that is there stays counted", _BOOK, 'if there else (Sums(), "", "")', 'if False else (Sums(), "", "")', _KEPT),
    Fault("differences go with their requests", _BOOK, "            _forget_differences(db, project, certain - kept.keep)\n", "", _KEPT),
    Fault("of a removed project nothing is kept", _BOOK, '            db.execute("DELETE FROM shadow_figures WHERE project = ?", (project,))\n', "", _KEPT),
    Fault("nearly all is not rounded to all", "console/text/shadow_lines.py", 'if said == "100.00" and value < 1:', "if False:", _LINES),
)  # fmt: skip
