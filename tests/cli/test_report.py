"""``leverframe report``: to the screen, to a file, as a document; and what is wrong usage."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import History


def test_a_report_is_shown_as_text_and_names_what_is_live_and_what_waits(history: History) -> None:
    told = history("report", "tiny")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("A tiny project\n")
    for needed in ("In use: tiny@1", "tiny@3, made on", "Where it does worst", "The audit trail then had"):
        assert needed in told.out


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!DOCTYPE html>"), ("r.txt", "A tiny project")])
def test_a_file_is_written_in_the_form_that_its_name_says(
    history: History, tmp_path: Path, name: str, start: str
) -> None:
    told = history("report", "tiny", "-o", tmp_path / name)
    assert (told.code, told.err) == (0, "")
    assert (tmp_path / name).read_text().startswith(start)
    assert str(tmp_path / name) in told.out


def test_the_document_has_stable_keys(history: History) -> None:
    found = history("report", "tiny", "--json").json
    assert set(found) >= {
        "project", "title", "period", "verdict", "sentence", "live", "metrics", "money", "releases", "waiting",
        "troubles", "weakest", "work", "failures", "audit_rows", "audit_head",
    }  # fmt: skip
    assert [each["name"] for each in found["metrics"]] == ["roc_auc", "log_loss"]
    assert found["audit_head"] == history("audit", "--verify", "--json").json["head"]
    assert {"since", "until", "zone", "name"} <= set(found["period"])


def test_a_week_ends_at_midnight_where_the_project_lives(history: History) -> None:
    found = history("report", "tiny", "--week", "--json").json["period"]
    assert found["zone"] == "America/New_York"
    assert found["until"][11:13] in ("04", "05")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--week", "--month"), 2, "one of --week, --month"),
        (("--week", "--since", "2026-01-01"), 2, "one of --week, --month"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), 1, "before it begins"),
        (("--since", "yesterday"), 1, "not a time"),
        (("-o", "report.pdf"), 1, ".html or in .txt"),
        (("-o", "/nowhere/at/all/r.html"), 1, "could not be written"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(history: History, words: tuple[str, ...], code: int, said: str) -> None:
    told = history("report", "tiny", *words)
    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert said in told.err
