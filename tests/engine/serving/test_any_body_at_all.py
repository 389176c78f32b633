"""Whatever a body is, it is answered or refused in a sentence; what the quick way takes, the slow way takes alike."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.serving import slow_form
from engine.serving.columns import columns_of
from engine.serving.exchange import Unanswered
from engine.serving.form import Form
from tests.engine.serving.serving_fakes import FEATURES, GOOD, SCHEMA, place

FORM, UNTIMED = (
    Form(columns_of(SCHEMA, names), columns_of(SCHEMA, ["listing"]), 50) for names in (FEATURES, FEATURES[:4])
)  # fmt: skip
THERE = place(rows=50)

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=True) | st.text(max_size=5)
    | st.sampled_from(["Ideal", "Fair", "2026-11-30T06:25:00Z", "a:b", ":", "\\u003a", "\x1b[2J", "\ud800"])
)  # fmt: skip
ANYTHING = st.recursive(SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3))
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "carat": st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False),
    "cut: grade": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    "stones": st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**50), 2**50).map(float),
    "set": st.none() | st.booleans(),
    "listed": st.none() | st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
}
RECORDS = st.lists(st.fixed_dictionaries(RIGHT, optional={"listing": st.integers(0, 9)}), min_size=1, max_size=4)
NEARLY = st.lists(
    st.dictionaries(st.sampled_from([*FEATURES, "listing", "karat"]), SCALARS, max_size=7) | ANYTHING, max_size=4
)


def the_slow_way(body: bytes, form: Form = FORM) -> Any:
    values, keys = slow_form.read(form, body)
    return values, {name: list(each) for name, each in keys.items()}


def outcome(work: Any) -> Any:
    try:
        return work()
    except Unanswered as problem:
        return problem.status, problem.sentence, problem.wrong


def the_usual_way(body: bytes, form: Form = FORM) -> Any:
    rows = form.read(body)
    return rows.values, {name: list(each) for name, each in rows.keys.items()}


def alike(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # 1 is not 1.0, and -0.0 is not 0.0


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_refused_in_a_sentence(body: bytes) -> None:
    status, answer = THERE.score(body)
    assert status in (400, 422) and answer["error"].endswith(".") and not THERE.kept


@given(ANYTHING | st.fixed_dictionaries({"records": ANYTHING | NEARLY}) | st.fixed_dictionaries({"columns": ANYTHING}))
def test_any_json_is_answered_or_refused_and_never_a_mistake_of_ours(content: Any) -> None:
    body = json.dumps(content).encode()
    status, answer = THERE.score(body)
    assert status in (200, 400, 413, 422) and not THERE.kept
    assert len(json.dumps(answer)) < 20_000 and "\x1b" not in json.dumps(answer, ensure_ascii=False)
    for form in (FORM, UNTIMED):
        assert alike(outcome(lambda: the_usual_way(body, form)), outcome(lambda: the_slow_way(body, form)))  # noqa: B023


@given(RECORDS, st.booleans())
def test_what_is_right_is_taken_alike_both_ways(records: list[dict[str, Any]], escaped: bool) -> None:
    body = json.dumps({"records": records}, ensure_ascii=escaped).encode()
    assert alike(the_usual_way(body), the_slow_way(body))
    untimed = [{name: value for name, value in each.items() if name != "listed"} for each in records]
    for some in (untimed, untimed[:1]):
        body = json.dumps({"records": some}, ensure_ascii=escaped).encode()
        assert alike(the_usual_way(body, UNTIMED), the_slow_way(body, UNTIMED))


@given(RECORDS)
def test_columns_say_what_records_do(records: list[dict[str, Any]]) -> None:
    columns = {name: [each[name] for each in records] for name in FEATURES}
    rows = FORM.read(json.dumps({"columns": columns}).encode())
    assert alike(rows.values, FORM.read(json.dumps({"records": records}).encode()).values)


@settings(max_examples=200)
@given(st.data())
def test_a_name_written_a_second_time_is_found_wherever_and_however_it_is(data: st.DataObject) -> None:
    records = data.draw(RECORDS)
    texts = [json.dumps(each, ensure_ascii=data.draw(st.booleans())) for each in records]
    place, name = data.draw(st.integers(0, len(texts) - 1)), data.draw(st.sampled_from(FEATURES))
    if data.draw(st.booleans()):  # A name with fewer colons than it has makes room for another.
        texts = [text.replace('"cut: grade"', '"cut\\u003a grade"') for text in texts]
    written = data.draw(st.sampled_from([json.dumps(name), '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"']))
    more = f"{written}:{json.dumps(data.draw(RIGHT[name]))}"
    texts[place] = f"{{{more},{texts[place][1:]}" if data.draw(st.booleans()) else f"{texts[place][:-1]},{more}}}"
    status, answer = THERE.score(f'{{"records":[{",".join(texts)}]}}'.encode())
    assert status == 422 and {"row": place, "column": name} in [
        {"row": each["row"], "column": each["column"]} for each in answer["wrong"] if "twice" in each["said"]
    ]


@given(st.sampled_from(FEATURES), ANYTHING)
def test_any_value_in_a_column_is_taken_or_named(name: str, value: Any) -> None:
    status, answer = THERE.score({"records": [GOOD, {**GOOD, name: value}]})
    assert status == 200 or [(each["row"], each["column"]) for each in answer["wrong"]] == [(1, name)]
