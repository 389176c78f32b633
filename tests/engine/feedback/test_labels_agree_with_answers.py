"""The pure rule that holds labels against what was answered, as cases at the edges that its docstring states."""

from __future__ import annotations

import pytest

from engine.feedback.agreement import Agreement, UsualAgreement, compared, together, why_held

NOTHING = Agreement()


def classes(same: int, other: int) -> Agreement:
    """Half of the answers are 1, and so many labels are the ``same`` as the answer and so many the ``other`` one."""
    return compared([*((n % 2, n % 2) for n in range(same)), *((n % 2, 1 - n % 2) for n in range(other))])


def never(rows: int) -> Agreement:
    """All answers are 0, whatever the labels are."""
    return compared([(0, n % 2) for n in range(rows)])


WELL = classes(960, 40)  # a holdout
WEAK = classes(600, 400)
STEADY = [classes(48, 2)] * 40
# Some hours nearly all answers are right, and some hours hardly any.
TURNING = [classes(50, 0), classes(5, 45)] * 20

CASES = {
    "as usual": (classes(94, 6), NOTHING, WELL, [], None),
    "flipped": (classes(4, 96), NOTHING, WELL, [], "answers agree with 4 of 100 labels, and usually"),
    "shuffled": (classes(50, 50), NOTHING, WELL, [], "answers agree with 50 of 100 labels, and"),
    "known by what came before": (classes(50, 50), NOTHING, NOTHING, STEADY, "answers agree with 50 of"),
    "too few rows": (classes(0, 19), NOTHING, WELL, [], None),
    "as few as are enough": (classes(0, 20), NOTHING, WELL, [], "answers agree with 0 of 20 labels, and"),
    "nobody knows what is usual": (classes(0, 200), NOTHING, classes(47, 2), [], None),
    "half of it is left": (classes(770, 230), NOTHING, classes(9600, 400), STEADY, None),
    "less than half of it is left": (classes(700, 300), NOTHING, classes(9600, 400), STEADY, "answers agree with"),
    "what may be chance": (classes(15, 15), NOTHING, WEAK, [], None),
    "as hours are": (classes(5, 45), NOTHING, NOTHING, TURNING, None),
    "answers that hardly say anything": (classes(0, 100), NOTHING, classes(590, 410), [], None),
    "answers that say a little": (classes(0, 100), NOTHING, WEAK, [], "answers agree with 0 of 100 labels, and"),
    "answers that say nothing": (classes(0, 50), NOTHING, never(1000), [], None),
    "one by one": (classes(0, 1), classes(0, 59), WELL, [], "answers agree with 0 of 60 labels that"),
    "none found an answer": (NOTHING, classes(0, 59), WELL, [], None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_held(case: str) -> None:
    batch, lately, holdout, hours, said = CASES[case]
    why = why_held(batch, lately, UsualAgreement(holdout, hours))
    assert why is None if said is None else why is not None and why.startswith(said), why


def test_a_label_agrees_with_an_answer_that_is_written_alike() -> None:
    found = compared([(1, 1.0), ("7", 7), (True, True), ("a", "b")])
    assert (found.rows, found.agree) == (4, 3)


def test_numbers_agree_on_the_same_side_of_the_middle() -> None:
    found = compared([(10, 11.5), (30, 29), (19, 22), (20, 1)], middle=20.0)
    assert (found.rows, found.agree, found.answers) == (4, 3, {"below": 3, "above": 1})


def test_kappa_is_what_is_left_beyond_labels_of_other_rows() -> None:
    assert classes(500, 500).kappa == pytest.approx(0) and classes(100, 0).kappa == pytest.approx(1)
    assert never(100).kappa == pytest.approx(0) and compared([(0, 0)] * 9).kappa is None and NOTHING.kappa is None
    # Cohen's own way of counting: 0.7 are alike, 0.5 would be by chance.
    assert compared([*[(1, 1)] * 40, *[(1, 0)] * 10, *[(0, 1)] * 20, *[(0, 0)] * 30]).kappa == pytest.approx(0.4)


def test_of_very_many_classes_the_rest_is_counted_together() -> None:
    found = compared([(f"class {n}", f"class {n}") for n in range(500)])
    assert (found.rows, found.agree, len(found.answers), found.labels["(others)"]) == (500, 500, 201, 300)
    assert together((found, found)).answers["(others)"] == 600
