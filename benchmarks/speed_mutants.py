"""Faults in what makes answers quick: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_COMMITS, _RECORDS = "engine/storage/commits.py", "engine/scoring/compiled/node_records.py"
_BITS, _ROWS = "engine/scoring/compiled/bit_code.py", "engine/scoring/compiled/rows.py"
_FORM, _COUNTING = "engine/serving/form.py", "engine/requests/counting.py"
_REFUSED = ("tests/engine/scoring/compiled/test_rows_that_are_refused.py",)
_ALONE, _FIGURES = ("tests/engine/serving/test_a_single_row.py",), ("tests/engine/requests/test_figures.py",)
_SEEN = ("tests/engine/storage/test_commits.py",)
_STAGES, _STAGE = "engine/serving/rounds.py", ("tests/engine/serving/test_one_round_is_scored_together.py",)
_SCORING, _BLOCK, _WRITER = "engine/serving/scoring.py", "engine/requests/block.py", "engine/requests/writer.py"
_WRITTEN = ("tests/engine/requests/test_what_is_written_of_requests.py",)
_CONNECTION, _SERVER, _EXCHANGE = (f"engine/serving/{name}.py" for name in ("connection", "http_server", "exchange"))
_WHOLE = ("tests/engine/serving/test_what_comes_whole.py",)
_EXACT = ("tests/engine/scoring/compiled/test_estimators_compile_exactly.py",)

SPEED = (
    Fault("a commit is seen by the next request", _COMMITS, " or head != seen.head", "", _SEEN),
    Fault("a replaced ledger is noticed in time", _COMMITS, " or self._monotonic() >= seen.until", "", _SEEN),
    Fault("without shared memory the ledger is asked", _COMMITS, "if head is None or ", "if ", _SEEN),
    Fault("no lock of SQLite's is lost", _COMMITS, "prot=mmap.PROT_READ)", "prot=mmap.PROT_READ); os.close(descriptor)", _SEEN),
    Fault("a row that goes left cannot come to what is right", _BITS, "right_side & _ALL", "0", _EXACT),
    Fault("a gap is in the last bin, of one row too", _BITS, "E{slot}, s{slot}) if s{slot} == s{slot} else -1]", "E{slot}, s{slot}) if s{slot} == s{slot} else 0]", _EXACT),
    Fault("a whole number that no float holds is refused with its column", _ROWS, "return operation.of", "return 0", _REFUSED),
    Fault("a name that stands twice is seen in a single row", _FORM, "body.count(b\":\") != 1 + self._colons", "False", _ALONE),
    Fault("a category never seen is told of a single row", _FORM, "            if row[place] not in known:\n                return None\n", "            pass\n", _ALONE),
    Fault("a minute ends", _COUNTING, "not since <= at < until", "not since <= at", _FIGURES),
    Fault("a gap goes where training sent it, in C", _RECORDS, "tables.whole(trees.gap)", "0", _EXACT),
    Fault("a code goes where training sent it, in C", _RECORDS, "found[row, code // 32] |= np.uint32(1 << code % 32)", "pass", _EXACT),
    Fault("who is scored with others has the answer to their own rows", _STAGES, "begin, end = end, end + len(asking.rows.values)", "begin, end = 0, len(asking.rows.values)", _STAGE),
    Fault("a swap within a round mixes nobody's answers", _STAGES, "id(held) if", "1 if", _STAGE),
    Fault("what is a canary's is not asked of the live version", _STAGES, "else -place", "else id(held)", _STAGE),
    Fault("a version that is out is not asked by a round", _STAGES, " and held.out is None", "", _STAGE),
    Fault("who has gone leaves the answers of others alone", _STAGES, "        if not said.is_wanted:  # Whoever asked has gone.\n            return\n", "", _STAGE),
    Fault("a row without an answer is asked for once where it came alone", _STAGES, "if len(together) == 1 or not self._scored(together):", "if not self._scored(together):", _STAGE),
    Fault("the next round looks at what is live again", _SCORING, "        asyncio.get_running_loop().call_soon(self._looked.clear)\n", "", _STAGE),
    Fault("a leaf's number is that of its own eight", _BITS, "plane * _BYTE + bit", "bit", _EXACT),
    Fault("a moment of the log is that of the request", _BLOCK, "datetime(1970, 1, 1, tzinfo=UTC)", "datetime(1971, 1, 1, tzinfo=UTC)", _WRITTEN),
    Fault("requests with keys are told from those without", _WRITER, "each.rows and not each.keys for", "each.rows for", _WRITTEN),
    Fault("a request without rows is in no table", _WRITER, "each.rows and not each.keys for", "not each.keys for", _WRITTEN),
    Fault("versions with other columns are in other tables", _WRITER, "len(features) == len(outputs) == 1 and ", "", _WRITTEN),
    Fault("what came whole has no task", _CONNECTION, "        self._begun = None\n        if cycle.more_body:\n", "        self._begun = None\n        if True:\n", _WHOLE),
    Fault("what has not come whole is read to its end", _CONNECTION, "        self._begun = None\n        if cycle.more_body:\n", "        self._begun = None\n        if False:\n", _WHOLE),
    Fault("one behind another that waits to be told to go on is told", _CONNECTION, "        self._reads = False\n        if self._begun", "        if self._begun", _WHOLE),
    Fault("who has gone is sent nothing", _CONNECTION, "    if cycle.response_started or cycle.disconnected:\n        return True\n", "", _WHOLE),
    Fault("who has gone before others of theirs were answered is sent nothing", _CONNECTION, "        cycle.disconnected = True\n", "        pass\n", _WHOLE),
    Fault("who does not read is waited for without a task too", _CONNECTION, "    if cycle.flow.write_paused:\n        return False\n", "", _WHOLE),
    Fault("and answered when they do", _SERVER, "        await cycle.flow.drain()\n", "        return\n", _WHOLE),
    Fault("an answer waits for those before it", _CONNECTION, "    cycle.on_response()\n    return True\n", "    return True\n", _WHOLE),
    Fault("what waits for a process is answered when that has", _SERVER, "            self._go_on(self._later(cycle, number, found))\n", "            pass\n", _WHOLE),
    Fault("what waits for its round is answered after it", _SERVER, "            found.then(partial(self._reply, cycle, number))\n", "            pass\n", _WHOLE),
    Fault("nothing is kept of a request of one who has gone", _CONNECTION, "        self.cycle = None  # type: ignore[assignment]\n", "", _WHOLE),
    Fault("nor of those behind it", _CONNECTION, "        self.pipeline.clear()\n", "", _WHOLE),
    Fault("nor a timer of their connection", _CONNECTION, "        super().connection_lost(exc)\n        self._unset_keepalive_if_required()\n", "        super().connection_lost(exc)\n", _WHOLE),
    Fault("that who waits with a large body has gone is seen", _CONNECTION, "                self.flow.resume_reading()  # A large", "                pass  # A large", _WHOLE),
    Fault("nobody says more than is read", _CONNECTION, "            if not self.pipeline:\n", "            if True:\n", _WHOLE),
    Fault("a connection keeps no body", _SERVER, "body, cycle.body = bytes(cycle.body), bytearray()", "body = bytes(cycle.body)", _WHOLE),
    Fault("a taker's bug is nobody else's", _STAGES, "        except Exception as problem:  # noqa: BLE001  whoever takes it;", "        except KeyError as problem:  # whoever takes it;", _STAGE),
    Fault("who has gone is told of no problem", _EXCHANGE, "        if not self.is_wanted:\n            return\n", "", _STAGE),
    Fault("what was given before it is taken is there", _EXCHANGE, "        if self._found is not None:\n            take(self._found)\n", "", _STAGE),
    Fault("one round has an end", _STAGES, "            if rows >= MOST_ROWS:\n                break\n", "", _STAGE),
    Fault("a quick way to a frame is gone only where it makes what the file makes", "engine/runs/steps/warm_scorer.py", " if all(self._alike(way, each, kept) for each in tables))", ")", ("tests/engine/scoring/test_columns_are_of_the_files_types.py",)),
)  # fmt: skip
