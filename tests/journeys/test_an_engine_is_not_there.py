"""A project whose engine this machine lacks: said by check, doctor and a retrain before anything is built or begun."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.journeys import whole_path
from tests.programs import Programs

SAMPLES = Path(__file__).resolve().parents[2] / "sample_projects"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path / "bin", monkeypatch)


@pytest.mark.parametrize(
    ("name", "java", "spark", "why"),
    [
        ("delays-on-spark", "11.0.2", "4.1.4", "java is 11.0.2 on this machine, and the project asks for 17"),
        ("delays-in-java", "17.0.15", "3.5.1", "spark-submit is 3.5.1 on this machine, and the project asks for 4.1"),
    ],
)
def test_it_is_named_before_anything_begins(
    tmp_path: Path, machine: Programs, monkeypatch: pytest.MonkeyPatch, name: str, java: str, spark: str, why: str
) -> None:
    project = shutil.copytree(SAMPLES / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "delays.jar").write_bytes(b"PK\x03\x04")
    machine.says("java", f'openjdk version "{java}"')
    machine.says("spark-submit", f"Welcome to\n /_/ version {spark}")
    whole_path.begin(project, monkeypatch)
    checked = call("check", project)
    assert checked.code == 1
    assert why in checked.out + checked.err
    found = {each["what"]: each for each in call("doctor", "--json").json["findings"]}
    assert (found[f"environment of {name}"]["verdict"], why in found[f"environment of {name}"]["sentence"]) == (
        "failing", True
    )  # fmt: skip
    assert why in call("retrain", name, "--wait").err
    (run,) = whole_path.done("runs", name, "--json").json
    assert (run["state"], {each["name"] for each in run["steps"]} - {"queue"}) == ("failed", set())
    assert not list(Path(os.environ["LEVERFRAME_HOME"], "environments").glob("*"))
