"""A look that asks for what is new sees what a look at everything sees: the same rows, predictions and findings."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.clock import moment, stamp
from engine.jobs.health import kept
from engine.jobs.health.merging import Difference, Unfit, difference, fitted, merged, own_columns
from engine.jobs.health.rows import Rows
from engine.jobs.health.unchanged import said_again
from engine.json_records import write
from engine.monitoring.look_document import LookDocument, LookFinding, RememberedAlarm
from engine.monitoring.look_input import read_case
from engine.monitoring.look_parts import QualityCheck
from engine.monitoring.measure import measure, measured
from engine.validation.judge import finite
from tests.engine.jobs.kept_look_cases import LIVE, QUARTER, SCHEMA, Looks, World, job_of


def begun(folder: Path, seed: int = 0, rows: int = 0) -> Looks:
    """A look at everything was made. ``rows`` came meanwhile, one each quarter of an hour."""
    looks = Looks(World(seed), folder)
    for number in range(rows):
        looks.world.add(LIVE + number * QUARTER, LIVE + number * QUARTER, known=True)
    looks.world.goes_on(timedelta(days=8))
    seen = looks.whole()
    looks.keep(seen, looks.said(seen))
    return looks


def without_email(table: pa.Table) -> pa.Table:
    return table.select([name for name in table.column_names if name != "email"])


def assert_same(one: Rows, other: Rows) -> None:
    assert without_email(one.current.table).equals(without_email(other.current.table))
    assert one.table is not None and other.table is not None
    assert one.table.select(own_columns(one.table)).equals(other.table.select(own_columns(other.table)))
    assert (one.left_out, one.new_rows) == (other.left_out, other.new_rows)
    assert (one.current.undated, one.current.future) == (other.current.undated, other.current.future)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_put_together_is_what_everything_is_whatever_came(tmp_path: Path, seed: int) -> None:
    looks = begun(tmp_path, seed)
    for _ in range(12):
        looks.world.goes_on(looks.world.chance.choice((QUARTER, QUARTER, timedelta(hours=5))))
        seen, everything = looks.merged(), looks.whole()
        assert_same(seen, everything)
        extracted = looks.world.extract(looks.world.now)
        assert everything.current.undated == extracted.column("at").null_count
        said = looks.said(seen)
        assert said.table is not None and said.table.equals(looks.model.score(everything.current.table))
        looks.keep(seen, said)
    assert looks.head is not None and looks.head.merged == 12


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_found_again_is_what_would_be_computed(tmp_path: Path, seed: int) -> None:
    looks = begun(tmp_path, seed, 700)
    again = 0
    for hours in (7, 7, 30, 7):
        looks.world.goes_on(timedelta(hours=hours))
        looks.world.labels_come()
        head, seen, everything = looks.head, looks.merged(), looks.whole()
        said = looks.said(seen)
        case = read_case(job_of(looks, seen, said) | {"dear": None})
        document, _ = measured(case)
        looks.run += 100
        whole = measure(job_of(looks, everything, looks.said(everything)))
        looks.run -= 100
        assert finite(write(document)) == finite(write(whole))
        looks.keep(seen, said, answers=case.answers.used)
        assert head is not None and document.metrics["roc_auc"].value is not None
        again += len(case.answers.used.keys() & head.answers.keys())
    assert again


def test_only_what_is_new_is_scored(tmp_path: Path) -> None:
    looks = begun(tmp_path)
    looks.world.now += QUARTER
    for _ in range(3):
        looks.world.add(looks.world.now, looks.world.now, known=True)
    looks.said(looks.merged())
    assert looks.model.asked[1:] == [3]


def test_a_row_of_the_future_is_scored_when_its_time_has_come(tmp_path: Path) -> None:
    looks = begun(tmp_path)
    looks.world.now += QUARTER
    looks.world.add(looks.world.now + 3 * QUARTER, looks.world.now, known=False)
    seen = looks.merged()
    looks.keep(seen, looks.said(seen))
    head = looks.head
    assert head is not None and head.ahead is not None and moment(head.ahead) <= looks.world.now + 3 * QUARTER
    before = seen.current.table.num_rows
    looks.world.now += 4 * QUARTER
    seen = looks.merged()
    assert seen.current.table.num_rows > before
    assert_same(seen, looks.whole())


def test_no_sensitive_column_is_kept(tmp_path: Path) -> None:
    looks = begun(tmp_path)
    for path in (tmp_path / "kept").iterdir():
        assert b"@a.org" not in path.read_bytes()
    head = looks.head
    assert head is not None and head.hidden == {"email": "string"}
    for digest in (head.rows, head.reference):
        table = kept.table(tmp_path / "kept", digest)
        assert table is not None and "email" not in table.column_names


def test_what_is_damaged_gone_or_of_other_rules_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = begun(tmp_path)
    head, folder = looks.head, tmp_path / "kept"
    assert head is not None
    assert kept.head_of(folder, "of another version") is None
    rows = folder / f"{head.rows}.arrow"
    content = bytearray(rows.read_bytes())
    content[len(content) // 2] ^= 1
    rows.chmod(0o600)
    rows.write_bytes(content)
    with pytest.raises(Unfit):
        looks.merged()
    monkeypatch.setattr(kept, "rules", lambda: "of another release")
    assert looks.head is None
    monkeypatch.undo()
    (folder / "head.json").write_text('{"rules": 3')
    assert looks.head is None
    shutil.rmtree(folder)
    assert looks.head is None


@pytest.mark.parametrize("dies_at", range(4))
def test_whoever_is_killed_while_he_keeps_leaves_what_was_or_what_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    looks = begun(tmp_path)
    before = looks.head
    looks.world.goes_on(timedelta(hours=5))
    seen = looks.merged()
    said, done = looks.said(seen), 0

    def step(real: Any) -> Any:
        def one(*given: Any, **more: Any) -> Any:
            nonlocal done
            done += 1
            if done > dies_at:
                raise KeyboardInterrupt
            return real(*given, **more)

        return one

    monkeypatch.setattr(kept, "write_file", step(kept.write_file))
    monkeypatch.setattr(Path, "unlink", step(Path.unlink))
    try:
        looks.keep(seen, said)
    except KeyboardInterrupt:
        looks.run += 1
    monkeypatch.undo()
    after = looks.head
    assert before is not None and after is not None
    assert after.as_of in (before.as_of, "2026-06-23T05:00:00.000000Z")
    looks.world.goes_on(QUARTER)
    assert_same(looks.merged(), looks.whole())


def test_a_look_at_the_past_keeps_nothing(tmp_path: Path) -> None:
    looks = begun(tmp_path)
    before = looks.head
    looks.world.now -= timedelta(days=1)
    seen = looks.whole()
    looks.keep(seen, looks.said(seen))
    assert looks.head == before


def test_rows_beyond_what_is_looked_at_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.jobs.health.rows.MOST_ROWS", 300)
    looks = begun(tmp_path)
    head = looks.head
    assert head is not None and head.left_out > 0 and head.oldest is not None
    looks.world.now += QUARTER
    for _ in range(20):
        looks.world.add(looks.world.now, looks.world.now, known=True)
    seen, everything = looks.merged(), looks.whole()
    assert (seen.left_out, seen.current.table.num_rows) == (everything.left_out, 300)
    assert without_email(seen.current.table).equals(without_email(everything.current.table))
    looks.world.change(next(iter(looks.world.said)), x=0.5)
    key = next(k for k, said in looks.world.said.items() if said[-1][1]["at"] and said[-1][1]["at"] > LIVE)
    looks.world.change(key, x=0.5)
    with pytest.raises(Unfit, match="left out"):
        looks.merged()


ROW = {"id": 1, "at": LIVE, "x": 0.5, "place": "A", "late": 1}


def rows(*changes: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([{**ROW, **each} for each in changes], schema=SCHEMA.remove(4))


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (rows({}).drop_columns("x"), "other columns"),
        (rows({}).append_column("z", pa.array([1])), "other columns"),
        (rows({}).set_column(2, "x", pa.array(["half"])), "other types"),
        (rows({}).set_column(0, "id", pa.array([1.5])), "other types"),
    ],
)
def test_rows_of_another_form_are_not_merged(fresh: pa.Table, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        fitted(fresh, rows({}), {})


def test_a_few_rows_may_look_narrower_than_all() -> None:
    narrow = rows({}).set_column(2, "x", pa.array([1])).set_column(3, "place", pa.nulls(1))
    assert fitted(narrow, rows({}), {}).schema.equals(rows({}).schema)


def test_a_row_without_a_key_is_not_merged() -> None:
    with pytest.raises(Unfit, match="without a key"):
        merged(rows({}), rows({"id": None}), ["id"])


def test_keys_of_several_columns_are_compared_together() -> None:
    before = rows({"id": 1, "place": "A"}, {"id": 1, "place": "B"}, {"id": 2, "place": "A"})
    after = merged(before, rows({"id": 1, "place": "B", "x": 9.0}, {"id": 2, "place": "B"}), ["id", "place"])
    assert after.select(["id", "place", "x"]).to_pylist() == [
        {"id": 1, "place": "A", "x": 0.5}, {"id": 2, "place": "A", "x": 0.5},
        {"id": 1, "place": "B", "x": 9.0}, {"id": 2, "place": "B", "x": 0.5},
    ]  # fmt: skip


def test_what_since_kept_back_is_found_and_said() -> None:
    everything = rows({"id": 1}, {"id": 2, "late": 0}, {"id": 3}, {"id": 4})
    ours = rows({"id": 1}, {"id": 2, "late": 1}, {"id": 4, "x": 3.0}, {"id": 9})
    asked_last = rows({"id": 4})
    found = difference(everything, ours, asked_last, ["id"])
    assert found == Difference(1, 1, 1, 4, ("late",))
    assert found.words == "lacks 1 of 4 rows, has 1 in another state (late), has 1 that are not there any more"
    assert not difference(everything, everything, everything.slice(0, 0), ["id"])


def test_where_nothing_came_the_same_is_said_a_little_later(tmp_path: Path) -> None:
    looks = begun(tmp_path)
    for _ in range(3):
        looks.world.add(looks.world.now, looks.world.now, known=True)
    seen = looks.whole()
    said = looks.said(seen)
    before = measure(job_of(looks, seen, said))
    told = [write(each) for each in before.memory]
    looks.world.now += QUARTER
    looks.run += 1
    after = measure(job_of(looks, looks.whole(), said) | {"alarms": told, "told": list(before.told)})
    again = said_again(before, looks.world.now)
    assert again is not None and finite(write(again)) == finite(write(after))
    ageless = replace(before, quality=())
    assert said_again(ageless, looks.world.now + timedelta(hours=1)) is not None
    assert said_again(ageless, looks.world.now + timedelta(days=1)) is None, "another day is over"
    assert said_again(before, looks.world.now - timedelta(days=1)) is None


def test_what_was_found_then_is_found_now_and_what_was_raised_then_was_raised_then() -> None:
    then, now = stamp(LIVE), stamp(LIVE + QUARTER)
    found = tuple(LookFinding(f"{part}:x", part, "watch", "why", "act", then) for part in ("quality", "drift"))
    fading = RememberedAlarm("y", then, stamp(LIVE - QUARTER), 0.1, "some", "why")
    memory = (RememberedAlarm("x", then, then, 0.3, "large", "why"), fading)
    again = said_again(LookDocument(as_of=then, findings=found, memory=memory), LIVE + QUARTER)
    assert again is not None and [each.since for each in again.findings] == [now, then]
    assert [each.over for each in again.memory] == [now, fading.over] and again.memory[0].since == then


@pytest.mark.parametrize(("age", "verdict"), [(2.0, "ok"), (0.5, "watch"), (0.5, "failing")])
def test_an_age_that_may_mean_something_else_by_now_is_measured(age: float, verdict: Any) -> None:
    day = 86_400.0
    check = QualityCheck("freshness", None, verdict, "so", 9, bound=2 * day, age=age * day)
    assert said_again(LookDocument(as_of=stamp(LIVE), quality=(check,)), LIVE + QUARTER) is None
