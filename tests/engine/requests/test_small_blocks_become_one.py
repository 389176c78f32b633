"""Small blocks of the log are merged: no row is lost or there twice, whoever is killed, and what came can be proven."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.requests import block, book
from engine.requests.answered import Answered
from engine.requests.answers import logged_answers
from engine.requests.apart import together_here
from engine.requests.keeping import LogFolder, keep
from engine.requests.merging import FEWEST, MOST_AT_ONCE, SMALL_ROWS, groups
from engine.requests.records import Block, LogRules
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import NOON, answered, made, writer
from tests.killing import killed_at

LATER = NOON + timedelta(hours=3)
DAYS = timedelta(days=30)


def block_of(number: int, **other: object) -> Block:
    at = NOON + timedelta(minutes=number)
    known = Block(number, "tiny", f"{number}.parquet", "tiny@1", "one", "d" * 64, 100, 1, 10, at, at, at)
    return replace(known, **other)  # type: ignore[arg-type]


def minutes(workspace: Workspace, ledger: Ledger, count: int, **other: object) -> list[Answered]:
    """A block a minute, of two requests each."""
    written = []
    for number in range(count):
        batch = [
            answered(number * 60 + place, at=NOON + timedelta(minutes=number, seconds=place), **other)
            for place in range(2)
        ]
        log = writer(workspace, ledger)
        log.take(batch)
        log.flush(batch[-1].at, everything=True)
        written += batch
    return written


def there(ledger: Ledger) -> tuple[Block, ...]:
    with ledger.read() as db:
        return book.blocks(db, "tiny")


def kept(workspace: Workspace, ledger: Ledger, now: datetime = LATER, **rules: object) -> list[str]:
    given = {"tiny": LogRules(**rules)}  # type: ignore[arg-type]
    return keep(workspace, ledger, given, now, now, together_here)


def requests_in(workspace: Workspace, ledger: Ledger) -> list[str]:
    """The ids of all requests in the log, as they lie in it."""
    found: list[str] = []
    for each in there(ledger):
        content = block.content_at(workspace.requests / "tiny" / each.file, each.digest)
        found += block.table_in(content).column("request.id").to_pylist()
    return sorted(found)


def test_what_is_small_and_settled_becomes_one_that_names_the_others(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    written = minutes(workspace, ledger, 12)
    before = {each.file: (each.digest, each.rows) for each in there(ledger)}
    assert kept(workspace, ledger) == ["12 small blocks of requests of tiny became 1."]
    (one,) = there(ledger)
    assert (one.rows, one.requests, one.since, one.until) == (24, 24, written[0].at, written[-1].at)
    content = block.content_at(workspace.requests / "tiny" / one.file, one.digest)
    label, counts = block.label_in(content)
    assert {file: (digest, rows) for file, digest, rows in label.of} == before and counts == {}
    times = block.table_in(content).column("request.at").to_pylist()
    assert times == sorted(times) and requests_in(workspace, ledger) == sorted(each.request for each in written)
    assert {path.name for path in (workspace.requests / "tiny").iterdir()} == {one.file}
    with ledger.read() as db:
        why = {each.why for each in book.by_file(db, "tiny").values() if each.ended_at}
        counted = book.counts(db, ["tiny"], NOON - timedelta(days=1), LATER)
    assert why == {f"it was merged into {one.file}"}
    assert sum(count.kept for _, _, count in counted) == 24, "nothing is counted twice"
    ledger.close()


def test_what_was_merged_ends_with_its_newest_row_and_is_merged_on(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    minutes(workspace, ledger, FEWEST)
    kept(workspace, ledger)
    assert kept(workspace, ledger) == [], "one block is not merged with itself"
    assert kept(workspace, ledger, NOON + DAYS) == []
    assert kept(workspace, ledger, NOON + DAYS + timedelta(minutes=FEWEST)) == ["1 block of requests of tiny ended."]
    assert there(ledger) == () and list((workspace.requests / "tiny").iterdir()) == []
    ledger.close()


def test_columns_that_do_not_fit_together_stay_apart(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    minutes(workspace, ledger, FEWEST)
    minutes(workspace, ledger, FEWEST, answers=(("yes", 0.75),), request="text")
    assert kept(workspace, ledger) == [f"{2 * FEWEST} small blocks of requests of tiny became 2."]
    contents = [(workspace.requests / "tiny" / each.file).read_bytes() for each in there(ledger)]
    kinds = {str(block.table_in(content).schema.field("answer.prediction").type) for content in contents}
    assert kinds == {"int64", "string"}
    ledger.close()


def test_blocks_of_two_versions_stay_apart_whatever_both_are_called(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    digests = ("d" * 64, "e" * 64)
    for digest in digests:
        minutes(workspace, ledger, FEWEST, digest=digest)
    kept(workspace, ledger)
    contents = [block.content_at(workspace.requests / "tiny" / each.file, each.digest) for each in there(ledger)]
    labels = [block.label_in(content)[0] for content in contents]
    assert sorted((each.version_digest, each.rows) for each in labels) == [(each, 2 * FEWEST) for each in digests]
    ledger.close()


def test_a_damaged_block_is_left_as_it_is(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    minutes(workspace, ledger, FEWEST + 1)
    hurt = there(ledger)[3]
    path = workspace.requests / "tiny" / hurt.file
    path.chmod(0o640)
    path.write_bytes(b"PAR1 no more")
    kept(workspace, ledger)
    assert {each.rows for each in there(ledger)} == {2, 2 * FEWEST}
    assert hurt.file in {each.file for each in there(ledger)}
    ledger.close()


def test_without_room_for_both_nothing_is_merged(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    minutes(workspace, ledger, FEWEST)
    size = sum(each.bytes for each in there(ledger))
    kept(workspace, ledger, most=size)
    assert len(there(ledger)) == FEWEST
    kept(workspace, ledger, most=2 * size)
    assert len(there(ledger)) == 1
    ledger.close()


def test_who_reads_while_they_are_merged_reads_each_row_once(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "home")
    minutes(workspace, ledger, FEWEST)
    before = there(ledger)
    calls = []

    def listed() -> tuple[Block, ...]:
        calls.append(1)
        if len(calls) == 1:
            kept(workspace, ledger)  # Between the list and the files.
            return before
        return there(ledger)

    found = logged_answers(workspace.requests / "tiny", listed)
    assert (found.table.num_rows, found.unread, found.whole) == (2 * FEWEST, 0, True)
    ledger.close()


CASES = {
    "enough of them": ([block_of(n) for n in range(FEWEST)], [FEWEST]),
    "too few": ([block_of(n) for n in range(FEWEST - 1)], []),
    "just written": ([block_of(n, written_at=LATER) for n in range(FEWEST)], []),
    "large": ([block_of(n, rows=SMALL_ROWS + 1) for n in range(FEWEST)], []),
    "dated by a clock that was ahead": ([block_of(n, until=NOON + timedelta(days=9)) for n in range(FEWEST)], []),
    "of two versions": (
        [block_of(n, version=f"tiny@{n % 2}") for n in range(2 * FEWEST)], [FEWEST, FEWEST],
    ),
    "of two days": ([block_of(n * 720) for n in range(2 * FEWEST)], []),
    "more than fit into one": ([block_of(n, rows=SMALL_ROWS) for n in range(2 * FEWEST)], [10]),
    "more than one round takes": (
        [block_of(n // 8, id=n) for n in range(MOST_AT_ONCE + FEWEST)], [MOST_AT_ONCE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_which_are_merged(case: str) -> None:
    blocks, sizes = CASES[case]
    found = groups(blocks, DAYS, LATER if case != "of two days" else NOON + timedelta(days=20))
    assert [len(each) for each in found] == sizes


def test_none_is_merged_over_more_than_a_part_of_the_time_that_it_is_kept() -> None:
    found = groups([block_of(n) for n in range(120)], timedelta(days=1), LATER)
    spans = [part[-1].until - part[0].since for part in found]
    assert len(found) == 2 and max(spans) < timedelta(hours=1)


PREPARATION = """
from datetime import timedelta
from pathlib import Path
import pyarrow.parquet
from engine.requests.apart import together_here
from engine.requests.keeping import keep
from engine.requests.records import LogRules
from engine.storage import workspace as workspaces
from engine.storage.ledger import Ledger
from tests.engine.requests.noted import NOON
"""
ACT = """
workspace = workspaces.find(Path({home!r}))
ledger = Ledger(workspace.ledger, locks=workspace.root / "locks")
keep(workspace, ledger, {{"tiny": LogRules()}}, NOON + timedelta(hours=3), NOON + timedelta(hours=3), together_here)
"""


@pytest.mark.slow
def test_killed_at_every_step_of_a_merge_each_row_is_there_once(tmp_path: Path) -> None:
    workspace, ledger = made(tmp_path / "made")
    written = sorted(each.request for each in minutes(workspace, ledger, FEWEST))
    ledger.close()
    seen = set()
    for change in range(1, 100):
        home = tmp_path / str(change)
        shutil.copytree(tmp_path / "made", home)
        killed = killed_at(change, PREPARATION, ACT.format(home=str(home)))
        workspace = replace(workspace, root=home)
        with closing(Ledger(workspace.ledger, locks=home / "locks")) as ledger:
            folder = LogFolder(workspace, ledger, "tiny")
            with workspace.lock(folder.lock):
                folder.settle(LATER)
            assert requests_in(workspace, ledger) == written, f"killed at {change}"
            files = {path.name for path in (workspace.requests / "tiny").iterdir()}
            assert files == {each.file for each in there(ledger)}
            seen.add(len(there(ledger)))
        if not killed:
            break
    assert seen == {FEWEST, 1} and not killed


def test_a_merged_block_without_its_row_is_thrown_away_where_the_others_are_there(tmp_path: Path) -> None:
    """As after a kill between its file and its row, which no change of the disk lies between."""
    workspace, ledger = made(tmp_path / "home")
    written = sorted(each.request for each in minutes(workspace, ledger, FEWEST))
    ledger.close()
    shutil.copytree(workspace.root, tmp_path / "before")
    with closing(Ledger(workspace.ledger, locks=workspace.root / "locks")) as ledger:
        kept(workspace, ledger)
        (merged,) = (workspace.requests / "tiny").iterdir()
    before = replace(workspace, root=tmp_path / "before")
    shutil.copy(merged, before.requests / "tiny")
    with closing(Ledger(before.ledger, locks=before.root / "locks")) as ledger:
        assert LogFolder(before, ledger, "tiny").settle(LATER) == 0
        assert requests_in(before, ledger) == written and len(there(ledger)) == FEWEST
    assert not (before.requests / "tiny" / merged.name).exists()


def test_a_merged_block_without_its_row_is_taken_in_where_the_others_are_gone(tmp_path: Path) -> None:
    """As after a ledger of before the merge was brought back, with the files of after it."""
    workspace, ledger = made(tmp_path / "home")
    written = sorted(each.request for each in minutes(workspace, ledger, FEWEST))
    ledger.close()
    shutil.copy(workspace.ledger, tmp_path / "before")
    with closing(Ledger(workspace.ledger, locks=workspace.root / "locks")) as ledger:
        kept(workspace, ledger)
    for each in workspace.root.glob("ledger.db*"):
        each.unlink()
    shutil.copy(tmp_path / "before", workspace.ledger)
    with closing(Ledger(workspace.ledger, locks=workspace.root / "locks")) as ledger:
        kept(workspace, ledger)
        assert requests_in(workspace, ledger) == written and len(there(ledger)) == 1
