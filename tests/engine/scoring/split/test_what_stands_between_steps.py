"""What first steps make goes to tables as it is, or not at all: each difference to what stood there when the version
was made is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.compiled_models import compiler

NAN = float("nan")
BIG = 2**53 + 1


def first() -> Any:
    return compiler().beside("first_steps")


def said(made: Any, *unused: str) -> dict[str, Any]:
    """What is said of it, each column used but for those."""
    about: dict[str, Any] = first().described(made)
    return {**about, "columns": [{**each, "used": each["name"] not in unused} for each in about["columns"]]}


def objects(*values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": pd.Series(list(values), dtype=object)})


def categories(*values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": pd.Categorical(list(values))})


def of_objects(*values: Any) -> pd.DataFrame:
    """A category of them, whatever they are."""
    return pd.DataFrame({"a": pd.Categorical(list(values), categories=pd.Index(list(values), dtype=object))})


def numbers(kind: str, *values: Any) -> pd.DataFrame:
    return pd.DataFrame({"a": np.array(list(values), dtype=kind)})


MADE = [
    pytest.param(numbers("float64", 1.5, NAN), [1.5, NAN], id="numbers with a gap"),
    pytest.param(numbers("float64", np.inf, -0.0), [np.inf, -0.0], id="endless numbers"),
    pytest.param(numbers("float32", 1.5), [1.5], id="numbers of 32 bits"),
    pytest.param(numbers("int64", -3, BIG), [-3, BIG], id="whole numbers, which are bounded by whoever asks"),
    pytest.param(numbers("bool", True, False), [True, False], id="truth values"),
    pytest.param(numbers("uint8", 255), [255], id="small whole numbers"),
    pytest.param(pd.DataFrame({"a": ["x", "", "ä"]}), ["x", "", "ä"], id="text of pandas' own"),
    pytest.param(pd.DataFrame({"a": pd.Series(["x", None], dtype="str")}), ["x", None], id="text with a gap"),
    pytest.param(objects("x", None), ["x", None], id="objects, None a gap"),
    pytest.param(objects("x", NAN), ["x", None], id="objects, nan a gap"),
    pytest.param(categories("y", "x", None), ["y", "x", None], id="categories of text"),
    pytest.param(categories(3, 1, None), [3.0, 1.0, NAN], id="categories of numbers"),
    pytest.param(np.array([[1.5], [NAN]]), [1.5, NAN], id="an array"),
    pytest.param(np.array([[1.5, 2.5]], order="F"), [1.5], id="an array column by column"),
]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("made", "values"), MADE)
def test_what_was_there_goes_as_it_is(made: Any, values: list[Any], quick: bool) -> None:
    table = first().arrow(made, said(made), len(made), quick)
    assert str(table.column(0).to_pylist()) == str(values)


ANOTHER = [
    pytest.param(numbers("int64", 1), numbers("float64", 1), "of the type float64, and not int64", id="whole or not"),
    pytest.param(numbers("float64", 1), numbers("float32", 1), "of the type float32", id="fewer bits"),
    pytest.param(numbers("int64", 1), numbers("bool", 1), "of the type bool", id="truth for numbers"),
    pytest.param(numbers("bool", 1), objects(True, None), "of the type object", id="truth with a gap"),
    pytest.param(numbers("float64", 1), pd.DataFrame({"a": ["1"]}), "of the type", id="text for numbers"),
    pytest.param(numbers("int64", 1), pd.DataFrame({"a": pd.array([1, None], "Int64")}), "of the type Int64", id="NA"),
    pytest.param(objects("x", None), objects("x", NAN), "a gap that it had not", id="nan for None"),
    pytest.param(objects("x", NAN), objects("x", None), "a gap that it had not", id="None for nan"),
    pytest.param(objects("x"), objects("x", None), "a gap that it had not", id="a gap where none was seen"),
    pytest.param(objects("x", NAN), objects("x", 1.5), "something else than text", id="a number that is no gap"),
    pytest.param(objects("x"), objects("x", 7), "something else than text", id="a number among text"),
    pytest.param(objects("x"), objects(np.str_("x")), "something else than text", id="text of another kind"),
    pytest.param(objects("x"), objects("\ud800"), "text that Arrow cannot", id="half a character"),
    pytest.param(objects("x"), categories("x"), "of the type category of", id="categories for text"),
    pytest.param(categories("x"), categories(1), "of the type category of int64", id="other categories"),
    pytest.param(of_objects("x"), of_objects("x", 7), "categories that are no text", id="numbers among categories"),
    pytest.param(categories(1), categories(1, BIG), "more than 53 bits", id="categories that floats cannot hold"),
    pytest.param(numbers("float64", 1), numbers("float64", 1).rename(columns={"a": "b"}), "other columns", id="a name"),
    pytest.param(numbers("float64", 1), numbers("float64", 1).assign(b=1), "other columns", id="one more"),
    pytest.param(np.ones((2, 2)), np.ones((2, 3)), "no array of 2 columns of float64", id="an array with one more"),
    pytest.param(np.ones((2, 2)), np.ones((2, 2), int), "no array of 2 columns of float64", id="an array of others"),
    pytest.param(np.ones((2, 1)), pd.DataFrame(np.ones((2, 1))), "no array", id="a DataFrame for an array"),
    pytest.param(numbers("float64", 1), np.ones((1, 1)), "other columns", id="an array for a DataFrame"),
    pytest.param(numbers("float64", 1), numbers("float64", 1)["a"], "no DataFrame or array", id="a single column"),
    pytest.param(np.ones((2, 1)), np.ones(2), "no DataFrame or array", id="an array of one dimension"),
    pytest.param(np.ones((2, 1)), None, "no DataFrame or array", id="nothing"),
]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("made", "then", "why"), ANOTHER)
def test_what_is_otherwise_is_found(made: Any, then: Any, why: str, quick: bool) -> None:
    about = said(made)
    with pytest.raises(first().Otherwise, match=why):
        first().arrow(then, about, len(then) if hasattr(then, "__len__") else 1, quick)


def test_rows_that_are_lost_are_found() -> None:
    made = numbers("float64", 1, 2)
    with pytest.raises(first().Otherwise, match="with a row for each"):
        first().arrow(made.iloc[:1], said(made), 2)


def test_of_columns_that_nothing_asks_for_only_the_names_count() -> None:
    made = numbers("float64", 1).assign(b=[object()])
    table = first().arrow(made.assign(b=2.5), said(made, "b"), 1)
    assert table.column_names == ["a"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (np.array([["x"]], dtype=object), "an array of text or objects"),
        (np.array([["x"]]), "an array of text or objects"),
        (np.ones((1, 1), "float16"), "an array of float16"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two of its columns have one name"),
        (pd.DataFrame([[1, 2]]), "names that are no text"),
        ([[1.0]], "it is a list"),
    ],
)
def test_what_no_tables_can_be_behind_is_not_described(made: Any, why: str) -> None:
    with pytest.raises(first().Otherwise, match=why):
        first().described(made)


class Frame(pd.DataFrame):
    """One that cannot be looked at as pandas' own."""

    @property
    def columns(self) -> Any:  # type: ignore[override]
        raise RuntimeError("no")


