"""Whether a candidate's answer is the live version's, and how far off it is: labels, chances, scores, numbers, gaps."""

from __future__ import annotations

from math import inf, nan

import pytest

from engine.requests.records import Value
from engine.shadow.comparing import Ruler, relative

LABELS = ("prediction", "p_0", "p_1")


@pytest.mark.parametrize(
    ("live", "candidate", "agree", "size"),
    [
        ((0, 0.6, 0.4), (0, 0.6, 0.4), True, 0.0),
        ((0, 0.6, 0.4), (0, 0.9, 0.1), True, 0.3),
        ((0, 0.6, 0.4), (1, 0.45, 0.55), False, 0.15),
        ((1, 0.4, 0.6), (1.0, 0.4, 0.6), True, 0.0),
        ((True, 0.4, 0.6), (1, 0.4, 0.6), True, 0.0),
        ((0, 0.6, 0.4), (None, None, None), False, 1.0),
        ((0, 0.6, 0.4), (0, 0.6, nan), True, 1.0),
        ((nan, 0.6, 0.4), (None, 0.6, 0.4), True, 0.0),
    ],
)
def test_labels_agree_and_chances_say_how_far_off(
    live: tuple[Value, ...], candidate: tuple[Value, ...], agree: bool, size: float
) -> None:
    found = Ruler(False, LABELS, LABELS).apart(live, candidate)
    assert found.agree is agree and found.size == pytest.approx(size)


def test_columns_are_found_by_their_names_and_only_those_that_both_have() -> None:
    ruler = Ruler(False, ("prediction", "p_a", "p_b"), ("p_b", "p_c", "prediction"))
    found = ruler.apart(("a", 0.7, 0.3), (0.25, 0.75, "c"))
    assert not found.agree and found.size == pytest.approx(0.05)


@pytest.mark.parametrize(("candidate", "size"), [("a", 0.0), ("b", 1.0)])
def test_a_classifier_without_numbers_is_off_by_one_or_by_nothing(candidate: str, size: float) -> None:
    assert Ruler(False, ("prediction",), ("prediction",)).apart(("a",), (candidate,)).size == size


def test_scores_are_measured_where_there_are_no_chances() -> None:
    names = ("prediction", "score")
    found = Ruler(False, names, names).apart((1, 2.5), (0, -1.0))
    assert not found.agree and found.size == 3.5
    assert Ruler(False, names, names).apart((1, 1e308), (0, -1e308)).size < inf


@pytest.mark.parametrize(
    ("live", "candidate", "agree", "size"),
    [
        (100.0, 100.9, True, 0.9 / 100.9),
        (100.0, 101.5, False, 1.5 / 101.5),
        (0, 0.0, True, 0.0),
        (1.0, -1.0, False, 2.0),
        (1e308, -1e308, False, 2.0),
        (None, None, True, 0.0),
        (5.0, None, False, 1.0),
        (5.0, inf, False, 1.0),
        (10**400, 1.0, False, 1.0),
        ("much", 1.0, False, 1.0),
    ],
)
def test_numbers_agree_within_a_hundredth_of_the_larger(
    live: Value, candidate: Value, agree: bool, size: float
) -> None:
    found = Ruler(True, ("prediction",), ("prediction",)).apart((live,), (candidate,))
    assert found.agree is agree and found.size == pytest.approx(size)
    assert relative(candidate, live) == pytest.approx(size)
