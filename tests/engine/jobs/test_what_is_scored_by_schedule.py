"""What ``[score]`` names as the folders are now: each file to one of its name, a query of the version, a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Invalid, Refusal
from engine.jobs.score import wishes
from engine.jobs.score.places import place_of, refuse_input, refuse_output
from engine.projects.manifest.records import ScoreSpec
from engine.storage.workspace import Workspace


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("project/incoming", "project/out", "code", "home"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".a.csv.part", "c.parquet"):
        (tmp_path / "project/incoming" / name).write_text("x")
    (tmp_path / "project/incoming/folder.csv").mkdir()
    return tmp_path / "project"


def told(spec: ScoreSpec, project: Path) -> list[tuple[str, str, bool, bool]]:
    found = wishes.scheduled(spec, project, project.parent / "code")
    root = f"{project.parent}/"
    return [(w.source.told.removeprefix(root), w.output.told.removeprefix(root), w.replace, w.ours) for w in found]


def test_each_file_is_scored_to_one_of_its_name_in_the_order_of_names(project: Path) -> None:
    assert told(ScoreSpec("incoming/*.csv", "out"), project) == [
        ("project/incoming/a.csv", "project/out/a.parquet", False, True),
        ("project/incoming/b.csv", "project/out/b.parquet", False, True),
    ]
    assert told(ScoreSpec("incoming/none*.csv", "out"), project) == []


def test_two_files_to_one_name_are_refused(project: Path) -> None:
    (project / "incoming/a.pq").write_text("x")
    (project / "incoming/a.parquet").write_text("x")
    with pytest.raises(Refusal, match=r"a\.parquet and a\.pq would both be written to a\.csv"):
        told(ScoreSpec("incoming/*.p*", "out", "csv"), project)


def test_a_folder_that_is_not_there_is_told(project: Path) -> None:
    with pytest.raises(Refusal, match=r"gone, the output of \[score\], is no folder; make it"):
        told(ScoreSpec("incoming/*.csv", "gone"), project)
    with pytest.raises(Refusal, match=r"gone, the folder of the files in \[score\], cannot be looked into"):
        told(ScoreSpec("gone/*.csv", "out"), project)


def test_a_query_is_that_of_the_version_and_leads_nowhere_else(project: Path) -> None:
    code = project.parent / "code"
    (code / "q.sql").write_text("SELECT 1")
    spec = ScoreSpec("q.sql", "table:scored", "parquet", "DB")
    assert told(spec, project) == [("query:q.sql in DB", "table:scored in DB", True, False)]
    (code / "q.sql").unlink()
    (code / "q.sql").symlink_to("/etc/passwd")
    with pytest.raises(Refusal, match=r"q\.sql, the source of \[score\], leads out of the project"):
        told(spec, project)


def test_a_table_is_scored_to_a_file_of_its_name(project: Path) -> None:
    spec = ScoreSpec("table:shop.incoming", "out", "csv", "DB")
    made = ("table:shop.incoming in DB", "project/out/shop.incoming.csv", False, True)
    assert told(spec, project) == [made]


@pytest.mark.parametrize(
    ("text", "variable", "output", "sentence"),
    [
        ("a.txt", None, False, "'a.txt' does not say what it is; name a file that ends with .parquet or .csv, a query"),
        ("a.sql", "DB", True, "'a.sql' does not say what it is; name a file that ends with .parquet or .csv, table:"),
        ("a.sql", None, False, "a.sql is in a database; say with --database which variable holds its URL."),
        ("table:a b", "DB", True, "'table:a b' names no table; write table:NAME of letters, digits and _"),
        ("table:a", "sqlite:///s3cret", True, "--database takes the name of an environment variable that holds the"),
        ("table:a", "LEVERFRAME_SMTP_PASSWORD", True, "--database takes the name of an environment variable"),
        ("a\x1b[2J.csv", None, False, "/base/a.csv has a name that cannot be shown and kept; give it another."),
    ],
)
def test_what_names_no_place_is_told(text: str, variable: str | None, output: bool, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        place_of(text, variable, output=output, base=Path("/base"))
    assert str(refused.value).startswith(sentence)
    assert "s3cret" not in str(refused.value)


def test_nothing_is_written_into_the_workspace_over_the_input_or_over_what_is_there(project: Path) -> None:
    home, base = Workspace(project.parent / "home"), project / "incoming"
    source = place_of("a.csv", None, output=False, base=base)

    def refusal(output: str, *, replace: bool = True) -> str:
        with pytest.raises(Refusal) as refused:
            refuse_output(home, source, place_of(output, None, output=True, base=base), replace=replace)
        return str(refused.value)

    assert "is inside the workspace, which keeps its own files" in refusal("../../home/a.csv")
    (base / "home").symlink_to(home.root)
    assert "is inside the workspace, which keeps its own files" in refusal("home/a.csv")
    assert "is the very file that is to be scored" in refusal("a.csv")
    assert "is there already; --replace writes over it" in refusal("b.csv", replace=False)
    assert "is there and is no file" in refusal("folder.csv")
    (base / "link.csv").symlink_to(base / "b.csv")
    assert "is there and is no file" in refusal("link.csv"), "what it leads to may be anybody's"
    assert "is no folder; make it, or write to another" in refusal("nowhere/b.csv")
    refuse_output(home, source, place_of("b.csv", None, output=True, base=base), replace=True)
    table = place_of("table:incoming", "WAREHOUSE", output=True, base=base)
    with pytest.raises(Refusal, match="is what is to be scored; write to another table"):
        refuse_output(home, place_of("table:incoming", "WAREHOUSE", output=False, base=base), table, replace=True)
    with pytest.raises(Refusal, match="is not there; name the file"):
        refuse_input(place_of("z.csv", None, output=False, base=base))
    with pytest.raises(Refusal, match="is no file; name the file"):
        refuse_input(place_of("folder.csv", None, output=False, base=base))
