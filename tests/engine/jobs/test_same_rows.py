"""Where no time column tells how old data is, a look says since when it has been the same; a still source is seen."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.api import Engine, open_engine
from engine.jobs.same_rows import Extract, digest_of, follow, told
from engine.monitoring.records import Look
from tests import tiny

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WELL: dict[str, Any] = {
    "verdict": "ok", "why": "quality is well", "findings": [], "measured": ["quality"],
    "parts": {"quality": {"verdict": "ok", "why": "all checks are well"}},
}  # fmt: skip


def looks(*digests: str, every: timedelta = DAY) -> Extract:
    """What the last of these looks knows."""
    found: Extract | None = None
    for number, digest in enumerate(digests):
        at = NOW - (len(digests) - 1 - number) * every
        found = follow(asdict(found) if found else None, digest, 40, at)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("digests", "verdict", "why"),
    [
        ("a", "cannot tell", "extract has brought the same 40 rows since 2026-11-24 12:00 UTC, and no [data] time"),
        ("aa", "cannot tell", "extract has brought the same 40 rows since 2026-11-23 12:00 UTC, and no [data] time"),
        ("ab", "ok", "other rows came with this look; how old they are, no [data] time tells"),
        ("abb", "ok", "other rows came 24 h ago; how old they are, no [data] time tells"),
        ("abbbb", "watch", "extract has brought the same 40 rows since 2026-11-21 12:00 UTC, for 3 d, in 4 looks"),
        ("aaaa", "watch", "extract has brought the same 40 rows since 2026-11-21 12:00 UTC, for 3 d, in 4 looks"),
    ],
)
def test_the_same_rows_are_told_and_watched_once_they_are_older_than_they_may_be(
    digests: str, verdict: str, why: str
) -> None:
    answer = told(WELL, looks(*digests), NOW, 2 * DAY)
    part = answer["parts"]["freshness"]
    assert part["verdict"] == verdict
    assert part["why"].startswith(why)
    assert answer["verdict"] == ("watch" if verdict == "watch" else "ok")
    assert ("freshness" in answer["measured"]) == (verdict != "cannot tell")
    assert [each["key"] for each in answer["findings"]] == (["same-rows"] if verdict == "watch" else [])


def test_that_nothing_tells_the_age_stands_in_the_reason_of_a_look_that_is_well() -> None:
    assert "freshness: extract has brought the same" in told(WELL, looks("a"), NOW, DAY)["why"]


def test_that_rows_came_makes_no_green_light_of_a_look_that_could_tell_nothing() -> None:
    none = {**WELL, "verdict": "unknown", "why": "too few rows", "measured": [],
            "parts": {"quality": {"verdict": "cannot tell", "why": "too few rows"}}}  # fmt: skip
    answer = told(none, looks("a", "b"), NOW, DAY)
    assert (answer["verdict"], answer["why"]) == ("unknown", "too few rows")


def test_rows_with_a_key_are_the_same_in_any_order_and_every_changed_cell_counts() -> None:
    rows = pa.table({"id": [1, 2, 3], "x": [0.5, None, 0.7]})
    turned = rows.take([2, 0, 1])
    assert digest_of(rows, ["id"]) == digest_of(turned, ["id"])
    assert digest_of(rows, []) != digest_of(turned, [])
    assert digest_of(rows, ["id"]) != digest_of(pa.table({"id": [1, 2, 3], "x": [0.5, None, 0.8]}), ["id"])
    assert digest_of(rows, ["gone"]) == digest_of(rows, [])
    split = pa.concat_tables([rows.slice(0, 1), rows.slice(1)])
    assert digest_of(rows, []) == digest_of(split, []), "where a table is cut in pieces is no content"


@pytest.mark.slow
def test_a_source_that_stands_still_is_found_by_looks_and_ends_when_it_moves(tmp_path: Path) -> None:
    still = tmp_path / "still"
    steps = tiny.STEPS.replace(
        'until = datetime.fromisoformat(given("AS_OF").replace("Z", "+00:00"))',
        f'until = datetime.fromisoformat(open({str(still)!r}).read() or given("AS_OF").replace("Z", "+00:00"))',
    )
    project = tiny.make(tmp_path / "tiny", steps=steps)
    tiny.replace(project, "leverframe.toml", 'time = "at"\n', 'exclude = ["at"]\n')
    tiny.replace(project, "leverframe.toml", 'holdout = "7d"', "holdout = 0.25")
    still.write_text("")
    first = datetime(2026, 8, 4, tzinfo=UTC)
    engine = open_engine(tmp_path / "home", "ada", create=True)
    engine.add(project)
    run = engine.wait(engine.retrain("tiny", as_of=first).id, lambda r: None)
    assert run.version == "tiny@1", run.why
    engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)

    assert freshness(look(engine, first + DAY)) == "cannot tell"
    still.write_text("2026-08-06T00:00:00+00:00")
    assert freshness(look(engine, first + 2 * DAY)) == "ok"
    assert freshness(look(engine, first + 8 * DAY)) == "ok", "a retrain is due each week, and it may be missed once"
    found = look(engine, first + 20 * DAY)
    assert (freshness(found), "same-rows" in open_keys(engine)) == ("watch", True)
    still.write_text("")
    assert freshness(look(engine, first + 21 * DAY)) == "ok"
    assert "same-rows" not in open_keys(engine)
    engine.close()


def look(engine: Engine, as_of: datetime) -> Look:
    run = engine.wait(engine.look("tiny", as_of=as_of).id, lambda r: None)
    assert run.state == "succeeded", run.why
    found = engine.health("tiny")
    assert found is not None and found.run == run.id
    return found


def freshness(found: Look) -> str:
    assert found.document is not None
    return str(found.document["parts"]["freshness"]["verdict"])


def open_keys(engine: Engine) -> list[str]:
    return [alert.key for alert in engine.alerts("tiny")]
