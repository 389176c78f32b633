"""What a version that came from elsewhere was found to be here, against what was live here when it came in.

The version's document keeps what its gates said where it was made. This stands beside it, in the ledger.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import moment, stamp
from engine.json_records import read, write
from engine.records import Gate
from engine.versions.catalog import parse_label
from engine.versions.ground import without_ground
from engine.vocabulary.gates import GATES, name_of

if TYPE_CHECKING:
    from engine.versions.records import JudgeAnswer, VersionDocument

# The gates that are always on and hold something against the live version.
_AGAINST_LIVE = ("schema", "dead_feature", "classes", "rows_against_live", "segments_against_live")


@dataclass(frozen=True)
class JudgedHere:
    """``against``: the label here of what was live; ``rows``: of the holdout that both were judged on, of ``of_rows``.
    ``problem``: why they could not be, as a half sentence; ``answer`` says so gate by gate then."""

    at: datetime
    against: str
    rows: int
    of_rows: int
    problem: str | None
    answer: JudgeAnswer


def keep(db: sqlite3.Connection, label: str, found: JudgedHere) -> None:
    """Write it down, in the transaction that registers the version."""
    answer = json.dumps(write(found.answer))
    db.execute(
        "INSERT INTO judged_here (project, number, at, against, rows, of_rows, problem, answer)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*parse_label(label), stamp(found.at), found.against, found.rows, found.of_rows, found.problem, answer),
    )


def of_version(db: sqlite3.Connection, label: str) -> JudgedHere | None:
    """What the version called ``label`` was found to be; None where it was made here, or nothing else was live."""
    row = db.execute("SELECT * FROM judged_here WHERE project = ? AND number = ?", parse_label(label)).fetchone()
    if row is None:
        return None
    from engine.versions.records import JudgeAnswer

    answer = read(JudgeAnswer, json.loads(row["answer"]), f"The judgement of {label}")
    return JudgedHere(moment(row["at"]), row["against"], row["rows"], row["of_rows"], row["problem"], answer)


def gates_of(db: sqlite3.Connection, label: str, document: VersionDocument) -> tuple[Gate, ...]:
    """The gates that count here: those of the judgement here, where there is one."""
    found = of_version(db, label)
    return document.gates if found is None else found.answer.gates


def untold(document: VersionDocument, against: str, why: str) -> JudgeAnswer:
    """What its document says, and of every gate that holds it against the live version that it cannot tell. Pure."""
    from engine.versions.records import JudgeAnswer

    said = f"{against}, which is live here, was not measured on its holdout: {why.rstrip('.')}."
    gates = tuple(_untold(gate, against, said) if _holds_against_live(gate) else gate for gate in document.gates)
    judged = without_ground(document.metrics)
    segments = tuple(replace(each, verdict="not compared") for each in judged.segments)
    judged = replace(judged, segments=segments)
    sentence = f"NOT COMPARED WITH LIVE. {said}"
    return JudgeAnswer(replace(judged, verdict="cannot tell", comparison="not compared", sentence=sentence), gates)


def _holds_against_live(gate: Gate) -> bool:
    return gate.kind in _AGAINST_LIVE or (gate.kind in GATES and GATES[gate.kind].of == "difference")


def _untold(gate: Gate, against: str, said: str) -> Gate:
    name = name_of(gate.kind, live=against) if gate.kind == "segments_against_live" else gate.name
    return Gate(name, gate.kind, "cannot tell", said, {"lacks": "live"})
