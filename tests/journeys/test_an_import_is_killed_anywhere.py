"""Killed before any change that it makes, an import has taken the version in, or has changed nothing."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests import tiny
from tests.builders.runs import retrained
from tests.killing import forget, killed_at, let_go
from tests.ledger import rows_of, store_of
from tests.people import open_engine

pytestmark = pytest.mark.slow
PREPARATION = """
from pathlib import Path
import cryptography.hazmat.primitives.asymmetric.ed25519, numpy, pyarrow.parquet, zstandard
import engine.bundles.taking_in, engine.bundles.staging, engine.bundles.registering
from engine.api import open_engine
"""
# What an environment that was built looks like, which stays for whoever wants it next.
BUILT = ("pictures", "kept_files")
# So many changes of a proof lie between the last object that is staged and the first that is moved.
STEP = 7


def test_an_import_that_is_killed_is_whole_or_never_was(tmp_path: Path) -> None:
    sender = open_engine(tmp_path / "sender", "mia", create=True)
    sender.add(tiny.make(tmp_path / "tiny"))
    retrained(sender, tiny.BEGINS + timedelta(days=30))
    bundle = tmp_path / "x.zip"
    sender.bundle("tiny@1", bundle)
    receiver = open_engine(tmp_path / "home", "ada", create=True)
    receiver.trust("development", sender.bundle_key()[1], "known")
    receiver.bundle_key()
    before = rows_of(receiver, BUILT)
    sender.close()
    receiver.close()
    home, saved, number, seen = let_go(tmp_path / "home"), tmp_path / "saved", 0, set[int]()
    shutil.copytree(home, saved, symlinks=True)
    act = f"engine = open_engine(Path({str(home)!r}), 'ada'); engine.take_in(Path({str(bundle)!r}))"
    while True:
        number += STEP
        assert number < 3000
        killed = killed_at(number, PREPARATION, act)
        engine = open_engine(home, "ada")
        taken = engine.projects() != ()
        seen.add(int(taken))
        assert engine.verify_audit().ok
        assert list((home / "cache").glob("import-*")) == []  # Whoever opened the workspace has swept it.
        if taken:
            assert engine.version("tiny@1").state == "candidate" and engine.origin("tiny@1") is not None
            assert engine.doctor(mend=False)
        else:
            assert rows_of(engine, BUILT) == before
            if number % (10 * STEP) == 0:  # Whatever was left, it is taken in now.
                assert engine.take_in(bundle).label == "tiny@1"
        assert {version.label for version in engine.versions()} <= {"tiny@1"}
        if engine.projects():
            document = engine.show("tiny@1")
            assert all(store_of(engine).has(digest) for file in document.model.files for digest in file.chunks)
        engine.close()
        forget(let_go(home))
        if not killed:
            break
        shutil.copytree(saved, home, symlinks=True)
    assert seen == {0, 1}
