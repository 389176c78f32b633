"""Rows that do not fit the version get a 422 that names row, column, value and what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.serving.serving_fakes import FEATURES, GOOD, place


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in GOOD.items() if each != name}


@pytest.mark.parametrize(
    ("record", "column", "value", "said", "allowed"),
    [
        ({**GOOD, "carat": "0.3"}, "carat", "0.3", "is a text", "a number"),
        ({**GOOD, "carat": True}, "carat", True, "is true or false", "a number"),
        ({**GOOD, "carat": None}, "carat", None, "is null, and training had no gap here", "a number"),
        ({**GOOD, "carat": [1]}, "carat", "[…]", "is a list", "a number"),
        ({**GOOD, "carat": {}}, "carat", "{…}", "is an object", "a number"),
        ({**GOOD, "carat": float("nan")}, "carat", "NaN", "is a number out of range", "a number"),
        ({**GOOD, "carat": float("-inf")}, "carat", "-Infinity", "is a number out of range", "a number"),
        ({**GOOD, "stones": 1.5}, "stones", 1.5, "is a number", "a whole number"),
        ({**GOOD, "stones": 2**63}, "stones", str(2**63), "is a number out of range", "a whole number"),
        ({**GOOD, "set": 1}, "set", 1, "is a number", "true or false or null"),
        ({**GOOD, "cut: grade": 3}, "cut: grade", 3, "is a number", "a text: Fair, Ideal or null"),
        ({**GOOD, "cut: grade": "Ideal\ud800"}, "cut: grade", "Ideal", "holds half of a character", "a text: Fair"),
        ({**GOOD, "listed": "2026-11-30"}, "listed", "2026-11-30", "is not written like that", "a moment with its"),
        (without("carat"), "carat", None, "is missing", "a number"),
        ({**GOOD, "karat": 1}, "karat", 1, "is no column of the version; did you mean 'carat'", "carat, cut: grade"),
        ({**GOOD, "listing": "x"}, "listing", "x", "is a text", "a whole number"),
    ],
)
def test_row_column_value_and_what_is_allowed_are_named(
    record: dict[str, Any], column: str, value: Any, said: str, allowed: str
) -> None:
    status, answer = place().score({"records": [GOOD, record]})
    (wrong,) = answer["wrong"]
    assert status == 422
    assert (wrong["row"], wrong["column"], wrong["value"], wrong["said"]) == (1, column, value, said)
    assert wrong["allowed"].startswith(allowed)
    assert answer["error"].startswith(f"Row 1: '{column}' {said}; allowed: ")


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "9" * 5000])
def test_numbers_that_nothing_holds_are_told_and_bounded(number: str) -> None:
    body = json.dumps({"records": [GOOD]}).replace("0.3", number).encode()
    status, answer = place().score(body)
    assert status == 422 and answer["wrong"][0]["said"] == "is a number out of range"
    assert len(answer["wrong"][0]["value"]) <= 60


def test_what_is_right_in_another_way_of_writing_is_answered() -> None:
    body = b'{"records": [{"carat": 1, "cut: grade": "a:b\\u003a", "stones": 3.0, "set": null, "listed": '
    body += b'"2026-11-30T06:25:00Z"}]}'
    there = place()
    status, answer = there.score(body)
    assert status == 200 and there.noted[0].rows[0] == (1.0, "a:b:", 3, None, "2026-11-30T06:25:00Z")
    assert isinstance(there.noted[0].rows[0][2], int) and answer["told"][0]["value"] == "a:b:"


@pytest.mark.parametrize(
    "body",
    [
        b'{"records": [{"carat": 1, "carat": 2, "cut: grade": null, "stones": 1, "set": null, "listed": null}]}',
        b'{"records": [{"carat": 1, "\\u0063arat": 2, "cut: grade": null, "stones": 1, "set": null, "listed": null}]}',
        # With the same number of colons, were they counted with those in texts that are written without one.
        b'{"records": [{"carat": 1, "carat": 2, "cut: grade": "\\u003a", "stones": 1, "set": null, "listed": null}]}',
        b'{"columns": {"carat": [1], "carat": [2], "cut: grade": [null], "stones": [1],'
        b' "set": [null], "listed": [null]}}',
    ],
)  # fmt: skip
def test_a_name_that_stands_twice_is_found(body: bytes) -> None:
    status, answer = place().score(body)
    assert (status, answer["wrong"][0]["column"], answer["wrong"][0]["said"]) == (422, "carat", "stands there twice")


def test_the_body_itself_may_not_say_a_thing_twice_either() -> None:
    rows = json.dumps([GOOD])
    status, answer = place().score(f'{{"records": {rows}, "records": {rows}}}'.encode())
    assert status == 422 and answer["error"] == "The body has 'records' twice; write it once."


def test_a_category_that_was_never_seen_is_told_and_answered() -> None:
    status, answer = place().score({"records": [GOOD, {**GOOD, "cut: grade": "\x1b[2JGood"}]})
    assert status == 200 and len(answer["predictions"]) == 2
    assert answer["told"] == [
        {"row": 1, "column": "cut: grade", "value": "Good", "said": "never seen in training"}
    ]  # fmt: skip


def test_or_refused_where_the_manifest_says_so() -> None:
    status, answer = place(unseen="refuse").score({"records": [GOOD, {**GOOD, "cut: grade": "Good"}]})
    assert status == 422
    assert answer["error"] == "Row 1: 'cut: grade' was never seen in training; allowed: a text: Fair, Ideal or null."
    assert place(unseen="refuse").score({"records": [GOOD]})[0] == 200


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "The body is no JSON"),
        (b"[", 400, "The body is no JSON"),
        (b"{'records': []}", 400, "The body is no JSON"),
        (b'{"records": []} x', 400, "extra data, line 1, column 17"),
        (b"\xff\xfe{}", 400, "no UTF-8 text from byte 0"),
        ("\ufeff{}".encode(), 400, "The body is no JSON"),
        ('{"records": []}'.encode("utf-16"), 400, "no UTF-8"),
        (b"[" * 200_000, 400, "nested too deeply"),
        (b'{"records": ' + b"[" * 200_000, 400, "nested too deeply"),
        (b'{"records": [' + b'{"a":' * 100_000, 400, "nested too deeply"),
        (b"[]", 422, "The body is no object; write {"),
        (b"3", 422, "The body is no object"),
        (b"{}", 422, "The body has no rows; write {"),
        (b'{"rows": []}', 422, "The body has 'rows', which means nothing here"),
        (b'{"records": null}', 422, "'records' is no list"),
        (b'{"records": {}}', 422, "'records' is no list"),
        (b'{"columns": []}', 422, "'columns' is no object"),
        (b'{"records": [], "columns": {}}', 422, "both records and columns"),
        (b'{"records": []}', 422, "The request has no row"),
        (b'{"records": [3]}', 422, "Row 0: is no object"),
        (b'{"records": [{}]}', 422, "Row 0: 'carat' is missing"),
    ],
)
def test_what_is_no_request_is_told_as_what_it_is(body: bytes, status: int, said: str) -> None:
    found, answer = place().score(body)
    assert found == status and said in answer["error"], answer


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"carat": []}, "'carat' has fewer values than others; allowed: 1 values"),
        ({"carat": 3}, "'carat' is no list"),
        ({"carat": ["x"]}, "Row 0: 'carat' is a text"),
        ({name: [] for name in FEATURES}, "The request has no row"),
    ],
)
def test_columns_have_to_fit_each_other(change: dict[str, Any], said: str) -> None:
    status, answer = place().score({"columns": {**{name: [value] for name, value in GOOD.items()}, **change}})
    assert status == 422 and said in answer["error"], answer


def test_rows_beyond_the_manifests_number_are_not_answered() -> None:
    assert place(rows=2).score({"records": [GOOD] * 2})[0] == 200
    status, answer = place(rows=2).score({"records": [GOOD] * 3})
    assert (status, answer["error"]) == (413, "The request has 3 rows; at most 2 are answered at once.")
    assert place(rows=2).score({"columns": {name: [value] * 3 for name, value in GOOD.items()}})[0] == 413


def test_a_thousand_mistakes_are_counted_and_twenty_told() -> None:
    status, answer = place().score({"records": [{**GOOD, "carat": "x" * 10_000}] * 5000})
    assert status == 422 and len(answer["wrong"]) == 20 and answer["more"] == 980
    assert len(json.dumps(answer)) < 5000


def test_a_thousand_categories_never_seen_are_enough_too() -> None:
    records = [{**GOOD, "cut: grade": "Good"}] * 5000
    status, answer = place(unseen="refuse").score({"records": records})
    assert status == 422 and len(answer["wrong"]) == 20 and answer["more"] == 980
    status, answer = place().score({"records": records})
    assert status == 200 and len(answer["told"]) == 100


def test_a_hundred_thousand_columns_are_one_refusal() -> None:
    body = json.dumps({"records": [{f"c{number}": 1 for number in range(100_000)}]}).encode()
    status, answer = place().score(body)
    assert status == 422 and len(json.dumps(answer)) < 10_000
