"""What a backtest says in words, and what that means for the schedule in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engine.backtest.advice import advice, difference, scheduled
from engine.backtest.records import BacktestDocument, RetrainSchedule, WeekRows
from engine.projects.manifest.reader import parse_manifest
from tests.engine.backtest.made import apart, document, policy
from tests.engine.projects.manifests import SMALL

WEEKLY = RetrainSchedule(timedelta(weeks=1), False, 54)
FOUR_WEEKS = RetrainSchedule(timedelta(days=28), False, 54)
NONE = RetrainSchedule()


def of(*comparisons: str, metric: str = "roc_auc") -> BacktestDocument:
    """Comparisons of every week with every 4 weeks, and of each with never."""
    values = {"better": 0.012, "worse": -0.012, "cannot tell": 0.003, "same": 0.0}
    sign = -1 if metric == "mae" else 1
    pairs = (("1w", "4w"), ("1w", "never"), ("4w", "never"))
    told: Any = comparisons
    return document(
        metric=metric,
        differences=tuple(
            apart(*pair, sign * values[each], each, 0.0 if each == "same" else 0.008)
            for pair, each in zip(pairs, told, strict=True)
        ),
    )


@pytest.mark.parametrize(
    ("found", "policy"),
    [
        (of("cannot tell", "better", "better"), "4w"),  # the rarest that is as good
        (of("same", "better", "better"), "4w"),
        (of("better", "better", "better"), "1w"),
        (of("better", "better", "cannot tell"), "1w"),
        (of("cannot tell", "better", "cannot tell"), "1w"),  # every 4 weeks may be worth nothing
        (of("cannot tell", "cannot tell", "cannot tell"), None),
        (of("cannot tell", "worse", "worse"), "never"),
        (of("cannot tell", "worse", "cannot tell"), None),
        (of("same", "same", "same"), "never"),
        (of("cannot tell", "better", "better", metric="mae"), "4w"),
    ],
)
def test_the_rarest_policy_is_advised_that_cannot_be_told_from_the_best(
    found: BacktestDocument, policy: str | None
) -> None:
    if found.metric == "mae":
        found = replace(found, policies=tuple(replace(p, value=270 - (p.value or 0)) for p in found.policies))
    assert advice(found, WEEKLY).policy == policy


def test_the_sentence_says_worth_interval_cost_and_what_cannot_be_told() -> None:
    said = advice(document(), WEEKLY)
    assert said.sentence == (
        "Retraining every week is worth +0.012 roc_auc (95 % +0.004 to +0.020) over never, with 26 trainings of 11 s; "
        "every 4 weeks, with 7 trainings of 11 s, cannot be told from it: −0.0020 (95 % −0.0060 to +0.0020)."
    )
    assert said.short == "retraining every week is worth +0.012 roc_auc over never; scheduled: every week"
    assert said.notes == ()


@pytest.mark.parametrize(
    ("comparisons", "begins"),
    [
        (("better", "cannot tell", "cannot tell"), " cannot be told from never retraining: +0.003 roc_auc (95 %"),
        (("cannot tell", "worse", "worse"), " is worse than never retraining: −0.012 roc_auc (95 % −0.020 to −0.004)"),
        (("same", "same", "same"), " gives what never retraining gives, with 26 trainings of 11 s;"),
    ],
)
def test_each_verdict_has_its_words(comparisons: tuple[str, ...], begins: str) -> None:
    assert advice(of(*comparisons), WEEKLY).sentence.startswith(f"Retraining every week{begins}")


def test_of_an_error_it_is_said_that_less_is_better() -> None:
    found = of("cannot tell", "better", "better", metric="mae")
    found = replace(found, policies=tuple(replace(p, value=270 - (p.value or 0)) for p in found.policies))
    assert "is worth −0.012 mae (95 % −0.020 to −0.004; lower is better) over never" in advice(found, WEEKLY).sentence


def test_one_training_is_not_several() -> None:
    both = (policy("4w", 0.73, 1), policy("never", 0.72, 1))
    found = document(policies=both, differences=(apart("4w", "never", 0.01, "better"),))
    assert advice(found, WEEKLY).sentence.endswith("over never, with one training of 11 s.")


@pytest.mark.parametrize(
    ("found", "schedule", "said"),
    [
        (
            document(), WEEKLY,
            "Scheduled: every week. This backtest advises retraining every 4 weeks, which cannot be told from it and "
            "takes 7 min less a year: in leverframe.toml (line 54) say retrain = { every = \"4w\" }, commit it, "
            "retrain once and approve.",
        ),
        (document(), FOUR_WEEKS, "Scheduled: every 4 weeks. That is what this backtest advises."),
        (
            document(), NONE,
            "Scheduled: nothing. This backtest advises retraining every 4 weeks: write retrain = { every = \"4w\" } "
            "into [schedule] of leverframe.toml, commit it, retrain once and approve.",
        ),
        (
            of("better", "better", "better"), replace(FOUR_WEEKS, line=None),
            "Scheduled: every 4 weeks. This backtest advises retraining every week: in leverframe.toml say "
            "retrain = { every = \"1w\" }, commit it, retrain once and approve.",
        ),
        (of("cannot tell", "cannot tell", "cannot tell"), replace(WEEKLY, paused=True),
         "Scheduled: every week, paused. Nothing here is a reason to change that."),
        (of("cannot tell", "worse", "worse"), WEEKLY,
         "Scheduled: every week. This backtest advises no retrains by the clock: take retrain out of [schedule] in "
         "leverframe.toml (line 54), commit it, retrain once and approve."),
    ],
)  # fmt: skip
def test_where_the_schedule_is_another_the_line_is_named_that_would_change_it(
    found: BacktestDocument, schedule: RetrainSchedule, said: str
) -> None:
    assert advice(found, schedule).schedule == said


@pytest.mark.parametrize("word", ["1d", "1w", "4w"])
def test_what_is_to_be_written_into_the_manifest_can_be(word: str) -> None:
    manifest = parse_manifest(f'{SMALL}\n[schedule]\nretrain = {{ every = "{word}" }}\n')
    assert [spec.rule for spec in manifest.schedule] == [f"every {word}"]


def test_a_month_is_said_in_whole_days() -> None:
    assert scheduled(RetrainSchedule(timedelta(days=30, hours=23))) == "every 31 days"


def test_what_the_figures_rest_on_is_said() -> None:
    found = document(weeks=9)
    weeks = (WeekRows("", 9, 0), WeekRows("", 9, 9), *found.weeks[2:])
    trainings = (replace(found.trainings[0], later=412), replace(found.trainings[1], anew=False), *found.trainings[2:])
    assert list(advice(replace(found, weeks=weeks, told=7, trainings=trainings), WEEKLY).notes) == [
        "1 of 9 weeks have no labelled rows and count for nothing.",
        "1 of 9 weeks have fewer than 30 labelled rows, which say little by themselves.",
        "Only 7 weeks have labelled rows; 8 are needed to tell policies apart.",
        "At 1 of 9 moments extract returned rows of later (412 in all), which were left out; where it does not look "
        "back to as_of, the labels of the others may be of later, too.",
        "At 1 of 9 moments there was nothing new to learn, so nothing was trained.",
    ]


def test_a_difference_is_kept_one_way_round_and_told_both() -> None:
    turned = difference(document(), "never", "1w")
    assert turned is not None
    assert (turned.value, turned.comparison) == (-0.012, "worse")
    assert (turned.low, turned.high) == pytest.approx((-0.020, -0.004))
    assert difference(document(), "1w", "1d") is None


def test_a_metric_without_a_value_is_said_to_have_none() -> None:
    whole = document()
    none = (replace(each, value=None, low=None, high=None, comparison="not compared") for each in whole.differences)
    found = document(differences=tuple(none), policies=tuple(replace(p, value=None) for p in whole.policies))
    said = advice(found, WEEKLY)
    assert said.policy is None and "cannot be told, for roc_auc is not defined on these rows" in said.sentence
