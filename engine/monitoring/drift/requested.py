"""Drift of what was asked of a served version: the features of logged requests against its training data.

Their rows are another population than those that extract returns, so they have findings of their own. A column counts
where its change is large, by a thousand requests at least: then chance has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from engine.monitoring.drift.columns import drift
from engine.monitoring.drift.watch import kept_profile
from engine.monitoring.findings import verdict_of, worst
from engine.monitoring.look_document import LookDocument, LookFinding, LookPart
from engine.monitoring.look_input import LookInput
from engine.monitoring.look_parts import ColumnDrift
from engine.validation.columns import shown
from engine.validation.predictions import read_table

PART = "input drift"
FEWEST = 1000


def with_requested(document: LookDocument, case: LookInput) -> LookDocument:
    """The look with the drift of logged requests; as it is where there are none to look at."""
    path = case.job.get("requests")
    if path is None:
        return document
    requested = read_table(path, "requests")
    profile = kept_profile(Path(case.job["profile"]), case.reference, case.job["features"])
    return told(document, drift(profile, requested), requested.num_rows)


def told(document: LookDocument, columns: Sequence[ColumnDrift], rows: int) -> LookDocument:
    """The look with what ``columns`` of so many logged rows say. Pure."""
    own = list(_findings(columns, document.as_of)) if rows >= FEWEST else []
    findings = (*(each for each in document.findings if each.part != PART), *own)
    parts = {**document.parts, PART: _part(own, rows)}
    measured = tuple(each for each in document.measured if each != PART)
    verdict, why = verdict_of(findings, parts)
    return replace(
        document,
        findings=findings,
        parts=parts,
        measured=(*measured, PART) if rows >= FEWEST else measured,
        verdict=verdict,
        why=why,
        requested=tuple(columns),
    )


def _part(own: Sequence[LookFinding], rows: int) -> LookPart:
    if own:
        return LookPart(worst(each.severity for each in own), own[0].why)
    if rows < FEWEST:
        return LookPart("cannot tell", f"{rows:,} logged rows are too few")
    return LookPart("ok", f"{rows:,} logged rows are as in training")


def _findings(columns: Sequence[ColumnDrift], as_of: str) -> Iterator[LookFinding]:
    for column in sorted(columns, key=lambda each: -(each.size or 0.0)):
        if column.verdict in ("large", "changed type"):
            act = f"see who asks with another {shown(column.column)} than it learnt; retrain if the world changed"
            why = f"requests: {column.why.rstrip('.')}"
            yield LookFinding(f"requested:{column.column}", PART, "watch", why, act, as_of)
