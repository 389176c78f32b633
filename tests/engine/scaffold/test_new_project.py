"""A project made from a file: what is guessed, what is refused, and that nothing of the data gets out of its quotes."""

from __future__ import annotations

import ast
import csv
import os
import pickle
import random
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import Damage, Refusal
from engine.projects.manifest.reader import load_manifest
from engine.projects.source.code import inspect
from engine.scaffold import compose, reading, write
from engine.scaffold.look import Look, look
from engine.scaffold.write import make

ROWS = 200


def columns(**more: list[Any]) -> dict[str, list[Any]]:
    draw = random.Random(0)
    return {
        "id": [1000 + n for n in range(ROWS)],
        "at": [f"2026-01-{1 + n % 28:02d}T03:00:00" for n in range(ROWS)],
        "plan": [draw.choice(["basic", "plus"]) for _ in range(ROWS)],
        "spend": [draw.random() * 100 for _ in range(ROWS)],
        "late": [draw.choice(["yes", "no", "no"]) for _ in range(ROWS)],
        **more,
    }


def written(path: Path, table: dict[str, list[Any]], encoding: str = "utf-8", **form: Any) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        rows = csv.writer(file, **form)
        rows.writerow(table)
        rows.writerows(zip(*table.values(), strict=True))
    return path


def seen(target: str = "late", time: str | None = None, key: tuple[str, ...] = (), **more: list[Any]) -> Look:
    return look(pa.table(columns(**more)), target, time, key)


def left_out(found: Look) -> dict[str, str]:
    return {each.name: each.why for each in found.left_out}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return written(tmp_path / "customers.csv", columns())


def test_a_project_is_made_whole_committed_and_accepted_by_the_manifests_own_reader(tmp_path: Path, data: Path) -> None:
    made = make(tmp_path / "churn", data, "late", "at")
    manifest = load_manifest(made.folder)
    assert (manifest.name, manifest.data.target, manifest.data.time, manifest.data.key) == (
        "churn", "late", "at", ("id",),
    )  # fmt: skip
    assert (manifest.validation.task, manifest.validation.positive) == ("binary", "yes")
    assert manifest.validation.segments == ("plan",)
    assert (made.folder / "data/customers.csv").read_bytes() == data.read_bytes()
    source = inspect(made.folder)
    assert (source.dirty, source.branch, source.message) == (False, "main", "A first model for churn")
    assert sorted(os.listdir(tmp_path)) == ["churn", "customers.csv"]


@pytest.mark.parametrize(
    ("values", "task", "metric", "gate"),
    [
        (["a", "b", "c"], "multiclass", "accuracy", "not_below_live_by"),
        (list(range(30)), "regression", "mae", "not_above_live_by"),
    ],
)
def test_metrics_and_gates_fit_the_task(tmp_path: Path, values: list[Any], task: str, metric: str, gate: str) -> None:
    table = columns(y=[values[n % len(values)] for n in range(ROWS)])
    made = make(tmp_path / "churn", written(tmp_path / "a.csv", table), "y")
    manifest = load_manifest(made.folder)
    assert (manifest.validation.task, manifest.validation.metrics[0]) == (task, metric)
    assert [rule.kind for rule in manifest.gates] == [gate, "rows_at_least"]
    kind = "Regressor" if task == "regression" else "Classifier"
    assert f"HistGradientBoosting{kind}(" in (made.folder / "pipeline.py").read_text()


def test_the_task_that_is_said_is_not_guessed(tmp_path: Path) -> None:
    data = written(tmp_path / "a.csv", columns(stars=[1 + n % 5 for n in range(ROWS)]))
    guessed, said = make(tmp_path / "guessed", data, "stars"), make(tmp_path / "said", data, "stars", task="regression")
    assert (guessed.look.task, guessed.guessed) == ("multiclass", True)
    assert (said.look.task, said.guessed) == ("regression", False)
    assert 'task = "regression"                 # as it was said' in (said.folder / "leverframe.toml").read_text()
    many = written(tmp_path / "b.csv", columns(age=[n % 30 for n in range(ROWS)]))
    assert make(tmp_path / "ages", many, "age", task="classification").look.classes[2] == "2"


