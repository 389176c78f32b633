"""Faults in compiled models: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_HERE, _STEPS, _TESTS = "engine/scoring/compiled", "engine/runs/steps", "tests/engine/scoring/compiled"
_EXACT, _BEFORE = (f"{_TESTS}/test_estimators_compile_exactly.py",), (f"{_TESTS}/test_steps_before_a_model.py",)
_HOSTILE, _REFUSED = (f"{_TESTS}/test_hostile_tables.py",), (f"{_TESTS}/test_rows_that_are_refused.py",)
_READING, _TREES, _SHAPE = f"{_HERE}/reading.py", f"{_STEPS}/compile_trees.py", f"{_HERE}/tree_reading.py"
_COLUMNS, _MASKS, _ROWS = f"{_STEPS}/compile_columns.py", f"{_HERE}/masks.py", f"{_HERE}/rows.py"
_BOOSTERS, _OTHERS = f"{_STEPS}/compile_boosters.py", (f"{_TESTS}/test_other_boosters.py",)

COMPILED = (
    Fault("a forest sees 32 bits of a number", _TREES, '"threshold": below_after_rounding(tree.threshold),', '"threshold": tree.threshold,', _EXACT),
    Fault("half way goes to the even one", _TREES, "stays = middle.astype(numpy.float32) <= low", "stays = middle <= 0", _EXACT),
    Fault("a gap goes where training sent it, in code", f"{_HERE}/tree_code.py", 'return f"not {name} > {threshold}" if self._gap[node] else', 'return', _EXACT),
    Fault("a gap goes where training sent it, in tables", f"{_HERE}/leaves.py", "right[-1] = not nodes.gap[node]", "right[-1] = True", _EXACT),
    Fault("a gap goes where training sent it, level by level", f"{_HERE}/deep_trees.py", "right &= ~(np.isnan(values) & self._gap.take(nodes))", "pass", _EXACT),
    Fault("a threshold that is hit goes left, in tables", f"{_HERE}/bins.py", "found += self._next.take(found) < numbers", "found += self._next.take(found) <= numbers", _EXACT),
    Fault("a threshold that is hit goes left, in code", f"{_HERE}/tree_code.py", '{name} <= {threshold}"', '{name} < {threshold}"', _EXACT),
    Fault("a gap is in a bin of its own", f"{_HERE}/bins.py", "found[gaps] = self.count - 1", "found[gaps] = 0", _EXACT),
    Fault("one row is added up as many are", _MASKS, "if given.shape[1] >= _LEAST:", "if True:", _EXACT),
    Fault("trees of a target are added in their order", _MASKS, 'kind="stable")', 'kind="stable")[::-1]', _EXACT),
    Fault("the start comes before the trees", _MASKS, "total = np.full(rows, start)", "total = np.zeros(rows)", _EXACT),
    Fault("a forest is the mean of its trees", f"{_HERE}/many_rows.py", "scores = scores / float(model.divide)", "pass", _EXACT),
    Fault("a link is applied", f"{_STEPS}/compile_answers.py", 'return [applied("exp")]', "return []", _EXACT),
    Fault("a target is turned back", f"{_STEPS}/compile_answers.py", '"after": said["after"] + _inverse', '"after": said["after"] and _inverse', _EXACT),
    Fault("what a value never seen becomes is asked", _COLUMNS, "asked(_NEVER)", "asked(values[0])", _BEFORE),
    Fault("what a gap becomes is asked", _COLUMNS, "asked(column.missing if column.gap is None else column.gap)", "asked(_NEVER)", _BEFORE),
    Fault("an imputer's text stands for a gap", _COLUMNS, "said.gap = str(value)", "pass", _BEFORE),
    Fault("an indicator is a column", _COLUMNS, "_indicator(program, indicator, columns) if indicator is not None else []", "[]", _BEFORE),
    Fault("a step of the project's is refused", _COLUMNS, 'if not type(step).__module__.startswith("sklearn."):', "if False:", _BEFORE),
    Fault("32 bits are not computed with as 64", f"{_STEPS}/compile_model.py", 'if column.kind == "narrow" and do not in ("check", "gap"):', "if False:", _BEFORE),
    Fault("a column of 32 bits is rounded", f"{_HERE}/row_code.py", 'yield f"{to} = narrow(number({feature}, f{feature}))"', 'yield f"{to} = number({feature}, f{feature})"', _BEFORE),
    Fault("a node leads on", _SHAPE, "if (child <= inner).any() or (child >= ends).any():", "if False:", _HOSTILE),
    Fault("a node has one parent", _SHAPE, "if (parents != wanted).any():", "if False:", _HOSTILE),
    Fault("a leaf gives what is there", _SHAPE, "if trees.values.count % width or rows.min() < 0 or rows.max() >= trees.values.count // width:", "if False:", _HOSTILE),
    Fault("a code is asked for where there is one", _SHAPE, "if (codes < 1).any() or (place[asking] + codes + 1 > trees.sets.count).any():", "if False:", _HOSTILE),
    Fault("codes are codes", _READING, "if not ((given >= 0) & (given < operation.codes) & (given == np.floor(given))).all():", "if False:", _HOSTILE),
    Fault("a span lies in its file", _READING, "if span.at < 0 or span.count < 0 or span.at + span.count > count:", "if False:", _HOSTILE),
    Fault("a link is no file of a model", _READING, "read_file(folder / MODEL, MOST_TEXT)", "(folder / MODEL).read_bytes()", _HOSTILE),
    Fault("a gap is refused where the model takes none", f"{_HERE}/columns.py", "self._stop_at(np.isnan(given), feature, GAP)", "pass", _REFUSED),
    Fault("an endless number is refused", f"{_HERE}/columns.py", "self._stop_at(np.abs(given) > operation.by[0], feature, LARGE)", "pass", _REFUSED),
    Fault("a value never seen is refused", f"{_HERE}/row_code.py", "    if index.unseen:\n", "    if False:\n", _REFUSED),
    Fault("a number is no text", _ROWS, "    raise Stopped(feature, TEXT)", "    return count + 1", _REFUSED),
    Fault("the row of a later block is named", f"{_HERE}/many_rows.py", "raise refused(self._plan, at.stopped, start + at.row) from None", "raise refused(self._plan, at.stopped, at.row) from None", _REFUSED),
    Fault("XGBoost goes left below a threshold, not at it", _BOOSTERS, "below = numpy.nextafter(said, numpy.float32(-numpy.inf))", "below = said", _OTHERS),
    Fault("XGBoost adds up in 32 bits", _BOOSTERS, "shared=False, narrow=True)", "shared=False)", _OTHERS),
    Fault("XGBoost's probabilities have 32 bits", f"{_HERE}/functions.py", "found = [np.float32(1) - second, second]", "found = [1 - np.float64(second), second]", _OTHERS),
    Fault("what is near zero is zero to LightGBM", _BOOSTERS, "    elif -_ZERO <= threshold < 0:\n", "    elif False:\n", _OTHERS),
    Fault("a label has the type that it says", _READING, "    if not all(type(label) is wanted for label in labels):\n", "    if False:\n", _HOSTILE),
)  # fmt: skip
