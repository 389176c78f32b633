"""Faults in tables behind a project's own first steps: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_HERE = "tests/engine/scoring/split"
_ASKED, _BETWEEN = (f"{_HERE}/test_tables_behind_a_process.py",), (f"{_HERE}/test_what_stands_between_steps.py",)
_CUT, _HELD = (f"{_HERE}/test_where_a_pipeline_is_cut.py",), (f"{_HERE}/test_a_version_with_tables_behind_is_held_ready.py",)
_GATE = ("tests/engine/jobs/test_tables_behind_first_steps_are_held_to_the_holdout.py",)
_FIRST, _BEHIND = "engine/runs/steps/first_steps.py", "engine/runs/steps/compile_behind.py"
_PROGRAM, _WARM, _LOOKED = "engine/scoring/split_program.py", "engine/runs/steps/warm_scorer.py", "engine/scoring/compiled/between.py"

SPLIT = (
    Fault("split: a column of another type is the whole pipeline's", _FIRST, "    if _type(values.dtype) != kind:\n", "    if False:\n", _BETWEEN),
    Fault("split: a column more is the whole pipeline's", _FIRST, '        if not _is_frame(made) or list(made.columns) != [each["name"] for each in columns]:\n', "        if not _is_frame(made):\n", _BETWEEN),
    Fault("split: None is no nan", _FIRST, "    if numbers or kinds - {str, gaps.get(gap, str)}:\n", "    if numbers or kinds - {str, float, type(None)}:\n", _BETWEEN),
    Fault("split: a number among text is no gap", _FIRST, "    if numbers or kinds -", "    if kinds -", _BETWEEN),
    Fault("split: categories of text hold text", _FIRST, "        if not all(type(each) is str for each in values.categories):\n", "        if False:\n", _BETWEEN),
    Fault("split: categories that floats cannot hold are not rounded", _FIRST, "if of in _WIDE and any(", "if False and any(", _BETWEEN),
    Fault("split: rows that are lost are found", _FIRST, " or len(made) != rows:\n", ":\n", _BETWEEN),
    Fault("split: what nothing asks for may be of any type", _FIRST, '        if about["used"]:\n', "        if True:\n", _BETWEEN),
    Fault("split: the quick way is gone where it says the same", _FIRST, "                self._quick = self._alike(made, found)\n", "                self._quick = True\n", _BETWEEN),
    Fault("split: a frame that cannot be looked at is the whole pipeline's", _FIRST, "        except Exception as error:  # noqa: BLE001 - a frame may", "        except KeyboardInterrupt as error:  # noqa: BLE001 - a frame may", _BETWEEN),
    Fault("split: gaps of several kinds are held by no table", _FIRST, 'gap not in ("", "None", "nan") else None', "False else None", _CUT),
    Fault("split: it is cut at the earliest place", _BEHIND, "    for cut in range(1, len(pipeline.steps)):\n", "    for cut in range(2, len(pipeline.steps)):\n", _CUT),
    Fault("split: what has no such step is left to ONNX", _BEHIND, "if pipeline is None or not any(_is_own(step) for _, step in pipeline.steps[:-1]):", "if pipeline is None:", _CUT),
    Fault("split: one inside of another is found", _BEHIND, "    return any(_is_own(each[1]) for each in inside)\n", "    return False\n", _CUT),
    Fault("split: why the rest is not compiled is said", _BEHIND, '    raise Refused(f"{refusal}; behind that, {why}")\n', "    raise refusal\n", _CUT),
    Fault("split: a step that raises leaves it as it was", _BEHIND, "        except Exception as error:  # noqa: BLE001 - whatever a step", "        except KeyboardInterrupt as error:  # noqa: BLE001 - whatever a step", _CUT),
    Fault("split: not where rows are csv", "engine/runs/steps/compile_model.py", '        if form != "parquet":  # What', "        if False:  # What", _CUT),
    Fault("split: tables of a part are not taken for the whole", "engine/scoring/compiled/scorer.py", "        if (tables.model.behind is not None) != behind:\n", "        if False:\n", _CUT),
    Fault("split: the columns between are those that the tables take", _LOOKED, "    if not behind.steps or tuple(", "    if not behind.steps or False and tuple(", _CUT),
    Fault("split: a type between is one that tables take", _LOOKED, "        if wanted is not None and _of(column) not in wanted:\n", "        if False:\n", _CUT),
    Fault("split: rows that a step changed in place are read again", _WARM, '            features, said = self._arrow.features(body, head["kept"]), {"whole"', '            said = {"whole"', _ASKED),
    Fault("split: such batches are among the figures", "engine/serving/figures.py", '            for project, label, count in figures.get("wholes", ()):\n', "            for project, label, count in ():\n", ("tests/engine/serving/test_figures_of_whole_pipelines.py",)),
    Fault("split: a long row ends no process", _WARM, ' and len(data) <= head["first"]:', ":", _ASKED),
    Fault("split: rows that tables refuse are the whole pipeline's", _PROGRAM, "        except StepFailed as refused:\n", "        except KeyboardInterrupt as refused:\n", _ASKED),
    Fault("split: numbers that tables would round are the whole pipeline's, of few rows", _PROGRAM, "            if max(given[place]) > _EXACT or min(given[place]) < -_EXACT:\n", "            if False:\n", _ASKED),
    Fault("split: numbers that tables would round are the whole pipeline's, of many", _PROGRAM, '    if ends["max"] is not None and (', "    if False and (", _ASKED),
    Fault("split: files have one type for a column, whoever answers", _PROGRAM, "return predictions.select(self._empty.names).cast(self._empty)", "return predictions", _CUT),
    Fault("split: an answer of the whole pipeline counts against the tables", "engine/jobs/retrain/splitting.py", "        whole = whole_pipeline(scorer)\n", "        whole = None\n", _GATE),
    Fault("split: tables behind that answer otherwise are not used", "engine/jobs/retrain/splitting.py", "        if why:\n", "        if False:\n", _GATE),
    Fault("split: the form is that of its version", "engine/scoring/unpacked.py", "    if section(scorer) != document.scorer.split:\n", "    if False:\n", _HELD),
    Fault("split: a proof through the whole pipeline is none of the tables", "engine/release/proof.py", " or whole_pipeline(scorer)\n", "\n", _HELD),
    Fault("split: a process where that is asked for does the whole", "engine/scoring/makers.py", '    if chosen == "split":\n', '    if document.scorer.maker == "split":\n', _HELD),
    Fault("split: what workers say is held against what a process says here", "engine/jobs/score/score.py", 'return "process" if away and', 'return "process" if False and', _HELD),
)  # fmt: skip