def test_each_key_of_the_manifest_has_a_comment_on_its_line_or_that_of_its_table(tmp_path: Path, data: Path) -> None:
    made = make(tmp_path / "churn", data, "late")
    text = (made.folder / "leverframe.toml").read_text()
    lines = [line for line in text.splitlines() if " = " in line and not line.startswith("#")]
    said = [line for line in lines if "#" not in line]
    assert [line.partition(" ")[0] for line in said] == ["not_below_live_by", "rows_at_least"]
    assert len(lines) > 15


def test_the_python_file_is_forty_lines_long_and_names_nothing_of_leverframe(tmp_path: Path, data: Path) -> None:
    make(tmp_path / "churn", data, "late", "at")
    text = (tmp_path / "churn/pipeline.py").read_text()
    assert len(text.splitlines()) <= 42
    imported = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert {str(name).partition(".")[0] for name in imported} == {"datetime", "pathlib", "sklearn"}


@pytest.mark.parametrize(
    ("values", "task", "positive"),
    [
        (["good", "bad", "good"], "binary", "bad"),
        (["Yes", "No", "Yes"], "binary", "Yes"),
        ([0, 1, 0], "binary", "1"),
        ([1.0, 0.0, None], "binary", "1"),
        ([True, False, False], "binary", "True"),
        (["a", "b", "c"], "multiclass", None),
        ([3, 4, 10, 5], "multiclass", None),
        (list(range(20)), "regression", None),
        ([0.5, 1.5], "regression", None),
        (["\x1b[31myes", "no", "no"], "binary", None),
    ],
)
def test_the_task_is_told_from_the_target(values: list[Any], task: str, positive: str | None) -> None:
    found = seen("y", y=[values[n % len(values)] for n in range(ROWS)])
    assert (found.task, found.positive) == (task, positive)


def test_a_column_that_teaches_nothing_or_too_much_is_left_out_with_the_reason() -> None:
    answer = columns()["late"]
    said = left_out(
        seen(
            empty=[None] * ROWS,
            same=["EUR"] * ROWS,
            refund=[1.5 if each == "yes" else None for each in answer],
            note=[f"call {n}" for n in range(ROWS)],
            parts=[[n] for n in range(ROWS)],
        )
    )
    assert said["empty"] == "it is empty"
    assert said["same"] == "it has one value only"
    assert said["refund"].startswith("it tells the target alone")
    assert said["note"].startswith("nearly every row")
    assert said["parts"].startswith("of the type list")
    assert not {"plan", "spend"} & set(said)


@pytest.mark.parametrize(("every", "limit"), [(10, None), (2, 0.8), (1, None)])
def test_a_column_with_many_gaps_asks_for_a_gate_that_bears_them(
    tmp_path: Path, every: int, limit: float | None
) -> None:
    mark = ["" if n % every == 0 else f"{n % 3}" for n in range(ROWS)]
    make(tmp_path / "gaps", written(tmp_path / "gaps.csv", columns(mark=mark)), "late")
    rules = load_manifest(tmp_path / "gaps").gates
    assert [rule.limit for rule in rules if rule.kind == "missing_at_most"] == ([limit] if limit else [])


def test_a_time_is_offered_and_taken_only_when_it_is_named(tmp_path: Path) -> None:
    table = reading.read(written(tmp_path / "a.csv", columns())).table
    offered = look(table, "late")
    assert (offered.time, offered.times, left_out(offered)["at"].startswith("a date or time")) == (None, ("at",), True)
    taken = look(table, "late", "at")
    assert (taken.time, taken.times, left_out(taken)) == ("at", (), {})


