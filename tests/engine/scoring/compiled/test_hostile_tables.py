"""Tables come from a process that ran the project's code: whatever stands in them, they are refused or they answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from engine.errors import Damage, StepFailed
from engine.scoring.compiled.scorer import CompiledScorer
from tests.compiled_models import NUMBERS, classes, rows_of, table_of, training, write

FRAME = training().head(60)
ROWS, TABLE = rows_of(FRAME), table_of(FRAME)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with all that there is: look-ups, a match, codes, trees of text and of numbers."""
    folder = tmp_path_factory.mktemp("whole") / "compiled"
    columns = ColumnTransformer(
        [
            ("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), ["kind", "shop"]),
            ("hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["count"]),
            ("plain", "passthrough", NUMBERS),
        ]
    )
    trees = HistGradientBoostingClassifier(max_iter=3, categorical_features=[0, 1], min_samples_leaf=5)
    frame = training()
    write(make_pipeline(columns, trees).fit(frame, classes(frame, 2)), frame, folder)
    return folder


def tried(folder: Path) -> str:
    """What comes of tables: that they are damaged, that a row cannot be scored, or answers."""
    try:
        scorer = CompiledScorer.read(folder)
    except Damage:
        return "damaged"
    try:
        answers, table = scorer.answer(ROWS), scorer.score(TABLE)
    except StepFailed:
        return "refused"
    assert len(answers) == table.num_rows == len(ROWS)
    return "answered"


def test_the_tables_that_are_changed_here_are_whole(whole: Path) -> None:
    assert tried(whole) == "answered"


def changed(whole: Path, folder: Path, said: Any = None, **files: bytes) -> Path:
    shutil.copytree(whole, folder, dirs_exist_ok=True)
    if said is not None:
        (folder / "model.json").write_text(json.dumps(said), "utf-8")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return folder


def document(whole: Path) -> Any:
    return json.loads((whole / "model.json").read_text("utf-8"))


def places(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value in a document, and to what holds it."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way, *(found for key, value in inner for found in places(value, (*way, key)))]


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 30), st.sampled_from([2**31, 2**64, -(2**70), 10**400]),
    st.floats(), st.sampled_from(["", "gap", "number", "match", "exp", "\ud800", "softmax", "largest_chance"]),
    st.lists(st.integers(-1, 3), max_size=3), st.just({}), st.just({"at": 0, "count": 2}),
)  # fmt: skip


@given(drawn=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_value_of_the_document_that_is_another_harms_nothing(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, drawn: st.DataObject
) -> None:
    said = document(whole)
    for _ in range(drawn.draw(st.integers(1, 2))):
        way = drawn.draw(st.sampled_from([way for way in places(said) if way]))
        holder = said
        for key in way[:-1]:
            holder = holder[key]
        if drawn.draw(st.booleans()):
            holder[way[-1]] = drawn.draw(ANYTHING)
        else:
            del holder[way[-1]]
    tried(changed(whole, tmp_path_factory.mktemp("changed"), said))


@pytest.mark.parametrize("at", [-1, 10**9])
def test_a_span_that_lies_outside_of_its_file_is_refused_for_that(whole: Path, tmp_path: Path, at: int) -> None:
    spans = [way[:-1] for way in places(document(whole)) if way and way[-1] == "at"]
    assert len(spans) > 5
    for number, way in enumerate(spans):
        said = holder = document(whole)
        for each in way:
            holder = holder[each]
        holder["at"] = at
        with pytest.raises(Damage, match="points to numbers that are not there"):
            CompiledScorer.read(changed(whole, tmp_path / str(number), said))


@given(drawn=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_number_that_is_another_harms_nothing(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, drawn: st.DataObject
) -> None:
    name = drawn.draw(st.sampled_from(["numbers.bin", "places.bin"]))
    kind, other = ("<f8", st.floats()) if name == "numbers.bin" else ("<i4", st.integers(-3, 500))
    values = np.frombuffer((whole / name).read_bytes(), dtype=kind).copy()
    for _ in range(drawn.draw(st.integers(1, 3))):
        values[drawn.draw(st.integers(0, len(values) - 1))] = drawn.draw(other)
    tried(changed(whole, tmp_path_factory.mktemp("changed"), **{name.replace(".", "_"): values.tobytes()}))


def trees_changed(whole: Path, folder: Path, name: str, at: int, value: int) -> Path:
    """One place of the trees' ``name`` is another."""
    values = np.frombuffer((whole / "places.bin").read_bytes(), dtype="<i4").copy()
    values[document(whole)["trees"][name]["at"] + at] = value
    return changed(whole, folder, places_bin=values.tobytes())


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("left", 0, "a node leads back, or out of its tree"),
        ("right", 0, "a node leads back, or out of its tree"),
        ("left", 10**6, "a node leads back, or out of its tree"),
        ("left", 3, "a node has no parent, or two"),
        ("feature", 99, "a node asks for an input that is not there"),
        ("feature", -2, "a node asks for an input that is not there"),
        ("gap", 2, "which way a row goes is neither left nor right"),
        ("place", 10**6, "a node asks for a code where there is none"),
        ("roots", 1, "its trees do not follow one another"),
        ("targets", 1, "a tree adds to a score that is not there"),
    ],
)
def test_trees_that_are_none_are_refused_with_why(
    whole: Path, tmp_path: Path, name: str, value: int, why: str
) -> None:
    with pytest.raises(Damage, match=why):
        CompiledScorer.read(trees_changed(whole, tmp_path, name, 0, value))


@pytest.mark.parametrize("label", [[], {}, None, 1.5, "0", True])
def test_a_label_of_another_type_is_refused(whole: Path, tmp_path: Path, label: Any) -> None:
    said = document(whole)
    said["labels"][0] = label
    with pytest.raises(Damage, match="its labels are of another type than it says"):
        CompiledScorer.read(changed(whole, tmp_path, said))


def test_a_leaf_that_gives_what_is_not_there_is_refused(whole: Path, tmp_path: Path) -> None:
    said = document(whole)["trees"]
    features = np.frombuffer((whole / "places.bin").read_bytes(), dtype="<i4")[said["feature"]["at"] :]
    leaf = int(np.flatnonzero(features[: said["feature"]["count"]] < 0)[0])
    with pytest.raises(Damage, match="a leaf gives what is not there"):
        CompiledScorer.read(trees_changed(whole, tmp_path, "left", leaf, said["values"]["count"]))


def numbers_changed(whole: Path, folder: Path, span: Any, at: int, value: float) -> Path:
    values = np.frombuffer((whole / "numbers.bin").read_bytes(), dtype="<f8").copy()
    values[span["at"] + at] = value
    return changed(whole, folder, numbers_bin=values.tobytes())


@pytest.mark.parametrize(
    ("part", "value", "why"),
    [
        ("values", float("nan"), "what a leaf gives is no number"),
        ("values", float("inf"), "what a leaf gives is no number"),
        ("threshold", float("nan"), "a threshold is no number"),
    ],
)
def test_numbers_that_are_none_are_refused_with_why(
    whole: Path, tmp_path: Path, part: str, value: float, why: str
) -> None:
    with pytest.raises(Damage, match=why):
        CompiledScorer.read(numbers_changed(whole, tmp_path, document(whole)["trees"][part], 0, value))


def test_codes_and_values_that_do_not_fit_are_refused(whole: Path, tmp_path: Path) -> None:
    coded = next(each for each in document(whole)["operations"] if each.get("codes", 0) > 2)
    with pytest.raises(Damage, match="codes that are none"):
        CompiledScorer.read(numbers_changed(whole, tmp_path / "codes", coded["numbers"], 0, 0.5))
    matched = next(each for each in document(whole)["operations"] if each["do"] == "match")
    with pytest.raises(Damage, match="values do not grow"):
        CompiledScorer.read(numbers_changed(whole, tmp_path / "values", matched["values"], 0, 1e9))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[" * 100_000, "cannot be used"),
        (b'{"form": NaN}', "NaN"),
        (b"\xff\xfe", "cannot be used"),
        (b"null", "an object was expected"),
        (b'{"divide": ' + b"9" * 5000 + b"}", "cannot be used"),
    ],
)
def test_a_document_that_is_none_is_refused(whole: Path, tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(Damage, match=why):
        CompiledScorer.read(changed(whole, tmp_path, model_json=content))


def test_a_file_that_ends_early_or_is_a_link_is_refused(whole: Path, tmp_path: Path) -> None:
    folder = changed(whole, tmp_path / "early")
    (folder / "numbers.bin").write_bytes((whole / "numbers.bin").read_bytes()[:-3])
    with pytest.raises(Damage, match="ends in the middle"):
        CompiledScorer.read(folder)
    linked = changed(whole, tmp_path / "linked")
    (linked / "model.json").unlink()
    (linked / "model.json").symlink_to(whole / "model.json")
    with pytest.raises(Damage, match="it is a link"):
        CompiledScorer.read(linked)
    with pytest.raises(Damage, match="cannot be used"):
        CompiledScorer.read(tmp_path / "nowhere")


def test_a_name_goes_into_no_code(whole: Path, tmp_path: Path) -> None:
    """Columns and categories that are Python's own text are looked up, never run."""
    said = document(whole)
    said["features"][0]["name"] = "f0\n import os; os.abort()"
    said["vocabularies"][0]["values"][0] = "'); raise SystemExit(7)  #"
    assert tried(changed(whole, tmp_path, said)) == "refused"  # The table has no column of that name.
    scorer = CompiledScorer.read(tmp_path)
    assert len(scorer.answer(ROWS)) == len(ROWS)
