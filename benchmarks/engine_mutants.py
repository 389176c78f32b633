"""Faults in what steps of any engine leave: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_PARTS, _ORDER = "engine/runs/steps/part_files.py", "engine/scoring/row_order.py"
_READ, _PUT = ("tests/engine/runs/test_part_files.py",), ("tests/engine/scoring/test_row_order.py",)
_TOLD = ("tests/engine/environments/test_programs.py",)
_HELD = ("tests/engine/runs/test_containment_rules.py", "tests/engine/runs/test_sandbox.py")

ENGINES = (
    Fault("parts are read by their numbers", _PARTS, "[found[place] for place in sorted(found)]", "sorted(found.values())", _READ),
    Fault("parts are read by their numbers", _PARTS, 'int(part["number"]), int(part["file"] or 0)', 'int(part["number"]), 0', _READ),
    Fault("parts are those of one writing", _PARTS, "len(writings) > 1 or place in found", "place in found", _READ),
    Fault("parts are those of one writing", _PARTS, "len(writings) > 1 or place in found", "len(writings) > 1", _READ),
    Fault("a link among parts is not followed", _PARTS, "path.is_symlink() or not path.is_file()", "not path.is_file()", _READ),
    Fault("what is no part is refused", _PARTS, "        if part is None or not", "        if part is None:\n            continue\n        if not", _READ),
    Fault("what Hadoop leaves beside parts is let pass", _PARTS, "path.name == _DONE or _SUM", "_SUM", _READ),
    Fault("what Hadoop leaves beside parts is let pass", _PARTS, " or _SUM.fullmatch(path.name)", "", _READ),
    Fault("a folder with too many parts is refused", _PARTS, "if len(found) > MOST:", "if False:", _READ),
    Fault("parts of csv have the same columns", _PARTS, "if head and first != head:", "if False:", _READ),
    Fault("parts of csv do not run into each other", _PARTS, 'rest if rest.endswith(b"\\n") or not rest else rest + b"\\n"', "rest", _READ),
    Fault("a folder that is a link is no output", "engine/runs/steps/tables.py", "    if path.is_symlink() or not (path", "    if not (path", _READ),
    Fault("moments of Spark can be read by Spark again", "engine/runs/steps/tables.py", ', "coerce_int96_timestamp_unit": "us"}', "}", _READ),
    Fault("a prediction is put to its row", _ORDER, "places[said] = np.arange(rows)", "places[:] = said", _PUT),
    Fault("a prediction is put to its row", _ORDER, ".take(pa.array(places))", "", _PUT),
    Fault("each row has one prediction", _ORDER, "if (given != 1).any():", "if False:", _PUT),
    Fault("each row has one prediction", _ORDER, "if predictions.num_rows != rows:", "if False:", _PUT),
    Fault("a number of a row is one", _ORDER, "if said is None or not (said.min() >= 0 and said.max() < rows):", "if said is None:", _PUT),
    Fault("Spark's version is told from the addresses before it", "engine/environments/programs.py", '    re.compile(rb"\\bversion', '    re.compile(rb"\\bversions', _TOLD),
    Fault("a program that may not ask for its address is told it", "engine/environments/programs.py", '_SECONDS, given)', "_SECONDS)", _TOLD),
    Fault("Java keeps its files with the step", "engine/runs/steps/sandbox.py", '"java.io.tmpdir": temporary, "user.home": own["HOME"]', '"java.io.tmpdir": temporary', _HELD),
    Fault("Java keeps its files with the step", "engine/runs/steps/sandbox.py", '"java.io.tmpdir": temporary, "user.home"', '"user.home"', _HELD),
    Fault("Java finds its settings", "engine/runs/steps/containment.py", '        "security", "jfr", "jvm-amd64.cfg"', '        "jfr", "jvm-amd64.cfg"', _HELD),
)
