"""The book of scorings: which run the rows name, who may write where, and what may be written over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine import clock
from engine.api import Engine
from engine.errors import Conflict, Refusal
from engine.jobs.score import book
from engine.jobs.score.places import place_of
from engine.jobs.score.records import Scoring
from engine.jobs.score.releases import in_force
from engine.jobs.score.replacing import may_replace
from engine.rewind.past_ledger import stand
from tests import tiny
from tests.builders.runs import done, left_behind
from tests.builders.versions import candidate, release
from tests.ledger import ledger_of, reading, workspace_of, writing
from tests.people import open_engine
from tests.scoring_ground import rows, scored, sha256, written

NOW = tiny.BEGINS
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """tiny@1 was live, and tiny@2 is."""
    opened = open_engine(home, "ada", create=True)
    opened.add(tiny.make(home.parent / "tiny"))
    now = clock.now()
    release(opened, candidate(opened, now), None, 0, now)
    release(opened, candidate(opened, now, against=1), "tiny@1", 1, now + timedelta(hours=1))
    yield opened
    opened.close()


def begun(
    engine: Engine,
    *,
    label: str = "tiny@2",
    digest: str | None = "d1",
    output: str = "/out.parquet",
    alive: bool = False,
    at: datetime = LATER,
) -> Scoring:
    run = (left_behind if alive else done)(engine, NOW, job="score")
    with writing(engine) as db:
        return book.begin(db, run, label, "/in.parquet", digest, output, at)


def ended(engine: Engine, scoring: Scoring, digest: str = "out") -> None:
    with writing(engine) as db:
        book.written(db, scoring.id, 5, digest, scoring.input_digest or "read")
        book.end(db, scoring.id, LATER)


def test_who_does_the_same_again_names_the_run_that_did_it_first(engine: Engine) -> None:
    first = begun(engine)
    again = begun(engine)
    assert (first.named, again.named) == (first.run, first.run)
    assert again.run != first.run
    assert begun(engine).named == first.run


@pytest.mark.parametrize(
    "other", [{"digest": "d2"}, {"output": "/other.parquet"}, {"label": "tiny@1"}, {"digest": None}]
)
def test_another_input_place_or_version_is_another_scoring(engine: Engine, other: dict[str, str]) -> None:
    begun(engine)
    found = begun(engine, **other)  # type: ignore[arg-type]
    assert found.named == found.run


def test_of_two_who_write_to_one_place_the_second_is_refused(engine: Engine) -> None:
    first = begun(engine, alive=True)
    with pytest.raises(Conflict, match=f"Run {first.run} is writing /out.parquet and has not ended; wait for it"):
        begun(engine)
    begun(engine, output="/other.parquet")
    ended(engine, first)
    begun(engine)


def test_no_scoring_is_taken_out_of_the_book(engine: Engine) -> None:
    begun(engine)
    with pytest.raises(Exception, match="scorings is append-only"), writing(engine) as db:
        db.execute("DELETE FROM scorings")


def test_a_moment_that_is_over_knows_a_scoring_as_it_was(engine: Engine) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    now += 2 * hour  # Both releases were before.
    run = done(engine, now, job="score")
    with writing(engine) as db:
        scoring = book.begin(db, run, "tiny@2", "/in", "d1", "/out", now + hour)
        book.written(db, scoring.id, 5, "out", "d1")
        book.end(db, scoring.id, now + 3 * hour)
        late = book.begin(db, run, "tiny@2", "/in", "d2", "/out", now + 3 * hour)
    with (
        ledger_of(engine) as ledger,
        closing(stand(workspace_of(engine), ledger, now + 2 * hour, now + 4 * hour)) as past,
        past.read() as db,
    ):
        (found,), total = book.of_version(db, "tiny@2", 9)
    assert (found.run, total, found.rows, found.digest, found.ended_at) == (run, 1, None, None, None)
    assert [each.id for each in engine.trace_version("tiny@2").scorings] == [late.id, scoring.id]


def test_what_a_run_left_that_was_killed_at_its_end_may_be_written_over_and_nothing_else(
    engine: Engine, tmp_path: Path
) -> None:
    output = tmp_path / "out.parquet"
    place = place_of(str(output), None, output=True, base=tmp_path)
    digest = scored(written(tmp_path, rows()), output)[1]
    assert digest == sha256(output)

    def may(*, asked: bool = False, ours: bool = False) -> bool:
        with ledger_of(engine) as ledger:
            return may_replace(ledger, place, asked=asked, ours=ours)

    assert (may(), may(asked=True), may(ours=True)) == (False, True, False)
    scoring = begun(engine, output=str(output))
    with writing(engine) as db:
        book.written(db, scoring.id, 5, digest, "d1")
    assert (may(), may(ours=True)) == (True, True)
    with writing(engine) as db:
        book.end(db, scoring.id, LATER)
    assert (may(), may(ours=True)) == (False, True)
    output.write_text("somebody's")
    assert (may(), may(ours=True)) == (False, False)


def test_a_version_tells_what_it_wrote_the_newest_first_and_who_approved_it(engine: Engine) -> None:
    first, second = begun(engine), begun(engine, digest="d2")
    ended(engine, second)
    found = engine.trace_version("tiny@2", limit=1)
    assert (found.total, [each.run for each in found.scorings]) == (2, [second.run])
    assert found.origin is not None and found.origin.label == "tiny@2"
    (live,), (old,) = found.releases, engine.trace_version("tiny@1").releases
    assert (live.approved_by, live.deployment.reason, live.until) == (("ada",), "good", None)
    assert (old.until, old.deployment.at < live.deployment.at) == (live.deployment.at, True)
    assert [each.run for each in engine.trace_run(first.run).scorings] == [first.run]


def test_a_run_tells_also_what_was_written_in_its_name(engine: Engine) -> None:
    first, again = begun(engine), begun(engine)
    assert [each.run for each in engine.trace_run(first.run).scorings] == [again.run, first.run]
    assert [each.run for each in engine.trace_run(again.run).scorings] == [again.run]
    other = done(engine, NOW)
    with pytest.raises(Refusal, match=f"Run {other}, a retrain of tiny, wrote no predictions"):
        engine.trace_run(other)


def test_a_scoring_is_told_with_the_release_that_it_was_made_under(engine: Engine) -> None:
    scoring = begun(engine)
    (release_,) = engine.trace_version("tiny@2").releases
    assert in_force([release_], scoring) == release_
    (old,) = engine.trace_version("tiny@1").releases
    late = begun(engine, label="tiny@1")
    assert in_force([old], late) is None  # Another one was live by then.
    assert in_force([old], begun(engine, label="tiny@1", at=old.deployment.at)) == old
    assert in_force([old], begun(engine, label="tiny@1", at=release_.deployment.at)) is None


def test_the_book_finds_what_wrote_these_very_bytes(engine: Engine) -> None:
    scoring = begun(engine)
    ended(engine, scoring, "abc")
    with reading(engine) as db:
        assert [each.run for each in book.of_digest(db, "abc")] == [scoring.run]
        assert book.of_digest(db, "abd") == ()
        assert book.done(db, "tiny@2", "d1", "/out.parquet") is not None
        assert book.done(db, "tiny@1", "d1", "/out.parquet") is None
        assert book.done(db, "tiny@2", "d2", "/out.parquet") is None


def test_a_version_of_another_project_scores_nothing(engine: Engine, tmp_path: Path) -> None:
    engine.add(tiny.make(tmp_path / "other", name="other"))
    source = written(tmp_path, rows())
    with pytest.raises(Refusal, match="tiny@2 is of tiny, and other was named; name one of the two"):
        engine.score("other", str(source), str(tmp_path / "out.parquet"), version="tiny@2")


def test_rows_that_name_a_run_which_this_workspace_does_not_know_lead_nowhere(engine: Engine, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    scored(written(tmp_path, rows()), output, run=done(engine, NOW, job="score"))
    output.write_text(output.read_text().replace("tiny@1", "tiny@2"))
    with pytest.raises(Refusal, match="and this workspace knows of no such scoring; look in the workspace that wrote"):
        engine.trace_file(output)
