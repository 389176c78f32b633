"""A profile holds all that drift needs, comes back from its bytes as it was, and rubbish is called damage."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import Damage, Invalid
from engine.monitoring import profile as profiles
from engine.monitoring.profile import Profile, from_bytes, profile_of, to_bytes

TABLE = pa.table(
    {
        "delay": pa.array([3.0, None, float("inf"), 3.0, -1.0, float("nan")]),
        "carrier": pa.array(["UA", "AA", "UA", None, "B\x1b[31m6", "UA"]).dictionary_encode(),
        "late": pa.array([True, False, None, True, True, False]),
        "at": pa.array([dt.datetime(2026, 1, day) for day in range(1, 7)]),
        "took": pa.array([dt.timedelta(minutes=day) for day in range(1, 7)]),
        "nothing": pa.nulls(6),
        "list": pa.array([[1], [2], None, [], [1], [1]]),
    }
)


def column(profile: Profile, name: str) -> profiles.ColumnProfile:
    return next(column for column in profile.columns if column.name == name)


def test_a_column_is_counted_with_its_missing_and_infinite_values() -> None:
    profile = profile_of(TABLE, TABLE.column_names)
    delay, carrier = column(profile, "delay"), column(profile, "carrier")
    assert (delay.kind, delay.rows, delay.missing, delay.infinite, delay.present) == ("number", 6, 2, 1, 3)
    assert delay.values.tolist() == [-1.0, 3.0] and delay.counts.tolist() == [1, 2]
    assert delay.mean == pytest.approx(5 / 3) and delay.deviation == pytest.approx(np.std([-1, 3, 3]))
    assert (carrier.kind, carrier.labels[0], carrier.counts.tolist(), carrier.missing) == (
        "category",
        "UA",
        [3, 1, 1],
        1,
    )
    kinds = {c.name: c.kind for c in profile.columns}
    assert [kinds[n] for n in ("late", "at", "took", "nothing", "list")] == [
        "number", "time", "number", "empty", "unreadable",
    ]  # fmt: skip


@pytest.mark.parametrize("table", [TABLE, TABLE.slice(0, 0), TABLE.slice(0, 1)])
def test_a_profile_comes_back_from_its_bytes_as_it_was(table: pa.Table) -> None:
    profile = profile_of(table, TABLE.column_names)
    again = from_bytes(to_bytes(profile))
    assert again.rows == profile.rows and len(again.columns) == len(profile.columns)
    for before, after in zip(profile.columns, again.columns, strict=True):
        for field in fields(before):
            one, other = getattr(before, field.name), getattr(after, field.name)
            assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other, field.name


def test_what_is_no_profile_is_called_damage() -> None:
    good = to_bytes(profile_of(TABLE, TABLE.column_names))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    for rubbish in (b"", b"rubbish", good[: len(good) // 2], good[:-1], sink.getvalue().to_pybytes()):
        with pytest.raises(Damage, match="make it again"):
            from_bytes(rubbish)


def test_a_profile_whose_counts_do_not_add_up_is_called_damage() -> None:
    profile = profile_of(TABLE, ["delay"])
    wrong = Profile(6, (replace(profile.columns[0], missing=0),))
    with pytest.raises(Damage, match="delay does not add up"):
        from_bytes(to_bytes(wrong))


def test_a_column_that_is_absent_or_there_twice_is_named() -> None:
    with pytest.raises(Invalid, match="dist is missing from the table"):
        profile_of(TABLE, ["delay", "dist"])
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    with pytest.raises(Invalid, match="x is more than once"):
        profile_of(twice, ["x"])


def test_text_that_is_not_utf8_is_refused_in_a_sentence() -> None:
    raw = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")]
    )
    with pytest.raises(Invalid, match="not UTF-8"):
        profile_of(pa.table({"x": raw}), ["x"])


def test_beyond_its_bounds_a_profile_is_approximate_and_still_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_VALUES", 1000)
    monkeypatch.setattr(profiles, "KEPT_POINTS", 100)
    monkeypatch.setattr(profiles, "MOST_LABELS", 50)
    rng = np.random.default_rng(0)
    table = pa.table({"x": rng.normal(size=5000), "y": rng.integers(0, 500, 5000).astype(str)})
    profile = profile_of(table, ["x", "y"])
    x, y = profile.columns
    assert profile.approximate and len(x.values) <= 100 and len(y.labels) == 50
    assert x.counts.sum() == 5000 and y.counts.sum() + y.others == 5000
    assert from_bytes(to_bytes(profile)).approximate
    assert not profile_of(table, ["x", "y"], exact=True).approximate


def test_a_label_of_a_megabyte_is_kept_short_and_told_from_its_twin() -> None:
    long = "x" * 1_000_000
    labels = profile_of(pa.table({"x": [long + "a", long + "b"]}), ["x"]).columns[0].labels
    assert len(set(labels)) == 2 and max(map(len, labels)) <= profiles.LABEL_LENGTH


def test_moments_stored_more_finely_are_the_same_moments() -> None:
    coarse = pa.table({"at": pa.array([1, 2], pa.timestamp("s"))})
    fine = pa.table({"at": pa.array([10**9, 2 * 10**9], pa.timestamp("ns", "UTC"))})
    assert profile_of(coarse, ["at"]).columns[0].values.tolist() == profile_of(fine, ["at"]).columns[0].values.tolist()
