"""The pure rule of what counts, as a table of cases; every row that came is exactly one thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from engine.feedback.reading import Come, read
from engine.feedback.records import BatchState, FeedbackRow, Key, Scalar

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def row(key: Scalar, label: Scalar, hour: int = 0) -> FeedbackRow:
    return FeedbackRow((key,), label, NOON + timedelta(hours=hour))


def came(*rows: FeedbackRow, state: BatchState | Literal["unjudged"] = "counted", batch: int = 1) -> Come:
    return Come(batch, state, rows)


CASES = {
    "one word": ([came(row(1, "a"))], {"1": ("a", 0)}, {}),
    "said twice, known since the first": ([came(row(1, "a", 0), row(1, "a", 2))], {"1": ("a", 0)}, {"repeated": 1}),
    "put right": ([came(row(1, "a", 0)), came(row(1, "b", 2))], {"1": ("b", 2)}, {"corrected": 1}),
    "a word that comes late is no later word": (
        [came(row(1, "b", 2)), came(row(1, "a", 0))], {"1": ("b", 2)}, {"corrected": 1},
    ),
    "of one time, what came later": ([came(row(1, "a")), came(row(1, "b"))], {"1": ("b", 0)}, {"corrected": 1}),
    "there and back": (
        [came(row(1, "a", 0), row(1, "b", 1), row(1, "a", 2), row(1, "a", 3))], {"1": ("a", 2)},
        {"corrected": 2, "repeated": 1},
    ),
    "repeated after a word that came late": (
        [came(row(1, "a", 1), row(1, "a", 5)), came(row(1, "b", 3))], {"1": ("a", 5)}, {"corrected": 2},
    ),
    "of a key that no row has": ([came(row(9, "a"))], {}, {"unknown": 1}),
    "before the row that it is of": ([came(row(2, "a", 0))], {"2": ("a", 3)}, {"early": 1}),
    "after it": ([came(row(2, "a", 4))], {"2": ("a", 4)}, {}),
    "of a time that is to come": ([came(row(1, "a", 11))], {}, {"to_come": 1}),
    "quarantined": ([came(row(1, "a"), row(2, "a"), state="quarantined")], {}, {"quarantined": 2}),
    "thrown away": ([came(row(1, "a"), state="thrown away")], {}, {"thrown_away": 1}),
    "not judged yet": (
        [came(row(1, "a"), state="unjudged"), came(row(2, "a", 4))], {"2": ("a", 4)}, {"unjudged": 1},
    ),
    "let in": ([came(row(1, "a"), state="let in")], {"1": ("a", 0)}, {}),
    "a number is the text of it": ([came(row(1, "a"), row("1", "a"), row(1.0, "a"))], {"1": ("a", 0)}, {"repeated": 2}),
    "007 is not 7": ([came(row("001", "a"))], {}, {"unknown": 1}),
}  # fmt: skip
KNOWN: dict[Key, datetime | None] = {("1",): None, ("2",): NOON + timedelta(hours=3)}


@pytest.mark.parametrize("case", CASES)
def test_what_counts(case: str) -> None:
    batches, words, counts = CASES[case]
    found = read(batches, KNOWN, NOON + timedelta(hours=10))
    assert {word.key[0]: (word.label, (word.since - NOON) // timedelta(hours=1)) for word in found.words} == words
    told = {name: value for name, value in vars(found.counts).items() if value and name not in ("came", "counted")}
    assert told == counts and found.counts.counted == len(words)
    rest = sum(value for name, value in told.items() if name != "early")
    assert found.counts.came == sum(len(batch.rows) for batch in batches) == found.counts.counted + rest


def test_words_are_in_the_order_of_their_time_and_where_no_rows_are_asked_every_key_is_known() -> None:
    found = read([came(row(9, "a", 5), row(8, "b", 1), row(7, "c", 3))], None, NOON + timedelta(days=1))
    assert [word.label for word in found.words] == ["b", "c", "a"]
    assert found.counts.words == "3 count"
