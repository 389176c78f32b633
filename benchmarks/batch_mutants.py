"""Faults in scoring files and tracing rows: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_FILE = ("tests/engine/jobs/test_a_file_is_scored.py",)
_BAD = ("tests/engine/jobs/test_what_cannot_be_scored.py",)
_BOOK = ("tests/engine/jobs/test_scorings_are_kept.py",)
_DATABASE = ("tests/engine/jobs/test_a_database_is_scored.py",)
_FLOW = ("tests/engine/jobs/test_reading_scoring_and_writing_at_once.py",)
_WISHES = ("tests/engine/jobs/test_what_is_scored_by_schedule.py",)
_MANIFEST = ("tests/engine/projects/test_manifest_score.py",)
_VERBS = ("tests/cli/test_score.py",)
_SCREEN = ("tests/console/test_scores_by_key.py",)
_WRITING, _READING, _KEPT = (f"engine/jobs/score/{name}.py" for name in ("writing", "reading", "book"))
_LEARNT, _SQL, _PLACES = (f"engine/jobs/score/{name}.py" for name in ("learnt", "database", "places"))
_TABLE = "engine/jobs/score/table_writing.py"
_POSTGRES = ("tests/engine/jobs/test_postgresql_is_scored.py",)
_KILLED = ("tests/engine/jobs/test_killed_anywhere_no_output_looks_whole.py",)
_AWAY = ("tests/engine/scoring/away/test_who_scores_which_part.py",)
_CLUSTER = ("tests/engine/scoring/away/test_workers_score_parts.py",)
_PARTS = "engine/scoring/away/parts.py"
_TRACE, _PASSAGE, _WISH = (f"engine/jobs/score/{name}.py" for name in ("trace", "passage", "wishes"))
_THREADS = ("tests/engine/jobs/test_parquet_is_read_by_one_thread.py",)
_NAMED = ("tests/journeys/test_a_scoring_is_killed_as_its_file_gets_its_name.py",)
_SECOND, _TWO = (f"engine/jobs/score/{name}.py" for name in ("second", "side_by_side"))
_OPENED = ("tests/engine/jobs/test_a_second_process_is_opened.py",)
_SIDE_BY_SIDE = ("tests/engine/jobs/test_two_processes_score_one_file.py",)
_BOTH = ("tests/engine/jobs/test_a_run_scores_with_two_processes.py",)
_ROOM = ("tests/engine/runs/test_capacity.py",)
_BY_SCHEDULE = ("tests/journeys/test_files_are_scored_by_schedule.py",)

BATCH = (
    Fault("no output has its name before it is whole", _WRITING, 'place.with_name(f".{place.name}{_MARK}{run}.tmp")', "place", _FILE),
    Fault("what a killed run left goes", _WRITING, "            drop_left(place)\n", "", _FILE),
    Fault("what somebody put there meanwhile is not written over", _WRITING, "            if replace:\n", "            if True:\n", _FILE),
    Fault("the digest is that of the bytes", _WRITING, "        self._digest.update(content)\n", "", _FILE),
    Fault("the number of a row counts all before it", _WRITING, "range(start + 1, start + rows + 1)", "range(1, rows + 1)", _FILE),
    Fault("what was changed while it was read is not scored", _READING, "        if now != self._then:\n", "        if False:\n", _FILE),
    Fault("there is an answer for each row", _PASSAGE, "        if answers.num_rows != rows:\n", "        if False:\n", _FILE),
    Fault("a sensitive key is written nowhere", _LEARNT, "{*data.sensitive, *answers.names, *OWN}", "{*answers.names, *OWN}", _BAD),
    Fault("a column of another kind is refused", _LEARNT, "    if not (given in (\"empty\", learnt_as) or numbers or learnt_as == \"empty\"):\n", "    if False:\n", _BAD),
    Fault("a number keeps its value whatever its type", _LEARNT, "        return column.cast(field.type)\n", "        return column.cast(field.type, safe=False)\n", _BAD),
    Fault("the row that cannot be read is told", _READING, "enumerate(rows, 1)", "enumerate(rows, 0)", _BAD),
    Fault("a column that is there twice is refused", _LEARNT, "    if twice is not None:\n", "    if False:\n", _BAD),
    Fault("who does it again names the first run", _KEPT, "first or run, project", "run, project", _BOOK),
    Fault("another version is another scoring", _KEPT, "WHERE project = ? AND number = ? AND input_digest = ?\"\n            \" AND output = ?\",\n            (project, number, input_digest, output)", "WHERE project = ? AND input_digest = ?\"\n            \" AND output = ?\",\n            (project, input_digest, output)", _BOOK),
    Fault("of two who write to one place one is refused", _KEPT, "    if busy is not None:\n", "    if False:\n", _BOOK),
    Fault("what nobody's scoring wrote is not written over", "engine/jobs/score/replacing.py", "return file_digest(path) == before.digest", "return True", _BOOK),
    Fault("what ended is ended", "engine/jobs/score/replacing.py", "not (ours or before.ended_at is None)", "False", _BOOK),
    Fault("a release ends where the next begins", "engine/jobs/score/releases.py", "(each.until is None or scoring.at < each.until)", "True", _BOOK),
    Fault("a moment that is over knows no later end", "engine/rewind/rules.py", "UPDATE scorings SET ended_at = NULL, rows = NULL, digest = NULL WHERE ended_at > :at", "UPDATE scorings SET rows = rows", _BOOK),
    Fault("a table is put there in one transaction", _TABLE, '            self._run("ROLLBACK")\n', '            self._run("COMMIT")\n', _DATABASE),
    Fault("a table is not written over unasked", _TABLE, "        if there is not None and not self._replace:\n", "        if False:\n", _DATABASE),
    Fault("a query only reads", _SQL, '                connection.exec_driver_sql("PRAGMA query_only = ON")\n', "                pass\n", _DATABASE),
    Fault("the ledger is no database to write to", _TABLE, "        if database.file and Path", "        if False and Path", _DATABASE),
    Fault("a table is read in the order of its key", _SQL, 'if key else ""\n', 'if not key else ""\n', _DATABASE),
    Fault("a killed run's file goes, and no living one's", _WRITING, "            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n            each", "            each", _FILE),
    Fault("a file that lost its name is given none", _WRITING, "            if not self._file.has_its_name(self._temporary):\n                raise", "            if False:\n                raise", _FILE),
    Fault("SQLite's rows wait in another file", _TABLE, 'if self._kind == "sqlite":\n            with', 'if False:\n            with', _DATABASE),
    Fault("SQLite's rows wait where the run's own things are", _TABLE, 'prefix="rows-", dir=self._waiting', 'prefix="rows-"', _DATABASE),
    Fault("a csv is not read far ahead", _READING, "ReadOptions(block_size=BLOCK)", "ReadOptions(block_size=64 * BLOCK)", _BAD),
    Fault("of two who write to a table one is refused", _TABLE, "not self._alone():", "False:", _POSTGRES),
    Fault("what a killed run put there is known by its rows", _TABLE, "(left is not None and self._found() == left)", "left is not None", _POSTGRES),
    Fault("a name is quoted once", _SQL, 'name.replace("%", "\\0")).replace("\\0", "%")', "name)", _POSTGRES),
    Fault("a decimal is a number", _SQL, "else float(value)\n", "else value\n", _POSTGRES),
    Fault("a table in PostgreSQL is put there in one transaction", _TABLE, '        self._run("COMMIT")\n\n    def write', '        pass\n\n    def write', _KILLED),
    Fault("a part goes to another worker", _PARTS, "if worker not in part.tried or", "if True or", _AWAY),
    Fault("a part is given up", _PARTS, "        if len(part.tried) >= TRIES:\n", "        if False:\n", _AWAY),
    Fault("a worker that failed twice is asked no more", _PARTS, "        self._faults[worker] += 1\n", "", _AWAY),
    Fault("an answer from elsewhere has a row for each row", _PARTS, "one_for_each(laid_out(table, kept), rows, title)", "laid_out(table, kept)", _AWAY),
    Fault("the golden rows are compared to the last bit", _PARTS, "return value.hex() if", "return round(value, 9) if", _AWAY),
    Fault("who says something else of the golden rows is asked for nothing", "engine/scoring/away/seat.py", "        if other:\n", "        if False:\n", _CLUSTER),
    Fault("answers come back in the order of the rows", "engine/jobs/score/flow.py", "asked.popleft()())\n        while", "asked.pop()())\n        while", _FLOW),
    Fault("what is sent is checked there", "engine/runs/compute/on_worker.py", '            return {"refused": f"did not get {other} as it was sent"}\n', "            pass\n", _AWAY),
    Fault("what goes wrong in one thread ends all", "engine/jobs/score/flow.py", "            self._over.set()\n", "            pass\n", _FLOW),
    Fault("few pieces are held", "engine/jobs/score/flow.py", "_BETWEEN = 2", "_BETWEEN = 0", _FLOW),
    Fault("nothing is written into the workspace", _PLACES, "    if real.is_relative_to(os.path.realpath(workspace.root)):\n", "    if False:\n", _WISHES),
    Fault("no URL is taken for a variable", _PLACES, "    if not _VARIABLE.fullmatch(variable) or", "    if", _WISHES),
    Fault("a query is the version's own", _WISH, "    if not os.path.realpath(path).startswith", "    if False and not os.path.realpath(path).startswith", _WISHES),
    Fault("two files are not written to one", _WISH, "        if output in found:\n", "        if False:\n", _WISHES),
    Fault("a schedule says what it scores", "engine/projects/manifest/score.py", '        if "score" in schedule:\n', "        if False:\n", _MANIFEST),
    Fault("a file that was changed is told as that", _TRACE, "scorings, whole=False,", "scorings, whole=True,", _VERBS),
    Fault("a row is the one that was asked for", _TRACE, "batch.slice(number - 1 - start, 1)", "batch.slice(0, 1)", _VERBS),
    Fault("what was begun and not ended is told", "console/text/trace_lines.py", 'if each.ended_at else Span("  did not come to its end", "failing")', 'if True else Span("")', _SCREEN),
    Fault("parquet is read by one thread", "engine/jobs/score/reading.py", "columns=list(self.columns), use_threads=False)", "columns=list(self.columns), use_threads=True)", _THREADS),
    Fault("a link is not written over", "engine/jobs/score/places.py", "    if path.is_symlink() or not path.is_file():\n        raise", "    if not path.is_file():\n        raise", _WISHES),
    Fault("what is scored is not written over", "engine/jobs/score/places.py", "if not source.in_database and os.path.exists(source.name) and os.path.samefile(source.name, path):", "if False:", _WISHES),
    Fault("a table that is scored is not written over", "engine/jobs/score/places.py", "        if source == output:\n", "        if False:\n", _WISHES),
    Fault("the ledger knows what is written before it has its name", "engine/jobs/score/score.py", "            with self._ledger.write() as db:\n                book.written(db, begun.id, rows, digest, source.digest or digest)\n            passage.publish(replace=replace)\n", "            passage.publish(replace=replace)\n            with self._ledger.write() as db:\n                book.written(db, begun.id, rows, digest, source.digest or digest)\n", _NAMED),
    Fault("a row leads to who approved it", "engine/jobs/score/trace.py", "Release(move, decisions.approved_by(db, move), until)", "Release(move, (), until)", _VERBS),
    Fault("a release that is over has an end", "engine/jobs/score/trace.py", "ends = [*(later.at for _, later in pairwise(moves)), None] if moves else []", "ends = [None for _ in moves]", _BOOK),
    Fault("rows of another workspace are not led anywhere", "engine/jobs/score/trace.py", "    if not scorings:\n", "    if False:\n", _BOOK),
    Fault("a key is whole or none", "engine/jobs/score/learnt.py", "key = learnt.key if all(name in names for name in learnt.key) else ()", "key = tuple(name for name in learnt.key if name in names)", _FILE),
    Fault("a query of PostgreSQL only reads", "engine/jobs/score/database.py", "postgresql_readonly=True, ", "", _POSTGRES),
    Fault("what was taken away is written again", "engine/jobs/score/score.py", " or not Path(wish.output.name).is_file()", "", _BY_SCHEDULE),
    Fault("another version scores it again", "engine/jobs/score/book.py", 'WHERE project = ? AND number = ? AND input_digest = ? AND output = ?"\n        " AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1",\n        (*catalog.parse_label(label), input_digest, output),', 'WHERE project = ? AND input_digest = ? AND output = ?"\n        " AND ended_at IS NOT NULL ORDER BY id DESC LIMIT 1",\n        (catalog.parse_label(label)[0], input_digest, output),', _BOOK),
    Fault("a version of another project scores nothing", "engine/jobs/score/commands.py", "        if found.project != project:\n", "        if False:\n", _BOOK),
    Fault("a cell of several lines is one", "engine/jobs/score/reading.py", "ParseOptions(newlines_in_values=True)", "ParseOptions(newlines_in_values=False)", _FILE),
    Fault("two scorers are at work at the same time", _TWO, 'ThreadPoolExecutor(2, "score")', 'ThreadPoolExecutor(1, "score")', _SIDE_BY_SIDE),
    Fault("two scorers have what to go on with", _TWO, "    ahead = 3\n", "    ahead = 0\n", _SIDE_BY_SIDE),
    Fault("what the second scorer fails at the first is asked", _TWO, "                if self._second.over:\n                    raise\n", "                raise\n", _SIDE_BY_SIDE),
    Fault("a second scorer that failed is let go", _TWO, "        self._second.cancel(why)\n        self._say", "        self._say", _SIDE_BY_SIDE),
    Fault("after a cancel the first scorer is not asked for the second's piece", _TWO, "                if self._second.over:\n                    raise\n", "", _SIDE_BY_SIDE),
    Fault("no golden row is read for one that scores alone", _TWO, "SideBySide(first, second, golden, time", "SideBySide(first, second, (lambda found: lambda: found)(golden()), time", _SIDE_BY_SIDE),
    Fault("a second scorer says the golden rows to the bit", _TWO, "            if other:\n", "            if False:\n", _SIDE_BY_SIDE),
    Fault("a second scorer is ended where the first cannot be opened", _TWO, "            held.callback(second.close)\n", "", _SIDE_BY_SIDE),
    Fault("two scorers are let go of with their file", _TWO, "        held.callback(beside.close)\n", "", _SIDE_BY_SIDE),
    Fault("another file has its own number of rows", _TWO, "self._total, self._before = total, self._done", "self._before = self._done", _SIDE_BY_SIDE),
    Fault("a second scorer is not opened after its end", _SECOND, "if self._thread is None and not self._over:", "if self._thread is None:", _SIDE_BY_SIDE),
    Fault("a second scorer that comes up after its end is closed", _SECOND, "        if over:\n            end()\n", "", _SIDE_BY_SIDE),
    Fault("a second scorer is waited for when it is ended", _SECOND, "            self._thread.join()\n", "            pass\n", _SIDE_BY_SIDE),
    Fault("a second scorer has processors of its own", _SECOND, "cores >= 2 * manifest.train.threads", "cores >= 2", _OPENED),
    Fault("what ends with its answer is not opened twice", _SECOND, "in _MAKERS and stays and", "in _MAKERS and", _OPENED),
    Fault("tables need no second scorer", _SECOND, "return document.scorer.maker in _MAKERS and stays", "return stays", _OPENED),
    Fault("a small file opens no second scorer at once", _SECOND, "each >= EARLY", "each >= 0", _OPENED),
    Fault("a second scorer is worth its opening", _SECOND, "pace * left >= OPENINGS * opening", "pace * left >= 0", _OPENED),
    Fault("a second scorer has room in memory", _SECOND, "        if there < memory:\n", "        if False:\n", _OPENED),
    Fault("a second scorer may take half", "engine/scoring/makers.py", "    if memory is not None:\n", "    if False:\n", _OPENED),
    Fault("a scorer that hangs while it comes up can be ended", "engine/scoring/makers.py", "    closing(process.close)\n", "", _OPENED),
    Fault("room is what no run was promised", "engine/runs/capacity.py", "min(machine.memory - sum(want.memory for want in running), machine.free)", "min(machine.memory, machine.free)", _ROOM),
    Fault("room is what is free", "engine/runs/capacity.py", "min(machine.memory - sum(want.memory for want in running), machine.free)", "machine.memory - sum(want.memory for want in running)", _ROOM),
    Fault("a run has both scorers asked", "engine/jobs/score/score.py", "self.away or self.beside,", "self.away,", _BOTH),
    Fault("who cancels a run ends its second scorer", "engine/jobs/score/score.py", "            context.watch(second)\n", "            pass\n", _BOTH),
    Fault("what was scored before opens no second scorer", "engine/jobs/score/score.py", "if not (wish.ours and Path(wish.output.name).is_file()))", "if True)", _BOTH),
)  # fmt: skip
