"""What a manifest says, and that every mistake in one is told with its line."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import Invalid, Refusal
from engine.projects.manifest.reader import check_columns, features_of, load_manifest, parse_manifest
from engine.projects.manifest.records import Program
from engine.vocabulary.gates import GateRule
from tests.engine.projects.manifests import DESIGN, SMALL, mistakes, with_line


def test_the_example_of_the_design_page_is_read_whole() -> None:
    manifest = parse_manifest(DESIGN)
    assert (manifest.name, manifest.title, manifest.owner) == ("flights", "Late arrivals", "ops@example.org")
    assert manifest.data.extract == Program("flights:extract", None)
    assert manifest.data.features is None
    assert manifest.train.timeout == timedelta(minutes=30)
    assert manifest.train.memory == 4 * 2**30
    assert manifest.validation.holdout == timedelta(days=14)
    assert manifest.validation.metrics[0] == "roc_auc"
    assert [(gate.kind, gate.limit) for gate in manifest.gates] == [("at_least", 0.7), ("not_below_live_by", 0.005)]
    assert [(spec.job, spec.timezone) for spec in manifest.schedule] == [
        ("retrain", "America/New_York"),
        ("health", "UTC"),
        ("report", "UTC"),
    ]
    assert manifest.report.to == ("business@example.org",)


def test_the_document_is_the_toml_and_fits_into_json() -> None:
    document = parse_manifest(DESIGN).document
    assert json.loads(json.dumps(document)) == document
    assert document["validation"]["metrics"] == ["roc_auc", "log_loss", "brier"]


def test_what_may_be_left_out_has_a_default() -> None:
    manifest = parse_manifest(SMALL)
    assert (manifest.title, manifest.data.format, manifest.train.threads) == ("small", "parquet", 1)
    assert (manifest.approval.approvals, manifest.approval.four_eyes) == (1, False)
    assert (manifest.gates, manifest.schedule, manifest.report.to) == ((), (), ())
    assert manifest.validation.holdout == 0.2


def test_every_kind_of_gate_is_read_with_its_line() -> None:
    gates = """
[[gates]]
metric = "roc_auc"
at_most = 0.99
[[gates]]
metric = "log_loss"
not_above_live_by = 0.01
[[gates]]
metric = "roc_auc"
every_segment_at_least = 0.6
segment = "place"
minimum_rows = 50
[[gates]]
rows_at_least = 1000
[[gates]]
missing_at_most = 0.1
[[gates]]
train_seconds_at_most = 600
"""
    text = with_line(SMALL, "metrics", 'metrics = ["roc_auc", "log_loss"]\nsegments = ["place"]')
    first = text.count("\n") + 2
    assert parse_manifest(text + gates).gates == (
        GateRule("at_most", "roc_auc", 0.99, None, None, first),
        GateRule("not_above_live_by", "log_loss", 0.01, None, None, first + 3),
        GateRule("segment_at_least", "roc_auc", 0.6, "place", 50, first + 6),
        GateRule("rows_at_least", None, 1000.0, None, None, first + 11),
        GateRule("missing_at_most", None, 0.1, None, None, first + 13),
        GateRule("train_seconds_at_most", None, 600.0, None, None, first + 15),
    )


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = DESIGN.replace('target = "late"', 'tagret = "late"').replace("1\nfour_eyes = false", '"1"\nfour_eyes = 0')
    found = mistakes(text.replace("at_least = 0.70", "at_leest = 0.70"))
    assert [mistake.line for mistake in found] == sorted(mistake.line or 0 for mistake in found)
    said = "\n".join(map(str, found))
    assert "line 12: [data] tagret: is not a known key; did you mean 'target'?" in said
    assert "[data] target: is missing." in said
    assert "[[gates]] 1 at_leest: is not a known key; did you mean 'at_least'?" in said
    assert "[approval] approvals: is '1'; it must be a whole number." in said
    assert "[approval] four_eyes: is 0; it must be true or false." in said


def test_the_message_names_the_file_and_the_first_mistake() -> None:
    with pytest.raises(Invalid, match=r"^leverframe\.toml has 6 mistakes; the first: \[project\] name: is missing"):
        parse_manifest("")
    with pytest.raises(Invalid, match=r"^x\.toml has a mistake: line 2: TOML: "):
        parse_manifest("a = 1\nb", "x.toml")


def test_features_are_every_column_that_may_be_used_or_the_ones_that_are_named() -> None:
    columns = ["flight_id", "scheduled_departure", "carrier", "origin", "arr_delay", "passenger_email", "late", "dep"]
    manifest = parse_manifest(DESIGN)
    assert features_of(manifest, columns) == ("carrier", "origin", "dep")
    named = parse_manifest(DESIGN.replace("[train]", 'features = ["dep", "carrier"]\n[train]'))
    assert features_of(named, columns) == ("dep", "carrier")
    with pytest.raises(Refusal, match="names 'carrier', and the data has no such column; did you mean 'carriers'"):
        features_of(named, ["dep", "carriers"])
    with pytest.raises(Refusal, match="No column is left"):
        features_of(manifest, ["late", "flight_id"])


def test_columns_that_do_not_fit_are_told_in_words() -> None:
    manifest = parse_manifest(DESIGN)
    right = ["flight_id", "scheduled_departure", "carrier", "origin", "arr_delay", "passenger_email", "late"]
    assert check_columns(manifest, right) == ()
    wrong = ["flight_id", "scheduled_departur", "carrier", "carrier", "arr_delay", "passenger_email", "Late"]
    assert check_columns(manifest, wrong) == (
        "the column 'carrier' is there more than once",
        "target names 'late', and there is no such column; did you mean 'Late'?",
        "time names 'scheduled_departure', and there is no such column; did you mean 'scheduled_departur'?",
        "segments names 'origin', and there is no such column",
    )


def test_a_manifest_is_loaded_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "leverframe.toml").write_text("\ufeff" + SMALL.replace("\n", "\r\n"))
    assert load_manifest(tmp_path).name == "small"
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "leverframe.toml").symlink_to("real.toml")
    (tmp_path / "inside" / "real.toml").write_text(SMALL)
    assert load_manifest(tmp_path / "inside").name == "small"


def _missing(folder: Path) -> None:
    pass


def _directory(folder: Path) -> None:
    (folder / "leverframe.toml").mkdir()


def _leads_out(folder: Path) -> None:
    (folder.parent / "real.toml").write_text(SMALL)
    (folder / "leverframe.toml").symlink_to("../real.toml")


def _loop(folder: Path) -> None:
    (folder / "leverframe.toml").symlink_to("leverframe.toml")


def _huge(folder: Path) -> None:
    with (folder / "leverframe.toml").open("wb") as file:
        file.truncate(10_000_000)


def _latin(folder: Path) -> None:
    (folder / "leverframe.toml").write_bytes(SMALL.encode() + b"# \xe9\n")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "leverframe.toml")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (_missing, "There is no leverframe.toml"),
        (_directory, "is not a file|Is a directory"),
        (_leads_out, "leads out of the folder"),
        (_loop, "cannot be read"),
        (_huge, "larger than 256 KiB"),
        (_latin, "line 14: .*not UTF-8"),
        (_pipe, "is not a file"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, made, said: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "p").mkdir()
    made(tmp_path / "p")
    with pytest.raises(Invalid, match=said):
        load_manifest(tmp_path / "p")


def test_a_file_where_a_folder_is_meant_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"PK")
    with pytest.raises(Invalid, match=r"p\.zip is not a folder; name the folder that holds leverframe\.toml"):
        load_manifest(tmp_path / "p.zip")
