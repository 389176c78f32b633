"""A version that an older engine made is asked as it was made: no types were kept, a score did not name its class."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.parquet

from engine.environments.pictures import Pictures
from engine.environments.python.lock import Lock
from engine.environments.records import Environment
from engine.jobs.health.baseline import readable
from engine.projects.manifest.reader import load_manifest
from engine.runs.steps.launch import Stage, spec_of
from engine.runs.steps.tables import with_types
from engine.scoring.unpacked import keeps_types, schema_known_to
from engine.validation.schema import compare_schema, infer_schema
from tests import tiny
from tests.version_documents import DATA, WHOLE

NOW = WHOLE
BEFORE = replace(WHOLE, data=replace(DATA, types=None))


def told(folder: Path, *, types: bool) -> dict[str, str]:
    """The variables of a step."""
    manifest = load_manifest(tiny.make(folder / "tiny"))
    place = folder / "environment"
    environment = Environment(place, place / "bin" / "python", "3.11.7", cast(Pictures, None))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    stage = Stage(folder, manifest, environment, cast(Lock, None), "m", at, folder / "home", types=types)
    return dict(spec_of(stage, "score", "score", folder, warm=False).environment)


def test_its_steps_are_not_told_to_keep_types(tmp_path: Path) -> None:
    assert not keeps_types(BEFORE) and keeps_types(NOW)
    assert "LEVERFRAME_TYPES" not in told(tmp_path / "before", types=False)
    assert told(tmp_path / "now", types=True)["LEVERFRAME_TYPES"] == "1"


def test_text_that_it_took_for_numbers_is_no_change_of_the_data(tmp_path: Path) -> None:
    learnt = infer_schema(pa.table({"code": [1, 2], "n": [1, 2]}))
    text = pa.table({"code": ["01", "02"], "n": [1, 2]})
    table, schema = with_types(text, {"code": {"text": True}}), infer_schema(text)
    assert compare_schema(schema_known_to(replace(BEFORE, schema=learnt), table, schema), schema) == ()
    assert compare_schema(schema_known_to(replace(NOW, schema=learnt), table, schema), schema) == (
        "column 'code' was integer and is text",
    )
    lost = infer_schema(text.drop_columns(["code"]))
    known = schema_known_to(replace(BEFORE, schema=learnt), table.drop_columns(["code"]), lost)
    assert compare_schema(known, lost) == ("column 'code' is gone",)


def test_a_kept_score_of_its_estimator_is_made_again_with_its_class(tmp_path: Path) -> None:
    for name, nameless, kept in (("score", False, False), ("score", True, True), ("score_paid", False, True)):
        pyarrow.parquet.write_table(pa.table({"prediction": ["paid"], name: [1.0]}), tmp_path / "kept")
        assert readable(tmp_path / "kept", nameless=nameless) is kept
