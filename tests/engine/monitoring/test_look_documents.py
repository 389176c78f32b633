"""What a look found is read into records and written back as it was; a document of before says less, and is read."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Damage
from engine.json_records import write
from engine.monitoring.look_document import LookDocument, packed, unpacked
from tests.engine.monitoring.test_measure import current, measured

# What a look wrote at first: the rest came with the parts that it learnt to look at.
FIRST = (
    "version", "as_of", "verdict", "why", "rows", "labelled", "left_out", "findings", "measured", "parts", "quality",
    "window", "drift", "prediction", "memory", "task", "problem", "problems", "metrics", "validated", "periods",
    "mature_until", "fall", "rival", "signals",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the meter says of a settled world, every part of it."""
    folder: Path = tmp_path_factory.mktemp("look")
    return measured(folder, current(), by={"place": []})


def kept(document: Any) -> bytes:
    return zlib.compress(json.dumps(document, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def test_every_part_of_a_look_comes_back_byte_for_byte(whole: dict[str, Any]) -> None:
    assert packed(unpacked(kept(whole))) == kept(whole)
    found = unpacked(kept(whole))
    assert found.drift and found.slices and found.periods and found.calibration and found.by and found.slice_rows
    assert json.dumps(write(replace(found, said=None))) == json.dumps(whole), "no key and no order but the records' own"


def test_a_look_of_before_reads_as_one_that_did_not_look_at_the_rest(whole: dict[str, Any]) -> None:
    before = {name: whole[name] for name in FIRST}
    later = ("importance", "weight")
    before["drift"] = [{name: value for name, value in each.items() if name not in later} for each in whole["drift"]]
    found = unpacked(kept(before))
    assert (found.slices, found.together, found.told, found.by, found.drift[0].weight) == (None, None, (), {}, None)
    assert packed(found) == kept(before)


def test_what_a_newer_leverframe_looked_at_is_kept(whole: dict[str, Any]) -> None:
    newer = {**whole, "energy": {"kWh": 3}, "parts": {name: {**part, "by": 1} for name, part in whole["parts"].items()}}
    assert packed(unpacked(kept(newer))) == kept(newer)


def test_a_number_that_json_has_no_word_for_makes_no_look_unreadable(whole: dict[str, Any]) -> None:
    column = {**whole["drift"][0], "bars": [{"label": "inf", "reference": None, "current": 1.0}]}
    odd = {**whole, "drift": [column], "signals": [["drift", None, None, None, 3]]}
    assert packed(unpacked(kept(odd))) == kept(odd)


def test_nothing_at_all_is_a_look_that_could_tell_nothing() -> None:
    found = unpacked(kept({}))
    assert found == LookDocument() and found.verdict == "unknown"
    assert write(found) == {}


def test_a_document_that_is_not_what_it_should_be_is_damage_that_says_where(whole: dict[str, Any]) -> None:
    with pytest.raises(Damage, match="^What a look found cannot be read: a whole number was expected at rows\\.$"):
        unpacked(kept({**whole, "rows": "many"}))
    with pytest.raises(Damage, match="it is missing at parts\\.drift\\.why"):
        unpacked(kept({**whole, "parts": {"drift": {"verdict": "ok"}}}))
    with pytest.raises(Damage, match="a list of 5 was expected at signals"):
        unpacked(kept({**whole, "signals": [["rows", 1.0]]}))
    with pytest.raises(Damage, match="What a look found cannot be read"):
        unpacked(b"rubbish")
