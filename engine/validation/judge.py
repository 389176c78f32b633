"""The process that judges a candidate: ``python -m engine.validation.judge JOB``.

It loads its libraries at once and then waits for a line on standard input before it reads the job (JSON), so that a
run can start it early. It writes ``judgement.json`` beside the job. Exit code 1: it could not judge, and the last line
on standard error says why. End of input without a line: nothing to judge, exit code 0.

Nothing is unpickled and no code of a project runs here; parquet files written by the engine are all that is read.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from engine.errors import Invalid, LeverframeError
from engine.json_records import read
from engine.records import Comparison, Gate
from engine.storage.atomic import write_file
from engine.text import plain
from engine.unneeded import keep_out
from engine.validation import schema
from engine.validation.calibration import calibration_error
from engine.validation.gates import behaviour, guessing, judges, leakage, like_live
from engine.validation.gates.facts import GateFacts
from engine.validation.gates.floors import RowsToJudge
from engine.validation.gates.ways import with_waiver, with_way
from engine.validation.intervals import MeasuredMetric, measure_all
from engine.validation.judge_job import JudgeJob
from engine.validation.metrics import Predicted, Truth
from engine.validation.predictions import CANDIDATE, Predictions, column_of, read_table, truth_of, understand
from engine.validation.rules import Rules
from engine.validation.segments import ROWS as SEGMENT_ROWS
from engine.validation.segments import JudgedSegments, judge_segments
from engine.validation.verdict import sentence
from engine.vocabulary.gates import GATES, place, replaced

SEED = 0  # of every resampling: the same files are judged alike


@dataclass(frozen=True)
class _JudgeInput:
    """What was read: the holdout, the training rows, what happened and who said what."""

    job: JudgeJob
    holdout: pa.Table
    train: pa.Table
    truth: Truth
    candidate: Predictions
    live: Predictions | None
    live_problem: str | None

    @property
    def rules(self) -> Rules:
        return self.job.manifest

    @property
    def metrics(self) -> list[str]:
        return self.rules.each_metric

    @property
    def features(self) -> list[str]:
        return list(self.job.features)

    @property
    def target(self) -> pa.ChunkedArray:
        """What the training rows say of the target."""
        return self.train.column(self.rules.target)

    @property
    def held(self) -> RowsToJudge:
        """How many rows there are to judge by."""
        if self.truth.task == "regression":
            return RowsToJudge(len(self.truth), None, self.truth.task)
        counts = np.bincount(np.asarray(self.truth.actual, np.int64), minlength=len(self.truth.classes))
        present = counts if self.truth.task == "binary" else counts[counts > 0]
        return RowsToJudge(len(self.truth), int(present.min(initial=len(self.truth))), self.truth.task)


def judge(job: JudgeJob) -> dict[str, Any]:
    """The judgement of ``job``. Raises Invalid or StepFailed when the files do not fit together."""
    case = _read(job)
    live = case.live.predicted if case.live else None
    guess = guessing.learnt(case.target, case.truth)
    measured = measure_all(case.metrics, case.truth, case.candidate.predicted, live, seed=SEED, guess=guess)
    segments = _segments(case)
    waived = case.rules.waivers
    found = [with_way(with_waiver(gate, waived.get(gate.name))) for gate in _gates(case, measured, segments)]
    key = measured[case.metrics[0]]
    verdict = judges.worst(found)
    comparison = _comparison(case, key)
    return {
        "task": case.truth.task,
        "classes": [plain(name, 80) for name in case.truth.classes],
        "constant_features": like_live.constant_features(case.train, case.features),
        "key_metric": key.name,
        "metrics": {name: _metric(m) for name, m in measured.items()},
        "segments": [asdict(segment) for segment in segments.of(key.name)],
        "segments_left_out": segments.left_out,
        "decisions": {
            "candidate": behaviour.decision_counts(case.truth, case.candidate.predicted),
            "live": behaviour.decision_counts(case.truth, live),
        },
        "changed_decisions": behaviour.changed_decisions(case.truth, case.candidate.predicted, live),
        "gates": [{**asdict(gate), "numbers": dict(gate.numbers)} for gate in found],
        "verdict": verdict,
        "comparison": comparison,
        "sentence": sentence(verdict, comparison, found, key, job.live, case.live_problem),
        "drift": [],
    }


def _read(job: JudgeJob) -> _JudgeInput:
    rules, features = job.manifest, job.features
    target, segments = rules.target, rules.segments
    if not rules.metrics:
        raise Invalid("There is no metric to judge by; name one in [validation] metrics.")
    wanted = list(dict.fromkeys([target, *features, *segments]))
    holdout, train = read_table(job.holdout, "holdout"), read_table(job.train, "training")
    for name in wanted:
        column_of(holdout, name, "holdout")
    for name in dict.fromkeys([target, *features]):
        column_of(train, name, "training")
    truth = truth_of(holdout.column(target), train.column(target), rules)
    candidate = understand(read_table(job.predictions, "predictions"), truth, rules.metrics, CANDIDATE)
    live, problem = _read_live(job, truth)
    return _JudgeInput(job, holdout, train, truth, candidate, live, problem)


def _read_live(job: JudgeJob, truth: Truth) -> tuple[Predictions | None, str | None]:
    """The live version's predictions, or why they cannot be used: that is its problem, not the candidate's."""
    if job.live is None:
        return None, None
    if job.live_problem:
        return None, plain(job.live_problem)
    if not job.live_predictions:
        return None, "it has no predictions for these rows"
    try:
        said = read_table(job.live_predictions, "live predictions")
        found = understand(said, truth, job.manifest.metrics, job.live)
    except LeverframeError as problem:
        return None, str(problem)
    return found, "; ".join(found.problems) or None


def _segments(case: _JudgeInput) -> JudgedSegments:
    key = case.metrics[0]
    of_segments = [rule for rule in case.rules.gates if rule.kind in GATES and GATES[rule.kind].of == "segments"]
    asked = [rule for rule in of_segments if rule.metric in case.metrics]
    names = list(dict.fromkeys([key, *(str(rule.metric) for rule in asked)]))
    rows = min([SEGMENT_ROWS, *(rule.minimum_rows for rule in asked if rule.minimum_rows is not None)])
    columns = [(name, case.holdout.column(name)) for name in dict.fromkeys(case.rules.segments)]
    live = case.live.predicted if case.live else None
    found = judge_segments(columns, names, case.truth, case.candidate.predicted, live, SEED, rows)
    if live is not None or case.job.live is None:
        return found
    told = tuple(replace(each, verdict="not compared") if each.verdict == "first" else each for each in found.found)
    return replace(found, found=told)


def _gates(case: _JudgeInput, measured: Mapping[str, MeasuredMetric], segments: JudgedSegments) -> list[Gate]:
    """Those that the manifest asks for, as it lists them; then those that are always on, as the table lists them."""
    facts = _facts(case, measured, segments)
    found = [judges.judge_rule(rule, facts) for rule in case.rules.gates]
    away = replaced(rule.kind for rule in case.rules.gates)
    standing = [judged for kind, code in ALWAYS_ON.items() if kind not in away and (judged := code(case, facts))]
    standing += case.job.doubts
    return found + sorted(standing, key=lambda gate: place(gate.kind))


def _schema(case: _JudgeInput, facts: GateFacts) -> Gate:
    now = case.job.schema or schema.infer_schema(case.holdout)
    reference = case.job.reference_schema
    differences = schema.differences(reference, now) if reference else None
    gate = judges.schema_unchanged(differences, len(now["columns"]))
    if not case.job.elsewhere or gate.verdict != "fail":
        return gate
    said = f"{gate.evidence.rstrip('.')}: each of the two was made for its own data."
    return replace(gate, verdict="cannot tell", evidence=said)


def _leakage(case: _JudgeInput, facts: GateFacts) -> Gate:
    return leakage.no_leak(case.train, case.features, case.rules.target, case.truth, case.rules.known_before)


def _dead_feature(case: _JudgeInput, facts: GateFacts) -> Gate:
    constant = like_live.constant_features(case.train, case.features)
    were = case.job.reference_constant
    return like_live.no_dead_feature(case.train, case.holdout, case.features, constant, were, facts.live)


def _classes(case: _JudgeInput, facts: GateFacts) -> Gate | None:
    if case.truth.task == "regression":
        return None
    return like_live.classes_as_before(case.truth, case.target, case.job.reference_classes, facts.live)


def _rows_against_live(case: _JudgeInput, facts: GateFacts) -> Gate | None:
    if facts.live is None or not facts.live_rows:
        return None
    return like_live.rows_as_before(facts.rows + facts.train_rows, facts.live_rows, facts.live)


def _segments_against_live(case: _JudgeInput, facts: GateFacts) -> Gate | None:
    if not (facts.live and case.live and case.rules.segments):
        return None
    return judges.no_segment_worse(facts.segments, case.metrics[0], facts.live)


# What judges each gate that is always on, by its kind; None where it does not apply. What only the preparing of the
# data can tell comes with the job, as doubts.
ALWAYS_ON: Mapping[str, Callable[[_JudgeInput, GateFacts], Gate | None]] = {
    "rows": lambda case, facts: judges.enough_rows(facts),
    "schema": _schema,
    "target": lambda case, facts: behaviour.target_varies(case.target, case.truth),
    "predictions": lambda case, facts: behaviour.predictions_valid(case.candidate.problems, len(case.truth)),
    "constant": lambda case, facts: behaviour.predictions_vary(case.truth, case.candidate.predicted),
    "guessing": lambda case, facts: guessing.better_than_guessing(
        facts.measured, case.metrics[0], case.truth, case.held.none_can_tell
    ),
    "leakage": _leakage,
    "missing": lambda case, facts: judges.few_missing(facts),
    "dead_feature": _dead_feature,
    "classes": _classes,
    "rows_against_live": _rows_against_live,
    "segments_against_live": _segments_against_live,
}


def _facts(case: _JudgeInput, measured: Mapping[str, MeasuredMetric], segments: JudgedSegments) -> GateFacts:
    learnt = behaviour.missing_fractions(case.train, case.features)
    judged = behaviour.missing_fractions(case.holdout, case.features)
    return GateFacts(
        rows=len(case.truth),
        train_rows=case.train.num_rows,
        smallest_class=case.held.smallest_class,
        task=case.truth.task,
        measured=measured,
        segments=segments,
        missing={name: (learnt[name], judged[name]) for name in case.features},
        train_seconds=case.job.train_seconds,
        live=case.job.live,
        live_problem=case.live_problem,
        live_rows=case.job.reference_rows,
        score_seconds=case.job.score_seconds,
        model_bytes=case.job.model_bytes,
        calibration=calibration_error(case.truth, case.candidate.predicted)
        if any(rule.kind == "calibration_error_at_most" for rule in case.rules.gates)
        else None,
        infinite=behaviour.infinite_counts(case.train, case.features),
    )


def _comparison(case: _JudgeInput, key: MeasuredMetric) -> Comparison:
    if case.job.live is None:
        return "first"
    if case.live is None or case.live_problem:
        return "not compared"
    # Of so few rows an interval says nothing, also where it happens to be narrow.
    if key.comparison in ("better", "worse", "cannot tell") and case.held.none_can_tell:
        return "cannot tell"
    return key.comparison or "not compared"


def _metric(m: MeasuredMetric) -> dict[str, Any]:
    names = (
        "value", "low", "high", "n", "live", "difference", "difference_low", "difference_high", "comparison",
        "live_low", "live_high",
    )  # fmt: skip
    return {name: getattr(m, name) for name in names}


def finite(value: Any) -> Any:
    """``value`` as JSON can hold it: no NaN, no infinity, no number of numpy's."""
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _warm() -> None:
    """Load what numpy and pyarrow load on first use (generators, linear algebra, a thread pool) before it counts."""
    actual = np.arange(40) % 2
    truth, said = Truth("binary", actual, ("0", "1")), Predicted(actual, None, np.linspace(0, 1, 40))
    measure_all(["roc_auc", "accuracy"], truth, said, said, seed=0, resamples=2)
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table({"a": actual}), sink)
    schema.infer_schema(pyarrow.parquet.read_table(pa.BufferReader(sink.getvalue())))


def main(path: Path) -> int:
    """Wait until the job is there and judge it."""
    _warm()
    if not sys.stdin.readline():
        return 0
    try:
        answer = finite(judge(read(JudgeJob, json.loads(path.read_bytes()), "The judge's job")))
    except LeverframeError as refusal:
        print(plain(str(refusal), 2000), file=sys.stderr)
        return 1
    whole = {"gates": answer.pop("gates"), "judgement": answer}  # versions.records.JudgeAnswer
    content = json.dumps(whole, allow_nan=False, ensure_ascii=False, indent=1)
    write_file(path.with_name("judgement.json"), content.encode("utf-8"), durable=False)
    return 0


if __name__ == "__main__":
    keep_out()
    sys.exit(main(Path(sys.argv[1])))
