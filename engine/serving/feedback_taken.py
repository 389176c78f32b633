"""Labels that come over HTTP: ``{"records": [{key columns, "label", "time"}, ...]}``, taken in as a file of them is.

What is answered lies on the disk. A worker decides nothing here either: whether a batch counts is the rule of
``engine.feedback``, and letting one in that is held is for people. Whoever came with a token is named by it, in the
batch and in the trail; without tokens it is the server alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

from engine.access.caller import SystemActor
from engine.errors import Invalid, NotFound, Refusal
from engine.feedback import book, rows
from engine.projects import registry
from engine.serving import json_text
from engine.serving.exchange import Answer, Asked, Unanswered, document
from engine.serving.routes import Target
from engine.storage.ledger import Ledger
from engine.storage.objects import ObjectStore
from engine.text import plain

SOURCE = "over HTTP"


class FeedbackTaken:
    """Takes labels for the projects that are served."""

    def __init__(self, ledger: Ledger, store: ObjectStore, projects: Callable[[], Collection[str]]) -> None:
        self._ledger, self._store, self._projects = ledger, store, projects

    async def __call__(self, target: Target, asked: Asked) -> Answer:
        # Waiting for the disk is not for the thread that answers requests.
        return await asyncio.to_thread(self.take, target.project, asked)

    def take(self, project: str, asked: Asked) -> Answer:
        """Keep the batch, and say its number and whether it counts. Raises Unanswered."""
        if project not in self._projects():
            raise Unanswered(404, "There is no such project that takes labels here.")
        records = _records(asked.body)
        try:
            with self._ledger.read() as db:
                data = registry.manifest(db, project).data
            found = rows.from_records(records, data.key, data.target, asked.at)
            by = asked.token.actor if asked.token is not None else SystemActor("the scoring server")
            receipt = book.take(self._ledger, self._store, project, found, by, asked.at, source=SOURCE)
        except Invalid as wrong:
            raise Unanswered(422, str(wrong)) from None
        except NotFound as unknown:
            raise Unanswered(404, str(unknown)) from None
        except Refusal as refusal:
            raise Unanswered(503, str(refusal), heads={"Retry-After": "5"}) from None
        return document({"batch": receipt.batch, "rows": receipt.rows, "quarantined": receipt.quarantined})


def _records(body: bytes) -> Sequence[dict[str, Any]]:
    """The records of a body. Raises Unanswered that says what it should have been."""
    from msgspec import MsgspecError
    from msgspec import json as fast

    try:
        content: dict[str, list[dict[str, Any]]] = fast.decode(
            body, type=dict[str, list[dict[str, str | int | float | bool | None]]]
        )
    except (MsgspecError, RecursionError, ValueError) as error:
        raise Unanswered(422, f"The body is no {{\"records\": [{{...}}]}} of plain values: {error}") from None
    if not _each_once(body, content) and (name := json_text.doubled(json_text.loaded(body))) is not None:
        raise Unanswered(422, f"'{plain(name, 60)}' stands twice in one record, or in the body; write it once.")
    if set(content) != {"records"}:
        raise Unanswered(422, 'The body has "records" and nothing beside it.')
    return content["records"]


def _each_once(body: bytes, content: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether no name can stand twice in an object, of which msgspec says nothing: each colon is one behind a name, or
    in a text. What is escaped may be anything."""
    if b"\\" in body:
        return False
    rows = [record for records in content.values() for record in records]
    texts = [*content, *(text for row in rows for pair in row.items() for text in pair if isinstance(text, str))]
    return body.count(b":") == len(content) + sum(map(len, rows)) + sum(text.count(":") for text in texts)
