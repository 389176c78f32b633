"""Whatever tensors a client sends by the Open Inference Protocol, they are answered as the same rows are, or refused in
a sentence; in JSON and in bytes."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.serving.serving_fakes import FEATURES, place

THERE = place(rows=20)
INFER = "/v2/models/gems/infer"
TYPES = {"carat": "FP64", "cut: grade": "BYTES", "stones": "INT64", "set": "BOOL", "listed": "BYTES"}
CODES = {
    "BOOL": "?", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B", "UINT16": "H", "UINT32": "I",
    "UINT64": "Q", "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip
HUGE = st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**30, 10**400, -(10**4000), 1e308, 5e-324])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | HUGE | st.floats() | st.text(max_size=5)
    | st.sampled_from(["Ideal", "2026-11-30T06:25:00Z", "\x1b[2J", "\ud800"])
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3)
)
SHAPES = (
    st.lists(st.integers(-3, 25) | HUGE | st.floats() | st.booleans(), max_size=4)
    | st.sampled_from([[1], [2], [1, 1], [2, 1], [1, 2], [2, 2, 1], [0], [0, 1], [2**63]]) | ANYTHING
)  # fmt: skip
PARAMETERS = st.dictionaries(
    st.sampled_from(["binary_data_size", "binary_data", "classification", "sequence_id"]),
    st.integers(-5, 40) | HUGE | st.booleans() | SCALARS, max_size=2,
) | ANYTHING  # fmt: skip
NAMES = st.sampled_from([*FEATURES, "listing", "karat", "", "x" * 500, "\x1b[2J", "\ud800"])
TENSORS = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES | ANYTHING,
        "shape": SHAPES,
        "datatype": st.sampled_from([*CODES, "BYTES", "BF16", "fp64", ""]) | ANYTHING,
        "data": st.lists(SCALARS | st.lists(SCALARS, max_size=2), max_size=4) | ANYTHING,
        "parameters": PARAMETERS,
    },
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "carat": st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False),
    "cut: grade": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    "stones": st.integers(-(2**63), 2**63 - 1),
    "set": st.none() | st.booleans(),
    "listed": st.none() | st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=4)


def infer(content: Any, binary: bytes = b"", **heads: str) -> tuple[int, Any]:
    """The status of an answer, and what it says; every answer is one by hand, with no mistake of ours beside it."""
    said = json.dumps(content).encode()
    if binary or heads:
        heads = {"inference_header_content_length": str(len(said)), "content_type": "application/octet-stream", **heads}
    answer = THERE.ask("POST", INFER, said + binary, **heads)
    assert answer.status in (200, 400, 413, 422) and not THERE.kept, (answer.status, THERE.kept)
    length = int(answer.heads.get("Inference-Header-Content-Length", len(answer.body)))
    told = json.loads(answer.body[:length], parse_constant=strange)
    if answer.status != 200:
        assert told["error"].endswith(".") and len(answer.body) < 20_000
        assert "\x1b" not in json.dumps(told, ensure_ascii=False)
    return answer.status, told


def strange(name: str) -> float:
    raise AssertionError(f"an answer says {name}, which is no JSON")


def outputs(told: Any) -> dict[str, Any]:
    return {each["name"]: each["data"] for each in told["outputs"]}


def scored(rows: list[dict[str, Any]]) -> tuple[int, Any]:
    status, told = THERE.score({"records": rows})
    if status != 200:
        return status, None
    return status, {name: [each[name] for each in told["predictions"]] for name in told["predictions"][0]}


@given(st.lists(TENSORS | ANYTHING, max_size=7) | ANYTHING, st.binary(max_size=40), st.booleans())
def test_any_tensors_are_answered_or_refused_in_a_sentence(tensors: Any, binary: bytes, behind: bool) -> None:
    infer({"inputs": tensors}, binary if behind else b"")


@given(
    st.dictionaries(st.sampled_from(["id", "inputs", "outputs", "parameters"]), ANYTHING, max_size=4) | ANYTHING,
    st.sampled_from(["0", "1", "7", "-1", "1e3", "9" * 30, "", " 5", "٣", "5.0"]), st.booleans(),
)  # fmt: skip
def test_any_request_is_answered_or_refused_in_a_sentence(content: Any, length: str, headed: bool) -> None:
    infer(content, **({"inference_header_content_length": length} if headed else {}))


@given(ROWS, st.dictionaries(st.sampled_from(FEATURES), st.booleans()), st.text(max_size=5) | st.none())
def test_rows_are_answered_as_they_are_as_records(
    rows: list[dict[str, Any]], nested: dict[str, bool], name: str | None
) -> None:
    tensors = [
        {
            "name": column, "datatype": TYPES[column], "shape": [len(rows), 1] if nested.get(column) else [len(rows)],
            "data": [[row[column]] if nested.get(column) else row[column] for row in rows],
        }
        for column in FEATURES
    ]  # fmt: skip
    status, told = infer({"inputs": tensors, "parameters": {"priority": 1}} | ({} if name is None else {"id": name}))
    assert (status, outputs(told)) == scored(rows)
    assert told.get("id") == name


@given(ROWS, st.data())
def test_one_value_is_taken_or_refused_as_it_is_in_records(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    place, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(FEATURES))
    rows[place] = {**rows[place], column: data.draw(SCALARS)}
    tensors = [
        {"name": each, "datatype": TYPES[each], "shape": [len(rows)], "data": [row[each] for row in rows]}
        for each in FEATURES
    ]
    status, told = infer({"inputs": tensors})
    expected, found = scored(rows)
    assert status == expected
    if status == 200:
        assert outputs(told) == found


@given(
    st.lists(st.tuples(st.floats(width=16) | st.floats(width=32) | st.floats(), st.integers(0, 100)), min_size=1,
             max_size=4),
    st.sampled_from(["FP16", "FP32", "FP64"]),
    st.sampled_from([name for name in CODES if name[0] in "IU"]),
)  # fmt: skip
def test_numbers_in_bytes_are_what_they_are_in_that_many_bits(
    given_rows: list[tuple[float, int]], kind: str, whole: str
) -> None:
    """A NaN is a gap; what has no place in so many bits is not sent."""
    numbers, wholes = [], [each for _, each in given_rows]
    for number, _ in given_rows:
        try:
            (number,) = struct.unpack(f"<{CODES[kind]}", struct.pack(f"<{CODES[kind]}", number))
        except OverflowError:
            number = math.nan
        numbers.append(number)
    count = len(numbers)
    parts = struct.pack(f"<{count}{CODES[kind]}", *numbers), struct.pack(f"<{count}{CODES[whole]}", *wholes)
    tensors: list[dict[str, Any]] = [
        {"name": name, "datatype": each, "shape": [count], "parameters": {"binary_data_size": len(part)}}
        for name, each, part in zip(("carat", "stones"), (kind, whole), parts, strict=True)
    ]
    tensors += [
        {"name": name, "datatype": TYPES[name], "shape": [count], "data": [None] * count}
        for name in FEATURES if name not in ("carat", "stones")
    ]  # fmt: skip
    status, told = infer({"inputs": tensors}, b"".join(parts))
    rows = [
        {**dict.fromkeys(FEATURES), "carat": None if number != number else number, "stones": each}
        for number, each in zip(numbers, wholes, strict=True)
    ]
    expected, found = scored(rows)
    assert status == expected
    if status == 200:
        assert outputs(told) == found


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=4), st.data())
def test_texts_in_bytes_are_what_they_are_in_json_and_whatever_else_is_there_is_refused(
    texts: list[str], data: st.DataObject
) -> None:
    count, coded = len(texts), [each.encode() for each in texts]
    whole = b"".join(struct.pack("<I", len(each)) + each for each in coded)
    wrong = data.draw(st.binary(max_size=30) | st.just(whole) | st.integers(0, len(whole)).map(lambda end: whole[:end]))
    others = [
        {"name": name, "datatype": TYPES[name], "shape": [count], "data": [None if name != "carat" else 1.5] * count}
        for name in FEATURES if name != "cut: grade"
    ]  # fmt: skip

    def sent(part: bytes) -> tuple[int, Any]:
        about = {"binary_data_size": len(part)}
        tensor = {"name": "cut: grade", "datatype": "BYTES", "shape": [count], "parameters": about}
        return infer({"inputs": [tensor, *others]}, part)

    rows = [{**dict.fromkeys(FEATURES), "carat": 1.5, "cut: grade": each} for each in texts]
    status, told = sent(whole)
    expected, found = scored(rows)
    assert status == expected
    if status == 200:
        assert outputs(told) == found
    sent(wrong)
