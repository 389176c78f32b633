"""A column that the manifest calls sensitive is in no bundle: not its rows, and no value of it anywhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.api import Engine
from engine.bundles.contents import told_values
from engine.errors import Refusal
from tests import tiny
from tests.builders.runs import retrained
from tests.engine.bundles.forging import contents
from tests.people import open_engine

SECRET = "mallory-77@example.org"
STEPS = tiny.STEPS.replace('"x", "late"]', '"x", "late", "mail"]').replace(
    "round(x, 6), late]", f'round(x, 6), late, "{SECRET}" if hour % 2 else "nobody-here@example.org"]'
)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Engine:
    project = tiny.make(tmp_path / "tiny", steps=STEPS)
    manifest = project / "leverframe.toml"
    manifest.write_text(manifest.read_text().replace('key = ["id"]', 'key = ["id"]\nsensitive = ["mail"]'))
    tiny.commit(project, "a column that is nobody's business")
    engine = open_engine(home, "mia", create=True)
    engine.add(project)
    retrained(engine, tiny.BEGINS + timedelta(days=30))
    return engine


def test_the_data_stays_and_nothing_else_holds_a_value_of_it(engine: Engine, tmp_path: Path) -> None:
    made = engine.bundle("tiny@1", tmp_path / "x.zip")
    assert made.absent[0].what == "data" and "a sensitive column (mail)" in made.absent[0].why
    found = contents(tmp_path / "x.zip")
    assert not any(name.startswith("data/") for name in found)
    page = found["README.html"].decode()
    assert "<td>data/</td>" not in page and "a sensitive column (mail)" in page
    own_code = {"code/steps.py"}  # which writes these rows itself
    assert [name for name, content in found.items() if SECRET.encode() in content and name not in own_code] == []
    digests = {each.sha256 for part in made.absent for each in part.files}
    assert digests == {each.digest for each in engine.show("tiny@1").data.files}


def test_it_comes_in_with_its_data_on_another_way(engine: Engine, tmp_path: Path) -> None:
    engine.bundle("tiny@1", tmp_path / "x.zip")
    other = open_engine(tmp_path / "other", "ada", create=True)
    other.trust("development", engine.bundle_key()[1], "known")
    with pytest.raises(Refusal, match="its data did not travel: it has a sensitive column"):
        other.take_in(tmp_path / "x.zip")
    engine.write_data("tiny@1", tmp_path / "data")
    assert other.take_in(tmp_path / "x.zip", data=tmp_path / "data").label == "tiny@1"


def test_one_whose_schema_lists_its_values_as_an_older_leverframe_made_it_is_known(engine: Engine) -> None:
    document = engine.show("tiny@1")
    listed = {"columns": [{"name": "mail", "type": "text", "nullable": False, "categories": [SECRET]}]}
    assert told_values(document) == () and told_values(replace(document, schema=listed)) == ("mail",)
