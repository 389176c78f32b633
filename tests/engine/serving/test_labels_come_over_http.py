"""Labels over HTTP are taken in as a file of them is; what is wrong is named, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.access.tokens import Allowed
from engine.api import Engine
from engine.serving.exchange import Asked, Unanswered
from engine.serving.feedback_taken import FeedbackTaken
from engine.serving.routes import Target
from tests import tiny
from tests.ledger import ledger_of, store_of
from tests.people import open_engine

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def engine(home: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(home, "ada", create=True)
    engine.add(tiny.make(tmp_path / "tiny"))
    yield engine
    engine.close()


def asked(engine: Engine, body: bytes, project: str = "tiny") -> dict[str, Any]:
    with ledger_of(engine) as ledger:
        taken = FeedbackTaken(ledger, store_of(engine), lambda: ("tiny",))
        answer = asyncio.run(taken(Target(project), Asked("POST", f"/projects/{project}/feedback", body=body, at=AT)))
    assert answer.status == 200
    found: dict[str, Any] = json.loads(answer.body)
    return found


def test_labels_are_kept_and_the_answer_says_whether_they_count(engine: Engine) -> None:
    body = b'{"records": [{"id": 7, "label": 1, "time": "2026-11-24T08:00Z"}, {"id": "8", "late": 0}]}'
    assert asked(engine, body) == {"batch": 1, "rows": 2, "quarantined": None}
    (batch,) = engine.feedback("tiny")
    assert (batch.by, batch.source, batch.until) == ("the scoring server", "over HTTP", AT)


def test_colons_and_escapes_are_no_second_names(engine: Engine) -> None:
    rows = [{"id": f"10:3{n}", "label": n % 2, "time": "2026-11-24T08:00:00+00:00"} for n in range(9)]
    assert asked(engine, json.dumps({"records": rows}).encode())["rows"] == 9
    assert asked(engine, json.dumps({"records": [{"id": "\u00e4:\n", "label": 1}]}).encode())["rows"] == 1


def test_whoever_came_with_a_token_is_named_in_the_batch_and_in_the_trail(engine: Engine) -> None:
    body = b'{"records": [{"id": 7, "label": 1}]}'
    with ledger_of(engine) as ledger:
        taken = FeedbackTaken(ledger, store_of(engine), lambda: ("tiny",))
        token = Allowed("labellers", "lvf_3f9a1c02")
        given = Asked("POST", "/projects/tiny/feedback", body=body, at=AT, token=token)
        assert asyncio.run(taken(Target("tiny"), given)).status == 200
    (batch,) = engine.feedback("tiny")
    assert batch.by == "token labellers"
    row = next(each for each in engine.audit() if each.action == "feedback")
    assert (row.actor, row.proof) == ("token labellers", "token lvf_3f9a1c02")


WRONG = {
    "not JSON": (b"{", 422, "The body is no"),
    "a list": (b"[1]", 422, "The body is no"),
    "no records": (b'{"rows": []}', 422, 'The body has "records"'),
    "nested": (b'{"records": [{"id": {"a": 1}, "label": 1}]}', 422, "The body is no"),
    "as deep as it goes": (b'{"records": ' + b"[" * 100_000, 422, "The body is no"),
    "no number": (b'{"records": [{"id": 1, "label": NaN}]}', 422, "The body is no"),
    "huge": (b'{"records": [{"id": 1' + b"0" * 4000 + b', "label": 1}]}', 422, ""),
    "nothing": (b'{"records": []}', 422, "There are no rows"),
    "no label": (b'{"records": [{"id": 1}]}', 422, "Row 1 has no value in 'label'"),
    "a name twice": (b'{"records": [{"id": 1, "label": 1, "label": 0}]}', 422, "'label' stands twice"),
    "a name twice, with times": (
        b'{"records": [{"id": "10:30", "time": "2026-11-24T08:00Z", "label": 1, "id": "10:30"}]}', 422, "'id' stands tw"
    ),
    "a name twice, once in disguise": (
        b'{"records": [{"id": "a\\u003a", "label": 1, "lab\\u0065l": 0}]}', 422, "'label' stands twice"
    ),
    "records twice": (b'{"records": [], "records": [{"id": 1, "label": 1}]}', 422, "'records' stands twice"),
    "another column": (b'{"records": [{"id": 1, "label": 1, "x": 1}]}', 422, "Row 1 has a column 'x'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_in_a_sentence_and_nothing_is_kept(engine: Engine, case: str) -> None:
    body, status, said = WRONG[case]
    with pytest.raises(Unanswered) as refused:
        asked(engine, body)
    assert (refused.value.status, refused.value.sentence.startswith(said)) == (status, True), refused.value.sentence
    assert engine.feedback() == ()


def test_a_project_that_is_not_served_takes_none(engine: Engine) -> None:
    with pytest.raises(Unanswered, match="no such project"):
        asked(engine, b'{"records": [{"id": 1, "label": 1}]}', "other")


def test_labels_that_cannot_be_kept_now_may_be_sent_again(engine: Engine, home: Path) -> None:
    objects = home / "objects"
    objects.rename(home / "elsewhere")
    objects.write_text("a disk that is away")
    with pytest.raises(Unanswered) as refused:
        asked(engine, b'{"records": [{"id": 1, "label": 1}]}')
    assert (refused.value.status, refused.value.heads) == (503, {"Retry-After": "5"}), refused.value.sentence
    objects.unlink()
    (home / "elsewhere").rename(objects)
    assert engine.feedback() == ()
