"""Faults in what versions are scored by: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_GATE, _COMPILING = ("tests/engine/scoring/test_the_gate.py",), ("tests/engine/jobs/test_compiling.py",)
_TURNS, _ROWS = ("tests/engine/scoring/test_turns.py",), ("tests/engine/scoring/test_row_table.py",)
_STAYS, _PROOF = ("tests/engine/scoring/test_a_process_that_stays.py",), ("tests/engine/release/test_a_compiled_version_is_proven_both_ways.py",)
_DOCUMENT, _FORMAT = ("tests/engine/versions/test_version_documents.py",), ("tests/engine/bundles/test_the_format_of_a_manifest.py",)
_WARM, _MADE = "engine/scoring/warm_process.py", "engine/jobs/retrain/compiling.py"
_ONCE, _COME = ("tests/engine/scoring/test_labels_and_probabilities_in_one_pass.py",), ("tests/engine/serving/test_requests_come_together.py",)
_RUNNER, _TOGETHER = "engine/runs/steps/python_runner.py", "engine/serving/gathering.py"

MAKERS = (
    Fault("scored by: tables: no decision changes, at the boundary neither", "engine/scoring/parity.py", "mean=1e-9, changed_there=0.0)", "mean=1e-9, changed_there=1.0)", _GATE),
    Fault("scored by: tables: numbers are those of the model", "engine/scoring/parity.py", "EXACT = Thresholds(largest=1e-9, mean=1e-9,", "EXACT = Thresholds(largest=1e-4, mean=1e-4,", _GATE),
    Fault("scored by: tables: a score is compared too", "engine/scoring/parity.py", "else chances or scores\n", "else chances\n", _GATE),
    Fault("scored by: tables: a row alone is answered as in a table", "engine/scoring/gate.py", "*((alone,) if alone else ())", "", _GATE),
    Fault("scored by: tables: a label is of the model's type", "engine/scoring/gate.py", "        if ours != theirs:\n", "        if False:\n", _GATE),
    Fault("scored by: tables: tables that answer otherwise are not used", _MADE, "    if why:\n        return Scored", "    if False:\n        return Scored", _COMPILING),
    Fault("scored by: tables: a refusal is no failure", _MADE, "    if result.exit_code == _REFUSED and result.last_lines:\n", "    if False:\n", _COMPILING),
    Fault("scored by: tables: who cancels a run ends it", _MADE, '    if result.state == "cancelled":\n', "    if False:\n", _COMPILING),
    Fault("scored by: tables: no link is followed", _MADE, "any(each.is_symlink() or not each.is_file() for each in there)", "any(not each.is_file() for each in there)", _COMPILING),
    Fault("scored by: tables: a bug in reading them costs no version", _MADE, "    except Exception as error:  # noqa: BLE001", "    except KeyboardInterrupt as error:  # noqa: BLE001", _COMPILING),
    Fault("scored by: tables: what a project scores itself is not compiled", _MADE, "    if never is not None:\n", "    if False:\n", _COMPILING),
    Fault("scored by: a proof goes through the tables too", "engine/release/proof.py", '    if document.scorer.maker == "process":\n        return\n', "    return\n", _PROOF),
    Fault("scored by: tables: its tables are files of the version", "engine/versions/document.py", "if document.scorer.files else {}", "if False else {}", _DOCUMENT),
    Fault("scored by: tables: its tables travel", "engine/bundles/contents.py", "    for each in document.scorer.files:\n", "    for each in ():\n", _DOCUMENT),
    Fault("scored by: tables: diff says that the maker is another", "engine/versions/diff.py", "    if old.maker == new.maker:\n", "    if True:\n", _DOCUMENT),
    Fault("scored by: a scorer's end that nobody wanted is counted", _WARM, "            self.ends.append(Ended(self._now(), said, waited))\n", "", _STAYS),
    Fault("scored by: a scorer's end that was wanted is none", _WARM, "        if not self._closed:\n            self.ends", "        if True:\n            self.ends", _STAYS),
    Fault("scored by: a scorer that died unasked costs no answer", _WARM, "            if not again and (unread or self._killed) and not self._closed:\n", "            if False:\n", _STAYS),
    Fault("scored by: rows are asked twice at most", _WARM, "if not again and (unread or self._killed)", "if (unread or self._killed)", _STAYS),
    Fault("scored by: rows of which it dies are not asked again", _WARM, "if not again and (unread or self._killed)", "if not again", _STAYS),
    Fault("scored by: a scorer that hangs is ended", _WARM, "        begun.cancel(why)\n        result", "        result", _STAYS),
    Fault("scored by: a scorer that refuses rows is still there", _WARM, "if self._begun is not None and not (self._up and isinstance(problem, StepFailed)):", "if self._begun is not None:", _STAYS),
    Fault("scored by: rows that are refused spoil nothing for others", "engine/scoring/turns.py", 'if not getattr(problem, "of_these_rows", False):', "if True:", _TURNS),
    Fault("scored by: rows of other types are answered apart", "engine/scoring/turns.py", "if fits and each.features.schema.equals(first.schema, check_metadata=True):", "if fits:", _TURNS),
    Fault("scored by: a batch has an end", "engine/scoring/turns.py", "            fits = not batch or rows + each.features.num_rows <= self._most\n", "            fits = True\n", _TURNS),
    Fault("scored by: no number is cut off behind its point", "engine/scoring/row_table.py", "    if not value.is_integer():\n", "    if False:\n", _ROWS),
    Fault("scored by: a category keeps its place", "engine/scoring/row_table.py", "enumerate(more, len(places))", "enumerate(more)", _ROWS),
    Fault("one pass: one label that is another than the likeliest is enough", "engine/scoring/one_pass.py", "    if changed or not len(said):\n", "    if changed > 1 or not len(said):\n", _ONCE),
    Fault("one pass: what is no number is no evidence", "engine/scoring/one_pass.py", "(~known | (said != ", "((said != ", _ONCE),
    Fault("one pass: nearer to the boundary than any that was seen both are asked for", "engine/runs/steps/warm_scorer.py", "ordered[:, -2] >= nearest)", "ordered[:, -2] >= 0)", _ONCE),
    Fault("one pass: of many rows the near ones are told by the model", "engine/runs/steps/warm_scorer.py", "        labels[near] = own\n", "", _ONCE),
    Fault("one pass: of many rows the near ones alone are asked for", "engine/runs/steps/warm_scorer.py", "if len(near) < MANY or near.mean() > 0.25:", "if True:", _ONCE),
    Fault("one pass: only with the evidence", "engine/scoring/warm_program.py", "        once = {} if self.nearest is None else {", "        once = {", _ONCE),
    Fault("one pass: the first rows bear it out", "engine/runs/steps/warm_scorer.py", "bool(self._once(features, 0.0).equals(found))", "True", _ONCE),
    Fault("one pass: the skew check asks for both", "engine/scoring/makers.py", "once is not None and maker is None", "once is not None", _ONCE),
    Fault("one pass: labels are not asked for", _RUNNER, "if likely and told is not None else None", "if False else None", _ONCE),
    Fault("one pass: it is said", "engine/versions/records.py", 'return f"{said}; {self.one_pass.sentence}" if', "return said if", _ONCE),
    Fault("one pass: a version keeps the evidence", _MADE, "one_pass=one_pass(predictions)", "one_pass=None", _COMPILING),
    Fault("together: who was just answered is in the next batch", _TOGETHER, "QUIET, MOST_ROUNDS = 8, 64", "QUIET, MOST_ROUNDS = 0, 64", _COME),
    Fault("together: a stream without end keeps nobody waiting", _TOGETHER, "        if quiet and most:\n", "        if quiet:\n", _COME),
    Fault("together: rows that are refused spoil nothing for others", _TOGETHER, 'if not getattr(problem, "of_these_rows", False):', "if True:", _COME),
    Fault("together: rows of which a process ended are not asked again", _TOGETHER, 'if not getattr(problem, "of_these_rows", False):', "if False:", _COME),
    Fault("together: a batch has an end", _TOGETHER, "            if batch and rows + len(each.rows) > self._most:\n", "            if False:\n", _COME),
    Fault("together: who gave up is not asked for", _TOGETHER, "            if each.said.done():\n                each.over()", "            if False:\n                each.over()", _COME),
    Fault("together: each has its own answers", _TOGETHER, "together[end - len(rows) : end] for", "together[: len(rows)] for", _COME),
    Fault("together: one batch at a time", _TOGETHER, "            self._busy = True\n", "", _COME),
    Fault("scored by: a bundle with tables says so", "engine/bundles/manifest.py", '    if document["format"] != _format(found_manifest):\n', "    if False:\n", _FORMAT),
)  # fmt: skip
