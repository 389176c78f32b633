"""What differs between a bundle and the one before it, or a version that is here: of all that a version holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.api import Engine
from engine.errors import Damage, NotFound
from tests.engine.bundles.conftest import Sender
from tests.people import open_engine


def test_two_bundles_differ_in_every_part_by_what_their_versions_do(receiver: Engine, sender: Sender) -> None:
    found = {each.what: each for each in receiver.compare(sender.zip, sender.second)}
    assert list(found) == ["code", "data", "schema", "packages", "settings", "metrics"]
    theirs = open_engine(sender.home, "mia")
    assert {each.what: each for each in theirs.compare("tiny@1", sender.second)} == found
    told = {each.what: each for each in theirs.diff("tiny@1", "tiny@2")}
    assert {name: found[name] for name in told} == told
    before, after = (theirs.show(label).metrics.metrics["roc_auc"].value for label in ("tiny@1", "tiny@2"))
    assert found["metrics"].details[0] == f"roc_auc: {before:.4g} → {after:.4g}"
    assert receiver.compare(sender.zip, sender.zip)[-1].summary == "same"


def test_whose_key_it_is_decides_nothing_and_what_was_changed_is_refused(
    home: Path, sender: Sender, tmp_path: Path
) -> None:
    engine = open_engine(home, "ada", create=True)  # which trusts nobody
    assert engine.compare(sender.zip, sender.second)
    content = bytearray(sender.zip.read_bytes())
    content[content.index(b'"format":1') + 1] ^= 1
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(Damage, match=r"x\.zip cannot be compared: "):
        engine.compare(tmp_path / "x.zip", sender.second)
    with pytest.raises(NotFound):
        engine.compare("tiny@9", sender.second)
