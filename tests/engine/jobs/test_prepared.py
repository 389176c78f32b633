"""What a fork server finds out once: no run that it forks finds it out again, and nothing that is broken keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import json_records
from engine.environments.python.picture import PICTURE
from engine.jobs import prepared
from engine.jobs.health import kept
from engine.monitoring.look_document import LookDocument, packed, unpacked


def test_what_reads_records_and_what_they_were_made_by_are_found_out_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "environments" / "broken").mkdir(parents=True)
    (tmp_path / "environments" / "broken" / PICTURE).write_text("{")
    prepared.prepare(tmp_path)
    monkeypatch.setattr(json_records, "get_type_hints", lambda kind: pytest.fail("it was found out again"))
    monkeypatch.setattr(kept, "_sources", lambda: pytest.fail("they were read again"))
    assert unpacked(packed(LookDocument())) == LookDocument()
    assert kept.rules() == kept.rules()


def test_a_workspace_without_an_environment_is_prepared(tmp_path: Path) -> None:
    prepared.prepare(tmp_path)
