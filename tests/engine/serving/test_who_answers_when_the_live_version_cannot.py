"""Where the live version errors or exceeds its time, the previous one answers, then the manifest's rule, or nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from engine.errors import StepFailed
from engine.projects.manifest.records import ServeSpec
from engine.scoring.ready import Value
from engine.serving.failover import Ask, FallbackCounts, Given, NoAnswer, Waits, answered, answered_at_once
from engine.serving.held import Held
from tests import time_in_a_loop
from tests.builders.served import Arithmetic
from tests.version_documents import WHOLE

ROWS = [(1.0,), (2.0,)]
CRASHED = StepFailed("scoring numbers@2 was killed.")
RULE = {"prediction": "later"}


class RowsRefused(StepFailed):
    of_these_rows = True


def held(
    number: int = 2, *, fallback: str | Mapping[str, Value] | None = "previous", fails: Exception | None = None,
    previous: Held | None = None, out: str | None = None, timeout: float = 5.0, blocks: bool = False,
    features: tuple[str, ...] = ("x",),
) -> Held:  # fmt: skip
    scorer = Arithmetic(number, fails=fails, blocks=blocks, features=features)
    spec = ServeSpec(True, timedelta(seconds=timeout), fallback=fallback)  # type: ignore[arg-type]
    return Held(f"numbers@{number}", f"{number:064x}", 7, WHOLE, scorer, spec, previous, out)


async def by_its_scorer(version: Held, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
    return version.scorer.answer(rows)


async def never(version: Held, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
    if version.label == "numbers@2":
        await asyncio.Event().wait()
    return version.scorer.answer(rows)


def both_ways(version: Held, counts: FallbackCounts) -> Given:
    """Answered at once, and the same by scorers that are waited for."""
    at_once = answered_at_once(version, ROWS, FallbackCounts())
    waited = asyncio.run(answered(version, ROWS, by_its_scorer, counts))
    assert waited == at_once
    return waited


def test_a_version_that_answers_is_left_alone_and_nothing_is_counted() -> None:
    counts = FallbackCounts()
    given = both_ways(held(previous=held(1)), counts)
    assert given == Given("numbers@2", f"{2:064x}", ("prediction",), [(2,), (2,)])
    assert counts.counts() == {}


@pytest.mark.parametrize("error", [CRASHED, RowsRefused("it cannot take these"), ZeroDivisionError("1/0")])
def test_where_it_errors_the_previous_version_answers_and_is_named(error: Exception) -> None:
    counts = FallbackCounts()
    given = both_ways(held(fails=error, previous=held(1)), counts)
    assert (given.label, given.digest, given.fallback) == ("numbers@1", f"{1:064x}", "previous")
    assert given.answers == [(1,), (1,)]
    said = counts.counts()["numbers"]
    assert (said.previous, said.rule, said.failed) == (1, 0, 0)


def test_a_bug_is_named_to_clients_and_not_told() -> None:
    version = held(fails=ZeroDivisionError("/home/ada/secret"), previous=held(1))
    given = answered_at_once(version, ROWS, FallbackCounts())
    assert given.why == "ZeroDivisionError"


def test_a_version_that_was_taken_out_is_not_asked() -> None:
    version = held(previous=held(1), out="numbers@2 crashed 3 times")
    version.scorer.close()
    given = both_ways(version, FallbackCounts())
    assert (given.label, given.why) == ("numbers@1", "numbers@2 crashed 3 times")


def test_a_rule_answers_each_row_with_its_value_in_the_name_of_the_live_version() -> None:
    counts = FallbackCounts()
    given = both_ways(held(fallback=RULE, fails=CRASHED, previous=held(1)), counts)
    assert (given.label, given.fallback, given.answers) == ("numbers@2", "rule", [("later",), ("later",)])
    assert counts.counts()["numbers"].rule == 1


def test_without_a_fallback_nobody_answers_and_the_previous_version_is_not_asked() -> None:
    counts = FallbackCounts()
    with pytest.raises(NoAnswer, match=r"numbers@2 gave no answer: its scorer failed, and whoever runs") as refused:
        both_ways(held(fallback=None, fails=CRASHED, previous=held(1)), counts)
    assert not refused.value.of_these_rows
    with pytest.raises(NoAnswer):
        asyncio.run(answered(held(fallback=None, fails=CRASHED), ROWS, by_its_scorer, counts))
    assert counts.counts()["numbers"].failed == 1
    # What its process said last may be anything: the operator reads it, a client does not.
    assert "killed" in counts.counts()["numbers"].why and "killed" not in str(refused.value)


def test_rows_that_a_version_cannot_take_are_no_failure_of_its_own() -> None:
    counts = FallbackCounts()
    with pytest.raises(NoAnswer) as refused:
        answered_at_once(held(fallback=None, fails=RowsRefused("not these")), ROWS, counts)
    assert refused.value.of_these_rows and "not these" not in str(refused.value)
    assert counts.counts() == {}


def test_where_the_previous_version_fails_too_nobody_answers() -> None:
    version = held(fails=CRASHED, previous=held(1, fails=StepFailed("it, too")))
    with pytest.raises(NoAnswer, match="numbers@2 gave no answer: its scorer failed"):
        answered_at_once(version, ROWS, FallbackCounts())


def asked_with_timeout(version: Held, ask: Ask) -> Given:
    return time_in_a_loop.run(answered(version, ROWS, ask, FallbackCounts()))


def test_past_half_of_the_time_the_previous_version_answers() -> None:
    given = asked_with_timeout(held(previous=held(1), timeout=0.05), never)
    assert (given.label, given.fallback, given.why) == (
        "numbers@1", "previous", "numbers@2 gave no answer within 0.025 s",
    )  # fmt: skip


def test_before_a_rule_answers_the_version_has_all_of_its_time() -> None:
    given = asked_with_timeout(held(fallback=RULE, timeout=0.05), never)
    assert (given.fallback, given.why) == ("rule", "numbers@2 gave no answer within 0.05 s")


def test_one_that_never_answers_is_given_up() -> None:
    with pytest.raises(NoAnswer, match=r"gave no answer within 0.05 s"):
        asked_with_timeout(held(fallback=None, timeout=0.05), never)


def test_the_previous_version_is_given_the_columns_as_it_knows_them() -> None:
    seen = []

    class Sees(Arithmetic):
        def answer(self, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
            seen.extend([list(row) for row in rows])
            return super().answer(rows)

    before = held(1)
    object.__setattr__(before, "scorer", Sees(1, features=("y", "x")))
    version = held(fails=CRASHED, previous=before, features=("x", "y"))
    assert answered_at_once(version, [(1.0, "a")], FallbackCounts()).label == "numbers@1"
    assert seen == [["a", 1.0]]


def test_a_previous_version_that_wants_another_column_is_not_asked() -> None:
    version = held(fails=CRASHED, previous=held(1, features=("x", "z")))
    with pytest.raises(NoAnswer):
        answered_at_once(version, ROWS, FallbackCounts())


def test_a_previous_version_that_is_a_process_is_waited_for_and_the_live_one_is_not_asked_twice() -> None:
    version = held(fails=CRASHED, previous=held(1, blocks=True))
    with pytest.raises(Waits) as waits:
        answered_at_once(version, ROWS, FallbackCounts())
    assert waits.value.failed == (CRASHED,)
    asked, counts = list[str](), FallbackCounts()

    async def ask(one: Held, rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
        asked.append(one.label)
        return one.scorer.answer(rows)

    given = asyncio.run(answered(version, ROWS, ask, counts, since=waits.value))
    assert (given.label, given.fallback, given.why) == ("numbers@1", "previous", "scoring numbers@2 was killed.")
    assert asked == ["numbers@1"] and counts.counts()["numbers"].previous == 1


def test_one_that_was_taken_out_is_said_once_and_the_process_before_it_answers() -> None:
    version = held(out="numbers@2 crashed 3 times", previous=held(1, blocks=True))
    with pytest.raises(Waits) as waits:
        answered_at_once(version, ROWS, FallbackCounts())
    given = asyncio.run(answered(version, ROWS, by_its_scorer, FallbackCounts(), since=waits.value))
    assert (given.label, given.why) == ("numbers@1", "numbers@2 crashed 3 times")


def test_one_that_hangs_is_waited_for_by_nobody_who_comes_after_its_time() -> None:
    version = held(previous=held(1), blocks=True, timeout=5.0)
    object.__setattr__(version.scorer, "busy", 5.5)
    given = asyncio.run(answered(version, ROWS, by_its_scorer, FallbackCounts()))
    assert (given.label, given.why) == ("numbers@1", "numbers@2 has given no answer for 5.5 s")
    object.__setattr__(version.scorer, "busy", 4.5)
    assert asyncio.run(answered(version, ROWS, by_its_scorer, FallbackCounts())).label == "numbers@2"


def test_how_long_ago_it_was_is_told() -> None:
    hand = [100.0]
    counts = FallbackCounts(lambda: hand[0])
    counts.note("numbers", "rule", "late\x1b[31m")
    hand[0] = 107.5
    said = counts.counts()["numbers"]
    assert (said.ago, said.failed_ago, said.all) == (7.5, None, 1)
    counts.note("numbers", None, "no room")
    said = counts.counts()["numbers"]
    assert (said.ago, said.failed_ago, said.all) == (7.5, 0.0, 2), "nobody answered that one"
    assert "\x1b" not in said.why
