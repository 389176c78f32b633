"""The steps of runs, one row each, and what a project's own code is asked for.

``log``, ``times``, the list of a run's steps and the queue's memory go by ``STEPS``; a run launches nothing that is not
in it. ``CONTRACTS`` are the programs of the manifest; ``runs/steps/python_runner.py``, which stands alone, has a
function of the same name for each.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contract:
    """What a project's own code does in a step. ``name`` is its LEVERFRAME_STEP; ``section`` and ``key`` say where the
    manifest has its program; ``called`` is a Python callable's form. ``given`` and ``leaves``: what a command finds in
    LEVERFRAME_INPUT, and what it has to put into LEVERFRAME_OUTPUT."""

    name: str
    section: str
    key: str
    called: str
    given: tuple[str, ...]
    leaves: str
    way_back: bool = False
    """It is part of going back to a version, and must not hang on what the manifest lets the others read."""
    spreads: bool = False
    """Where the manifest gives n_jobs to a cluster, it is given a cluster's workers."""


EXTRACT_DATA = Contract("extract", "data", "extract", "extract(as_of) -> DataFrame", (), "data.<format>")
FETCH_LABELS = Contract("labels", "data", "labels", "labels(as_of) -> DataFrame", (), "labels.<format>")
TRAIN_MODEL = Contract(
    "train", "train", "run", "train(features, target) -> estimator", ("data.<format>",), "model/", spreads=True
)
SCORE_ROWS = Contract(
    "score",
    "train",
    "score",
    "score(model_dir, features) -> DataFrame",
    ("data.<format>", "model/"),
    "predictions.<format>",
    way_back=True,
)

LEARN_ROWS = Contract(
    "learn",
    "learn",
    "run",
    "learn(model, features, target) -> model",
    ("data.<format>", "model/"),
    "model/, predictions.<format>",
)

CONTRACTS = (EXTRACT_DATA, FETCH_LABELS, TRAIN_MODEL, SCORE_ROWS, LEARN_ROWS)
_CONTRACTS = {each.name: each for each in CONTRACTS}


@dataclass(frozen=True)
class StepKind:
    """One step of a run, as the ledger keeps it: ``name``, and ``does`` in the docs.

    ``contract``: what of the project's code it runs; else it is the engine's own. ``rows``: the column of run_facts
    with the rows that it goes through.
    """

    name: str
    does: str
    contract: Contract | None = None
    rows: str | None = None
    beside: bool = False
    """It runs while another such step does: a run needs the memory of all of them together."""
    process: bool = False
    """It is a process of the engine's own, and prints a log of its own."""

    script: str = ""
    """A stand-alone script of the engine's own that a project's interpreter runs in its place."""

    @property
    def logs(self) -> bool:
        """Whether it leaves a log."""
        return self.contract is not None or self.process or bool(self.script)


QUEUE = StepKind("queue", "waits for its turn")
EXTRACT = StepKind("extract", "the project's data, as of a moment", EXTRACT_DATA, "rows")
EXTRACT_NEW = StepKind("extract new", "what is new or changed in the project's data since the last look", EXTRACT_DATA)
LABELS = StepKind("labels", "labels that have a source of their own", FETCH_LABELS)
TRAIN = StepKind("train", "a model, from the rows that are not held out", TRAIN_MODEL, "train_rows", beside=True)
LEARN = StepKind(
    "learn", "the live version's model with the labels that came since, each predicted before it is learnt", LEARN_ROWS,
    "holdout_rows",
)  # fmt: skip
SCORE_LIVE = StepKind(
    "score live", "the live version's predictions for the holdout", SCORE_ROWS, "holdout_rows", beside=True
)
SCORE = StepKind("score", "the new model's predictions for the holdout, or the live version's for new rows", SCORE_ROWS,
                 "holdout_rows")  # fmt: skip
SCORE_OWN_ROWS = StepKind("score own rows", "the live version's predictions for what it learnt from", SCORE_ROWS)
SCORE_BEFORE = StepKind("score before", "predictions of the version before, for new rows", SCORE_ROWS)
COMPILE = StepKind("compile", "the new model as tables that score without its libraries, where that is exact",
                   script="compile_model.py")  # fmt: skip
CONVERT = StepKind("convert", "the new model as ONNX, where no tables stand for it", script="to_onnx.py")
VALIDATE = StepKind("validate", "judges the candidate", rows="holdout_rows", process=True)
MEASURE = StepKind("measure", "measures the live version's health", process=True)
COMPARE = StepKind("compare", "measures policies of retraining over past weeks", process=True)
WRITE_SCORES = StepKind("write scores", "reads rows, has them scored and writes what is said of them", process=True)
SCORE_AWAY = StepKind("score on workers", "brings parts of the rows to the workers of [compute]", process=True)
PACKAGE = StepKind("package", "puts the version into the store", rows="rows")
REPORT = StepKind("report", "composes the report")
REBUILD = StepKind("rebuild", "rebuilds an environment offline, from what is kept")
SCORE_GOLDEN = StepKind("score golden rows", "a version's predictions for its golden rows", SCORE_ROWS)

# In the order in which they are told everywhere.
STEPS = (
    QUEUE, EXTRACT, EXTRACT_NEW, LABELS, TRAIN, LEARN, SCORE_LIVE, SCORE, SCORE_OWN_ROWS, SCORE_BEFORE, COMPILE,
    CONVERT, VALIDATE, MEASURE, COMPARE, PACKAGE, WRITE_SCORES, SCORE_AWAY, REPORT, REBUILD, SCORE_GOLDEN,
)  # fmt: skip
NAMES = tuple(step.name for step in STEPS)
_BY_NAME = {step.name: step for step in STEPS}


def of(name: str) -> StepKind | None:
    """The step called ``name``; None for one that another release knew."""
    return _BY_NAME.get(name)


def contract(name: str) -> Contract:
    """What the project's code is asked for as ``name``."""
    return _CONTRACTS[name]
