"""The two files on the page about engines, as they stand there, over real flights, through the whole path."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import tiny
from tests.builders import real_flights
from tests.cli.calling import call
from tests.journeys import whole_path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "engines.md"
MOMENTS = (datetime(2013, 3, 11, tzinfo=UTC), datetime(2013, 3, 25, tzinfo=UTC), datetime(2013, 3, 27, tzinfo=UTC))


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flights") / "flights.csv"
    real_flights.write_csv(path, ("time_hour", "carrier", "origin", "hour", "late"))
    return path


@pytest.fixture
def project(tmp_path: Path, flights: Path) -> Path:
    """The folder of the page, with a quarter of a year of real flights."""
    folder = tmp_path / "late"
    folder.mkdir()
    blocks = re.findall(r"^```(toml|sh)\n(.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M)
    (folder / "leverframe.toml").write_text(next(text for kind, text in blocks if kind == "toml"))
    (folder / "steps.sh").write_text(next(text for kind, text in blocks if kind == "sh"))
    shutil.copy(flights, folder)
    return folder


def test_it_is_trained_approved_looked_at_and_rolled_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_path.begin(project, monkeypatch)
    assert "All is well" in whole_path.done("check", project).out
    whole_path.walk("late", MOMENTS)
    metrics = whole_path.done("show", "late@2", "--json").json["metrics"]["metrics"]
    assert 0.60 < metrics["roc_auc"]["value"] < 0.75


def test_predictions_in_another_order_are_seen_by_what_they_are_worth(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_path.begin(project, monkeypatch)
    shuffled = '| { read -r names; echo "$names"; sort -t, -k3; } > predictions.csv'
    tiny.replace(project, "steps.sh", "- > predictions.csv", f"- {shuffled}")
    whole_path.done("retrain", "late", "--wait", "--as-of", "2013-03-25")
    (version,) = whole_path.done("versions", "late", "--json").json
    assert version["state"] == "failed"
    gates = {gate["name"]: gate["verdict"] for gate in whole_path.done("show", "late@1", "--json").json["gates"]}
    assert gates["better than guessing"] == "fail"


def test_each_step_is_told_what_it_may_take(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_path.begin(project, monkeypatch)
    tiny.replace(project, "leverframe.toml", "[train]", '[train]\nmemory = "1GiB"\nthreads = 2')
    told = '[ "$LEVERFRAME_MEMORY $LEVERFRAME_THREADS" = "1073741824 2" ]'
    tiny.replace(project, "steps.sh", "set -eu", f"set -eu\n{told}")
    whole_path.done("check", project)


def test_it_is_short(project: Path) -> None:
    assert len((project / "leverframe.toml").read_text().splitlines()) <= 20
    assert len((project / "steps.sh").read_text().splitlines()) <= 25


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("printf", "if (FNR % 2) printf", "predictions for 200 rows; it must give one for each row"),
        ("> predictions.csv", "| sort > predictions.csv", "no column 'prediction'"),
    ],
)
def test_predictions_that_are_not_one_for_each_row_are_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, was: str, becomes: str, why: str
) -> None:
    whole_path.begin(project, monkeypatch)
    text = (project / "steps.sh").read_text()
    place = text.index(was, text.index("score)"))
    (project / "steps.sh").write_text(text[:place] + text[place:].replace(was, becomes, 1))
    tiny.commit(project, "worse")
    told = call("check", project)
    assert told.code == 1
    assert why in told.out + told.err
