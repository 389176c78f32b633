"""A look measures whatever the world sends: each part says what it can tell, and nothing in the data makes it fail."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from engine.clock import stamp
from engine.json_records import write
from engine.monitoring.measure import main, measure
from engine.validation.judge import finite

START = datetime(2026, 8, 4, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTILE = "\x1b[2J<script>\u202e"


def table(days: int, since: datetime, seed: int, a_day: int = 100) -> pa.Table:
    """``late`` is likelier where ``x`` is large; ``place`` has no part in it."""
    generator = np.random.default_rng(seed)
    rows = days * a_day
    x = generator.random(rows)
    return pa.table(
        {
            "id": np.arange(rows) + 10**6 * seed,
            "at": pa.array([since + DAY * (n / a_day) for n in range(rows)], pa.timestamp("us", "UTC")),
            "x": x,
            "place": generator.choice(["A", "B", HOSTILE], rows),
            "late": (generator.random(rows) < 0.1 + 0.8 * x).astype(np.int64),
        }
    )


def predictions(current: pa.Table) -> pa.Table:
    x = np.nan_to_num(
        np.asarray(current.column("x").to_numpy(zero_copy_only=False), dtype=np.float64), posinf=1, neginf=0
    )
    chance = np.clip(0.1 + 0.8 * x, 0.001, 0.999)
    return pa.table({"prediction": (chance > 0.5).astype(np.int64), "p_0": 1 - chance, "p_1": chance})


def baseline(learnt: pa.Table | None = None, held: pa.Table | None = None) -> pa.Table:
    """What the version says about rows that it learnt from, and about the week it was validated on."""
    parts = [table(21, START, 1), table(7, START + 21 * DAY, 2)]
    said = [predictions(part) if given is None else given for part, given in zip(parts, (learnt, held), strict=True)]
    sides = [side.append_column("learnt", pa.array([n == 0] * len(side))) for n, side in enumerate(said)]
    times = [part.column("at").slice(0, len(side)).combine_chunks() for part, side in zip(parts, said, strict=True)]
    return pa.concat_tables(sides).append_column("time", pa.chunked_array(times))


def job(folder: Path, current: pa.Table, said: pa.Table | None, **changes: Any) -> dict[str, Any]:
    def written(name: str, content: pa.Table | None) -> str | None:
        if content is None:
            return None
        pyarrow.parquet.write_table(content, folder / name)
        return str(folder / name)

    until = START + 28 * DAY
    return {
        "version": "tiny@1",
        "as_of": stamp(START + 42 * DAY),
        "reference": written("reference.parquet", table(21, START, 1)),
        "current": written("current.parquet", current),
        "left_out": 0,
        "unplaced": {},
        "profile": str(folder / "profiles" / "one.profile"),
        "features": ["x", "place"],
        "validated": {"metrics": {"roc_auc": {"value": 0.79, "low": 0.75, "high": 0.82, "n": 700}}},
        "sensitive": ["id"],
        "key": ["id"],
        "time": "at",
        "window": None,
        "until": stamp(until),
        "lag": 0.0,
        "alarms": [],
        "told": [],
        "slices": [],
        "by": {},
        "bins": {},
        "predictions": written("predictions.parquet", said),
        "problem": None,
        "labels_problem": None,
        "same_rows": None,
        "baseline": written("baseline.parquet", baseline()),
        "baseline_problem": None,
        "rival": None,
        "rival_predictions": None,
        "rival_problem": None,
        "rival_until": None,
        "manifest": {
            "target": "late", "task": None, "positive": None, "metrics": ["roc_auc", "log_loss"],
            "segments": ["place"], "holdout": 7 * 86400.0, "gates": [],
        },
    } | changes  # fmt: skip


def replaced(current: pa.Table, name: str, values: Any) -> pa.Table:
    place = current.column_names.index(name)
    return current.set_column(place, name, values if isinstance(values, pa.Array) else pa.array(values))


def measured(folder: Path, current: pa.Table, said: pa.Table | None = None, **changes: Any) -> dict[str, Any]:
    """The answer, which must survive being written as JSON."""
    said = predictions(current) if said is None and "problem" not in changes else said
    answer = finite(write(measure(job(folder, current, said, **changes))))
    text = json.dumps(answer, allow_nan=False)
    assert "\\u001b" not in text and "\\u202e" not in text, "what the data holds is made safe to show"
    return dict(json.loads(text))


def keys(answer: dict[str, Any]) -> list[str]:
    return [each["key"] for each in answer["findings"]]


def current(seed: int = 2) -> pa.Table:
    """The week of the holdout and the two since."""
    return table(21, START + 21 * DAY, seed)


def test_a_settled_world_is_well(tmp_path: Path) -> None:
    answer = measured(tmp_path, current())
    assert answer["verdict"] == "ok", answer["why"]
    assert set(answer["measured"]) == {"quality", "drift", "performance", "calibration"}
    assert answer["slices"]["found"] and all(
        "id" not in each["conditions"][0]["column"] for each in answer["slices"]["found"]
    )
    assert next(each["column"] for each in answer["drift"]) == "x", "what matters to the predictions comes first"
    assert Path(job(tmp_path, current(), None)["profile"]).is_file()


def test_a_profile_that_is_damaged_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "one.profile").write_bytes(b"rubbish")
    assert measured(tmp_path, current())["verdict"] == "ok"


def nothing(rows: pa.Table) -> pa.Table:
    return rows.slice(0, 0)


def one_row(rows: pa.Table) -> pa.Table:
    return rows.slice(0, 1)


def all_missing(rows: pa.Table) -> pa.Table:
    return replaced(rows, "x", pa.nulls(rows.num_rows, pa.float64()))


def infinite(rows: pa.Table) -> pa.Table:
    return replaced(rows, "x", np.where(np.arange(rows.num_rows) % 3 == 0, np.inf, 0.5))


def never_seen(rows: pa.Table) -> pa.Table:
    return replaced(rows, "place", ["Z"] * rows.num_rows)


def text_labels(rows: pa.Table) -> pa.Table:
    return replaced(rows, "late", ["yes" if n % 2 else "no" for n in range(rows.num_rows)])


def no_labels(rows: pa.Table) -> pa.Table:
    return replaced(rows, "late", pa.nulls(rows.num_rows, pa.int64()))


def one_class(rows: pa.Table) -> pa.Table:
    return replaced(rows, "late", np.zeros(rows.num_rows, dtype=np.int64))


def new_column(rows: pa.Table) -> pa.Table:
    return rows.append_column("new", pa.array(np.arange(rows.num_rows)))


def twice(rows: pa.Table) -> pa.Table:
    return pa.concat_tables([rows, rows])


CASES: list[tuple[Callable[[pa.Table], pa.Table], str, list[str]]] = [
    (one_row, "ok", []),
    (all_missing, "failing", ["missing:x"]),
    (infinite, "failing", ["invalid:x"]),
    (never_seen, "watch", ["new-category:place"]),
    (text_labels, "watch", ["labels"]),
    (no_labels, "ok", []),
    (one_class, "watch", ["labels"]),
    (new_column, "ok", []),
    (twice, "failing", ["duplicate:id"]),
]


@pytest.mark.parametrize(("change", "verdict", "found"), CASES, ids=[case[0].__name__ for case in CASES])
def test_what_the_world_sends_is_told(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], verdict: str, found: list[str]
) -> None:
    answer = measured(tmp_path, change(current()))
    assert set(found) <= set(keys(answer)), keys(answer)
    assert answer["verdict"] == verdict or change is one_row, answer["why"]


def test_no_row_at_all_is_unknown_not_well(tmp_path: Path) -> None:
    at = stamp(START + 21 * DAY)
    answer = measured(tmp_path, nothing(current()), problem="no rows have come that are newer", as_of=at)
    assert answer["verdict"] == "unknown" and "no rows have come" in answer["why"]
    assert answer["measured"] == []


def test_no_row_for_weeks_is_a_source_that_has_stopped(tmp_path: Path) -> None:
    answer = measured(tmp_path, nothing(current()), problem="no rows have come that are newer")
    assert "freshness:at" in keys(answer) or "freshness" in keys(answer), keys(answer)
    assert answer["verdict"] == "failing"


def test_labels_of_another_type_are_a_problem_in_words_while_drift_goes_on(tmp_path: Path) -> None:
    answer = measured(tmp_path, text_labels(current()))
    assert "The label column late was" in answer["parts"]["performance"]["why"]
    assert answer["parts"]["drift"]["verdict"] == "ok"


def test_where_no_label_has_come_there_is_an_estimate_that_says_it_is_one(tmp_path: Path) -> None:
    rows = current()
    since = 700  # the holdout keeps its labels
    late = [value if n < since else None for n, value in enumerate(rows.column("late").to_pylist())]
    answer = measured(tmp_path, replaced(rows, "late", pa.array(late, pa.int64())))
    estimate = answer["estimate"]
    assert estimate["estimated"] and estimate["n"] == 1400 and estimate["assumptions"]
    assert estimate["learnt_on"] == since, "the labelled rows that the version did not learn from"
    (auc,) = (each for each in estimate["readings"] if each["metric"] == "roc_auc")
    assert auc["low"] <= 0.79 <= auc["high"]


def test_a_rival_that_cannot_be_scored_is_no_trouble_of_the_live_version(tmp_path: Path) -> None:
    answer = measured(tmp_path, current(), rival="tiny@0", rival_problem="its environment is gone")
    assert answer["parts"]["bake"]["verdict"] == "cannot tell"
    assert "its environment is gone" in answer["parts"]["bake"]["why"]
    assert answer["verdict"] == "ok"


def test_without_a_time_column_it_is_one_period(tmp_path: Path) -> None:
    answer = measured(tmp_path, current(), time=None, until=None)
    assert len(answer["periods"]["periods"]) == 1 and answer["verdict"] == "ok"


def test_a_column_that_hardly_matters_calls_nobody_unless_it_was_told_already(tmp_path: Path) -> None:
    rows = current()
    moved = replaced(rows, "place", ["A"] * rows.num_rows)  # no part in the predictions, and no new category
    first = measured(tmp_path, moved)
    assert keys(first) == [] and first["told"] == []
    assert "place moved, and the predictions hardly depend on it" in first["parts"]["drift"]["why"]
    second = measured(tmp_path, moved, alarms=first["memory"], told=["place"])
    assert keys(second) == ["drift:place"] and second["told"] == ["place"]


def test_a_rival_that_has_learnt_the_newest_rows_is_not_compared_on_them(tmp_path: Path) -> None:
    rows = current()
    late = np.asarray(rows.column("late").to_numpy(), dtype=np.float64)
    knows = pa.table({"prediction": late.astype(np.int64), "p_0": 0.99 - 0.98 * late, "p_1": 0.01 + 0.98 * late})
    pyarrow.parquet.write_table(knows, tmp_path / "rival.parquet")
    given = {"rival": "tiny@2", "rival_predictions": str(tmp_path / "rival.parquet")}
    assert measured(tmp_path, rows, **given)["rival"]["better"], "made of older data it is simply better"
    learnt = measured(tmp_path, rows, **given, rival_until=stamp(START + 42 * DAY))
    assert not learnt["rival"]["told"] and learnt["verdict"] == "ok"


def test_performance_is_told_by_any_column_and_in_the_ranges_that_somebody_asked_for(tmp_path: Path) -> None:
    rows = current()
    rows = rows.append_column("shift", pa.array(["day" if n % 2 else "night" for n in range(rows.num_rows)]))
    answer = measured(tmp_path, rows, slices=["shift"], bins={"x": [0.25]})
    names = {f"{each['column']}={each['value']}" for one in answer["slices"]["found"] for each in one["conditions"]}
    assert {"shift=day", "shift=night", "x=below 0.25", "x=from 0.25"} <= names, names


def test_the_checks_that_cannot_tell_are_named_beside_the_number_of_those_that_are_well(tmp_path: Path) -> None:
    fresh = table(14, START + 28 * DAY, 3)
    told = measured(tmp_path, fresh, predictions(fresh), key=["place"])["parts"]["quality"]["why"]
    assert "9 of 10 checks are well; not told: place: repeats in training too" in told
def turned(current: pa.Table) -> pa.Table:
    """What a version says that takes one class for the other."""
    right = predictions(current)
    return pa.table({"prediction": 1 - right["prediction"].to_numpy(), "p_0": right["p_1"], "p_1": right["p_0"]})


@pytest.mark.parametrize(("waived", "severity"), [({}, "failing"), ({"better than guessing": "we know"}, "watch")])
def test_a_live_version_that_is_surely_worse_than_guessing_is_failing(
    tmp_path: Path, waived: dict[str, str], severity: str
) -> None:
    rows = current()
    rules = {**job(tmp_path, rows, None)["manifest"], "waivers": waived}
    validated = {"metrics": {"roc_auc": {"value": 0.21, "low": 0.18, "high": 0.25, "n": 700}}}
    answer = measured(tmp_path, rows, turned(rows), validated=validated, manifest=rules)
    told = [each for each in answer["findings"] if each["key"].startswith("guess:")]
    assert [each["key"] for each in told] == ["guess:roc_auc", "guess:log_loss"]
    assert {each["severity"] for each in told} == {severity}
    assert answer["parts"]["performance"]["verdict"] == severity
    assert "is surely worse than guessing (0.500)" in told[0]["why"]


def test_a_version_that_is_better_than_guessing_or_hardly_worse_is_not_called_a_guess(tmp_path: Path) -> None:
    rows = current()
    assert not [key for key in keys(measured(tmp_path, rows)) if key.startswith("guess:")]
    chance = np.random.default_rng(4).random(rows.num_rows)
    blind = pa.table({"prediction": (chance > 0.5).astype(np.int64), "p_0": 1 - chance, "p_1": chance})
    assert "guess:roc_auc" not in keys(measured(tmp_path, rows, blind))


def test_a_look_at_rows_of_which_none_has_a_label_says_so_in_the_words_of_its_periods(tmp_path: Path) -> None:
    answer = measured(tmp_path, replaced(current(), "late", pa.nulls(2100, pa.int64())))
    part = answer["parts"]["performance"]
    assert (part["verdict"], part["why"]) == ("cannot tell", answer["periods"]["sentence"]) and part["why"]


@pytest.mark.parametrize("asked", ["", "\n"])
def test_the_process_measures_when_it_is_asked_and_else_ends_well(
    tmp_path: Path, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = current()
    (tmp_path / "job.json").write_text(json.dumps(job(tmp_path, rows, predictions(rows))), "utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(asked))
    assert main(tmp_path / "job.json") == 0
    assert (tmp_path / "measured.json").exists() == bool(asked)
    if asked:
        assert json.loads((tmp_path / "measured.json").read_text("utf-8"))["verdict"] == "ok"


def test_the_process_that_cannot_measure_ends_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = current()
    (tmp_path / "job.json").write_text(json.dumps(job(tmp_path, rows, predictions(rows))), "utf-8")
    (tmp_path / "current.parquet").write_bytes(b"no parquet")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert main(tmp_path / "job.json") == 1
    assert "The current file cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "measured.json").exists()


@pytest.mark.parametrize(("limit", "broken"), [(0.95, True), (0.74, False)])
def test_a_limit_of_the_manifest_that_the_newest_rows_surely_break_is_failing(
    tmp_path: Path, limit: float, broken: bool
) -> None:
    rows = current()
    gates = [{"kind": "at_least", "metric": "roc_auc", "limit": limit}]
    answer = measured(tmp_path, rows, manifest={**job(tmp_path, rows, None)["manifest"], "gates": gates})
    told = [each for each in answer["findings"] if each["key"] == "limit:roc_auc"]
    assert [each["severity"] for each in told] == (["failing"] if broken else [])
    assert answer["parts"]["performance"]["verdict"] == ("failing" if broken else "ok")
    assert answer["told"] == [], "no column was told"
    if broken:
        assert "is below its limit 0.95 on 1,400 labelled rows" in told[0]["why"]
