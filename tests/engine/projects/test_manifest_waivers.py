"""What a project can bear: features that are known before, gates that are waived, limits on what is no metric."""

from __future__ import annotations

import pytest

from engine.projects.manifest.reader import check_columns, parse_manifest
from engine.projects.manifest.records import Waiver
from engine.vocabulary.gates import GateRule
from tests.engine.projects.manifests import SMALL, mistakes


def under(text: str, section: str, line: str) -> str:
    """``text`` with ``line`` in ``section``."""
    return text.replace(f"{section}\n", f"{section}\n{line}\n")


WAIVER = '[[waivers]]\ngate = "no leaking feature"\nreason = "it is last week\'s value"\n'


def test_without_the_keys_nothing_is_waived() -> None:
    manifest = parse_manifest(SMALL)
    assert (manifest.waivers, manifest.validation.known_before) == ((), ())


def test_a_waiver_and_what_is_known_before_are_read() -> None:
    text = under(SMALL, "[validation]", 'known_before = ["this_week", "year_ago"]')
    manifest = parse_manifest(f"{text}\n{WAIVER}")
    assert manifest.waivers == (Waiver("no leaking feature", "it is last week's value"),)
    assert manifest.validation.known_before == ("this_week", "year_ago")
    assert manifest.document["waivers"][0]["reason"] == "it is last week's value"


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ('[[waivers]]\ngate = "no leaking feature"', "[[waivers]] 1 reason", "is missing"),
        ('[[waivers]]\nreason = "x"', "[[waivers]] 1 gate", "is missing"),
        ('[[waivers]]\ngate = "no leaking feature"\nreason = " "', "[[waivers]] 1 reason", "is empty"),
        ('[[waivers]]\ngate = "no leeking feature"\nreason = "x"', "[[waivers]] 1 gate", "did you mean"),
        ('[[waivers]]\ngate = "predictions valid"\nreason = "x"', "[[waivers]] 1 gate", "cannot be waived"),
        ('[[waivers]]\ngate = "target varies"\nreason = "x"', "[[waivers]] 1 gate", "cannot be waived"),
        ('[[waivers]]\ngate = "rows to judge by"\nreason = "x"', "[[waivers]] 1 gate", "cannot be waived"),
        ('[[waivers]]\ngate = "missing values"\nreason = "x"', "[[waivers]] 1 gate", "missing_at_most"),
        ('[[waivers]]\ngate = "roc_auc at least 0.6"\nreason = "x"', "[[waivers]] 1 gate", "these can be waived"),
        ('[[waivers]]\ngate = "no leaking feature"\nreason = "x"\nuntil = 1', "[[waivers]] 1 until", "not a known key"),
        (f"{WAIVER}{WAIVER}", "[[waivers]] 2 gate", "is waived already"),
        ("[waivers]", "[waivers]", "each waiver begins with"),
    ],
)
def test_a_mistake_is_told_with_its_place(lines: str, where: str, said: str) -> None:
    found = mistakes(f"{SMALL}\n{lines}\n")
    assert any(where == each.where and said in each.message for each in found), found


@pytest.mark.parametrize(
    ("data", "known", "said"),
    [
        ('features = ["x", "y"]', "z", "not in [data] features"),
        ('features = ["x", "this_week"]', "thisweek", "did you mean 'this_week'"),
        ('exclude = ["afterwards"]', "afterwards", "which is in [data] exclude and no feature"),
        ('key = ["id"]', "id", "which is in [data] key and no feature"),
        ('sensitive = ["mail"]', "mail", "which is in [data] sensitive and no feature"),
        ("", "y", "which is the target and no feature"),
    ],
)
def test_only_a_feature_is_known_before(data: str, known: str, said: str) -> None:
    text = under(under(SMALL, "[data]", data), "[validation]", f'known_before = ["{known}"]')
    found = mistakes(text)
    assert any(each.where == "[validation] known_before" and said in each.message for each in found), found


def test_what_is_known_before_has_to_be_a_column_of_the_data() -> None:
    manifest = parse_manifest(under(SMALL, "[validation]", 'known_before = ["this_week"]'))
    columns = [manifest.data.target, "this_weak", *([manifest.data.time] if manifest.data.time else [])]
    assert any("known_before names 'this_week'" in said for said in check_columns(manifest, columns))


def test_limits_on_what_is_no_metric_are_read() -> None:
    keys = ('rows_at_least_of_live = 0.8', "score_seconds_at_most = 20", 'model_size_at_most = "50MiB"')  # fmt: skip
    text = SMALL + "".join(f"\n[[gates]]\n{key}\n" for key in (*keys, "calibration_error_at_most = 0.05"))
    rules = [(rule.kind, rule.limit) for rule in parse_manifest(text).gates if isinstance(rule, GateRule)]
    assert rules[-4:] == [
        ("rows_at_least_of_live", 0.8),
        ("score_seconds_at_most", 20.0),
        ("model_size_at_most", 50 * 2**20),
        ("calibration_error_at_most", 0.05),
    ]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("model_size_at_most = 50", "it must be a text"),
        ('model_size_at_most = "50"', "it must be a number and one of KiB"),
        ('model_size_at_most = "1MiB"\nmetric = "f1"', "has no meaning beside model_size_at_most"),
        ("score_seconds_at_most = 0", "it must be a number from"),
        ("calibration_error_at_most = 2", "it must be a number from 0 to 1"),
        ('rows_at_least_of_live = "half"', "it must be"),
    ],
)
def test_a_limit_that_is_none_is_a_mistake(gate: str, said: str) -> None:
    found = mistakes(f"{SMALL}\n[[gates]]\n{gate}\n")
    assert any(said in each.message for each in found), found
