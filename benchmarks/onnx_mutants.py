"""Faults in what answers as ONNX: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_GRAPH, _SCORER = ("tests/engine/scoring/test_onnx_graph.py",), ("tests/engine/scoring/test_onnx_scorer.py",)
_GATE = ("tests/engine/jobs/test_a_model_as_onnx_is_held_to_its_holdout.py",)
_CARD, _READY = ("tests/console/test_what_a_version_is_scored_by.py",), ("tests/engine/scoring/test_a_version_as_onnx_is_held_ready.py",)
_CHECK, _FORM, _RUN = "engine/scoring/onnx_graph.py", "engine/scoring/onnx_form.py", "engine/scoring/onnx_scorer.py"
_PROCESS, _MADE = "engine/runs/steps/onnx_process.py", "engine/jobs/retrain/onnx_converting.py"

ONNX = (
    Fault("scored by: ONNX: no operators but its own", _CHECK, "if number == domain and", "if False and", _GRAPH),
    Fault("scored by: ONNX: no numbers of another file", _CHECK, "(number == _DATA_LOCATION and value != 0)", "False", _GRAPH),
    Fault("scored by: ONNX: no name of another file", _CHECK, "(number == _EXTERNAL_DATA or", "(False or", _GRAPH),
    Fault("scored by: ONNX: no functions of a graph's own", _CHECK, "_FUNCTIONS, _TRAINING = 25, 20", "_FUNCTIONS, _TRAINING = 99, 20", _GRAPH),
    Fault("scored by: ONNX: graphs in graphs are looked through", _CHECK, '6: "graph", ', "", _GRAPH),
    Fault("scored by: ONNX: graphs in each other have an end", _CHECK, "    if depth > DEEPEST:\n", "    if False:\n", _GRAPH),
    Fault("scored by: ONNX: what is cut off is not read", _CHECK, "if at > size or not number:", "if not number:", _GRAPH),
    Fault("scored by: ONNX: a graph has a largest size", _CHECK, "    if len(content) > LARGEST:\n", "    if False:\n", _GRAPH),
    Fault("scored by: ONNX: a graph is looked through before it is loaded", _FORM, "    check_graph(graph)\n", "", _SCORER),
    Fault("scored by: ONNX: a form of another kind is not read", _FORM, "form.form != FORM or not known or", "not known or", _SCORER),
    Fault("scored by: ONNX: an answer is as large as the rows", _RUN, "if not fits or not isinstance(texts, list):", "if False:", _SCORER),
    Fault("scored by: ONNX: a label is of the version's type", _RUN, '    if kind != {"text": "text", "number": "number"}.get(wanted, "whole"):\n', "    if False:\n", _SCORER),
    Fault("scored by: ONNX: labels of fewer bits keep their type", _RUN, "pa.array(labels).cast(wanted)", "pa.array(labels)", _SCORER),
    Fault("scored by: ONNX: a model of fewer bits may be ONNX", _MADE, "if name == str(kind)), None)", "if False), None)", _GATE),
    Fault("scored by: ONNX: no gap among whole numbers", _RUN, "            if column.null_count:\n", "            if False:\n", _SCORER),
    Fault("scored by: ONNX: rows keep their order", _PROCESS, "for start in range(0, max(rows, 1), BLOCK)]", "for start in reversed(range(0, max(rows, 1), BLOCK))]", _SCORER),
    Fault("scored by: ONNX: a table without rows is answered", _PROCESS, "part[1] if part[1].ndim == 2 else part[1].reshape(-1, 1)", "part[1].reshape(len(part[0].ravel()), -1)", _SCORER),
    Fault("scored by: ONNX: one that answers otherwise is not used", _MADE, "            if not why:\n", "            if True:\n", _GATE),
    Fault("scored by: ONNX: why there are no tables is kept", _MADE, "return ScorerSection(maker=\"onnx\", parity=parity, tried=tried)", "return ScorerSection(maker=\"onnx\", parity=parity)", _GATE),
    Fault("scored by: ONNX: nothing is tried without its runtime", _MADE, "self._convert() if runtime() else LACKING", "self._convert()", _GATE),
    Fault("scored by: ONNX: what was measured with is told", _MADE, "replace(parity, measured_by=by) if parity is not None else None", "parity", _GATE),
    Fault("scored by: ONNX: card and doctor tell who answers here", "engine/scoring/here.py", 'if section.maker != "onnx" or runtime():\n        return None\n', "return None\n", _CARD),
    Fault("scored by: ONNX: a version that is opened has its folder made", "engine/scoring/makers.py", '        _write(store, label, folder, {"code": document.code.files})\n        form =', "        form =", _READY),
    Fault("scored by: ONNX: its inputs are those of its model", "engine/scoring/unpacked.py", "    if form.names != document.model.features:\n", "    if False:\n", _READY),
    Fault("scored by: ONNX: a run's scoring ends its process", "engine/scoring/unpacked.py", "        finally:\n            self._process.close()\n", "        finally:\n            pass\n", _READY),
    Fault("scored by: the whole card has the evidence", "console/text/card_lines.py", "if whole and card.scorer is not None else []", "if False else []", _CARD),
    Fault("scored by: the whole card has each form that was tried", "console/text/scorer_lines.py", "    for each in section.tried:\n", "    for each in ():\n", _CARD),
)
