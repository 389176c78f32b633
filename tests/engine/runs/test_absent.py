"""A file that lies in the project's folder and in no commit is said to; a run's own folder is never spoken of."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Refusal
from engine.projects.source.code import snapshot
from engine.runs.steps.missing_files import explained, refuse_absent, without_places
from tests import tiny

IGNORED = "is in the folder, but Git ignores it: a run gets what is committed; commit it, or have"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tiny.make(tmp_path / "projects" / "tiny")
    (folder / ".gitignore").write_text("/data/*.csv\n/settings_here.py\n/private/\n")
    (folder / "data").mkdir()
    (folder / "data" / "train.csv.dvc").write_text("outs: []\n")
    tiny.commit(folder, "what is ignored")
    (folder / "data" / "train.csv").write_text("x\n1\n")
    (folder / "settings_here.py").write_text("X = 1\n")
    (folder / "private").mkdir()
    (folder / "private" / "__init__.py").write_text("")
    (folder.parent / "shared.csv").write_text("x\n1\n")
    return folder


@pytest.fixture
def code(project: Path, tmp_path: Path) -> Path:
    (tmp_path / "run" / "steps" / "extract").mkdir(parents=True)
    snapshot(project, tmp_path / "run" / "steps" / "extract" / "code", allow_dirty=False)
    return tmp_path / "run" / "steps" / "extract" / "code"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (["FileNotFoundError: [Errno 2] No such file or directory: '{code}/data/train.csv'"], "data/train.csv"),
        (["FileNotFoundError: [Errno 2] No such file or directory: 'data/train.csv'"], "data/train.csv"),
        (["FileNotFoundError: [Errno 2] No such file or directory: './data/../data/train.csv'"], "data/train.csv"),
        (["pyarrow.lib.ArrowInvalid: could not open {code}/data/train.csv: not found"], "data/train.csv"),
        (["Error in file(file, \"rt\") :", "cannot open file 'data/train.csv': No such file"], "data/train.csv"),
        (['  con = sqlite3.connect("data/train.csv")', "unable to open database file"], "data/train.csv"),
        (["cat: data/train.csv: No such file or directory ('data/train.csv')"], "data/train.csv"),
        (["FileNotFoundError: data/train.csv"], "data/train.csv"),  # as pyarrow and pandas.read_parquet say it
        (["FileNotFoundError: data/train.csv not found."], "data/train.csv"),  # as numpy.loadtxt does
        (["No such file or directory (os error 2): data/train.csv"], "data/train.csv"),
        (['IO Error: No files found that match the pattern "data/train.csv"'], "data/train.csv"),
        (["Error: ‘data/train.csv’ does not exist in current working directory."], "data/train.csv"),
        (['  frames = [pd.read_csv(each) for each in glob("data/*.csv")]', "ValueError: No objects to concatenate"],
         "data/train.csv"),
        (["FileNotFoundError: settings_here.py"], "settings_here.py"),
        (["m imports 'settings_here', which this environment does not have; add it"], "settings_here.py"),
        (["ModuleNotFoundError: No module named 'settings_here'"], "settings_here.py"),
        (["There is no module 'private' in the project."], "private"),
    ],
)
def test_a_step_that_wants_a_file_that_git_ignores_is_told_so(
    said: list[str], name: str, project: Path, code: Path
) -> None:
    told = explained([line.format(code=code) for line in said], code, project)
    assert told is not None and told.startswith(f"{name} {IGNORED}")


def test_a_file_beside_the_project_is_no_part_of_it(project: Path, code: Path) -> None:
    for path in ("../shared.csv", f"{code}/../shared.csv", f"{code.parent}/shared.csv"):
        told = explained([f"FileNotFoundError: No such file or directory: '{path}'"], code, project)
        assert told is not None and told.startswith("../shared.csv lies outside of the project's folder")


@pytest.mark.parametrize(
    "said",
    [
        "FileNotFoundError: No such file or directory: 'data/other.csv'",  # it is nowhere
        "FileNotFoundError: No such file or directory: 'steps.py'",  # the run has it
        "KeyError: 'private'",  # no word of a file
        "ValueError: No objects to concatenate from '*.py'",  # the run has these
        "ValueError: No objects to concatenate from '*.parquet'",
        "FileNotFoundError: No such file or directory: '/nowhere/at/all'",
        f"not found: '{'x' * 299}'",
        "",
    ],
)
def test_of_other_failures_nothing_is_concluded(said: str, project: Path, code: Path) -> None:
    assert explained([said], code, project) is None
    assert explained([], code, project) is None


def test_a_file_that_came_after_the_commit_is_not_committed(project: Path, code: Path) -> None:
    (project / "new.csv").write_text("x\n")
    told = explained(["No such file or directory: 'new.csv'"], code, project)
    assert told is not None and told.startswith("new.csv is in the folder, but it is not committed: a run gets")


def test_requirements_and_manifest_that_git_ignores_are_refused_by_name(project: Path, code: Path) -> None:
    (project / "data" / "requirements.csv").write_text("pandas\n")
    with pytest.raises(Refusal, match="data/requirements.csv is in the folder, but Git ignores it"):
        refuse_absent("data/requirements.csv", code, project)
    refuse_absent("steps.py", code, project)
    refuse_absent("nowhere.txt", code, project)


def test_places_of_a_run_are_told_by_the_names_that_the_code_knows(tmp_path: Path) -> None:
    said = f"'{tmp_path}/code/data/x.csv', {tmp_path}/input/data.csv, {tmp_path}/output/model, {tmp_path}/code"
    assert without_places(said, tmp_path) == (
        "'data/x.csv', $LEVERFRAME_INPUT/data.csv, $LEVERFRAME_OUTPUT/model, ."
    )
