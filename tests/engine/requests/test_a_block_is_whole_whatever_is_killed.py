"""Killed before each change to the disk, a block and its row are both there or neither is, after the next look."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import Damage
from engine.requests import block, book
from engine.requests.keeping import LogFolder
from engine.requests.records import LogRules
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import NOON, answered, made, writer
from tests.killing import killed_at

PREPARATION = """
from pathlib import Path
import pyarrow.parquet
from engine.requests.records import LogRules
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.engine.requests.noted import NOON, answered, writer
"""
ACT = """
workspace = workspaces.find(Path({home!r}))
ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
log = writer(workspace, ledger, LogRules(most={most}), worker="two")
log.take([answered(number) for number in range(50, 60)])
log.flush(NOON, everything=True)
"""


def files(workspace: Workspace) -> set[str]:
    return {path.name for path in (workspace.requests / "tiny").glob("*")}


def whole(workspace: Workspace, ledger: Ledger) -> list[int]:
    """The rows of the blocks that are there, each of which was read, and nothing lies beside them."""
    with ledger.read() as db:
        there = book.blocks(db, "tiny")
        counts = book.counts(db, ["tiny"], NOON - timedelta(days=1), NOON + timedelta(days=1))
    assert files(workspace) == {each.file for each in there}
    for each in there:
        content = block.content_at(workspace.requests / "tiny" / each.file, each.digest)
        assert block.table_in(content).num_rows == each.rows
    kept = sum(count.kept for _, _, count in counts)
    assert kept == sum(count.requests for _, _, count in counts)
    return [kept, *(each.rows for each in there)]


@pytest.mark.slow
def test_killed_at_every_step_of_a_block_that_makes_room_for_itself(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "made")
    log = writer(workspace, ledger)
    log.take([answered(number) for number in range(30)])
    log.flush(NOON, everything=True)
    with ledger.read() as db:
        most = book.held(db, "tiny").bytes + 100
    ledger.close()
    seen = set()
    for change in range(1, 100):
        home = tmp_path / str(change)
        shutil.copytree(tmp_path / "made", home)
        act = ACT.format(home=str(home), most=most)
        killed = killed_at(change, PREPARATION, act)
        copy = Workspace(home)
        with closing(Ledger(copy.ledger, locks=home / "locks")) as again:
            with copy.lock("requests-tiny"):
                LogFolder(copy, again, "tiny").settle(NOON)
            seen.add(tuple(whole(copy, again)))
        if not killed:
            break
    else:
        pytest.fail("it never came to its end")
    # Both as before; the old one gone and the new one not there; both as after.
    assert {(30, 30), (30,), (40, 10)} <= seen <= {(30, 30), (30,), (40, 10)}


def test_a_block_whose_row_was_never_written_is_taken_in_once(served: tuple[Workspace, Ledger]) -> None:
    workspace, ledger = served
    log = writer(workspace, ledger, worker="two")
    log.take([answered(number) for number in range(5)])
    log.flush(NOON, everything=True)
    (name,) = files(workspace)
    content = (workspace.requests / "tiny" / name).read_bytes()
    (workspace.requests / "tiny" / "20261124T120000.000000Z-cafe.parquet").write_bytes(content)
    folder = LogFolder(workspace, ledger, "tiny")
    assert folder.settle(NOON) == 1
    assert folder.settle(NOON) == 0
    assert whole(workspace, ledger) == [10, 5, 5]


def test_what_is_no_block_of_the_project_is_thrown_away(served: tuple[Workspace, Ledger], tmp_path: Path) -> None:
    workspace, ledger = served
    log = writer(workspace, ledger)
    log.take([answered()])
    log.flush(NOON, everything=True)
    (name,) = files(workspace)
    place = workspace.requests / "tiny"
    content = (place / name).read_bytes()
    (place / "cut.parquet").write_bytes(content[:-40])
    (place / "empty.parquet").touch()
    (place / f".{name}.0a1b2c.tmp").write_bytes(content)
    (place / "notes.txt").write_text("hello")
    (place / "folder.parquet").mkdir()
    (place / "link.parquet").symlink_to("/etc/hostname")
    other, elsewhere = made(tmp_path / "other", "tiny", "large")
    strange = writer(other, elsewhere)
    strange.take([answered(project="large", label="large@1")])
    strange.flush(NOON, everything=True)
    elsewhere.close()
    (found,) = (other.requests / "large").iterdir()
    (place / "strange.parquet").write_bytes(found.read_bytes())
    LogFolder(workspace, ledger, "tiny").settle(NOON)
    assert whole(workspace, ledger) == [1, 1]
    assert Path("/etc/hostname").exists()


def test_a_row_whose_file_is_gone_says_so(served: tuple[Workspace, Ledger]) -> None:
    workspace, ledger = served
    log = writer(workspace, ledger)
    log.take([answered()])
    log.flush(NOON, everything=True)
    (name,) = files(workspace)
    (workspace.requests / "tiny" / name).unlink()
    with pytest.raises(Damage, match="is gone"):
        block.content_at(workspace.requests / "tiny" / name)
    LogFolder(workspace, ledger, "tiny").settle(NOON)
    with ledger.read() as db:
        assert book.blocks(db, "tiny") == ()
        assert book.by_file(db, "tiny")[name].why == book.GONE


def test_the_next_worker_settles_before_it_writes(served: tuple[Workspace, Ledger]) -> None:
    workspace, ledger = served
    (workspace.requests / "tiny").mkdir()
    (workspace.requests / "tiny" / ".half.tmp").touch()
    log = writer(workspace, ledger, LogRules())
    log.take([answered()])
    log.flush(NOON, everything=True)
    assert whole(workspace, ledger) == [1, 1]
