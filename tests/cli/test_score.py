"""score and trace on the command line: a file through the live version, and back from a row to who approved it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import History
from tests.test_architecture import ROOT

ROWS = "id,place,x,other\n" + "".join(f"{number},A,0.{number}5,y\n" for number in range(1, 10))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scored")
    (made / "in.csv").write_text(ROWS)
    return made


@pytest.fixture(scope="module")
def run(history: History, folder: Path) -> dict[str, Any]:
    """What one scoring said, as JSON."""
    found = history("score", "tiny", folder / "in.csv", "-o", folder / "out.csv", "--json")
    assert found.code == 0, found.err
    document: dict[str, Any] = found.json
    return document


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_scored_with_the_live_version_and_each_row_says_so(run: dict[str, Any], folder: Path) -> None:
    head, *rows = (folder / "out.csv").read_text().splitlines()
    assert head == '"id","prediction","p_0","p_1","leverframe_version","leverframe_run"'
    assert [row.split(",")[0] for row in rows] == [str(number) for number in range(1, 10)]
    assert {row.split(",", 4)[4] for row in rows} == {f'"tiny@1",{run["id"]}'}
    (scoring,) = run["scorings"]
    assert (run["state"], run["job"], scoring["version"], scoring["rows"]) == ("succeeded", "score", "tiny@1", 9)
    assert (scoring["digest"], scoring["input_digest"]) == (sha256(folder / "out.csv"), sha256(folder / "in.csv"))
    assert scoring["named"] == run["id"] and scoring["ended_at"]


def test_another_version_is_asked_by_its_name_and_the_trail_has_it(history: History, folder: Path) -> None:
    told = history("score", "tiny", folder / "in.csv", "-o", folder / "two.parquet", "--version", "tiny@3")
    assert told.code == 0, told.err
    assert "9 rows of" in told.out and "by tiny@3." in told.out
    newest = history("audit", "--limit", 1, "--json").json[0]
    assert (newest["action"], newest["subject"]) == ("score", "tiny")
    found = history("trace", folder / "two.parquet", "--json").json
    assert (found["version"]["version"], found["releases"]) == ("tiny@3", [])
    assert "tiny@3 was not live then" in history("trace", folder / "two.parquet").out


def test_a_row_leads_to_code_data_environment_and_approver(history: History, run: dict[str, Any], folder: Path) -> None:
    found = history("trace", folder / "out.csv", "--row", 3, "--json").json
    assert set(found) == {"asked", "version", "releases", "whole", "row", "scorings", "total"}
    assert (found["whole"], found["row"]["number"], found["row"]["values"]["id"]) == (True, 3, "3")
    version = history("show", "tiny@1", "--json").json
    assert found["version"]["digest"] == version["digest"]
    assert found["version"]["data_digest"] == version["data"]["digest"]
    assert found["version"]["environment_digest"] == version["environment"]["digest"]
    assert version["code"]["revision"][:8] in found["version"]["code"]
    assert found["releases"][0]["approved_by"] == ["ada"]
    assert [each["run"] for each in found["scorings"]] == [run["id"]]
    assert found["scorings"][0]["release"] is not None


def test_a_file_that_was_changed_since_is_told_by_what_its_rows_say(
    history: History, run: dict[str, Any], folder: Path
) -> None:
    changed = folder / "changed.csv"
    changed.write_text("\n".join((folder / "out.csv").read_text().splitlines()[:4]) + "\n")
    found = history("trace", changed, "--row", 2, "--json").json
    assert (found["whole"], found["version"]["version"]) == (False, "tiny@1")
    assert [each["run"] for each in found["scorings"]] == [run["id"]]
    assert "changed.csv is not the file as it was written" in history("trace", changed).out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("trace", "{}/in.csv"), "in.csv is not what a scoring of this workspace wrote"),
        (("trace", "{}/out.csv", "--row", "99"), "out.csv has no row 99."),
        (("trace", "{}/none.csv"), "none.csv is not there or is no file"),
        (("trace", "--run", "1"), "Run 1, a retrain of tiny, wrote no predictions"),
        (("trace", "tiny@99"), "There is no version tiny@99"),
        (("score", "tiny", "{}/none.csv", "-o", "{}/x.csv"), "none.csv is not there; name the file"),
        (("score", "tiny", "{}/in.csv", "-o", "{}/out.csv"), "out.csv is there already; --replace writes over it"),
        (("score", "other", "{}/in.csv", "-o", "{}/x.csv"), "other"),
        (("score", "tiny", "{}/bad.csv", "-o", "{}/x.csv"), "bad.csv has no number in the column 'x' of row 2."),
        (("score", "tiny", "{}/in.csv", "-o", "{}/x.csv", "--version", "tiny@99"), "There is no version tiny@99"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    history: History, run: dict[str, Any], folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    (folder / "bad.csv").write_text("id,place,x\n1,A,0.5\n2,A,much\n")
    told = history(*(each.format(folder) for each in words))
    assert told.code == 1
    assert sentence in told.err and len(told.err.strip().splitlines()) <= 2
    assert not (folder / "x.csv").exists()


def test_the_same_again_gives_the_same_bytes_and_names_the_first_run(
    history: History, run: dict[str, Any], folder: Path
) -> None:
    before = (folder / "out.csv").read_bytes()
    again = history("score", "tiny", folder / "in.csv", "-o", folder / "out.csv", "--replace", "--json").json
    assert (folder / "out.csv").read_bytes() == before
    assert again["scorings"][0]["named"] == run["id"] != again["id"]


def test_its_log_and_what_it_took_are_kept_and_no_copy_is(history: History, run: dict[str, Any]) -> None:
    told = history("log", run["id"], "--step", "write scores").out
    assert "scoring" in told and "9 rows in" in told
    (step,) = [each for each in run["steps"] if each["name"] == "write scores"]
    assert step["state"] == "succeeded" and step["peak_memory"] > 0
    left = {path.name for path in (history.home / "runs" / f"{run['id']:07}").iterdir()}
    assert left <= {"lock", "engine.log", "write scores.log", "steps"}


def test_the_page_of_scoring_names_every_column_of_its_own() -> None:
    page = (ROOT / "docs/batch.md").read_text("utf-8")
    assert all(f"`{name}`" in page for name in ("leverframe_version", "leverframe_run", "leverframe_row"))
