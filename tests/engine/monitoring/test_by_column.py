"""Performance is looked at by whatever column somebody asks for, over all rows, when they ask."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import Invalid
from engine.monitoring.performance.by_column import read_asked
from tests.engine.monitoring.test_measure import current, keys, measured
from tests.version_documents import WHOLE

DOCUMENT = replace(
    WHOLE,
    settings={"data": {"target": "late", "sensitive": ["email"]}},
    schema={"columns": [{"name": name} for name in ("carrier", "distance", "email", "late", "a b")]},
)
EQUALS = replace(
    WHOLE,
    schema={"columns": [{"name": n, "type": t} for n, t in (("a=b", "number"), ("a=b=c", "text"), ("a", "text"))]},
)


def test_columns_alone_and_with_edges_are_understood() -> None:
    asked = read_asked(["carrier", " distance=500,1000.5 ", "a b"], DOCUMENT)
    assert asked == {"carrier": (), "distance": (500.0, 1000.5), "a b": ()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("carier", "has no column 'carier'; did you mean 'carrier'\\?$"),
        ("\x1b[2J", "has no column '.*'; it has carrier, distance, email, late, a b\\.$"),
        ("email", "'email' is sensitive"),
        ("late", "'late' is what is predicted"),
        ("distance=", "write a column"),
        ("distance=2,1", "rising numbers"),
        ("distance=nan", "rising numbers"),
        ("distance=" + ",".join(str(n) for n in range(21)), "at most 20 rising numbers"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        read_asked([text], DOCUMENT)
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        (["a=b=c"], {"a=b=c": ()}),
        (["a=b", "a"], {"a=b": (), "a": ()}),
        (["a=b=0.5,1"], {"a=b": (0.5, 1.0)}),
        ([" a=b = 0.5 , 1 "], {"a=b": (0.5, 1.0)}),
    ],
)
def test_a_column_may_have_the_sign_in_its_name(texts: list[str], asked: dict[str, tuple[float, ...]]) -> None:
    assert read_asked(texts, EQUALS) == asked


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["a=b=d"], "^'a=b=d' is not understood; write a column"),
        (["a=b=c=d"], "^'a=b=c=d' is not understood"),
        (["b=1=2"], "has no column 'b=1'"),
        (["a==1"], "has no column 'a='; did you mean"),
        (["=1"], "has no column ''"),
        (["="], "^'=' is not understood"),
        ([""], "has no column ''"),
        (["a=1,2"], "^'a' holds text, which has no ranges of numbers; ask for it alone"),
        (["a=b", "a=b=1"], "^'a=b' is asked for twice"),
    ],
)
def test_signs_where_they_say_nothing_are_refused_in_words(texts: list[str], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_asked(texts, EQUALS)


def test_more_than_a_screenful_of_columns_is_refused() -> None:
    columns = {"columns": [{"name": f"c{n}"} for n in range(20)]}
    with pytest.raises(Invalid, match="at most 10 at a time"):
        read_asked([f"c{n}" for n in range(11)], replace(DOCUMENT, schema=columns))


def test_every_part_of_the_column_is_told_with_count_interval_and_trend(tmp_path: Path) -> None:
    answer = measured(tmp_path, current(), by={"x": [0.25, 0.5], "place": []})
    by = answer["by"]
    parts = sorted(each["conditions"][0]["value"] for each in by["x"]["found"])
    assert parts == ["0.25 to 0.5", "below 0.25", "from 0.5"]
    assert len(by["place"]["found"]) == by["place"]["tried"] == 3
    for each in (*by["x"]["found"], *by["place"]["found"]):
        assert each["n"] > 300 and each["low"] < each["value"] < each["high"] and each["trend"]


def test_asking_changes_nothing_else_that_the_look_finds(tmp_path: Path) -> None:
    plain, asked = measured(tmp_path, current()), measured(tmp_path, current(), by={"place": []})
    assert (plain.pop("by"), sorted(asked.pop("by"))) == ({}, ["place"])
    assert plain == asked and keys(plain) == keys(asked)


def test_a_column_that_extract_lost_since_has_no_part(tmp_path: Path) -> None:
    answer = measured(tmp_path, current(), by={"gone": []})
    assert answer["by"]["gone"]["found"] == []
