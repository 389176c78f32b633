"""Hold what a retrain made to the common package list of the workspace."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from engine.jobs.retrain.retrain import Made
from engine.packages import book
from engine.packages.ecosystems import held_by
from engine.packages.gate import gate
from engine.records import Gate
from engine.storage.ledger import Ledger
from engine.versions.records import Judgement

_NOT_FIT = "NOT FIT TO GO LIVE."
_HEAD = re.compile(r"^[A-Z ]+\. ")  # how a judgement begins that found it fit


def held_to_common_list(ledger: Ledger, project: str, made: Made, now: datetime) -> Made:
    """``made`` with the gate of the common list, where there is one; its verdict is the worse of the two."""
    lock = made.start.lock
    held = held_by(lock.kind, lock.packages, lock.programs)
    with ledger.read() as db:
        common = book.common(db)
    found = gate(common, project, held, now)
    if found is None:
        return made
    return replace(made, gates=(*made.gates, found), judgement=with_gate(made.judgement, found, len(made.gates)))


def with_gate(judgement: Judgement, found: Gate, others: int) -> Judgement:
    """The judgement with one gate more beside the ``others``. Pure."""
    told = f"{found.name.capitalize()}: {found.evidence}."
    passed, before = "The one gate passes." if others == 1 else f"All {others} gates pass.", judgement.sentence
    if found.verdict == "fail" and judgement.verdict != "fail":
        measured = _HEAD.sub("", before).replace(f"{passed} ", "")
        return replace(judgement, verdict="fail", sentence=f"{_NOT_FIT} {told} {measured}")
    if found.verdict == "warn" and judgement.verdict == "pass":
        said = before.replace(passed, told) if passed in before else f"{before} {told}"
        return replace(judgement, verdict="warn", sentence=said)
    counted = judgement.sentence.replace(f"All {others} gates pass.", f"All {others + 1} gates pass.")
    return replace(judgement, sentence=counted) if found.verdict == "pass" else judgement
