"""Mistakes of ours are kept, whatever stands in what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from engine.storage.failures import keep_traceback

AT, STAMP = datetime(2026, 11, 30, 6, 25, tzinfo=UTC), "2026-11-30T06:25:00.000000Z"


def test_half_a_character_of_a_project_loses_no_traceback(tmp_path: Path) -> None:
    path = keep_traceback(tmp_path, "ValueError: \ud800", AT, "1-a")
    keep_traceback(tmp_path, "KeyError: 'a'", AT)
    assert path.read_text("utf-8") == f"{STAMP} 1-a\nValueError: \\ud800\n{STAMP}\nKeyError: 'a'\n"