def test_a_model_that_exists_is_given_every_column_without_a_role_and_is_never_unpickled(
    tmp_path: Path, data: Path
) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "unpickled"),)

    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps({"_sklearn_version": "1.7.2", "trap": Trap()}))
    make(tmp_path / "old", data, "late", key=("id",), model=model)
    assert not (tmp_path / "unpickled").exists()
    assert (tmp_path / "old/model.pkl").read_bytes() == model.read_bytes()
    assert "scikit-learn==1.7.2" in (tmp_path / "old/requirements.txt").read_text()
    assert load_manifest(tmp_path / "old").train.imported == "model.pkl"
    said = load_manifest(tmp_path / "old").data
    assert (said.exclude, said.features) == ((), ("at", "plan", "spend"))
    ast.parse((tmp_path / "old/pipeline.py").read_text())


def test_a_large_file_stays_where_it_is_and_the_manifest_lets_steps_read_it(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "COPIED", 100)
    made = make(tmp_path / "churn", data, "late")
    assert not made.copied
    assert not (made.folder / "data").exists()
    assert load_manifest(made.folder).sandbox.read == (str(data),)
    assert str(data) in (made.folder / "README.md").read_text()


def test_of_a_very_large_file_the_beginning_is_looked_at(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOOKED_AT", 4000)
    found = reading.read(data)
    assert not found.whole
    assert 60 < found.table.num_rows < ROWS
    monkeypatch.setattr(reading, "ROWS_LOOKED_AT", 1)
    pq.write_table(pa.table(columns()), tmp_path / "a.parquet", row_group_size=50)
    monkeypatch.setattr(reading, "BATCH", 50)
    assert not reading.read(tmp_path / "a.parquet").whole


HOSTILE = [
    'a"b', "a'b\\", '"""', "{{ name }}", "{% raw %}", "# x = 1", "größe", "日本", "]", "`a`", "\\N{DASH}", "</b>",
]  # fmt: skip


def test_hostile_names_and_values_stay_in_their_quotes(tmp_path: Path) -> None:
    table = columns()
    for name in HOSTILE:  # each is left out, so that the manifest has to name it
        table[name] = [name] * ROWS
    table['y"]\n'.strip() + '{{"'] = ['x"\n[train]\nrun = "evil:evil"' if n % 3 else "no" for n in range(ROWS)]
    target = list(table)[-1]
    made = make(tmp_path / "churn", written(tmp_path / '"""{{ x }}.csv', table), target, "at")
    manifest = load_manifest(made.folder)
    assert manifest.data.target == target
    assert set(HOSTILE) <= set(manifest.data.exclude)
    assert manifest.train.run.callable == "pipeline:train"
    code = ast.parse((made.folder / "pipeline.py").read_text())
    assert [node.name for node in code.body if isinstance(node, ast.FunctionDef)] == ["extract", "train"]
    assert tomllib.loads((made.folder / "leverframe.toml").read_text())["data"]["source"] == '"""{{ x }}.csv'
    assert (made.folder / "data/data.csv").exists()
    assert "- `'a'`: it has one value only" in (made.folder / "README.md").read_text().splitlines()


def test_a_template_that_writes_text_as_it_came_does_not_compose() -> None:
    with pytest.raises(Damage, match="as it came"):
        compose.templates().from_string("{{ name }}").render(name="x")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "pd.read_csv(DATA)"),
        ({"delimiter": ";"}, "pd.read_csv(DATA, sep=';')"),
        ({"encoding": "latin-1"}, "pd.read_csv(DATA, encoding='latin-1')"),
        ({"encoding": "utf-8-sig"}, "pd.read_csv(DATA)"),
    ],
)
def test_a_csv_of_another_kind_is_read_and_the_code_reads_it_alike(
    tmp_path: Path, form: dict[str, Any], words: str
) -> None:
    table = columns(größe=["groß" if n % 2 else "klein" for n in range(ROWS)])
    found = reading.read(written(tmp_path / "a.csv", table, **form))
    assert found.table.column_names == list(table)
    assert found.read == words


