"""Faults in the request log: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_TESTS = "tests/engine/requests"
_WRITTEN = (f"{_TESTS}/test_what_is_written_of_requests.py",)
_BAD_TIMES = (f"{_TESTS}/test_a_log_in_bad_times.py",)
_KILLED = (f"{_TESTS}/test_a_block_is_whole_whatever_is_killed.py",)
_FIGURES = (f"{_TESTS}/test_figures.py",)
_AGAIN = (f"{_TESTS}/test_what_differs_when_asked_again.py",)
_LOOKED = ("tests/engine/monitoring/test_what_a_look_says_of_requests.py",)
_COUNTED = ("tests/engine/jobs/test_a_look_counts_requests.py",)
_KEEP, _WRITER, _LOG, _BLOCK = (f"engine/requests/{name}.py" for name in ("keeping", "writer", "log", "block"))
_COUNTING, _SKEW, _BOOK, _ALARM = (f"engine/requests/{name}.py" for name in ("counting", "skew", "skew_book", "alarm"))
_FIGURE, _SAID, _JOB = "engine/requests/figures.py", "engine/monitoring/requests.py", "engine/jobs/health/requests.py"
_SAMPLED = "engine/requests/sampling.py"
_REPLAYED = ("tests/journeys/test_logged_requests_are_asked_again.py",)
_MERGED = (f"{_TESTS}/test_small_blocks_become_one.py",)

REQUESTS = (
    Fault("no sensitive feature is written", _BLOCK, "        for name, values in zip(names, zip(*cells, strict=True), strict=True):\n            if name not in sensitive:\n", "        for name, values in zip(names, zip(*cells, strict=True), strict=True):\n            if True:\n", _WRITTEN),
    Fault("no sensitive key is written", _BLOCK, "    for name in first.keys:\n        if name not in sensitive:\n", "    for name in first.keys:\n        if True:\n", _WRITTEN),
    Fault("what failed is not kept", _WRITER, "self._rules_of(key.project) if key.status == OK else _NONE", "self._rules_of(key.project)", _WRITTEN),
    Fault("rows that nobody has rules for are not written", _WRITER, "known[1] if known else LogRules(share=0.0)", "known[1] if known else LogRules()", _BAD_TIMES),
    Fault("a share is kept by the key", _SAMPLED, "digest_size=8, key=key)", "digest_size=8)", _WRITTEN),
    Fault("a file without its row is not left behind", _KEEP, "            with suppress(OSError):\n                (self.path / name).unlink()\n            raise\n", "            raise\n", _BAD_TIMES),
    Fault("room is made before a block is written", _KEEP, "        self.make_room(rules.most - size, now)\n", "", _BAD_TIMES),
    Fault("room is made for the new block too", _KEEP, "        self.make_room(rules.most - size, now)\n", "        self.make_room(rules.most, now)\n", _BAD_TIMES),
    Fault("the oldest makes room", _KEEP, "        for block in reversed(there):\n", "        for block in there:\n", _BAD_TIMES),
    Fault("a block larger than the log takes nothing", _KEEP, "        if size > rules.most:\n", "        if False:\n", _BAD_TIMES),
    Fault("what is kept free is not eaten", _KEEP, "        if little is not None:\n", "        if False:\n", _BAD_TIMES),
    Fault("a row says that a block ends before its file goes", _KEEP, "        with self.ledger.write() as db:\n            book.end(db, going, why, now)\n        for block in going:\n            with suppress(FileNotFoundError), refused(f\"The block {block.file} could not be deleted\"):\n                (self.path / block.file).unlink()\n", "        for block in going:\n            with suppress(FileNotFoundError), refused(f\"The block {block.file} could not be deleted\"):\n                (self.path / block.file).unlink()\n", _BAD_TIMES),
    Fault("a whole block without its row is taken in", _KEEP, "                taken += self._take_in(name, now)\n", "                self._delete(name)\n", _KILLED),
    Fault("a block of another project is none", _KEEP, "            if label.project != self.project:\n", "            if False:\n", _KILLED),
    Fault("a row without its file says so", _KEEP, "        if gone:\n", "        if False:\n", _KILLED),
    Fault("old is judged by the sure time", _KEEP, "ended = folder.end_old(kept, certain, now)", "ended = folder.end_old(kept, now, now)", _BAD_TIMES),
    Fault("a block from the future grows old", _KEEP, "min(block.until, block.written_at) < certain", "block.until < certain", _BAD_TIMES),
    Fault("of a removed project nothing stays", _KEEP, "if kept else folder.make_room(0, now)", "if kept else 0", _BAD_TIMES),
    Fault("a flood is counted", _LOG, "            self._lost[answered.project] = self._lost.get(answered.project, 0) + 1\n", "", _BAD_TIMES),
    Fault("rows that wait are bounded", _LOG, "self._noted - self._taken + rows > MOST_ROWS or ", "", _BAD_TIMES),
    Fault("requests that wait are bounded", _LOG, " or len(self._waiting) >= MOST_REQUESTS", "", _BAD_TIMES),
    Fault("what is there is written at the end", _LOG, "self._writer.flush(self._now(), everything=True)", "self._writer.flush(self._now())", _BAD_TIMES),
    Fault("another worker that writes costs nothing", _WRITER, "        except Conflict:\n            return  # Another worker", "        except Conflict:\n            del self._open[name]\n            return  # Another worker", _BAD_TIMES),
    Fault("a log that stopped says so", _WRITER, "        alarm.sound(self._ledger, version, why, now)\n", "", _BAD_TIMES),
    Fault("a log that goes on says so", _WRITER, "            alarm.end(self._ledger, project, now)\n", "            pass\n", _BAD_TIMES),
    Fault("a block and its counts are written once", _WRITER, "        for key in counts:\n            self._counts.pop(key, None)\n", "", _BAD_TIMES),
    Fault("what waits is bounded", _WRITER, "> MOST_BYTES\n", "> 1 << 60\n", _BAD_TIMES),
    Fault("a block is due by a clock that goes forward alone", _WRITER, "self._monotonic() - found.begun >= LONGEST", "now.timestamp() - found.begun >= LONGEST", _WRITTEN),
    Fault("a block is what was written", _BLOCK, "    if digest is not None and digest_of(content) != digest:\n", "    if False:\n", _WRITTEN),
    Fault("hours say what minutes said", "engine/requests/book.py", "    add(db, \"\", whole)\n", "", _BAD_TIMES),
    Fault("an error's time is no answer's", _FIGURE, "        if key.status == OK:\n            merge(", "        if True:\n            merge(", _FIGURES),
    Fault("failures are the server's", _FIGURE, "        self.failures += count.requests if key.status >= 500 else 0\n", "        self.failures += count.requests if key.status >= 400 else 0\n", _FIGURES),
    Fault("a percentile is that of its bucket", _COUNTING, "exp((number - 0.5) * _GROWTH)", "exp((number + 0.5) * _GROWTH)", _FIGURES),
    Fault("another label is told", _SKEW, "sizes[place] is None or (len(outputs) > 1 and bool(sizes[place]))", "sizes[place] is None", _AGAIN),
    Fault("what is no number and differs is told", _SKEW, "        return 0.0 if before == now and type(before) is type(now) else None\n", "        return 0.0\n", _AGAIN),
    Fault("a millionth is the same and more is not", _SKEW, "CLOSE = 1e-6\n", "CLOSE = 1e-3\n", _AGAIN),
    Fault("evidence goes with the log", _BOOK, "AND at < ? AND worst", "AND at > ? AND worst", _AGAIN),
    Fault("one in a hundred failed is to be watched", _SAID, "    if found.failed >= WATCH:\n", "    if found.failed > WATCH:\n", _LOOKED),
    Fault("one in twenty failed is failing", _SAID, "\"failing\" if found.failed >= FAILING", "\"failing\" if found.failed > FAILING", _LOOKED),
    Fault("what was said of requests before is not said again", _SAID, "(each for each in document.findings if each.part != PART)", "(each for each in document.findings)", _LOOKED),
    Fault("of few requests nothing is told", _SAID, "    if found.requests < FEWEST:\n        return\n", "", _LOOKED),
    Fault("what failed before it was live is not its doing", _JOB, "        if swap is not None and since < swap.at < until:\n", "        if False:\n", _COUNTED),
    Fault("a look at the past says nothing of requests", _JOB, "    if not found.requests and clock.now() - until > LATE:\n", "    if False:\n", _COUNTED),
    Fault("the log is nobody else's to read", "engine/requests/keeping.py", "atomic.write_file(self.path / name, content, mode=0o640)", "atomic.write_file(self.path / name, content, mode=0o644)", _WRITTEN),
    Fault("a column that became sensitive is not written from then on", "engine/requests/writer.py", "self._monotonic() - known[0] >= RULES_FOR:", "False:", _WRITTEN),
    Fault("an answer that differs fails the check", "engine/jobs/skew.py", '"failed" if found.differing or found.unread', '"failed" if found.unread', _REPLAYED),
    Fault("a block that was changed fails the check", "engine/jobs/skew.py", '"failed" if found.differing or found.unread', '"failed" if found.differing', _REPLAYED),
    Fault("what a stand-in answered is not asked again", "engine/jobs/skew.py", " if by is None]\n    places", "]\n    places", _REPLAYED),
    Fault("what another version answered is not asked of this one", "engine/jobs/skew.py", " if each.version == label]", "]", _REPLAYED),
    Fault("what differs is told", "engine/requests/skew_book.py", "        alert_book.record(db, project, number,", "        dict(db=db, project=project, number=number) if True else alert_book.record(db, project, number,", (*_REPLAYED, *_AGAIN)),
    Fault("another label is worse than another number", "engine/requests/skew_book.py", '"failing" if found.changed else "watch"', '"watch"', (*_REPLAYED, *_AGAIN)),
    Fault("two versions of one label are not merged", "engine/requests/merging.py", "            if labels[0].version_digest != label.version_digest:\n", "            if False:\n", _MERGED),
    Fault("a block has the rows that it says", "engine/requests/block.py", "    if label.rows != table.num_rows:\n", "    if False:\n", _WRITTEN),
    Fault("what never got into a block is counted as lost", "engine/requests/writer.py", "                self._counts.setdefault(key, Count()).lost += rows\n", "                pass\n", _BAD_TIMES),
    Fault("what others answered alone fails no check of skew", "engine/jobs/skew.py", "    if not places:", "    if False:", _REPLAYED),
    Fault("what others answered alone fails no look at health", "engine/jobs/health/logged_rows.py", "        if not own:", "        if False:", _REPLAYED),
)  # fmt: skip
