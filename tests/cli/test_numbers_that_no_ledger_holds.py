"""A number that is too large for anything to have it is wrong usage, and no fault of ours that fills the logs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.calling import call

BEYOND = str(2**63)


@pytest.mark.parametrize(
    "words",
    ["log N", "cancel N --reason x", "handover show N", "report x --kept N", "alerts ack N --reason x",
     "outbox retry N",
     "alerts snooze N --for 1d --reason x", "bin restore N --reason x", "routes remove N --reason x",
     "allow N --reason x", "backtest x --weeks N", "versions x --limit N"],
)  # fmt: skip
def test_it_is_refused_before_anything_is_looked_for(tmp_path: Path, words: str) -> None:
    home = tmp_path / "home"
    assert call("--home", home, "init").code == 0
    told = call("--home", home, *words.replace("N", BEYOND).split())
    assert told.code == 2 and "no number is as large as that" in told.err
    assert not list((home / "logs").glob("failure-*"))
    assert "as large as that" not in call("--home", home, *words.replace("N", str(2**63 - 1)).split()).err
    assert not list((home / "logs").glob("failure-*"))
