"""The tables of words, held against the code that does what they name."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from engine.records import GateVerdict
from engine.validation import judge
from engine.validation.gates import guessing, judges
from engine.vocabulary import gates as words_of_gates
from engine.vocabulary.gates import (
    ALWAYS_ON,
    ASKED,
    GATES,
    LIMITS,
    NEVER_WAIVED,
    WAIVABLE,
    WORST_LAST,
    fixed_limit,
    place,
)
from engine.vocabulary.metrics import METRICS

# Found while the data is prepared, and handed to the judge.
OF_THE_DATA = {"key", "labels", "imported"}


def test_every_gate_has_its_code_and_every_code_its_gate() -> None:
    assert [row.kind for row in ASKED.values()] == list(judges.JUDGES)
    assert {*judge.ALWAYS_ON} | OF_THE_DATA == {*ALWAYS_ON}
    assert list(GATES) == [*judges.JUDGES, *ALWAYS_ON]


def test_a_gate_is_asked_for_or_always_on_and_says_what_its_sort_has_to_say() -> None:
    for row in GATES.values():
        asked = row.kind in judges.JUDGES
        assert bool(row.key) == bool(row.of) == bool(row.breaks) == asked
        assert not asked or not (row.waivable or row.never or row.failed), row.kind
        assert not (row.waivable and row.never) and (row.failed_binary == "" or row.failed)
        assert row.asks and "{" not in row.asks and row.replaces in {"", *ALWAYS_ON}
        assert row.lowest < row.highest
    assert len({row.name for row in GATES.values()}) == len(GATES)
    assert not {*WAIVABLE} & {*NEVER_WAIVED}


def test_the_limits_of_a_metric_are_broken_on_the_side_that_is_worse() -> None:
    assert list(LIMITS) == [row.kind for row in LIMITS.values()] == ["at_least", "at_most"]
    assert (fixed_limit(more_is_better=True), fixed_limit(more_is_better=False)) == ("at_least", "at_most")
    assert [row.sign for row in LIMITS.values()] == [1, -1]


def test_a_card_shows_gates_that_are_always_on_in_the_order_of_the_table_and_what_it_does_not_know_last() -> None:
    assert sorted(ALWAYS_ON, key=place) == list(ALWAYS_ON)
    assert place("unheard-of") == len(GATES)


def test_the_worst_verdict_stands_last() -> None:
    assert {*WORST_LAST} == {*get_args(GateVerdict)}
    assert WORST_LAST == ("pass", "warn", "cannot tell", "fail")


@pytest.mark.parametrize("row", [*METRICS.values(), *GATES.values()], ids=lambda row: getattr(row, "kind", row.name))
def test_nobody_changes_a_row(row: object) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(row, fields(row)[0].name, "other")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        words_of_gates.GATES["new"] = row  # type: ignore[index]


def test_what_chance_gets_is_known_of_every_metric_that_is_held_against_it() -> None:
    unknown = {name for name, row in METRICS.items() if row.guess == "chance" and row.chance_level is None}
    assert {*guessing.BY_CHANCE} == unknown


def test_a_metric_that_has_a_level_of_chance_says_what_is_below_it() -> None:
    for row in METRICS.values():
        assert bool(row.worse) == (row.chance_level is not None)
        assert row.lowest < row.highest and row.words and row.meaning.endswith(".")
        assert not row.no_estimate or row.regression


def test_the_tables_load_nothing_but_the_standard_library() -> None:
    script = "import sys, engine.vocabulary.metrics, engine.vocabulary.gates; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    held = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not held - {*sys.stdlib_module_names, "engine", "__main__"} - {name for name in held if name.startswith("_")}
