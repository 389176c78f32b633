"""A single row, without a column of times, is read the quickest way of all: nothing is taken that others are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.projects.manifest.records import ServeSpec
from tests.engine.serving.serving_fakes import FEATURES, GOOD, Echo, Place, held

UNTIMED = FEATURES[:4]
ROW = {name: GOOD[name] for name in UNTIMED}


def asked(body: str, features: tuple[str, ...] = UNTIMED, **spec: Any) -> tuple[int, Any]:
    return Place(held(scorer=Echo(features), spec=ServeSpec(realtime=True, **spec))).score(body.encode())


def test_it_is_answered() -> None:
    status, answer = asked(json.dumps({"records": [ROW]}))
    assert (status, answer["predictions"], answer["told"]) == (200, [{"prediction": 0.3, "p_of rows": 1.0}], [])


@pytest.mark.parametrize("known", ["Fair", None])
def test_a_category_that_was_never_seen_is_told_of_it(known: str | None) -> None:
    body = json.dumps({"records": [{**ROW, "cut: grade": "Poor"}]})
    status, answer = asked(body)
    assert status == 200 and [(each["column"], each["value"]) for each in answer["told"]] == [("cut: grade", "Poor")]
    assert asked(body, unseen="refuse")[0] == 422
    assert asked(json.dumps({"records": [{**ROW, "cut: grade": known}]}))[1]["told"] == []


@pytest.mark.parametrize("features", [UNTIMED, FEATURES])
@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("name", ["stones", "cut: grade"])
def test_a_name_that_stands_twice_is_refused_however_another_is_written(
    features: tuple[str, ...], escaped: bool, name: str
) -> None:
    """A name with a colon that is written as an escape has one less, which leaves room for one more."""
    row = json.dumps({each: GOOD[each] for each in features})
    row = row.replace('"cut: grade"', '"cut\\u003a grade"') if escaped else row
    status, answer = asked(f'{{"records": [{row[:-1]}, {json.dumps(name)}: {json.dumps(GOOD[name])}}}]}}', features)
    assert status == 422 and [(each["column"], each["said"]) for each in answer["wrong"]] == [
        (name, "stands there twice")
    ]
