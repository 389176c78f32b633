"""What was logged is asked again in the version's own environment, and held against what the version learnt from."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import clock
from engine.api import Engine
from engine.records import Run
from engine.requests import book, skew_book
from engine.requests.log import Answered, LogRules, RequestLog
from engine.scoring.makers import open_ready
from engine.versions import document as documents
from tests.forked_runs import forking
from tests.ledger import ledger_of, reading, store_of, workspace_of, writing
from tests.people import open_engine

SCHEDULE = (
    "INSERT INTO schedules (project, job, rule, timezone, catch_up, enabled, note, origin, entry, since, settled)"
    " VALUES ('tiny', 'skew', '30 3 * * *', 'UTC', 'latest', 1, '', 'manifest', '{}', ?, ?)"
)


def checked(engine: Engine) -> Run:
    return engine.wait(engine.run_now("tiny", "skew").id, lambda _: None)


def log(
    engine: Engine, label: str, digest: str, rows: list[Any], answers: list[Any], names: Any, first: int,
    fallback: str | None = None,
) -> None:  # fmt: skip
    """Each row as a request of its own; their numbers begin with ``first``."""
    with ledger_of(engine) as ledger:
        writing = RequestLog(workspace_of(engine), ledger, f"from {first}", lambda project: LogRules())
        for number, (row, answer) in enumerate(zip(rows, answers, strict=True), first):
            at = clock.now() - timedelta(minutes=1)
            about = ("tiny", label, digest, fallback, at, 0.001, 200, f"r{number}")
            writing.note(Answered(*about, features=names[0], outputs=names[1], rows=(row,), answers=(answer,)))
        assert writing.close()


@pytest.mark.slow
def test_the_same_answers_pass_and_another_one_is_an_alert_with_its_rows(history: Path) -> None:
    engine = forking(open_engine(history, "ada"))
    with writing(engine) as db:
        db.execute(SCHEDULE, (clock.stamp(clock.now()),) * 2)
    nothing = checked(engine)
    assert (nothing.state, nothing.why) == ("succeeded", "no answer of tiny@2 was logged in the last day")
    with reading(engine) as db:
        digest = str(db.execute("SELECT digest FROM versions WHERE number = 2").fetchone()["digest"])
    document = documents.of_version(store_of(engine), "tiny@2", digest)
    scorer = open_ready(
        workspace_of(engine), store_of(engine), "tiny@2", document, history / "cache" / "export-ready",
        marker="test", maker="process",
    )  # fmt: skip
    names = (scorer.features, scorer.outputs)
    rows = [tuple("AB"[number % 2] if name == "place" else number / 40 for name in names[0]) for number in range(40)]
    answers = scorer.answer(rows)
    scorer.close()

    other: list[Any] = [tuple(1 - float(str(value)) for value in answer) for answer in answers[:3]]
    log(engine, "tiny@2", digest, rows, answers, names, 0)
    log(engine, "tiny@1", "1" * 64, rows[:3], other, names, 50)  # What others answered is no answer of this version.
    log(engine, "tiny@2", digest, rows[:3], other, names, 60, "rule")
    same = checked(engine)
    assert (same.state, same.why) == ("succeeded", "40 logged rows get the same answers from tiny@2 again")
    assert engine.alerts("tiny") == ()

    log(engine, "tiny@2", digest, rows[:3], other, names, 100)
    found = checked(engine)
    assert found.state == "failed"
    assert found.why is not None and found.why.startswith("3 of 43 logged rows get another answer from tiny@2")
    (alert,) = engine.alerts("tiny")
    assert (alert.part, alert.severity, alert.version) == ("skew", "failing", "tiny@2")
    with reading(engine) as db:
        kept = skew_book.last(db, "tiny")
    assert kept is not None and kept.run == found.id
    assert {each.request for each in kept.worst} == {"r100", "r101", "r102"}
    assert dict(kept.worst[0].answered) != dict(kept.worst[0].again)

    with reading(engine) as db:
        changed = next(each for each in book.blocks(db, "tiny") if each.worker == "from 100")
    (history / "requests" / "tiny" / changed.file).write_bytes(b"somebody else's")
    unread = checked(engine)
    assert (unread.state, unread.why) == ("failed", "40 logged rows get the same answers from tiny@2 again")
    (alert,) = engine.alerts("tiny")
    assert (alert.severity, alert.why) == ("watch", "1 block of the request log are gone or not what was written")

    # What is asked is not what it learnt: a look at health says so, from the log.
    place = names[0].index("x")
    moved = [(*row[:place], 0.9 + number / 12_000, *row[place + 1 :]) for number, row in enumerate(rows * 30)]
    log(engine, "tiny@2", digest, moved, answers * 30, names, 1000)
    look = engine.wait(engine.look("tiny").id, lambda _: None)
    assert look.state == "succeeded", look.why
    health = engine.health("tiny")
    assert health is not None and health.document is not None
    (found_x,) = (each for each in health.document.findings if each.key == "requested:x")
    assert found_x.why.startswith("requests: x: mean moved from 0.")
    assert {each.column for each in health.document.requested} == set(names[0])
    engine.close()
