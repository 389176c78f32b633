"""What doctor says of a project's folder that is not there."""

from __future__ import annotations

from pathlib import Path

from engine.projects.source.findings import findings


def test_a_folder_that_is_gone_is_told_from_one_that_comes_with_the_first_approval(tmp_path: Path) -> None:
    [gone] = findings("tiny", str(tmp_path / "tiny"))
    assert gone.verdict == "watch" and gone.sentence.endswith("tiny, is gone; retrains will fail until it is back")
    came = tmp_path / "live" / "tiny" / "code"
    [comes] = findings("tiny", str(came))
    assert comes.sentence == (
        f"the code of tiny is that of what is live, in {came}, and is not there; retrains wait for an approval"
    )