class Step:
    """A first step that does as it is told."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.transform = function


def steps(function: Callable[[Any], Any]) -> Any:
    model = make_pipeline(FunctionTransformer(), FunctionTransformer())
    model.steps[0] = ("own", Step(function))
    return first().FirstSteps(model, lambda rows: rows, {**said(numbers("float64", 1)), "steps": 1})


def test_the_whole_pipeline_answers_where_looking_fails_and_a_step_that_raises_is_heard() -> None:
    assert steps(lambda rows: rows).table(numbers("float64", 1))[0].num_rows == 1
    assert steps(Frame).table(numbers("float64", 1)) == (None, "it cannot be looked at (RuntimeError)")
    with pytest.raises(ZeroDivisionError):
        steps(lambda rows: 1 / 0).table(numbers("float64", 1))


def test_a_quick_way_that_says_otherwise_of_the_first_rows_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def other(frame: pd.DataFrame) -> Any:
        asked.append(len(frame))
        return iter([frame["a"].to_numpy() + 1])

    monkeypatch.setattr(first(), "quick_arrays", other)
    own = steps(lambda rows: rows)
    for rows in (2, 3, 4):
        assert own.table(numbers("float64", *range(rows)))[0].column("a").to_pylist() == list(range(rows))
    assert asked == [2]
