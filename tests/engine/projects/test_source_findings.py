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
        f"the code of tiny is that of what is live, in {came}, and not there; retrains wait for approval"
    )
    came.mkdir(parents=True)
    (tmp_path / "tiny").mkdir()
    assert list(findings("tiny", str(came))) == [], "what came as a bundle cannot be put under Git where it lies"
    [unheld] = findings("tiny", str(tmp_path / "tiny"))
    assert unheld.sentence.endswith("put the folder under Git or Subversion")
