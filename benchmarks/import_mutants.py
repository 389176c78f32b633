"""Faults in models that were trained elsewhere: a part of the table of ``promise_mutants.py``."""

from __future__ import annotations

from benchmarks.mutation.fault import Fault

_WAY = ("tests/journeys/test_a_model_made_elsewhere.py",)
_MANIFEST = ("tests/engine/projects/test_manifest_import.py",)
_ONNX = ("tests/engine/runs/test_onnx_model.py",)
_BROUGHT = ("tests/engine/scaffold/test_a_model_that_exists.py",)
_ASKED, _SCORING = ("tests/engine/scaffold/test_how_a_model_of_mlflow_is_asked.py",), "engine/scaffold/templates/scoring.py.j2"
_IMPORTED, _RUNS, _MODEL = "engine/jobs/retrain/imported.py", "engine/runs/steps/onnx_model.py", "engine/scaffold/model.py"

IMPORTED = (
    Fault("new rows make no version of the same model", "engine/jobs/retrain/nothing_new.py", "    if as_made and manifest.train.imported is not None:\n", "    if False:\n", _WAY),
    Fault("nobody knows which rows it learnt from", _IMPORTED, "    if train.imported is None:\n        return None\n    said", "    if True:\n        return None\n    said", _WAY),
    Fault("there is no training to replay", "engine/jobs/backtest/plan.py", "    if manifest.train.imported is not None:\n", "    if False:\n", _WAY),
    Fault("what scores it is in the environment", _IMPORTED, "    if needed not in {", "    if False and needed not in {", _MANIFEST),
    Fault("a model lies in the project", "engine/projects/manifest/sections.py", 'any(part in ("", ".", "..") for part in path.rstrip("/").split("/"))', "False", _MANIFEST),
    Fault("a row is scored alike whatever is beside it", _RUNS, "    taken = numpy.resize(numpy.arange(start, start + rows), size)\n", "    taken = numpy.arange(start, start + rows)\n    size = rows\n", _ONNX),
    Fault("classes without names are no others'", _RUNS, "    if not numbered or ", "    if False and ", _ONNX),
    Fault("an estimator has the columns that it was fitted with", "engine/runs/steps/python_runner.py", "    return features[list(names)]\n", "    return features\n", ("tests/engine/runs/test_an_estimator_made_elsewhere.py",)),
    Fault("what MLmodel names is in its folder", _MODEL, " or not file.resolve().is_relative_to(folder.resolve())", "", _BROUGHT),
    Fault("MLmodel is text and no bomb", _MODEL, "if self.check_event(yaml.AliasEvent):", "if False:", _BROUGHT),
    Fault("MLmodel makes texts and nothing else", _MODEL, "class Texts(yaml.BaseLoader):", "class Texts(yaml.SafeLoader):", _BROUGHT),
    Fault("a requirement is a package and its version", _MODEL, "_REQUIREMENT.fullmatch(line)", "_REQUIREMENT.match(line)", _BROUGHT),
    Fault("mlflow: a folder has no link that leads out", _MODEL, "        if path.is_symlink() or not", "        if False and not", _BROUGHT),
    Fault("mlflow: a folder is no repository", _MODEL, '        if path.name.lower() == ".git":', "        if False:", _BROUGHT),
    Fault("mlflow: a folder is small", _MODEL, "        if found > _MOST_FILES or size > MODEL_BYTES:", "        if False:", _BROUGHT),
    Fault("mlflow: its loader is in the environment", _MODEL, 'requirements = _with("mlflow", document.get("mlflow_version"), requirements)', "pass", _BROUGHT),
    Fault("mlflow: a function of labels is not judged by chances", _MODEL, "    labels = not _says_numbers(document)", "    labels = False", _BROUGHT),
    Fault("mlflow: what is no chance is said", _SCORING, "    if not ((said >= 0) & (said <= 1)).all():", "    if False:", _ASKED),
    Fault("mlflow: what has no flavour is refused", _MODEL, '    if not isinstance(flavours.get("python_function"), dict):', "    if False:", _BROUGHT),
)  # fmt: skip
