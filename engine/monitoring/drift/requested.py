"""Drift of what was asked of a served version, and of what it answered: logged requests against its training data.

Their rows are another population than those that extract returns, so they are told apart from these. A column counts
where its change is large, by a thousand rows at least: then chance has no part in it. What drift of the data has told
already of a column is not told once more: the part says that requests moved too, and nobody is called twice.

What was answered is held against what the version said of its own data, as the predictions for rows of extract are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from engine.errors import LeverframeError
from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.predictions import PREDICTION, answers_drift
from engine.monitoring.drift.watch import kept_profile
from engine.monitoring.findings import verdict_of, worst
from engine.monitoring.look_document import DriftWindow, LookDocument, LookFinding, LookPart, SignalValues
from engine.monitoring.look_input import LookInput
from engine.monitoring.look_parts import ColumnDrift
from engine.text import plain
from engine.validation.columns import listed, shown
from engine.validation.predictions import read_table

PART = "input drift"
FEWEST = 1000
SIGNALS = ("request drift", "answer drift")
_TOLD = ("large", "changed type")


def with_requested(document: LookDocument, case: LookInput) -> LookDocument:
    """The look with the drift of logged requests; as it is where there are none to look at."""
    path = case.job.get("requests")
    if path is None:
        return document
    requested = read_table(path, "requests")
    profile = kept_profile(Path(case.job["profile"]), case.reference, case.job["features"])
    window = DriftWindow(case.job["requests_since"], case.job["requests_until"], requested.num_rows)
    return told(document, drift(profile, requested), window, _answers(case))


def _answers(case: LookInput) -> ColumnDrift | None:
    """The drift of what was answered; what cannot be told says why."""
    path = case.job.get("requests_answers")
    if path is None:
        return None
    answers: pa.Table = read_table(path, "answers")
    try:
        return answers_drift(case, answers)
    except LeverframeError as problem:
        why = f"{PREDICTION}: cannot be compared; {plain(str(problem))}"
        return ColumnDrift(PREDICTION, "unreadable", "cannot tell", why, 0, answers.num_rows)


def told(
    document: LookDocument, columns: Sequence[ColumnDrift], window: DriftWindow, answers: ColumnDrift | None = None
) -> LookDocument:
    """The look with what ``columns`` of the logged rows of ``window`` say, and what they were answered. Pure."""
    every = [*columns, *([answers] if answers is not None else [])]
    moved = [each for each in every if each.verdict in _TOLD] if window.rows >= FEWEST else []
    known = {each.key.removeprefix("drift:") for each in document.findings if each.part == "drift"}
    # Also what moved there and calls nobody, as the predictions hardly depend on it.
    known |= {each.column for each in document.drift if each.verdict in _TOLD}
    own = list(_findings([each for each in moved if each.column not in known], document.as_of))
    findings = (*(each for each in document.findings if each.part != PART), *own)
    parts = {**document.parts, PART: _part(own, [each.column for each in moved if each.column in known], window)}
    measured = tuple(each for each in document.measured if each != PART)
    verdict, why = verdict_of(findings, parts)
    return replace(
        document,
        findings=findings,
        parts=parts,
        measured=(*measured, PART) if window.rows >= FEWEST else measured,
        verdict=verdict,
        why=why,
        signals=(*(each for each in document.signals if each[0] not in SIGNALS), *_signals(columns, answers, window)),
        requested=tuple(columns),
        asked=window,
        answer_drift=answers,
    )


def _part(own: Sequence[LookFinding], too: Sequence[str], window: DriftWindow) -> LookPart:
    if own:
        return LookPart(worst(each.severity for each in own), own[0].why)
    if window.rows < FEWEST:
        return LookPart("cannot tell", f"{window.rows:,} logged rows are too few")
    if too:
        return LookPart("ok", f"{listed(too, 3)} moved in requests too, as drift says; nothing else did")
    return LookPart("ok", f"{window.rows:,} logged rows are as in training")


def _findings(columns: Sequence[ColumnDrift], as_of: str) -> Iterator[LookFinding]:
    for column in sorted(columns, key=lambda each: -(each.size or 0.0)):
        why = column.why.rstrip(".")
        if column.column == PREDICTION:
            act = "see which columns of requests moved with them; retrain if the world changed"
            why = f"answers: {why.removeprefix(f'{PREDICTION}: ')}"
        else:
            act = f"see who asks with another {shown(column.column)} than it learnt; retrain if the world changed"
            why = f"requests: {why}"
        yield LookFinding(f"requested:{column.column}", PART, "watch", why, act, as_of)


def _signals(
    columns: Sequence[ColumnDrift], answers: ColumnDrift | None, window: DriftWindow
) -> Iterator[SignalValues]:
    sizes = [column.size for column in columns if column.size is not None]
    if sizes:
        yield SIGNALS[0], max(sizes), None, None, window.rows
    if answers is not None and answers.size is not None:
        yield SIGNALS[1], answers.size, None, None, window.rows