def test_a_csv_of_a_thousand_columns_is_looked_at(tmp_path: Path) -> None:
    draw = random.Random(1)
    many = {f"c{n}": [draw.random() for _ in range(60)] for n in range(1000)}
    table = {**many, "y": [n % 2 for n in range(60)]}
    assert len(make(tmp_path / "wide", written(tmp_path / "wide.csv", table), "y").look.features) > 950


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"data": "nothing.csv"}, "is not there; name a file of data"),
        ({"data": "notes.md"}, "is no .csv, no .parquet and no .sql"),
        ({"data": "header.csv"}, "has 0 rows with a value in 'late'"),
        ({"data": "broken.csv"}, "cannot be read as CSV"),
        ({"data": "zeros.csv"}, "holds no text that is CSV"),
        ({"data": "empty.csv"}, "holds no text that is CSV"),
        ({"data": "broken.parquet"}, "cannot be read as parquet"),
        ({"data": "twice.csv"}, "has two columns 'late'"),
        ({"data": "newline.csv"}, "a name that leverframe.toml could not say"),
        ({"target": "lat"}, "no such column; did you mean 'late'?"),
        ({"target": "zzz"}, "no such column; there are 'id', 'at'"),
        ({"time": "att"}, "--time names 'att'"),
        ({"key": ("idd",)}, "--key names 'idd'"),
        ({"time": "plan"}, "does not hold times"),
        ({"time": "late"}, "is the target"),
        ({"target": "gone"}, "has no value in any row"),
        ({"target": "same"}, "is 'EUR' in every row"),
        ({"target": "note"}, "200 different values"),
        ({"target": "at"}, "name a column of numbers or of text"),
        ({"name": "Churn_1"}, "cannot be a project's name; it must be a-z"),
        ({"name": "full"}, "is not empty"),
        ({"name": "customers.csv"}, "cannot be a project's name"),
        ({"name": "away/churn"}, "to make the project in; make it first"),
        ({"model": "nothing.joblib"}, "name a model's file with --from-model"),
        ({"task": "regression", "target": "plan"}, "holds no numbers, which a regression predicts"),
        ({"task": "classification", "target": "spend"}, "200 different values, and at most 50"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, words: dict[str, Any], why: str
) -> None:
    same, note = ["EUR"] * ROWS, [f"call {n}" for n in range(ROWS)]
    written(tmp_path / "customers.csv", columns(same=same, note=note, gone=[""] * ROWS))
    (tmp_path / "header.csv").write_text("id,late\n")
    (tmp_path / "broken.csv").write_text("a,late\n1,2\n1,2,3\n")
    (tmp_path / "zeros.csv").write_bytes(b"a,late\n\0\0\n")
    (tmp_path / "empty.csv").write_text("\n")
    (tmp_path / "broken.parquet").write_text("no")
    (tmp_path / "notes.md").write_text("a,late\n")
    (tmp_path / "twice.csv").write_text("late,late\n1,2\n")
    (tmp_path / "newline.csv").write_text('"a\nb",late\n1,2\n')
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    before = sorted(os.listdir(tmp_path))
    given = {"data": "customers.csv", "target": "late", "time": None, "key": (), "model": None, **words}
    model = tmp_path / given["model"] if given["model"] else None
    with pytest.raises(Refusal) as refused:
        make(
            tmp_path / given.get("name", "churn"), tmp_path / given["data"], given["target"], given["time"],
            given["key"], model, task=given.get("task"),
        )  # fmt: skip
    said = str(refused.value)
    assert why in said
    assert said.count("\n") == 0 and said[-1] in ".?"
    assert sorted(os.listdir(tmp_path)) == before


def test_an_empty_folder_is_filled_and_a_failed_commit_leaves_it_empty(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "churn").mkdir()
    with monkeypatch.context() as broken:
        broken.setenv("PATH", "")
        with pytest.raises(Refusal, match="git is not on the PATH"):
            make(tmp_path / "churn", data, "late")
    assert os.listdir(tmp_path / "churn") == []
    assert sorted(os.listdir(tmp_path)) == ["churn", "customers.csv"]
    make(tmp_path / "churn", data, "late")
    log = subprocess.run(["git", "log", "--format=%an"], cwd=tmp_path / "churn", capture_output=True, text=True)
    assert log.stdout == "leverframe new\n"
