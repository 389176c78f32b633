"""Faults in what makes answers quick: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_COMMITS, _RECORDS = "engine/storage/commits.py", "engine/scoring/compiled/node_records.py"
_BITS, _ROWS = "engine/scoring/compiled/bit_code.py", "engine/scoring/compiled/rows.py"
_FORM, _COUNTING = "engine/serving/form.py", "engine/requests/counting.py"
_REFUSED = ("tests/engine/scoring/compiled/test_rows_that_are_refused.py",)
_READ = ("tests/engine/serving/test_any_body_at_all.py", "tests/engine/serving/test_what_is_refused.py")
_ANSWERED, _FIGURES = ("tests/engine/serving/test_what_is_answered.py",), ("tests/engine/requests/test_figures.py",)
_SEEN = ("tests/engine/storage/test_commits.py",)
_STAGES, _STAGE = "engine/serving/rounds.py", ("tests/engine/serving/test_one_round_is_scored_together.py",)
_ASKS, _ANSWERS, _FRAMES = (f"engine/serving/{name}.py" for name in ("neighbours", "for_neighbours", "neighbour_frames"))
_GATHERING, _MAKERS = "engine/serving/gathering.py", "engine/scoring/makers.py"
_SHARED = ("tests/engine/serving/test_workers_share_a_process.py",)
_FAILING = ("tests/engine/serving/test_a_worker_that_is_asked_fails.py",)
_ROUNDS, _COST = ("tests/engine/serving/test_requests_come_together.py",), ("tests/engine/scoring/test_rows_that_cost_nothing.py",)
_HELD = ("tests/engine/serving/test_what_a_worker_answers_with.py",)
_EXACT = ("tests/engine/scoring/compiled/test_estimators_compile_exactly.py",)

SPEED = (
    Fault("a commit is seen by the next request", _COMMITS, " or head != seen.head", "", _SEEN),
    Fault("a replaced ledger is noticed in time", _COMMITS, " or self._monotonic() >= seen.until", "", _SEEN),
    Fault("without shared memory the ledger is asked", _COMMITS, "if head is None or ", "if ", _SEEN),
    Fault("no lock of SQLite's is lost", _COMMITS, "prot=mmap.PROT_READ)", "prot=mmap.PROT_READ); os.close(descriptor)", _SEEN),
    Fault("a row that goes left cannot come to what is right", _BITS, "right_side & ((1 << bits) - 1)", "0", _EXACT),
    Fault("a gap is in the last bin, of one row too", _BITS, "E{slot}, s{slot}) if s{slot} == s{slot} else -1]", "E{slot}, s{slot}) if s{slot} == s{slot} else 0]", _EXACT),
    Fault("a whole number that no float holds is refused with its column", _ROWS, "return operation.of", "return 0", _REFUSED),
    Fault("a name that stands twice is seen in a single row", _FORM, "body.count(b\":\") != 1 + self._colons", "False", _READ),
    Fault("a category never seen is told of a single row", _FORM, "            if row[place] not in known:\n                return None\n", "            pass\n", _ANSWERED),
    Fault("a minute ends", _COUNTING, "not since <= at < until", "not since <= at", _FIGURES),
    Fault("a gap goes where training sent it, in C", _RECORDS, "tables.whole(trees.gap)", "0", _EXACT),
    Fault("a code goes where training sent it, in C", _RECORDS, "found[row, code // 32] |= np.uint32(1 << code % 32)", "pass", _EXACT),
    Fault("who is scored with others has the answer to their own rows", _STAGES, "begin, end = end, end + len(each.rows)", "begin, end = 0, len(each.rows)", _STAGE),
    Fault("a swap within a round mixes nobody's answers", _STAGES, "id(each.held) if", "1 if", _STAGE),
    Fault("what is a canary's is not asked of the live version", _STAGES, "else -place", "else id(each.held)", _STAGE),
    Fault("a version that is out is not asked by a round", _STAGES, " and each.held.out is None", "", _STAGE),
    Fault("who has gone leaves the answers of others alone", _STAGES, "        if self.said.done():  # Whoever asked has gone.\n            return\n", "", _STAGE),
    Fault("a row without an answer is asked for once where it came alone", _STAGES, "if len(together) == 1 or not _scored(together):", "if not _scored(together):", _STAGE),
    Fault("one round has an end", _STAGES, "            if rows >= MOST_ROWS:\n                break\n", "", _STAGE),
    Fault("shared: exactly the version that is named answers", "engine/serving/following.py", "loaded = self._versions.get(key)\n        return loaded.scorer", "loaded = next((each for name, each in self._versions._ready.items() if name[0] == key[0]), None)\n        return loaded.scorer", _HELD),
    Fault("shared: the digest is handed over", _ASKS, "key = version.label, version.digest\n", "key = version.label, \"3\" * 64\n", _SHARED),
    Fault("shared: who has not got it is left alone", _ASKS, "            self._leave_alone(asked.key)\n            _tell(asked, None)", "            _tell(asked, None)", _SHARED),
    Fault("shared: not for ever", _ASKS, "self._alone.items() if until > now} | {key: now + ALONE}", "self._alone.items() if until > now} | {key: now + 1e9}", _SHARED),
    Fault("shared: the first of a group asks nobody", _ASKS, "first = number - (number - 1) % GROUP", "first = 1", _SHARED),
    Fault("shared: who ends leaves nobody waiting", _ASKS, "        for each in there.values():\n            _tell(each, None)\n", "", _FAILING),
    Fault("shared: one that is stopped is waited for a part of the time", _ASKS, "asked.timer = asyncio.get_running_loop().call_later(asked.sign, self.close)", "pass", _FAILING),
    Fault("shared: rows that are worked at are waited for", _ASKS, "            if asked.timer is not None:\n                asked.timer.cancel()\n            return", "            return", _FAILING),
    Fault("shared: one whose process hangs is left alone", _ASKS, "        self._leave_alone(asked.key)\n        self._say(Back(number))", "        self._say(Back(number))", _FAILING),
    Fault("shared: who gives up says so", _ASKS, "                self._say(Back(number))  # Whoever", "                pass  # Whoever", _SHARED),
    Fault("shared: rubbish is no answer", _ASKS, "        except msgspec.DecodeError:\n            self.close()", "        except msgspec.DecodeError:\n            pass", _FAILING),
    Fault("shared: a frame has a bound", _FRAMES, "            if length > MOST_BYTES:\n", "            if False:\n", _FAILING),
    Fault("shared: what cannot be sent is asked of its own", _FRAMES, "if len(packet) <= MOST_BYTES else None", "if True else None", _SHARED),
    Fault("shared: requests of many rows go to its own", _ASKS, "if not 0 < len(rows) <= together(version.scorer):", "if not rows:", _SHARED),
    Fault("shared: rows that are worked at do not come back", _ANSWERS, "if gathering.has_begun(said):", "if False:", _FAILING),
    Fault("shared: rows that nobody works at come back", _ANSWERS, "        else:\n            said.cancel()\n", "", _FAILING),
    Fault("shared: rows that a process ended of are not asked again", _ANSWERS, "(_of_these_rows(problem) or _ends(scorer) != ends)", "_of_these_rows(problem)", _SHARED),
    Fault("shared: rows that a process never had are", _ANSWERS, "(_of_these_rows(problem) or _ends(scorer) != ends)", "True", _SHARED),
    Fault("shared: rows that are refused are refused as such", _ANSWERS, "self._say(Failed(number, str(problem), _of_these_rows(problem)))", "self._say(Failed(number, str(problem), False))", _SHARED),
    Fault("shared: a worker that asks without end has a bound", _ANSWERS, "len(self._asked) >= MOST_WAITING or ", "", _FAILING),
    Fault("shared: what came before the end is answered", _ANSWERS, "while self.under_way and loop.time() < until:", "while False:", _SHARED),
    Fault("shared: nothing comes in after it", _ANSWERS, "full = self._room.ends or ", "full = ", _SHARED),
    Fault("shared: whoever was answered elsewhere is waited for", _ANSWERS, "            gathering.await_more(self)\n", "", _SHARED),
    Fault("shared: a worker says that nobody comes any more", _ASKS, "            self._say(Quiet(last))\n", "            pass\n", _SHARED),
    Fault("shared: nobody comes since the last answer", _ANSWERS, "elif said.number == self._last:", "else:", _SHARED),
    Fault("shared: not longer than until nobody comes", _GATHERING, "if not self._awaited and self._patience is not None:", "if False:", _ROUNDS),
    Fault("shared: nor longer than a part of a batch", _GATHERING, "self._took / PART", "1e9", _ROUNDS),
    Fault("shared: a part of what the last one took", _GATHERING, "self._took = self._seconds() - self._began", "pass", _ROUNDS),
    Fault("shared: an answer of another worker is the answer", "engine/serving/scoring.py", "                if found is not None:\n                    return found\n", "", _FAILING),
    Fault("shared: only where a row costs next to nothing", _MAKERS, "or many > MOST_TIMES * one:", "or False:", _COST),
    Fault("shared: a machine that is busy once is asked twice", _MAKERS, "took.get(rows, math.inf)", "math.inf", _COST),
    Fault("a quick way to a frame is gone only where it makes what the file makes", "engine/runs/steps/warm_scorer.py", " if all(self._alike(way, each, kept) for each in tables))", ")", ("tests/engine/scoring/test_columns_are_of_the_files_types.py",)),
)  # fmt: skip
