"""Where no time column tells how old data is, a look says since when it has been the same; a still source is seen."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine.api import Engine
from engine.clock import stamp
from engine.jobs.health.same_rows import digest_of
from engine.monitoring.look_parts import Extract
from engine.monitoring.quality.freshness import follow, freshness
from engine.monitoring.records import Look
from tests import tiny
from tests.engine.monitoring.test_measure import current, keys, measured
from tests.forked_runs import forking
from tests.people import open_engine

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)

def looks(*digests: str, every: timedelta = DAY) -> Extract:
    """What the last of these looks knows."""
    found: Extract | None = None
    for number, digest in enumerate(digests):
        at = NOW - (len(digests) - 1 - number) * every
        found = follow(found, digest, 40, at)
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
    part, found = freshness(looks(*digests), NOW, 2 * DAY)
    assert part.verdict == verdict
    assert part.why.startswith(why)
    assert (found.key if found else None) == ("same-rows" if verdict == "watch" else None)


def look_at(folder: Path, rows: pa.Table, *digests: str) -> dict[str, Any]:
    """What the meter says of a project without a time column whose looks saw these digests."""
    before = asdict(looks(*digests[:-1])) if digests[:-1] else None
    same = {"before": before, "digest": digests[-1], "rows": rows.num_rows, "still": (2 * DAY).total_seconds()}
    return measured(folder, rows, time=None, until=None, as_of=stamp(NOW), same_rows=same)


def test_a_look_has_a_part_for_it_and_its_reason_says_that_nothing_tells_the_age(tmp_path: Path) -> None:
    answer = look_at(tmp_path, current(), "a")
    assert answer["verdict"] == "ok" and "freshness: extract has brought the same" in answer["why"]
    assert "freshness" not in answer["measured"]
    assert answer["extract"]["digest"] == "a"


def test_a_source_that_stands_still_is_a_finding_of_the_look(tmp_path: Path) -> None:
    before = asdict(looks("b", "a", "a"))
    same = {"before": before, "digest": "a", "rows": 40, "still": DAY.total_seconds()}
    answer = measured(tmp_path, current(), time=None, until=None, as_of=stamp(NOW + 3 * DAY), same_rows=same)
    assert answer["verdict"] == "watch" and "same-rows" in keys(answer)
    assert "freshness" in answer["measured"]


def test_that_rows_came_makes_no_green_light_of_a_look_that_could_tell_nothing(tmp_path: Path) -> None:
    few = current().slice(0, 5)
    answer = look_at(tmp_path, few, "a", "b")
    assert answer["parts"]["freshness"]["verdict"] == "ok"
    assert answer["verdict"] == "unknown", answer["why"]


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
    tiny.allow(project, still)
    still.write_text("")
    first = datetime(2026, 8, 4, tzinfo=UTC)
    engine = forking(open_engine(tmp_path / "home", "ada", create=True))
    engine.add(project)
    run = engine.wait(engine.retrain("tiny", as_of=first).id, lambda r: None)
    assert run.version == "tiny@1", run.why
    engine.move(engine.plan_release("tiny@1"), "first", lambda step: None)

    assert told(look(engine, first + DAY)) == "cannot tell"
    still.write_text("2026-08-06T00:00:00+00:00")
    assert told(look(engine, first + 2 * DAY)) == "ok"
    assert told(look(engine, first + 8 * DAY)) == "ok", "a retrain is due each week, and it may be missed once"
    found = look(engine, first + 20 * DAY)
    assert (told(found), "same-rows" in open_keys(engine)) == ("watch", True)
    still.write_text("")
    assert told(look(engine, first + 21 * DAY)) == "ok"
    assert "same-rows" not in open_keys(engine)
    engine.close()


def look(engine: Engine, as_of: datetime) -> Look:
    run = engine.wait(engine.look("tiny", as_of=as_of).id, lambda r: None)
    assert run.state == "succeeded", run.why
    found = engine.health("tiny")
    assert found is not None and found.run == run.id
    return found


def told(found: Look) -> str:
    assert found.document is not None
    return found.document.parts["freshness"].verdict


def open_keys(engine: Engine) -> list[str]:
    return [alert.key for alert in engine.alerts("tiny")]
