"""What was answered is in a block with its figures beside it: what of it, how much of it, and what never is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.errors import Damage
from engine.requests import block, book
from engine.requests.records import LogRules
from engine.requests.sampling import is_kept, key_of
from engine.requests.writer import LONGEST, RULES_FOR, LogWriter
from engine.storage.ledger import Ledger
from engine.storage.workspace import Workspace
from tests.engine.requests.noted import KEY, NOON, Ticking, answered, writer

Served = tuple[Workspace, Ledger]


def table(served: Served, number: int = 0) -> Any:
    workspace, ledger = served
    with ledger.read() as db:
        found = book.blocks(db, "tiny")[number]
    return block.table_in(block.content_at(workspace.requests / "tiny" / found.file, found.digest))


def counted(ledger: Ledger, project: str = "tiny") -> dict[str, int]:
    with ledger.read() as db:
        rows = book.counts(db, [project], NOON - timedelta(days=9), NOON + timedelta(days=9))
    names = ("requests", "rows", "kept", "lost")
    return {name: sum(getattr(count, name) for _, _, count in rows) for name in names}


def test_a_block_holds_each_row_with_its_request_its_key_and_its_answer(served: Served) -> None:
    log = writer(*served)
    two = {"rows": ((0.5, "A"), (None, "B")), "answers": ((1, 0.75), (0, 0.25)), "keys": {"id": (7, 8)}}
    log.take([answered(0), answered(1, fallback="previous", **two)])
    log.flush(NOON, everything=True)
    assert table(served).to_pylist() == [
        {
            "request.id": "r0", "request.at": NOON, "request.seconds": 0.001, "request.fallback": None,
            "request.role": "live", "request.row": 0, "key.id": 0, "feature.x": 0.0, "feature.place": "A",
            "answer.prediction": 1, "answer.p_1": 0.75,
        },
        *(
            {
                "request.id": "r1", "request.at": NOON + timedelta(seconds=1), "request.seconds": 0.002,
                "request.fallback": "previous", "request.role": "live", "request.row": row, "key.id": 7 + row,
                "feature.x": (0.5, None)[row], "feature.place": "AB"[row], "answer.prediction": 1 - row,
                "answer.p_1": (0.75, 0.25)[row],
            }
            for row in range(2)
        ),
    ]  # fmt: skip
    assert counted(served[1]) == {"requests": 2, "rows": 3, "kept": 3, "lost": 0}


def test_a_request_without_rows_keeps_nobody_elses_from_the_block(served: Served) -> None:
    log = writer(*served)
    log.take([answered(0), answered(1, rows=(), answers=(), keys={"id": ()}), answered(2)])
    log.take([answered(0, keys={}), answered(1, rows=(), answers=(), keys={})])
    log.flush(NOON, everything=True)
    assert sorted(table(served, number).num_rows for number in range(2)) == [1, 2]
    assert counted(served[1]) == {"requests": 5, "rows": 3, "kept": 3, "lost": 0}


@pytest.mark.parametrize("other", [{"features": ("y", "place")}, {"outputs": ("prediction", "p_2")}])
def test_what_names_other_columns_is_in_a_block_of_its_own(served: Served, other: dict[str, Any]) -> None:
    log = writer(*served)
    log.take([answered(0, keys={}), answered(1, keys={}, **other)])
    log.flush(NOON, everything=True)
    names = [set(table(served, number).column_names) for number in range(2)]
    assert len(names[0] ^ names[1]) == 2


def test_a_block_says_what_it_is(served: Served) -> None:
    log = writer(*served, worker="w7")
    log.take([answered(number) for number in (3, 1, 2)])
    log.flush(NOON, everything=True)
    with served[1].read() as db:
        (found,) = book.blocks(db, "tiny")
    said = (found.version, found.worker, found.requests, found.rows, found.since, found.until, found.written_at)
    assert said == ("tiny@1", "w7", 3, 3, NOON + timedelta(seconds=1), NOON + timedelta(seconds=3), NOON)
    path = served[0].requests / "tiny" / found.file
    assert found.bytes == path.stat().st_size
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Damage, match="is not what was written"):
        block.content_at(path, found.digest)


def test_a_sensitive_column_is_never_written_whatever_part_of_a_request_names_it(served: Served) -> None:
    log = writer(*served, LogRules(sensitive=frozenset({"id", "place"})))
    log.take([answered()])
    log.flush(NOON, everything=True)
    assert {"key.id", "feature.place"}.isdisjoint(table(served).column_names)
    assert "feature.x" in table(served).column_names


def test_what_was_refused_or_failed_is_counted_and_its_content_is_not_kept(served: Served) -> None:
    log = writer(*served)
    log.take([answered(0, status=422), answered(1, status=500, answers=()), answered(2)])
    log.flush(NOON, everything=True)
    assert table(served).column("request.id").to_pylist() == ["r2"]
    with served[1].read() as db:
        rows = book.counts(db, ["tiny"], NOON, NOON + timedelta(minutes=1))
    assert {key.status: count.requests for _, key, count in rows} == {200: 1, 422: 1, 500: 1}


def test_a_version_and_columns_of_its_own_have_a_block_of_their_own(served: Served) -> None:
    log = writer(*served)
    log.take([answered(0), answered(1, label="tiny@2"), answered(2, keys={}), answered(3)])
    log.flush(NOON, everything=True)
    with served[1].read() as db:
        found = [(each.version, each.rows) for each in book.blocks(db, "tiny")]
    assert sorted(found) == [("tiny@1", 1), ("tiny@1", 2), ("tiny@2", 1)]


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        (1, 2.5, [1.0, 2.5]),
        (1, None, [1, None]),
        (True, False, [True, False]),
        (1, "one", ["1", "one"]),
        (10**30, 1.5, [1e30, 1.5]),
        (10**400, 1, [f"1{'0' * 399}", "1"]),
        ("\ud800", "b", ["?", "b"]),
        (float("inf"), 1, [float("inf"), 1.0]),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_values_of_any_kind_in_one_column_are_written(
    served: Served, first: Any, second: Any, read: list[Any], together: bool
) -> None:
    log = writer(*served)
    both = [answered(number, rows=((value, "A"),)) for number, value in enumerate((first, second))]
    for batch in [both] if together else [both[:1], both[1:]]:
        log.take(batch)
    log.flush(NOON, everything=True)
    assert table(served)["feature.x"].to_pylist() == read


@pytest.mark.parametrize(
    "wrong",
    [{"rows": ((1.0,),)}, {"answers": ()}, {"answers": ((1,),)}, {"keys": {"id": (1, 2)}}],
)
def test_an_answer_that_is_not_whole_is_lost_and_counted_and_costs_no_other_its_place(
    served: Served, wrong: dict[str, Any]
) -> None:
    log = writer(*served)
    log.take([answered(0), answered(1, **wrong), answered(2)])
    log.flush(NOON, everything=True)
    assert table(served).column("request.id").to_pylist() == ["r0", "r2"]
    assert counted(served[1])["lost"] == 1


def test_of_a_share_that_is_kept_it_can_be_said_which(served: Served) -> None:
    log = writer(*served, LogRules(share=0.3))
    log.take([answered(number) for number in range(200)])
    log.flush(NOON, everything=True)
    kept = [f"r{number}" for number in range(200) if is_kept(f"r{number}", 0.3, KEY)]
    assert table(served).column("request.id").to_pylist() == kept
    assert 30 < len(kept) < 90
    assert kept != [f"r{number}" for number in range(200) if is_kept(f"r{number}", 0.3, b"another key")]
    assert counted(served[1]) == {"requests": 200, "rows": 200, "kept": len(kept), "lost": 0}


def test_a_log_that_is_off_counts_all_the_same(served: Served) -> None:
    log = writer(*served, LogRules(share=0))
    log.take([answered()])
    log.flush(NOON, everything=True)
    assert not (served[0].requests / "tiny").exists()
    assert counted(served[1]) == {"requests": 1, "rows": 1, "kept": 0, "lost": 0}


def test_the_key_of_a_workspace_is_made_once_and_only_its_account_reads_it(served: Served) -> None:
    workspace, _ = served
    assert key_of(workspace) == key_of(workspace)
    (file,) = workspace.requests.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_block_is_due_by_a_clock_that_never_goes_back(served: Served) -> None:
    clock = Ticking()
    log = writer(*served, monotonic=clock)
    log.take([answered()])
    clock.pass_by(LONGEST - 1)
    log.flush(NOON + timedelta(days=400))
    assert log.waiting == 1
    assert counted(served[1])["requests"] == 1, "what was counted does not wait for the block"
    clock.pass_by(1)
    log.flush(NOON - timedelta(days=400))
    assert log.waiting == 0
    assert counted(served[1]) == {"requests": 1, "rows": 1, "kept": 1, "lost": 0}


def test_nobody_else_on_the_machine_reads_what_was_asked(served: Served) -> None:
    log = writer(*served)
    log.take([answered()])
    log.flush(NOON, everything=True)
    place = served[0].requests / "tiny"
    assert {each.stat().st_mode & 0o007 for each in (place, *place.iterdir())} == {0}


def test_what_became_sensitive_is_written_for_seconds_at_most(served: Served) -> None:
    clock, rules = Ticking(), [LogRules()]
    log = LogWriter(*served, "one", lambda project: rules[-1], KEY, clock)
    log.take([answered(0)])
    rules.append(LogRules(sensitive=frozenset({"place"})))
    clock.pass_by(RULES_FOR)
    log.take([answered(1)])
    log.flush(NOON, everything=True)
    assert table(served).column("feature.place").to_pylist() == ["A", None]


def test_a_file_that_says_another_number_of_rows_than_it_has_is_no_block(served: Served) -> None:
    log = writer(*served)
    log.take([answered(0), answered(1)])
    log.flush(NOON, everything=True)
    (file,) = (served[0].requests / "tiny").iterdir()
    label, counts = block.label_in(file.read_bytes())
    cut = block.content_of(table(served).slice(1), label, counts)
    with pytest.raises(Damage, match="says another number of rows than it has"):
        block.label_in(cut)
