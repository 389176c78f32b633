"""The meter: ``python -m engine.monitoring.measure JOB`` waits for the job file, measures, leaves ``measured.json``.

Each part is measured by itself. What one part cannot tell (no labels yet, a column that is gone) it says, and the
others go on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.clock import moment
from engine.errors import LeverframeError
from engine.monitoring import findings as found
from engine.monitoring.drift_watch import Watched, kept_profile, remembered, watch, window_of
from engine.monitoring.fall import Fall, fallen
from engine.monitoring.moments import microseconds, moments
from engine.monitoring.periods import Cut, Periods, cut, mature_rows, performance
from engine.monitoring.quality import QualityCheck, quality
from engine.monitoring.readings import Reading
from engine.monitoring.rival import Rival, against
from engine.monitoring.scored import Scored, scored
from engine.storage.atomic import write_file
from engine.text import plain
from engine.validation.columns import Codes, column_or_none
from engine.validation.judge import finite
from engine.validation.predictions import read_table
from engine.validation.words import number


@dataclass(frozen=True)
class Case:
    """What was read. ``times``: microseconds, None where the project has no time column."""

    job: Mapping[str, Any]
    reference: pa.Table
    current: pa.Table
    times: Codes | None
    as_of: datetime

    @property
    def rules(self) -> Mapping[str, Any]:
        rules: Mapping[str, Any] = self.job["manifest"]
        return rules

    @property
    def metrics(self) -> list[str]:
        return list(dict.fromkeys(str(name) for name in self.rules["metrics"]))


@dataclass(frozen=True)
class Performance:
    """How well the live version did on rows whose labels are known; ``problem`` where that cannot be told."""

    rows: Scored | None = None
    cut: Cut | None = None
    periods: Periods | None = None
    fall: Fall | None = None
    rival: Rival | None = None
    problem: str | None = None


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """The whole answer. Raises Invalid or StepFailed when the files do not fit together."""
    case = _read(job)
    checks = _quality(case)
    performed = _performance(case)
    watched = _drift(case, performed)
    listed = _findings(case, checks, watched, performed)
    parts = _parts(case, checks, watched, performed, listed)
    verdict, why = found.verdict_of(listed, parts)
    answer = {
        "version": job["version"],
        "as_of": job["as_of"],
        "verdict": verdict,
        "why": why,
        "rows": case.current.num_rows,
        "labelled": performed.periods.labelled if performed.periods else 0,
        "left_out": job["left_out"],
        "findings": listed,
        "measured": [name for name, part in parts.items() if part["verdict"] != "cannot tell"],
        "parts": parts,
        "quality": [asdict(check) for check in checks],
        **_drift_answer(watched),
        **_performance_answer(case, performed),
    }
    return {**answer, "signals": _signals(answer)}


def _read(job: Mapping[str, Any]) -> Case:
    current = read_table(job["current"], "current")
    time = job["time"]
    times = moments(current.column(time), time) if time is not None else None
    return Case(job, read_table(job["reference"], "training"), current, times, moment(job["as_of"]))


def _quality(case: Case) -> tuple[QualityCheck, ...]:
    job = case.job
    return quality(
        case.reference,
        case.current,
        features=job["features"],
        key=job["key"],
        time=job["time"],
        as_of=case.as_of,
        sensitive=job["sensitive"],
        leave_out=[case.rules["target"]],
        lag=timedelta(seconds=job["lag"]),
    )


def _performance(case: Case) -> Performance:
    if case.job["problem"]:
        return Performance(problem=plain(str(case.job["problem"])))
    said = read_table(case.job["predictions"], "predictions")
    target = column_or_none(case.current, case.rules["target"])
    learnt = case.reference.column(case.rules["target"])
    try:
        rows = scored(target, learnt, said, case.rules, name=case.rules["target"], who=case.job["version"])
    except LeverframeError as problem:
        # The labels may be beyond use while the predictions are not: drift still wants those.
        return Performance(_unlabelled(case, learnt, said), problem=str(problem))
    periods_cut = cut(case.times, len(rows), case.as_of)
    periods = performance(periods_cut, rows, case.metrics, case.as_of)
    fall = fallen(_validated(case), periods.periods)
    rival = against(case.job, case.rules, rows, _newest_mature(periods_cut, periods, rows), learnt, target)
    return Performance(rows, periods_cut, periods, fall, rival)


def _unlabelled(case: Case, learnt: pa.ChunkedArray, said: pa.Table) -> Scored | None:
    try:
        return scored(None, learnt, said, case.rules)
    except LeverframeError:
        return None


def _validated(case: Case) -> Reading:
    """The key metric as the version was validated with it."""
    key = case.metrics[0]
    was: Mapping[str, Any] = case.job["validated"]["metrics"].get(key, {})
    return Reading(key, int(was.get("n") or 0), was.get("value"), was.get("low"), was.get("high"))


def _newest_mature(periods_cut: Cut, periods: Periods, rows: Scored) -> Codes:
    """Positions of the rows that the newest readings are of."""
    ripe = mature_rows(periods_cut, periods, rows)
    start = next((n for n, period in enumerate(periods.periods) if period.start == periods.window_start), 0)
    return ripe[periods_cut.number[ripe] >= start]


def _drift(case: Case, performed: Performance) -> Watched:
    job = case.job
    profile = kept_profile(Path(job["profile"]), case.reference, job["features"])
    wanted = timedelta(seconds=job["window"]) if job["window"] else None
    said = None
    if performed.rows is not None and case.times is not None and job["until"]:
        judged = np.flatnonzero(case.times <= microseconds(moment(job["until"])))
        said = (_predicted(performed.rows), judged)
    window = window_of(case.times, case.current.num_rows, wanted)
    return watch(profile, case.current, said, window, job["alarms"], case.as_of)


def _predicted(rows: Scored) -> pa.ChunkedArray:
    """What was said about each row: the chance of the positive class, the class, or the number."""
    said, truth = rows.predicted, rows.truth
    if truth.task == "regression":
        return pa.chunked_array([pa.array(said.decided, mask=~rows.usable)])
    if truth.task == "binary" and said.ranking is not None:
        return pa.chunked_array([pa.array(said.ranking, mask=~rows.usable)])
    names = np.array([*truth.classes, ""], dtype=object)[np.asarray(said.decided, dtype=np.int64)]
    return pa.chunked_array([pa.array(names, pa.string(), mask=~rows.usable)])


def _findings(
    case: Case, checks: Sequence[QualityCheck], watched: Watched, performed: Performance
) -> list[dict[str, Any]]:
    as_of, rival = case.job["as_of"], performed.rival
    drifting = {alarm.column for alarm in watched.alarms}
    listed = [*found.of_quality(checks, drifting, as_of), *found.of_drift(watched.alarms, as_of)]
    listed += found.of_performance(performed.fall, rival.sentence if rival and rival.better else None, as_of)
    if performed.periods is not None:
        readings = {reading.metric: asdict(reading) for reading in performed.periods.window}
        for broken in found.limits_broken(case.rules["gates"], readings):
            act = "retrain, or lower the limit in [[gates]] of leverframe.toml if it asks too much"
            listed.append(found.finding(f"limit:{broken.split()[0]}", "performance", "failing", broken, act, as_of))
    if rival is not None and rival.better:
        act = f"roll back to {rival.version}"
        listed.append(found.finding(f"bake:{rival.metric}", "bake", "watch", rival.sentence, act, as_of))
    return listed


def _parts(
    case: Case,
    checks: Sequence[QualityCheck],
    watched: Watched,
    performed: Performance,
    listed: Sequence[Mapping[str, Any]],
) -> dict[str, dict[str, str]]:
    def part(name: str, told: bool, well: str, cannot: str) -> dict[str, str]:
        own = [each for each in listed if each["part"] == name]
        if own:
            return {"verdict": found.worst(each["severity"] for each in own), "why": own[0]["why"]}
        return {"verdict": "ok", "why": well} if told else {"verdict": "cannot tell", "why": cannot}

    periods = performed.periods
    measured = [reading for reading in periods.window if reading.value is not None] if periods else []
    few = f"{case.current.num_rows:,} rows since it learnt are too few"
    unlabelled = performed.problem or (periods.sentence if periods else "no labels")
    well = sum(check.verdict == "ok" for check in checks)
    parts = {
        "quality": part("quality", case.current.num_rows > 0, f"{well} of {len(checks)} checks are well", few),
        "drift": part("drift", any(c.verdict != "cannot tell" for c in watched.columns), "as in training", few),
        "performance": part("performance", bool(measured), _well(case, measured), unlabelled),
    }
    if performed.rival is not None:
        rival = performed.rival
        parts["bake"] = part("bake", rival.told, rival.sentence, rival.sentence)
    return parts


def _well(case: Case, measured: Sequence[Reading]) -> str:
    """The key metric now and when the version was validated, for where no fall is sure."""
    if not measured:
        return ""
    now, was = measured[0], _validated(case)
    before = f"; when it was validated it was {number(was.value)}" if was.metric == now.metric and was.value else ""
    return f"{now.metric} is {number(now.value)} on {now.n:,} labelled rows{before}, and no fall is sure"


def _drift_answer(watched: Watched) -> dict[str, Any]:
    return {
        "window": {"since": watched.since, "until": watched.until, "rows": len(watched.rows)},
        "drift": [column.document() for column in watched.columns],
        "prediction": watched.prediction.document() if watched.prediction else None,
        "memory": remembered(watched.alarms),
    }


def _performance_answer(case: Case, performed: Performance) -> dict[str, Any]:
    periods = performed.periods
    mature = [period.end for period in periods.periods if period.mature and period.end] if periods else []
    return {
        "task": performed.rows.truth.task if performed.rows else None,
        "problem": performed.problem,
        "problems": list(performed.rows.problems) if performed.rows else [],
        "metrics": {reading.metric: asdict(reading) for reading in periods.window} if periods else {},
        "validated": {name: case.job["validated"]["metrics"].get(name) for name in case.metrics},
        "periods": asdict(periods) if periods else None,
        "mature_until": max(mature, default=None),
        "fall": asdict(performed.fall) if performed.fall else None,
        "rival": asdict(performed.rival) if performed.rival else None,
    }


def _signals(answer: Mapping[str, Any]) -> list[list[Any]]:
    """The figures that lines over time are drawn of: name, value, low, high, n."""
    sizes = [column["size"] for column in answer["drift"] if column["size"] is not None]
    rows, window = answer["rows"], answer["window"]["rows"]
    signals: list[list[Any]] = [["rows", rows, None, None, rows]]
    if sizes:
        signals.append(["drift", max(sizes), None, None, window])
    if answer["prediction"] and answer["prediction"]["size"] is not None:
        signals.append(["prediction drift", answer["prediction"]["size"], None, None, window])
    if rows:
        signals.append(["labels", answer["labelled"] / rows, None, None, rows])
    for name, reading in answer["metrics"].items():
        if reading["value"] is not None:
            signals.append([name, reading["value"], reading["low"], reading["high"], reading["n"]])
    return signals


def main(path: Path) -> int:
    """Wait until the job is there and measure it."""
    if not sys.stdin.readline():
        return 0
    try:
        answer = finite(measure(json.loads(path.read_bytes())))
    except LeverframeError as refusal:
        print(plain(str(refusal), 2000), file=sys.stderr)
        return 1
    content = json.dumps(answer, allow_nan=False, ensure_ascii=False)
    write_file(path.with_name("measured.json"), content.encode("utf-8"), durable=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
