"""who: for people and for programs."""

from __future__ import annotations

from pathlib import Path

from tests.cli.calling import call
from tests.people import open_engine


def test_who_is_on_is_told_to_people_and_to_programs(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "home", "ada", create=True)
    assert call("--home", engine.home, "who").out == "Nobody has a console open here.\n"
    engine.be_at("Decide on tiny@3")
    told = call("--home", engine.home, "who").out
    assert "ada" in told and "Decide on tiny@3" in told and "this machine" in told
    (one,) = call("--home", engine.home, "who", "--json").json
    assert (one["operator"], one["from"], one["screen"]) == ("ada", "this machine", "Decide on tiny@3")
    assert set(one) == {"operator", "proof", "from", "screen", "since", "came_at"}
