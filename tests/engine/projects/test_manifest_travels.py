"""How the data of a version travels, in the manifest."""

from __future__ import annotations

import pytest

from engine.errors import Invalid
from engine.projects.manifest.reader import parse_manifest
from engine.projects.manifest.records import DataSpec

MANIFEST = """
[project]
name = "churn"

[data]
extract = { command = ["sh", "extract.sh"] }
target = "late"
MORE

[train]
run = { command = ["sh", "train.sh"] }
score = { command = ["sh", "score.sh"] }

[validation]
holdout = 0.2
metrics = ["roc_auc"]
"""


def read(more: str) -> DataSpec:
    return parse_manifest(MANIFEST.replace("MORE", more)).data


def test_it_travels_whole_unless_it_is_said_to_travel_as_a_reference() -> None:
    assert (read("").travels, read('travels = "whole"').travels) == ("whole", "whole")
    found = read('travels = "reference"\nkept_at = "the archive"')
    assert (found.travels, found.kept_at) == ("reference", "the archive")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('travels = "reference"', "kept_at"),
        ('kept_at = "the archive"', 'say travels = "reference" too'),
        ('travels = "refrence"\nkept_at = "x"', "reference"),
        ('travels = "reference"\nkept_at = ""', "kept_at"),
        ('travels = "reference"\nkept_at = "a\\nb"', "kept_at"),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_mistake(more: str, said: str) -> None:
    with pytest.raises(Invalid) as found:
        read(more)
    assert said in str(found.value)
