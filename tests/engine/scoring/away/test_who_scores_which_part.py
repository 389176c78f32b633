"""Who is given which part and how often it is asked for again; and what of an answer from elsewhere is believed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from engine.errors import StepFailed
from engine.runs.compute import on_worker
from engine.runs.steps.tables import streamed
from engine.scoring.away import parts
from engine.scoring.away.kit import MODULES
from engine.scoring.away.parts import GivenUp, Part, Waiting, answer, differs, packed, unpacked
from tests.test_architecture import ROOT

SAID = pa.table({"prediction": [1, 0], "p_1": [0.9, 0.1]})
OUTPUTS = ("prediction", "p_1")


def waiting(*numbers: int) -> Waiting:
    found = Waiting()
    for number in numbers:
        found.add(Part(number))
    return found


def taken(queue: Waiting, worker: str, *others: str) -> Part:
    part = queue.next(worker, [worker, *others])
    assert part is not None
    return part


def test_parts_are_given_out_in_their_order_and_each_once() -> None:
    queue = waiting(1, 2)
    assert [taken(queue, "a", "b").number, taken(queue, "b", "a").number] == [1, 2]
    assert queue.next("a", ["a", "b"]) is None


def test_a_part_that_came_back_is_first_and_goes_to_another_worker() -> None:
    queue = waiting(1, 2)
    queue.failed("a", taken(queue, "a", "b"), "it died")
    assert taken(queue, "a", "b").number == 2
    assert queue.next("a", ["a", "b"]) is None
    assert taken(queue, "b", "a").number == 1


def test_where_no_other_is_left_the_same_worker_is_asked_again() -> None:
    queue = waiting(1)
    queue.failed("a", taken(queue, "a"), "it died")
    assert taken(queue, "a").number == 1


def test_a_part_is_given_up_after_the_third_time_with_who_was_asked_and_why() -> None:
    queue = waiting(7)
    for worker in ("a", "b"):
        queue.failed(worker, taken(queue, worker), "it died")
    part = taken(queue, "a")
    with pytest.raises(GivenUp) as given_up:
        queue.failed("a", part, "the worker a hung")
    assert str(given_up.value) == (
        "part 7 was asked for 3 times, of a and b, and came back from none; the last time the worker a hung"
    )


def test_a_worker_that_failed_twice_is_asked_no_more_whatever_it_was_asked() -> None:
    queue = waiting(1)
    queue.failed("a", None, "it has another NumPy")
    assert queue.may_ask("a")
    queue.failed("a", taken(queue, "a", "b"), "it died")
    assert not queue.may_ask("a") and queue.may_ask("b")


def test_an_answer_that_is_whole_is_taken() -> None:
    head, body = unpacked(packed({"kept": {}}, streamed(SAID)))
    assert answer(head, body, 2, OUTPUTS, "it").equals(SAID)


@pytest.mark.parametrize(
    ("head", "body", "sentence"),
    [
        ({"problem": "no such deed"}, b"", "it failed: no such deed."),
        ({}, b"", "it gave an answer that cannot be read"),
        ({}, streamed(SAID)[:-40], "it gave an answer that cannot be read"),
        ({"kept": 7}, streamed(SAID), "it gave an answer whose types are no JSON"),
        ({}, streamed(SAID.slice(1)), "it gave 1 predictions for 2 rows"),
        ({}, streamed(SAID.select(["prediction"])), "it gave the columns prediction; when the version was made"),
        ({}, streamed(SAID.append_column("more", [[1, 2]])), "it gave the columns prediction, p_1, more"),
    ],
)
def test_what_is_no_answer_is_refused_with_a_sentence(head: dict[str, object], body: bytes, sentence: str) -> None:
    with pytest.raises(StepFailed) as refused:
        answer(head, body, 2, OUTPUTS, "it")
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("found", "column"),
    [
        (SAID, ""),
        (pa.concat_tables([SAID.slice(0, 1), SAID.slice(1)]), ""),
        (SAID.set_column(1, "p_1", [[0.9, 0.1 + 2**-56]]), "p_1"),
        (SAID.set_column(1, "p_1", [[0.9, None]]), "p_1"),
        (SAID.set_column(0, "prediction", pa.array([1, 0], pa.int32())), "prediction"),
    ],
)
def test_the_golden_rows_are_the_same_to_the_last_bit_or_not(found: pa.Table, column: str) -> None:
    assert differs(found, SAID) == column


def test_not_a_number_is_the_same_as_itself() -> None:
    gaps = SAID.set_column(1, "p_1", [[float("nan"), 0.0]])
    assert differs(gaps, gaps.slice(0)) == ""
    assert differs(gaps.set_column(1, "p_1", [[float("nan"), -0.0]]), gaps) == "p_1"


def test_what_is_sent_is_all_that_compiled_tables_need_of_leverframe(tmp_path: Path) -> None:
    for name in MODULES:
        to = tmp_path / "engine" / f"{name}.py"
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes((ROOT / "engine" / f"{name}.py").read_bytes())
    loads = (
        "import sys; sys.path.insert(0, sys.argv[1]); import engine.scoring.away.served as served; "
        "from engine.scoring.compiled import many_rows, plan, rows, scorer, row_code; import engine; "
        "assert engine.__file__.startswith(sys.argv[1]); "
        "print(sorted(name for name in sys.modules if name.startswith('engine')))"
    )
    said = subprocess.run(
        [sys.executable, "-P", "-s", "-c", loads, tmp_path], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert said.returncode == 0, said.stderr
    every = {f"engine/{name}".removesuffix("/__init__").replace("/", ".") for name in MODULES}
    compiled = {f"engine.scoring.compiled.{path.stem}" for path in (ROOT / "engine/scoring/compiled").glob("[a-z]*.py")}
    assert compiled <= every, "a new module of compiled tables is sent too"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"code/a.py": b"other"}, "did not get code/a.py as it was sent"),
        ({}, "did not get code/a.py as it was sent"),
        ({"code/a.py": b"ours", "code/more.py": b""}, "did not get code/more.py as it was sent"),
        ({"code/a.py": b"ours"}, "has no environment nowhere that is whole"),
    ],
)
def test_a_worker_starts_nothing_that_is_not_as_it_was_sent(tmp_path: Path, there: dict[str, bytes], said: str) -> None:
    guest = on_worker.Guest(str(tmp_path), 0)
    guest.put(list(there.items()))
    kit = {"code/a.py": hashlib.sha256(b"ours").hexdigest()}
    assert guest.begin({"kit": kit, "stays": "process", "environment": "nowhere"}) == {"refused": said}
    guest.close()


def test_three_times_is_what_the_page_says() -> None:
    assert "asked of another, three times at most" in (ROOT / "docs/compute.md").read_text()
    assert (parts.TRIES, parts.FAULTS) == (3, 2)
